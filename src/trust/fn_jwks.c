/*-------------------------------------------------------------------------
 *
 * fn_jwks.c
 *	  The key set that an issuer publishes.
 *
 * A job fetches it every hour or so and hands it to set_jwks().  Mostly
 * nothing has changed, and then nothing may happen: identities stay, and no
 * session reads its trust again.  So rows that are right are left alone.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/issuer_key.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "server/arguments.h"
#include "server/malloced.h"
#include "server/spi.h"
#include "trust/admin.h"

#define SOURCE	"set_jwks"

typedef struct KeySet
{
	AzKey	  **keys;			/* owned */
	size_t		n;
} KeySet;

/* A row that the issuer has, or is to have. */
typedef struct Row
{
	AzIssuerKey	key;
	bool		ours;			/* an earlier set brought it */
	bool		keep;			/* it is in the table and in the new set */
} Row;

static void
free_key_set(void *arg)
{
	KeySet	   *set = arg;
	size_t		i;

	for (i = 0; i < set->n; i++)
		az_key_free(set->keys[i]);
	free(set->keys);
}

static void
refuse_set(const AzKeyError *error)
{
	const char *kid;

	if (error->position == AZ_WHOLE_SET)
		az_check_key(AZ_KEY_REFUSED, error, "JWK set");
	kid = *error->kid ? text_to_cstring(az_server_text(error->kid, "key ID")) : NULL;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid JWK set"),
			 kid ? errdetail("Key %zu, counted from 1, with key ID \"%s\": %s.",
							 error->position + 1, kid, error->why) :
			 errdetail("Key %zu, counted from 1, without key ID: %s.",
					   error->position + 1, error->why),
			 errhint("Have the issuer correct its set, or pass the other keys alone.")));
}

/* The keys go with the current memory context. */
static KeySet *
read_set(const AzJson *jwks, const AzIssuer *trusted)
{
	KeySet	   *set = palloc0(sizeof(KeySet));
	size_t		skipped;
	AzKeyError	error;
	AzKeyStatus status;

	az_free_with(CurrentMemoryContext, free_key_set, set);
	status = az_keys_from_jwks(jwks, trusted->algorithms, false,
							   &set->keys, &set->n, &skipped, &error);
	if (status == AZ_KEY_REFUSED)
		refuse_set(&error);
	az_check_key(status, &error, "JWK set");
	return set;
}

static bool
same_text(const text *a, const text *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* Could the two not stand in the table together?  See its indexes. */
static bool
same_name(const AzIssuerKey *a, const AzIssuerKey *b)
{
	if (a->kid || b->kid)
		return same_text(a->kid, b->kid);
	return same_text(a->thumbprint, b->thumbprint) && same_text(a->alg, b->alg);
}

static bool
same_key(const AzIssuerKey *a, const AzIssuerKey *b)
{
	return same_text(a->kid, b->kid) && same_text(a->alg, b->alg) &&
		same_text(a->thumbprint, b->thumbprint) && same_text(a->jwk, b->jwk);
}

static Row *
find_row(List *rows, const AzIssuerKey *key)
{
	ListCell   *lc;

	foreach(lc, rows)
	{
		Row		   *row = lfirst(lc);

		if (same_name(&row->key, key))
			return row;
	}
	return NULL;
}

static List *
present_rows(text *issuer)
{
	List	   *rows = NIL;
	AzSpiParams	params = {0};
	uint64		n;
	uint64		i;

	az_spi_param(&params, TEXTOID, issuer);
	n = az_spi_run("SELECT k.kid, k.alg, k.thumbprint, k.jwk, k.source FROM authz.issuer_key k"
			   " WHERE k.issuer OPERATOR(pg_catalog.=) $1", &params);
	for (i = 0; i < n; i++)
	{
		Row		   *row = palloc0(sizeof(Row));
		const char *kid = az_spi_result_or_null(i, 1);

		row->key.kid = kid ? cstring_to_text(kid) : NULL;
		row->key.alg = az_spi_result_text(i, 2);
		row->key.thumbprint = az_spi_result_text(i, 3);
		row->key.jwk = az_spi_result_text(i, 4);
		row->ours = strcmp(az_spi_result(i, 5), SOURCE) == 0;
		rows = lappend(rows, row);
	}
	return rows;
}

/* A key without kid that is there twice is one key. */
static List *
wanted_rows(const KeySet *set)
{
	List	   *rows = NIL;
	size_t		i;

	for (i = 0; i < set->n; i++)
	{
		Row		   *row = palloc0(sizeof(Row));

		az_issuer_key_make(set->keys[i], &row->key);
		if (find_row(rows, &row->key) == NULL)
			rows = lappend(rows, row);
	}
	return rows;
}

static void
delete_key(text *issuer, const AzIssuerKey *key)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTOID, key->kid);
	az_spi_param(&params, TEXTOID, key->alg);
	az_spi_param(&params, TEXTOID, key->thumbprint);
	az_spi_run("DELETE FROM authz.issuer_key WHERE issuer OPERATOR(pg_catalog.=) $1"
		   " AND (kid OPERATOR(pg_catalog.=) $2 OR (kid IS NULL AND $2 IS NULL))"
		   " AND alg OPERATOR(pg_catalog.=) $3 AND thumbprint OPERATOR(pg_catalog.=) $4"
		   " AND source OPERATOR(pg_catalog.=) '" SOURCE "'", &params);
}

static void
replace_rows(text *issuer, List *present, List *wanted)
{
	ListCell   *lc;

	foreach(lc, wanted)
	{
		Row		   *row = lfirst(lc);
		Row		   *old = find_row(present, &row->key);

		if (old == NULL)
			continue;
		if (!old->ours)
			az_raise_key_exists(issuer, row->key.kid);
		row->keep = old->keep = same_key(&row->key, &old->key);
	}
	foreach(lc, present)
	{
		Row		   *row = lfirst(lc);

		if (row->ours && !row->keep)
			delete_key(issuer, &row->key);
	}
	foreach(lc, wanted)
	{
		Row		   *row = lfirst(lc);

		if (!row->keep)
			az_insert_key(issuer, &row->key, SOURCE);
	}
}

static void
warn_if_useless(const AzIssuer *trusted, const KeySet *set, const text *issuer)
{
	size_t		i;

	for (i = 0; i < set->n; i++)
	{
		if (trusted->algorithms & AZ_ALG_BIT(az_key_alg(set->keys[i])))
			return;
	}
	ereport(WARNING,
			(errmsg("issuer \"%s\" accepts no algorithm of these keys",
					text_to_cstring(issuer)),
			 errdetail("No token can be verified with them until it does."),
			 errhint("Name the algorithms in the issuer's option \"algorithms\".")));
}

AZ_SQL(authz_set_jwks)
{
	text	   *issuer;
	AzJson	   *jwks;
	AzIssuer   *trusted;
	KeySet	   *set;
	List	   *wanted;
	int			n;
	AzDiscretion discretion;
	AzCaller	caller;

	az_discretion_begin(&discretion);
	issuer = az_arg_text(fcinfo, 0, "issuer");
	az_arg_required(fcinfo, 1, "JWK set");
	jwks = az_parse_json(PG_GETARG_TEXT_PP(1), "JWK set", ERRCODE_INVALID_PARAMETER_VALUE);

	az_begin_administering("issuer_key", &caller);
	trusted = az_lock_and_build(issuer);
	set = read_set(jwks, trusted);
	wanted = wanted_rows(set);
	replace_rows(issuer, present_rows(issuer), wanted);
	warn_if_useless(trusted, set, issuer);
	n = list_length(wanted);
	az_end_administering(&caller);
	az_discretion_end(&discretion);
	PG_RETURN_INT32(n);
}
