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
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "server/arguments.h"
#include "server/encoding.h"
#include "server/malloced.h"
#include "server/own.h"
#include "server/spi.h"
#include "token/jwk_set.h"
#include "trust/admin.h"

#define SOURCE	"set_jwks"

/* The row of one key: its issuer, kid, alg and thumbprint. */
#define KEY_IS \
	" WHERE issuer OPERATOR(pg_catalog.=) $1" \
	" AND (kid OPERATOR(pg_catalog.=) $2 OR (kid IS NULL AND $2 IS NULL))" \
	" AND alg OPERATOR(pg_catalog.=) $3 AND thumbprint OPERATOR(pg_catalog.=) $4"

/* A row that the issuer has, or is to have. */
typedef struct Row
{
	AzIssuerKey	key;
	bool		ours;			/* an earlier set brought it */
	bool		keep;			/* it is in the table and in the new set */
} Row;

/* ----------------------------------------------------------------
 * The set
 * ----------------------------------------------------------------
 */

static void
free_key_set(void *arg)
{
	az_key_set_free(arg);
}

/* NULL: there is none, or this database cannot represent it. */
static char *
kid_of(const AzKeyError *error)
{
	return *error->kid ? az_from_utf8(error->kid) : NULL;
}

static char *
describe(const AzKeyError *error)
{
	char	   *kid = kid_of(error);

	return kid ? psprintf("Key %zu, counted from 1, with key ID \"%s\": %s.",
						  error->position + 1, kid, error->why) :
		psprintf("Key %zu, counted from 1, without key ID: %s.", error->position + 1, error->why);
}

static void
refuse_set(const AzKeyError *error)
{
	if (error->position == AZ_WHOLE_SET)
		az_check_key(AZ_KEY_REFUSED, error, AZ_FORM_SET);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid JWK set"),
			 errdetail_internal("%s", describe(error)),
			 errhint("The keys that were there stay.  Have the issuer correct its set, or pass the other keys alone.")));
}

/*
 * Skip the keys whose kid the table cannot hold.  At least one key must be
 * left.
 */
static void
skip_foreign(AzKeySet *set)
{
	size_t		i = 0;

	while (i < set->n)
	{
		const char *kid = az_key_kid(set->keys[i]);

		if (kid && az_from_utf8(kid) == NULL)
			az_key_set_skip(set, i, "the database encoding cannot represent the key ID");
		else
			i++;
	}
	if (set->n == 0)
		refuse_set(&set->skipped[set->nskipped - 1]);
}

/* The keys go with the current memory context. */
static AzKeySet *
read_set(const AzJson *jwks, const AzIssuer *trusted, bool strict)
{
	AzKeySet   *set = palloc0(sizeof(AzKeySet));
	AzKeyError	error;
	AzKeyStatus status;

	az_free_with(CurrentMemoryContext, free_key_set, set);
	status = az_key_set_read(jwks, trusted->algorithms, false, strict, set, &error);
	if (status == AZ_KEY_REFUSED)
		refuse_set(&error);
	az_check_key(status, &error, AZ_FORM_SET);
	if (!strict)
		skip_foreign(set);
	return set;
}

/* ----------------------------------------------------------------
 * Rows
 * ----------------------------------------------------------------
 */

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
	return same_text(a->kid, b->kid) && same_text(a->alg, b->alg) &&
		(a->kid || same_text(a->thumbprint, b->thumbprint));
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
			   " WHERE k.issuer OPERATOR(pg_catalog.=) $1"
			   " ORDER BY k.kid, k.thumbprint, k.alg", &params);
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

static List *
wanted_rows(const AzKeySet *set)
{
	List	   *rows = NIL;
	size_t		i;

	for (i = 0; i < set->n; i++)
	{
		Row		   *row = palloc0(sizeof(Row));

		az_issuer_key_make(set->keys[i], &row->key);
		rows = lappend(rows, row);
	}
	return rows;
}

/* The parameters of KEY_IS. */
static AzSpiParams
params_of(const text *issuer, const AzIssuerKey *key)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTOID, key->kid);
	az_spi_param(&params, TEXTOID, key->alg);
	az_spi_param(&params, TEXTOID, key->thumbprint);
	return params;
}

static void
delete_key(text *issuer, const AzIssuerKey *key)
{
	AzSpiParams	params = params_of(issuer, key);

	az_spi_run("DELETE FROM authz.issuer_key" KEY_IS
			   " AND source OPERATOR(pg_catalog.=) '" SOURCE "'", &params);
}

/*
 * A key that another function added becomes the set's, and so goes with it.
 * The row stays as it was, so identities that came by it go on.
 */
static void
take_over(text *issuer, const AzIssuerKey *key)
{
	AzSpiParams	params = params_of(issuer, key);

	az_spi_run("UPDATE authz.issuer_key SET source = '" SOURCE "'" KEY_IS, &params);
	ereport(NOTICE,
			(key->kid ?
			 errmsg("key \"%s\" of issuer \"%s\" now belongs to the set",
					text_to_cstring(key->kid), text_to_cstring(issuer)) :
			 errmsg("a key without key ID of issuer \"%s\" now belongs to the set",
					text_to_cstring(issuer)),
			 errdetail("It was added by another function, and is removed when a set comes without it.")));
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
		row->keep = old->keep = same_key(&row->key, &old->key);
		/* the objects of 1.0 keep its rule */
		if (!old->ours && (!row->keep || az_objects_are_old()))
			az_raise_key_exists(issuer, &row->key);
	}
	foreach(lc, present)
	{
		Row		   *row = lfirst(lc);

		if (row->keep && !row->ours)
			take_over(issuer, &row->key);
		else if (row->ours && !row->keep)
			delete_key(issuer, &row->key);
	}
	foreach(lc, wanted)
	{
		Row		   *row = lfirst(lc);

		if (!row->keep)
			az_insert_key(issuer, &row->key, SOURCE);
	}
}

/* ----------------------------------------------------------------
 * What is told
 * ----------------------------------------------------------------
 */

static void
warn_about_skipped(const AzKeySet *set, const text *issuer)
{
	size_t		i;

	for (i = 0; i < set->nskipped; i++)
		ereport(WARNING,
				(errmsg("skipping a key of issuer \"%s\"", text_to_cstring(issuer)),
				 errdetail_internal("%s", describe(&set->skipped[i])),
				 errhint("Tokens signed with it are refused; the other keys of the set are in force.")));
}

/* As table authz.jwks_status has it. */
static text *
list_skipped(const AzKeySet *set)
{
	StringInfoData list;
	size_t		i;

	initStringInfo(&list);
	appendStringInfoChar(&list, '[');
	for (i = 0; i < set->nskipped; i++)
	{
		const AzKeyError *skipped = &set->skipped[i];
		char	   *kid = kid_of(skipped);

		appendStringInfo(&list, "%s{\"position\": %zu, \"kid\": ", i > 0 ? ", " : "",
						 skipped->position + 1);
		if (kid)
			escape_json(&list, kid);
		else
			appendStringInfoString(&list, "null");
		appendStringInfoString(&list, ", \"reason\": ");
		escape_json(&list, skipped->why);
		appendStringInfoChar(&list, '}');
	}
	appendStringInfoChar(&list, ']');
	return cstring_to_text(list.data);
}

/* Written at every call; no session reads its trust again for that. */
static void
note_status(text *issuer, const AzKeySet *set)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, JSONOID, list_skipped(set));
	az_spi_run("INSERT INTO authz.jwks_status AS s (issuer, last_success, last_attempt, skipped)"
			   " VALUES ($1, pg_catalog.now(), pg_catalog.now(), $2) ON CONFLICT (issuer) DO UPDATE"
			   " SET last_success = excluded.last_success, last_attempt = excluded.last_attempt,"
			   " last_error = NULL, skipped = excluded.skipped", &params);
}

static void
warn_if_useless(const AzIssuer *trusted, const AzKeySet *set, const text *issuer)
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
	AzKeySet   *set;
	List	   *wanted;
	bool		strict;
	int			n;
	AzDiscretion discretion;
	AzCaller	caller;

	az_discretion_begin(&discretion);
	issuer = az_arg_text(fcinfo, 0, "issuer");
	az_arg_required(fcinfo, 1, "JWK set");
	jwks = az_parse_json(PG_GETARG_TEXT_PP(1), "JWK set", ERRCODE_INVALID_PARAMETER_VALUE);
	/* the function of 1.0 has its rule, and not this argument */
	strict = PG_NARGS() < 3;
	if (!strict)
	{
		az_arg_required(fcinfo, 2, "strictness");
		strict = PG_GETARG_BOOL(2);
	}

	az_begin_administering("issuer_key", &caller);
	trusted = az_lock_and_build(issuer);
	set = read_set(jwks, trusted, strict);
	wanted = wanted_rows(set);
	replace_rows(issuer, present_rows(issuer), wanted);
	warn_about_skipped(set, issuer);
	if (!az_objects_are_old())
		note_status(issuer, set);
	warn_if_useless(trusted, set, issuer);
	n = list_length(wanted);
	az_end_administering(&caller);
	az_discretion_end(&discretion);
	PG_RETURN_INT32(n);
}
