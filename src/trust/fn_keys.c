/*-------------------------------------------------------------------------
 *
 * fn_keys.c
 *	  The keys of an issuer.
 *
 * Some of what arrives here is secret: an HMAC secret, or a private key that
 * somebody takes for the public one.  Hence az_discretion_begin().
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
#include "trust/issuer_row.h"

/*
 * Warns of mistakes in a new key that the administrator may have overlooked.
 */
static void
warn_about(const AzIssuer *trusted, const AzKey *key, const text *issuer)
{
	if (az_key_is_printable_secret(key))
		ereport(WARNING,
				(errmsg("secret consists of printable characters"),
				 errdetail("Such secrets can often be guessed."),
				 errhint("Use random bytes, at least as many as the hash has.")));
	if ((trusted->algorithms & AZ_ALG_BIT(az_key_alg(key))) == 0)
		ereport(WARNING,
				(errmsg("issuer \"%s\" does not accept algorithm %s",
						text_to_cstring(issuer), az_alg_info(az_key_alg(key))->name),
				 errdetail("The key verifies nothing until it does."),
				 errhint("Name the algorithm in the issuer's option \"algorithms\".")));
}

/*
 * Refuse a public key that is passed as a secret: everybody has the issuer's
 * public key, and could sign with it.
 */
static void
check_secret(const AzKey *key, AzKeyForm form)
{
	AzKeyError	error = {0};
	AzKeyStatus status = az_key_judge_secret(key, &error.why);

	if (status == AZ_KEY_REFUSED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s", az_key_form_name(form)),
				 errdetail_internal("%c%s.", pg_ascii_toupper((unsigned char) error.why[0]),
									error.why + 1),
				 errhint("Add a public key with add_pem or add_key.  A secret is made of random bytes.")));
	az_check_key(status, &error, form);
}

/* The key is new and goes with the memory context. */
static void
add_one(text *issuer, const AzIssuer *trusted, AzKey *key, const char *source)
{
	AzIssuerKey	row;

	az_issuer_key_make(key, &row);
	az_insert_key(issuer, &row, source);
	az_issuer_key_wipe(&row);
	warn_about(trusted, key, issuer);
}

AZ_SQL(authz_add_key)
{
	text	   *issuer;
	AzJson	   *jwk;
	AzIssuer   *trusted;
	AzKey	   *key = NULL;
	AzKeyError	error;
	AzKeyStatus status;
	AzDiscretion discretion;
	AzCaller	caller;

	az_discretion_begin(&discretion);
	issuer = az_arg_text(fcinfo, 0, "issuer");
	az_arg_required(fcinfo, 1, "JWK");
	jwk = az_parse_json(PG_GETARG_TEXT_PP(1), "JWK", ERRCODE_INVALID_PARAMETER_VALUE);

	az_begin_administering("issuer_key", &caller);
	trusted = az_lock_and_build(issuer);
	status = az_key_from_jwk(jwk, trusted->algorithms, true, &key, &error);
	az_free_with(CurrentMemoryContext, az_release_key, key);
	az_check_key(status, &error, AZ_FORM_JWK);
	check_secret(key, AZ_FORM_JWK);
	add_one(issuer, trusted, key, "add_key");
	az_end_administering(&caller);
	az_discretion_end(&discretion);
	PG_RETURN_VOID();
}

AZ_SQL(authz_add_pem)
{
	text	   *issuer;
	text	   *pem;
	text	   *kid;
	text	   *alg;
	int			len;
	AzIssuer   *trusted;
	AzKey	   *key = NULL;
	AzKeyError	error;
	AzKeyStatus status;
	AzDiscretion discretion;
	AzCaller	caller;

	az_discretion_begin(&discretion);
	issuer = az_arg_text(fcinfo, 0, "issuer");
	pem = az_arg_text(fcinfo, 1, "PEM key");
	kid = az_arg_optional_text(fcinfo, 2, "key ID");
	alg = az_arg_optional_text(fcinfo, 3, "algorithm");

	az_begin_administering("issuer_key", &caller);
	trusted = az_lock_and_build(issuer);
	status = az_key_from_pem(VARDATA_ANY(pem), VARSIZE_ANY_EXHDR(pem),
							 kid ? az_utf8(kid, &len) : NULL,
							 alg ? az_utf8(alg, &len) : NULL,
							 trusted->algorithms, &key, &error);
	az_free_with(CurrentMemoryContext, az_release_key, key);
	az_check_key(status, &error, AZ_FORM_PEM);
	add_one(issuer, trusted, key, "add_pem");
	az_end_administering(&caller);
	az_discretion_end(&discretion);
	PG_RETURN_VOID();
}

AZ_SQL(authz_add_secret)
{
	text	   *issuer;
	bytea	   *secret;
	text	   *kid;
	text	   *alg;
	int			len;
	AzIssuer   *trusted;
	AzKey	   *key = NULL;
	AzKeyError	error;
	AzKeyStatus status;
	AzDiscretion discretion;
	AzCaller	caller;

	az_discretion_begin(&discretion);
	issuer = az_arg_text(fcinfo, 0, "issuer");
	az_arg_required(fcinfo, 1, "secret");
	secret = PG_GETARG_BYTEA_PP(1);
	kid = az_arg_optional_text(fcinfo, 2, "key ID");
	alg = az_arg_text(fcinfo, 3, "algorithm");

	az_begin_administering("issuer_key", &caller);
	trusted = az_lock_and_build(issuer);
	status = az_key_from_secret((const unsigned char *) VARDATA_ANY(secret),
								VARSIZE_ANY_EXHDR(secret),
								kid ? az_utf8(kid, &len) : NULL,
								az_utf8(alg, &len), &key, &error);
	az_free_with(CurrentMemoryContext, az_release_key, key);
	az_check_key(status, &error, AZ_FORM_SECRET);
	check_secret(key, AZ_FORM_SECRET);
	add_one(issuer, trusted, key, "add_secret");
	az_end_administering(&caller);
	az_discretion_end(&discretion);
	PG_RETURN_VOID();
}

/* Those of an issuer, and of these algorithms if they are not NULL. */
#define DELETE_KEYS \
	"DELETE FROM authz.issuer_key WHERE issuer OPERATOR(pg_catalog.=) $1" \
	" AND ($3 IS NULL OR alg OPERATOR(pg_catalog.=) ANY ($3))"

/* That name, and the algorithms that it stands for: "EdDSA" stands for two. */
static ArrayType *
algorithms_named(text *name)
{
	AzAlgs		algs = az_algs_by_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	Datum		names[AZ_N_ALGS + 1];
	int			n = 0;
	int			alg;

	names[n++] = PointerGetDatum(name);
	for (alg = 0; alg < AZ_N_ALGS; alg++)
	{
		if (algs & AZ_ALG_BIT(alg))
			names[n++] = CStringGetTextDatum(az_alg_info(alg)->name);
	}
	return construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT);
}

pg_noreturn static void
raise_no_key(const text *issuer, const text *kid, const text *alg)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("key \"%s\" of issuer \"%s\" does not exist",
					text_to_cstring(kid), text_to_cstring(issuer)),
			 alg ? errdetail("None with algorithm %s does.", text_to_cstring(alg)) : 0,
			 errhint("Table authz.issuer_key lists the keys; a key without key ID is named by its thumbprint.")));
	pg_unreachable();
}

AZ_SQL(authz_drop_key)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	text	   *kid = az_arg_text(fcinfo, 1, "key ID");
	text	   *alg = NULL;
	AzIssuerRow row;
	AzSpiParams	params = {0};
	AzCaller	caller;

	/* the function of 1.0 has two arguments */
	if (PG_NARGS() > 2)
		alg = az_arg_optional_text(fcinfo, 2, "algorithm");

	az_begin_administering("issuer_key", &caller);
	az_lock_issuer(issuer, &row);
	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTOID, kid);
	az_spi_param(&params, TEXTARRAYOID, alg ? algorithms_named(alg) : NULL);
	if (az_spi_run(DELETE_KEYS " AND kid OPERATOR(pg_catalog.=) $2", &params) == 0 &&
		az_spi_run(DELETE_KEYS " AND kid IS NULL AND thumbprint OPERATOR(pg_catalog.=) $2",
				   &params) == 0)
		raise_no_key(issuer, kid, alg);
	az_end_administering(&caller);
	PG_RETURN_VOID();
}
