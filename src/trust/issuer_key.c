/*-------------------------------------------------------------------------
 *
 * issuer_key.c
 *	  A key of the token library as a row of authz.issuer_key.
 *
 * The columns kid, alg and thumbprint repeat what the JWK says, so that the
 * table can be read, and its indexes can keep a kid and an algorithm from
 * naming two keys.
 * trust.c believes no row whose columns do not agree.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/issuer_key.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "server/arguments.h"
#include "server/malloced.h"
#include "server/spi.h"
#include "trust/issuer_row.h"

/* ----------------------------------------------------------------
 * Keeping secrets
 * ----------------------------------------------------------------
 */

static void
wipe_string(void *string)
{
	explicit_bzero(string, strlen(string));
	free(string);
}

void
az_issuer_key_wipe(AzIssuerKey *row)
{
	explicit_bzero(VARDATA(row->jwk), VARSIZE(row->jwk) - VARHDRSZ);
}

/* ----------------------------------------------------------------
 * Rows
 * ----------------------------------------------------------------
 */

void
az_issuer_key_make(const AzKey *key, AzIssuerKey *row)
{
	const char *kid = az_key_kid(key);
	char	   *jwk = az_key_to_jwk(key);

	az_free_with(CurrentMemoryContext, wipe_string, jwk);
	if (jwk == NULL)
		az_raise_no_memory();
	row->kid = kid ? az_server_text(kid, "key ID") : NULL;
	row->alg = cstring_to_text(az_alg_info(az_key_alg(key))->name);
	row->thumbprint = cstring_to_text(az_key_thumbprint(key));
	row->jwk = az_server_text(jwk, "JWK");
}

void
az_insert_key(text *issuer, const AzIssuerKey *row, const char *source)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTOID, row->kid);
	az_spi_param(&params, TEXTOID, row->alg);
	az_spi_param(&params, JSONOID, row->jwk);
	az_spi_param(&params, TEXTOID, row->thumbprint);
	az_spi_param(&params, TEXTOID, cstring_to_text(source));
	if (az_spi_run("INSERT INTO authz.issuer_key (issuer, kid, alg, jwk, thumbprint, source)"
			   " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING", &params) == 0)
		az_raise_key_exists(issuer, row);
}

/* A thumbprint is not quoted: that of a weak secret helps guessing it. */
void
az_raise_key_exists(const text *issuer, const AzIssuerKey *row)
{
	if (row->kid)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("key \"%s\" of issuer \"%s\" already exists",
						text_to_cstring(row->kid), text_to_cstring(issuer)),
				 errhint("drop_key removes it.")));
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("issuer \"%s\" already has this key", text_to_cstring(issuer)),
			 errdetail("Keys without key ID are told apart by thumbprint and algorithm."),
			 errhint("It need not be added, or give it a key ID.")));
	pg_unreachable();
}

/*
 * The name of each form, and a hint that says what to pass instead of a
 * refused key.
 */
static const struct
{
	const char *name;
	const char *hint;
}			forms[] = {
	[AZ_FORM_JWK] = {"JWK", "Pass one public key as the issuer publishes it, or a symmetric one with its algorithm."},
	[AZ_FORM_PEM] = {"PEM key", "Pass one block: PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE."},
	[AZ_FORM_SECRET] = {"secret", "Use random bytes, at least as many as the hash has."},
	[AZ_FORM_SET] = {"JWK set", "The keys that were there stay.  Look at what the issuer publishes."},
};

const char *
az_key_form_name(AzKeyForm form)
{
	return forms[form].name;
}

void
az_check_key(AzKeyStatus status, const AzKeyError *error, AzKeyForm form)
{
	if (status == AZ_KEY_NO_MEMORY)
		az_raise_no_memory();
	if (status != AZ_KEY_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid %s", az_key_form_name(form)),
				 errdetail_internal("%c%s.",
									pg_ascii_toupper((unsigned char) error->why[0]),
									error->why + 1),
				 errhint("%s", error->why == az_unsupported_algorithm ?
						 az_valid_algorithms() : forms[form].hint)));
}

AzIssuer *
az_lock_and_build(text *issuer)
{
	AzIssuerRow row;
	AzProfile	profile;

	az_lock_issuer(issuer, &row);
	az_profile_of(&row, &profile);
	return az_build_issuer(issuer, &profile,
						   az_parse_json(row.options, "issuer options",
										 ERRCODE_CONFIG_FILE_ERROR),
						   ERRCODE_CONFIG_FILE_ERROR);
}
