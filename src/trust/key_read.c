/*-------------------------------------------------------------------------
 *
 * key_read.c
 *	  Rows of authz.issuer_key to keys.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/key_read.h"

#include "access/htup_details.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "server/encoding.h"
#include "server/malloced.h"
#include "trust/trust_row.h"

bool
az_is_among(const AzWhichKeys *which, const char *kid)
{
	if (which->all)
		return true;
	if (which->kid == NULL || kid == NULL)
		return which->kid == kid;
	return strcmp(which->kid, kid) == 0;
}

void
az_begin_keys(AzRows *rows, const AzIssuer *issuer, const AzWhichKeys *which)
{
	static const AttrNumber columns[] = {Key_issuer, Key_kid};
	const char *texts[] = {issuer->issuer, which->kid};

	(void) az_begin_rows(rows, AZ_TABLE_KEY, columns, texts, which->all ? 1 : 2);
}

bool
az_next_key(AzRows *rows, AzKeyRow *row)
{
	row->tuple = az_next_row(rows);
	if (!HeapTupleIsValid(row->tuple))
		return false;
	row->desc = RelationGetDescr(rows->rel);
	row->version = az_row_version(row->tuple);
	row->kid = az_row_utf8(row->tuple, Key_kid, row->desc);
	return true;
}

int64
az_key_added_at(const AzKeyRow *row)
{
	bool		isnull;
	Datum		datum = heap_getattr(row->tuple, Key_added_at, row->desc, &isnull);

	return isnull ? PG_INT64_MIN : DatumGetTimestampTz(datum);
}

/* Do the columns agree with the key itself? */
static bool
describes(const AzKeyRow *row, const char *alg, const char *thumbprint, const AzKey *key)
{
	const AzWhichKeys same = {false, az_key_kid(key)};

	return alg && strcmp(alg, az_alg_info(az_key_alg(key))->name) == 0 &&
		thumbprint && strcmp(thumbprint, az_key_thumbprint(key)) == 0 &&
		az_is_among(&same, row->kid) &&
		heap_attisnull(row->tuple, Key_kid, row->desc) == (row->kid == NULL);
}

/* Nothing raises once there is a key. */
AzKey *
az_judge_key(const AzKeyRow *row, const AzIssuer *issuer, const char **why)
{
	const char *alg = az_row_utf8(row->tuple, Key_alg, row->desc);
	const char *thumbprint = az_row_utf8(row->tuple, Key_thumbprint, row->desc);
	AzJson	   *jwk = az_row_json(row->tuple, Key_jwk, row->desc);
	AzKeyError	error = {0};
	AzKeyStatus status;
	AzKey	   *key;

	if (jwk == NULL)
		return *why = "It is not a JSON object.", NULL;
	status = az_key_or_none(jwk, issuer->algorithms, true, false, &key, &error);
	if (status == AZ_KEY_NO_MEMORY)
		az_raise_no_memory();
	if (status != AZ_KEY_OK)
		return *why = error.why, NULL;
	if (describes(row, alg, thumbprint, key))
		return key;
	az_key_free(key);
	return *why = "Its columns do not describe the key.", NULL;
}

/* A hint: which key it is, and what to do. */
static const char *
hint(const AzKeyRow *row)
{
	char	   *server = row->kid ? az_from_utf8(row->kid) : NULL;

	if (server == NULL)
		return "It has no key ID.  Remove it with drop_key, by its thumbprint.";
	return psprintf("Remove key \"%s\" with drop_key, and add it again.", server);
}

AzKey *
az_make_key(const AzKeyRow *row, const AzIssuer *issuer)
{
	const char *why = NULL;
	AzKey	   *key = az_judge_key(row, issuer, &why);

	if (key)
		az_key_set_added(key, az_key_added_at(row));
	else
		az_warn_bad_row("key of issuer", issuer->issuer, why, hint(row));
	return key;
}
