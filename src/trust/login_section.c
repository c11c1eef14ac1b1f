/*-------------------------------------------------------------------------
 *
 * login_section.c
 *	  The section of this database in the file of trust.
 *
 * Issuers and keys are read by the readers of the trust, so the file has
 * nothing that the database would not believe.  Equal trust gives equal text.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/login_section.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "server/encoding.h"
#include "server/login_file.h"
#include "server/malloced.h"
#include "token/login_trust.h"
#include "trust/issuer_read.h"
#include "trust/key_read.h"
#include "trust/options.h"
#include "trust/trust_row.h"

/* ----------------------------------------------------------------
 * What is left out
 * ----------------------------------------------------------------
 */

/* Names are UTF-8. */
static void
tell_skipped(const char *name, const char *why)
{
	const char *server = az_from_utf8(name);

	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("issuer \"%s\" is left out", server ? server : "?"),
			 errdetail_internal("%s", why),
			 errhint("None of its tokens opens a connection to this database.")));
}

static void
tell_skipped_key(const char *name, const char *why)
{
	const char *server = az_from_utf8(name);

	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("a key of issuer \"%s\" is left out", server ? server : "?"),
			 why ? errdetail_internal("It cannot be used: %s", why) : 0,
			 errhint("lint() names the key, and what to do.")));
}

/* ----------------------------------------------------------------
 * Keys
 * ----------------------------------------------------------------
 */

/* Give the issuer the public keys of its rows. */
static void
add_public_keys(AzIssuer *issuer, const char *name, bool tell)
{
	const AzWhichKeys all = {true, NULL};
	AzRows		rows;
	AzKeyRow	row;

	az_begin_keys(&rows, issuer, &all);
	while (az_next_key(&rows, &row))
	{
		int64		added = az_key_added_at(&row);
		const char *why = NULL;
		AzKey	   *key = az_judge_key(&row, issuer, &why);

		if (key == NULL && tell)
			tell_skipped_key(name, why);
		if (key == NULL)
			continue;
		if (AZ_ALG_BIT(az_key_alg(key)) & AZ_ALGS_HMAC)
		{
			az_key_free(key);
			continue;
		}
		az_key_set_added(key, added);
		if (!az_issuer_add_key(issuer, key))
			az_raise_no_memory();
	}
	az_end_rows(&rows);
}

static void
append_key(StringInfo out, const AzKey *key)
{
	char	   *jwk = az_key_to_jwk(key);
	AzJson	   *json = NULL;
	AzJsonStatus status = AZ_JSON_NO_MEMORY;

	if (jwk)
		status = az_json_parse(jwk, strlen(jwk), &json);
	free(jwk);
	if (status != AZ_JSON_OK)
		az_raise_no_memory();
	az_free_with(CurrentMemoryContext, az_release_json, json);
	appendStringInfo(out, "{\"added\": " INT64_FORMAT ", \"jwk\": ", az_key_added(key));
	az_append_json(out, json);
	appendStringInfoChar(out, '}');
}

/* ----------------------------------------------------------------
 * Issuers
 * ----------------------------------------------------------------
 */

/* The options in the first row of that name; NULL when there is none. */
static AzJson *
options_of(AzCatalog table, AttrNumber key, const char *name, int column,
		   int other, char **other_text)
{
	AzRows		rows;
	HeapTuple	tuple = NULL;
	AzJson	   *options = NULL;

	if (az_begin_rows(&rows, table, &key, &name, 1))
		tuple = az_next_row(&rows);
	if (HeapTupleIsValid(tuple))
	{
		options = az_row_json(tuple, column, RelationGetDescr(rows.rel));
		if (other_text)
			*other_text = az_row_utf8(tuple, other, RelationGetDescr(rows.rel));
	}
	az_end_rows(&rows);
	return options;
}

static void
append_audience(StringInfo out, const AzIssuer *issuer)
{
	size_t		i;

	appendStringInfoString(out, issuer->any_audience ? "null" : "[");
	for (i = 0; i < issuer->audience.n; i++)
	{
		appendStringInfoString(out, i == 0 ? "" : ", ");
		az_append_json_string(out, issuer->audience.name[i].data);
	}
	appendStringInfoString(out, issuer->any_audience ? "" : "]");
}

/* False when its row has gone or changed since it was judged. */
static bool
append_issuer(StringInfo out, const AzIssuer *issuer)
{
	char	   *profile_name = NULL;
	AzJson	   *options = options_of(AZ_TABLE_ISSUER, Issuer_issuer, issuer->issuer,
									 Issuer_options, Issuer_profile, &profile_name);
	AzJson	   *profile = NULL;
	size_t		i;

	if (profile_name)
		profile = options_of(AZ_TABLE_PROFILE, Profile_profile, profile_name,
							 Profile_options, 0, NULL);
	if (options == NULL || profile == NULL)
		return false;
	appendStringInfoString(out, "{\"issuer\": ");
	az_append_json_string(out, issuer->issuer);
	appendStringInfoString(out, ", \"audience\": ");
	append_audience(out, issuer);
	appendStringInfoString(out, ", \"profile\": ");
	az_append_json(out, profile);
	appendStringInfoString(out, ", \"options\": ");
	az_append_json(out, options);
	appendStringInfoString(out, ", \"keys\": [");
	for (i = 0; i < issuer->nkeys; i++)
	{
		appendStringInfoString(out, i == 0 ? "" : ", ");
		append_key(out, issuer->keys[i]);
	}
	appendStringInfoString(out, "]}");
	return true;
}

/*
 * The issuer of that name with its public keys; otherwise NULL and, for an
 * issuer that exists, the reason.
 */
static AzIssuer *
read_issuer(const char *name, bool tell, const char **why)
{
	AzIssuer   *issuer = az_judge_issuer(name, CurrentMemoryContext, why);

	if (issuer == NULL || !az_may_be_login_issuer(issuer, why))
		return NULL;
	add_public_keys(issuer, name, tell);
	if (issuer->nkeys > 0)
		return issuer;
	*why = "It has no public key, and secrets do not leave the database.";
	return NULL;
}

int
az_append_login_section(StringInfo out, bool tell)
{
	const char *database = get_database_name(MyDatabaseId);
	int			len;
	const char *utf8 = database ? az_to_utf8(database, strlen(database), &len) : NULL;
	int			n = 0;
	ListCell   *lc;

	appendStringInfo(out, "{\"database\": %u, \"name\": ", MyDatabaseId);
	az_append_json_string(out, utf8 ? utf8 : "");
	appendStringInfoString(out, ", \"issuers\": [");
	foreach(lc, az_login_issuers())
	{
		const char *name = lfirst(lc);
		const char *why = NULL;
		AzIssuer   *issuer = read_issuer(name, tell, &why);
		int			before = out->len;

		if (issuer)
		{
			appendStringInfoString(out, n == 0 ? "" : ",\n");
			if (append_issuer(out, issuer))
				n++;
			else
			{
				why = "Its row was changed meanwhile.";
				out->len = before;
				out->data[before] = '\0';
			}
		}
		if (why && tell)
			tell_skipped(name, why);
	}
	appendStringInfoString(out, "]}");
	return n;
}
