/*-------------------------------------------------------------------------
 *
 * lint_keys.c
 *	  The keys of an issuer.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_keys.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "server/encoding.h"
#include "server/spi.h"
#include "token/jws.h"
#include "trust/admin.h"
#include "trust/key_read.h"
#include "trust/trust_row.h"

/* What its keys are together. */
typedef struct Keys
{
	AzLintIssuer *issuer;
	int			unnamed[AZ_N_ALGS]; /* without kid, that can be used */
	bool		from_set;		/* set_jwks() put some there, */
	TimestampTz newest;			/* the last time then */
} Keys;

/* ----------------------------------------------------------------
 * One key
 * ----------------------------------------------------------------
 */

/* Its key ID, else its thumbprint, as drop_key() takes it; NULL: it has neither. */
static char *
name_of(const AzKeyRow *row)
{
	char	   *kid = row->kid ? az_from_utf8(row->kid) : NULL;

	return kid ? kid : az_row_utf8(row->tuple, Key_thumbprint, row->desc);
}

static void
find_of_key(const Keys *keys, const AzKeyRow *row, const char *code, AzLevel level,
			const char *detail, const char *hint)
{
	char	   *name = name_of(row);

	az_find(keys->issuer->lint, code, level,
			psprintf("key %s of issuer %s", name ? name : "(without a name)", keys->issuer->name),
			detail, hint);
}

static char *
drop_key(const Keys *keys, const AzKeyRow *row)
{
	char	   *name = name_of(row);

	return name == NULL ? pstrdup("Remove its row of authz.issuer_key.") :
		psprintf("SELECT authz.drop_key(%s, %s);", keys->issuer->literal, quote_literal_cstr(name));
}

/* The same, and what is next: a comment behind a statement, a sentence behind a sentence. */
static char *
drop_key_and_add(const Keys *keys, const AzKeyRow *row)
{
	return psprintf("%s  %s", drop_key(keys, row), name_of(row) ? "-- then add it again" : "Then add it again.");
}

/* Did it come with others, as the issuer publishes them? */
static bool
is_of_set(const AzKeyRow *row)
{
	const char *source = az_row_utf8(row->tuple, Key_source, row->desc);

	return source && strcmp(source, "set_jwks") == 0;
}

static void
count_key(Keys *keys, const AzKeyRow *row, AzAlg alg)
{
	bool		isnull;
	Datum		added = heap_getattr(row->tuple, Key_added_at, row->desc, &isnull);

	keys->issuer->nkeys++;
	if (AZ_ALG_BIT(alg) & AZ_ALGS_HMAC)
		keys->issuer->nsecrets++;
	if (row->kid == NULL)
		keys->unnamed[alg]++;
	if (!is_of_set(row))
		return;
	keys->from_set = true;
	if (!isnull)
		keys->newest = Max(keys->newest, DatumGetTimestampTz(added));
}

static void
judge_secret(const Keys *keys, const AzKeyRow *row, const AzKey *key)
{
	const char *why;

	if (az_key_judge_secret(key, &why) != AZ_KEY_OK)
		find_of_key(keys, row, "secret_is_public", AZ_LEVEL_ERROR,
					"The secret reads as a public key or a certificate, which belongs to add_pem(): anybody who has it can make tokens of the issuer.",
					drop_key_and_add(keys, row));
	else if (az_key_is_printable_secret(key))
		find_of_key(keys, row, "secret_is_text", AZ_LEVEL_INFO,
					"The secret consists of printable characters: a phrase can be guessed, from any token.",
					"If it is a phrase, take 32 random bytes instead.");
}

/* Issuers publish keys for others, too; one that was added by itself was meant. */
static void
find_refused(const Keys *keys, const AzKeyRow *row, const char *alg)
{
	char	   *list = psprintf("If tokens are signed with it, add %s to the option algorithms of the issuer.", alg);

	find_of_key(keys, row, "key_of_refused_algorithm",
				is_of_set(row) ? AZ_LEVEL_INFO : AZ_LEVEL_WARNING,
				psprintf("It is a key of %s, which is not among the algorithms of the issuer: no token is accepted by it.", alg),
				is_of_set(row) ? list : psprintf("%s  Or %s", list, drop_key(keys, row)));
}

static void
judge_key(Keys *keys, const AzKeyRow *row, const AzKey *key)
{
	AzAlg		alg = az_key_alg(key);

	if (keys->issuer->issuer->algorithms & AZ_ALG_BIT(alg))
	{
		count_key(keys, row, alg);
		judge_secret(keys, row, key);
		return;
	}
	find_refused(keys, row, az_alg_info(alg)->name);
}

static void
look_at_key(Keys *keys, const AzKeyRow *row)
{
	const char *why = NULL;
	AzKey	   *key = az_judge_key(row, keys->issuer->issuer, &why);

	if (key == NULL)
	{
		/* some reasons are clauses, others sentences */
		find_of_key(keys, row, "bad_key", AZ_LEVEL_WARNING,
					psprintf("The key counts as absent: %c%s%s", pg_tolower((unsigned char) *why), why + 1,
							 why[strlen(why) - 1] == '.' ? "" : "."),
					drop_key_and_add(keys, row));
		return;
	}
	judge_key(keys, row, key);
	az_key_free(key);
}

/* ----------------------------------------------------------------
 * All of them
 * ----------------------------------------------------------------
 */

static void
judge_kinds(const Keys *keys)
{
	const AzLintIssuer *issuer = keys->issuer;
	int			alg;

	if (issuer->nkeys == 0)
		az_find_of_issuer(issuer, "issuer_without_key", AZ_LEVEL_WARNING,
						  "It has no key that can be used: none of its tokens is accepted.",
						  psprintf("Give it its keys: SELECT authz.set_jwks(%s, '{\"keys\": [...]}');  Or drop it: SELECT authz.drop_issuer(%s);",
								   issuer->literal, issuer->literal));
	if (issuer->nsecrets > 0 && issuer->nsecrets < issuer->nkeys)
		az_find_of_issuer(issuer, "secret_beside_public_key", AZ_LEVEL_WARNING,
						  "It has an HMAC secret beside public keys: every service that verifies with the secret can make tokens of the issuer.",
						  "Remove the keys of one kind with drop_key, and leave that kind out of the option algorithms.");
	for (alg = 0; alg < AZ_N_ALGS; alg++)
	{
		if (keys->unnamed[alg] > AZ_MAX_CANDIDATE_KEYS)
			az_find_of_issuer(issuer, "too_many_keys", AZ_LEVEL_WARNING,
							  psprintf("It has %d keys of %s without a key ID: a token that may be signed with more than %d is refused.",
									   keys->unnamed[alg], az_alg_info(alg)->name, AZ_MAX_CANDIDATE_KEYS),
							  "Remove old ones with drop_key.");
	}
}

/*
 * When a set was last taken is not in dumps; then it is as old as its youngest
 * key.
 */
static void
judge_age(const Keys *keys)
{
	const AzLintIssuer *issuer = keys->issuer;
	AzSpiParams	params = {0};
	AzCaller	caller;
	char	   *since = NULL;

	az_begin_as_owner(&caller);
	az_spi_param(&params, TEXTOID, cstring_to_text(issuer->name));
	az_spi_param_time(&params, &keys->newest);
	if (az_spi_look_up("SELECT pg_catalog.to_char(t.last, 'YYYY-MM-DD') FROM (SELECT COALESCE("
					   "  (SELECT s.last_success FROM authz.jwks_status s WHERE s.issuer OPERATOR(pg_catalog.=) $1 LIMIT 1), $2) AS last) t"
					   " WHERE t.last OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) interval '7 days')",
					   &params) > 0)
		since = az_spi_result_or_null(0, 1);
	if (since)
		az_find_of_issuer(issuer, "keys_not_refreshed", AZ_LEVEL_WARNING,
						  psprintf("Its key set was taken last on %s: a key that the issuer has withdrawn since is still believed, and a new one is not.", since),
						  psprintf("Have contrib/update-keys or the library dbmi_authz_keys keep it fresh, or give it to SELECT authz.set_jwks(%s, ...);", issuer->literal));
	az_end_administering(&caller);
}

void
az_lint_keys(AzLintIssuer *issuer)
{
	const AzWhichKeys all = {.all = true};
	Keys		keys = {.issuer = issuer};
	AzRows		rows;
	AzKeyRow	row;

	az_begin_keys(&rows, issuer->issuer, &all);
	while (az_next_key(&rows, &row))
		look_at_key(&keys, &row);
	az_end_rows(&rows);
	judge_kinds(&keys);
	if (keys.from_set)
		judge_age(&keys);
}
