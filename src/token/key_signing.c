/*-------------------------------------------------------------------------
 *
 * key_signing.c
 *	  A private key that signs: Ed25519 (RFC 8032), for assertions alone.
 *
 * It holds its public key, made and judged as any other, which also gives the
 * thumbprint and the public JWK.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_signing.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "token/b64url.h"
#include "token/crypto.h"
#include "token/key_members.h"

/* Bytes of "d" and of "x" (RFC 8032, 5.1.5). */
#define KEY_LEN		32

struct AzSigningKey
{
	AzKey	   *public_key;
	unsigned char d[KEY_LEN];
	EVP_PKEY   *pkey;
	EVP_MD_CTX *ready;			/* for EVP_DigestSign() */
	EVP_MD_CTX *used;			/* room for a copy of ready, which signs once */
};

/* ---- a key from its bytes ---- */

/* What OpenSSL needs to sign, and the public key in x. */
static AzKeyStatus
load(AzSigningKey *key, unsigned char x[KEY_LEN], const char **why)
{
	size_t		len = KEY_LEN;

	key->ready = EVP_MD_CTX_new();
	key->used = EVP_MD_CTX_new();
	if (key->ready == NULL || key->used == NULL)
		return AZ_KEY_NO_MEMORY;
	key->pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, key->d, KEY_LEN);
	if (key->pkey == NULL ||
		EVP_DigestSignInit_ex(key->ready, NULL, NULL, NULL, NULL, key->pkey, NULL) != 1 ||
		EVP_PKEY_get_raw_public_key(key->pkey, x, &len) != 1 || len != KEY_LEN)
		return az_key_refused("the private key could not be loaded", why);
	return AZ_KEY_OK;
}

static AzKeyStatus
make_public(AzSigningKey *key, const char *kid, const unsigned char x[KEY_LEN],
			const char **why)
{
	AzMaterial	material = {{{NULL, 0}, {NULL, 0}}};

	material.part[0].data = malloc(KEY_LEN);
	if (material.part[0].data == NULL)
		return AZ_KEY_NO_MEMORY;
	memcpy(material.part[0].data, x, KEY_LEN);
	material.part[0].len = KEY_LEN;
	return az_key_make(AZ_ED25519, kid, &material, &key->public_key, why);
}

/*
 * RFC 8037, 2: expected, unless NULL, is the public key that belongs to it.
 */
static AzKeyStatus
make(const char *kid, const unsigned char d[KEY_LEN], const unsigned char *expected,
	 AzSigningKey **key, const char **why)
{
	AzSigningKey *made = calloc(1, sizeof(*made));
	unsigned char x[KEY_LEN];
	AzKeyStatus status;

	if (made == NULL)
		return AZ_KEY_NO_MEMORY;
	memcpy(made->d, d, KEY_LEN);

	ERR_clear_error();
	status = az_openssl_is_there() ? load(made, x, why) : AZ_KEY_NO_MEMORY;
	if (status == AZ_KEY_OK && expected != NULL && memcmp(x, expected, KEY_LEN) != 0)
	{
		*why = "\"x\" does not belong to \"d\"";
		status = AZ_KEY_REFUSED;
	}
	if (status == AZ_KEY_OK)
		status = make_public(made, kid, x, why);
	ERR_clear_error();

	if (status == AZ_KEY_OK)
		*key = made;
	else
		az_signing_key_free(made);
	return status;
}

static AzKeyStatus
check_kid(const char *kid, AzKeyError *error)
{
	az_key_error_init(error, kid);
	if (kid != NULL && *kid != '\0')
		return AZ_KEY_OK;
	error->why = "the key ID is empty";
	return AZ_KEY_REFUSED;
}

AzKeyStatus
az_signing_key_generate(const char *kid, AzSigningKey **key, AzKeyError *error)
{
	unsigned char d[KEY_LEN];
	AzKeyStatus status = check_kid(kid, error);

	*key = NULL;
	if (status != AZ_KEY_OK)
		return status;
	ERR_clear_error();
	if (!az_openssl_is_there())
		status = AZ_KEY_NO_MEMORY;
	else if (RAND_priv_bytes(d, KEY_LEN) != 1)
		status = az_key_refused("there is no source of random numbers", &error->why);
	ERR_clear_error();
	if (status == AZ_KEY_OK)
		status = make(kid, d, NULL, key, &error->why);
	az_wipe(d, sizeof(d));
	return status;
}

/* ---- a key from a JWK ---- */

/* A member that must be a string where it is there; which one it must be. */
static bool
says(const AzJson *jwk, const char *name, const char *expected, bool needed)
{
	const char *text;
	size_t		len;

	if (!az_json_get_string(jwk, name, &text, &len))
		return false;
	return text == NULL ? !needed : az_member_is(text, len, expected);
}

/* RFC 8037, 2 and 3.1, and RFC 9864, 2.2: what it is, before its bytes are looked at. */
static AzKeyStatus
judge_kind(const AzJson *jwk, const char *kid, const char **why)
{
	*why = NULL;
	if (az_json_type(jwk) != AZ_JSON_OBJECT)
		*why = "the key is not a JSON object";
	else if (!says(jwk, "kty", "OKP", true) || !says(jwk, "crv", "Ed25519", true))
		*why = "the key is not an Ed25519 key: \"kty\" must be \"OKP\", \"crv\" \"Ed25519\"";
	else if (!says(jwk, "alg", "EdDSA", false) && !says(jwk, "alg", "Ed25519", false))
		*why = "\"alg\" is neither \"EdDSA\" nor \"Ed25519\"";
	else if (!says(jwk, "kid", kid, false))
		*why = "\"kid\" is not the key ID that was given";
	return *why == NULL ? AZ_KEY_OK : AZ_KEY_REFUSED;
}

AzKeyStatus
az_signing_key_from_jwk(const AzJson *jwk, const char *kid, AzSigningKey **key,
						AzKeyError *error)
{
	AzMaterial	material = {{{NULL, 0}, {NULL, 0}}};
	AzBytes    *x = &material.part[0];
	AzBytes    *d = &material.part[1];
	AzKeyStatus status = check_kid(kid, error);

	*key = NULL;
	if (status == AZ_KEY_OK)
		status = judge_kind(jwk, kid, &error->why);
	if (status == AZ_KEY_OK)
		status = az_member_judge_use(jwk, "sign", &error->why);
	if (status == AZ_KEY_OK)
		status = az_member_read_part(jwk, "x", x, &error->why);
	if (status == AZ_KEY_OK)
		status = az_member_read_part(jwk, "d", d, &error->why);
	if (status == AZ_KEY_OK && (x->len != KEY_LEN || d->len != KEY_LEN))
	{
		error->why = "\"x\" and \"d\" must have 32 bytes";
		status = AZ_KEY_REFUSED;
	}
	if (status == AZ_KEY_OK)
		status = make(kid, d->data, x->data, key, &error->why);
	az_material_free(&material);
	return status;
}

void
az_signing_key_free(AzSigningKey *key)
{
	if (key == NULL)
		return;
	EVP_MD_CTX_free(key->used);
	EVP_MD_CTX_free(key->ready);
	EVP_PKEY_free(key->pkey);
	az_key_free(key->public_key);
	az_wipe(key, sizeof(*key));
	free(key);
}

/* ---- what it says of itself ---- */

const char *
az_signing_key_kid(const AzSigningKey *key)
{
	return az_key_kid(key->public_key);
}

const char *
az_signing_key_thumbprint(const AzSigningKey *key)
{
	return az_key_thumbprint(key->public_key);
}

char *
az_signing_key_public_jwk(const AzSigningKey *key)
{
	return az_key_to_jwk(key->public_key);
}

/* The public one, with "d" behind its members. */
char *
az_signing_key_private_jwk(const AzSigningKey *key)
{
	static const char name[] = ",\"d\":\"";
	char	   *text = az_signing_key_public_jwk(key);
	size_t		len = text != NULL ? strlen(text) : 0;
	char	   *jwk = NULL;
	char	   *p;

	if (text != NULL)
		jwk = malloc(len + sizeof(name) + AZ_B64URL_ENCODED_LEN(KEY_LEN) + sizeof("\"}"));
	if (jwk != NULL)
	{
		p = jwk + len - 1;		/* instead of the brace */
		memcpy(jwk, text, len - 1);
		memcpy(p, name, sizeof(name) - 1);
		p += sizeof(name) - 1;
		az_b64url_encode(key->d, KEY_LEN, p);
		memcpy(p + AZ_B64URL_ENCODED_LEN(KEY_LEN), "\"}", sizeof("\"}"));
	}
	free(text);
	return jwk;
}

/* ---- signatures ---- */

/* RFC 8032, 5.1.6; a context that has signed once need not do it again. */
bool
az_sign(const AzSigningKey *key, const unsigned char *msg, size_t len,
		unsigned char signature[AZ_SIGNATURE_ED25519])
{
	size_t		signed_len = AZ_SIGNATURE_ED25519;
	bool		good;

	ERR_clear_error();
	good = EVP_MD_CTX_copy_ex(key->used, key->ready) == 1 &&
		EVP_DigestSign(key->used, signature, &signed_len, msg, len) == 1 &&
		signed_len == AZ_SIGNATURE_ED25519;
	ERR_clear_error();
	return good;
}
