/*-------------------------------------------------------------------------
 *
 * key.c
 *	  A key: one algorithm, the material, and what OpenSSL needs to verify.
 *
 * Everything is made when the key is made; verifying fetches nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_intern.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "token/b64url.h"
#include "token/crypto.h"

/* ---- HMAC ---- */

static AzKeyStatus
make_oct(AzKey *key, const char **why)
{
	const AzAlgInfo *info = az_alg_info(key->alg);
	const AzBytes *k = &key->material.part[0];
	EVP_MAC    *hmac;
	char		hash[16];
	OSSL_PARAM	params[2];

	/* RFC 7518, 3.2 */
	if (k->len < info->min_secret)
	{
		*why = "the secret is shorter than the hash of its algorithm";
		return AZ_KEY_REFUSED;
	}

	memset(hash, 0, sizeof(hash));
	memcpy(hash, info->hash, strlen(info->hash));
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash, 0);
	params[1] = OSSL_PARAM_construct_end();

	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (hmac != NULL)
		key->mac = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	if (key->mac == NULL || EVP_MAC_init(key->mac, k->data, k->len, params) != 1)
		return az_key_refused("the secret could not be loaded", why);
	return AZ_KEY_OK;
}

/* ---- text ---- */

static char *
put_text(char *p, const char *text)
{
	size_t		len = strlen(text);

	memcpy(p, text, len);
	return p + len;
}

/*
 * "name":"value", where the value needs no escape.
 */
static char *
put_member(char *p, const char *name, const char *value)
{
	*p++ = '"';
	p = put_text(p, name);
	p = put_text(p, "\":\"");
	p = put_text(p, value);
	return put_text(p, "\",");
}

static char *
put_bytes(char *p, const char *name, const AzBytes *bytes)
{
	p = put_member(p, name, "");
	p -= 2;						/* inside the quotes */
	az_b64url_encode(bytes->data, bytes->len, p);
	p += AZ_B64URL_ENCODED_LEN(bytes->len);
	return put_text(p, "\",");
}

static char *
put_kid(char *p, const char *kid)
{
	static const char hex[] = "0123456789abcdef";

	p = put_text(p, "\"kid\":\"");
	for (; *kid != '\0'; kid++)
	{
		unsigned char c = (unsigned char) *kid;

		if (c < 0x20)
		{
			p = put_text(p, "\\u00");
			*p++ = hex[c >> 4];
			*p++ = hex[c & 0x0f];
			continue;
		}
		if (c == '"' || c == '\\')
			*p++ = '\\';
		*p++ = (char) c;
	}
	return put_text(p, "\",");
}

/*
 * The key as a JWK, members sorted by name.  With names_too false these are
 * the members that RFC 7638 hashes, and nothing else.
 */
static char *
jwk_text(const AzKey *key, bool names_too)
{
	const AzAlgInfo *info = az_alg_info(key->alg);
	const AzBytes *part = key->material.part;
	size_t		size = 128 + AZ_B64URL_ENCODED_LEN(part[0].len) +
		AZ_B64URL_ENCODED_LEN(part[1].len) +
		(key->kid != NULL ? 6 * strlen(key->kid) : 0);
	char	   *text = malloc(size);
	char	   *p = text;

	if (text == NULL)
		return NULL;

	*p++ = '{';
	if (names_too || info->kty == AZ_KTY_AKP)
		p = put_member(p, "alg", info->name);
	if (info->crv != NULL)
		p = put_member(p, "crv", info->crv);
	if (info->kty == AZ_KTY_RSA)
		p = put_bytes(p, "e", &part[1]);
	if (info->kty == AZ_KTY_OCT)
		p = put_bytes(p, "k", &part[0]);
	if (names_too && key->kid != NULL)
		p = put_kid(p, key->kid);
	p = put_member(p, "kty", az_key_type_name(info->kty));
	if (info->kty == AZ_KTY_RSA)
		p = put_bytes(p, "n", &part[0]);
	if (info->kty == AZ_KTY_AKP)
		p = put_bytes(p, "pub", &part[0]);
	if (info->kty == AZ_KTY_EC || info->kty == AZ_KTY_OKP)
		p = put_bytes(p, "x", &part[0]);
	if (info->kty == AZ_KTY_EC)
		p = put_bytes(p, "y", &part[1]);
	p[-1] = '}';				/* instead of the last comma */
	*p = '\0';
	return text;
}

/*
 * RFC 7638.
 */
static AzKeyStatus
make_thumbprint(AzKey *key, const char **why)
{
	unsigned char hash[32];
	char	   *text = jwk_text(key, false);
	bool		ok;

	if (text == NULL)
		return AZ_KEY_NO_MEMORY;
	ok = az_sha256_with_errors(text, strlen(text), hash);
	az_wipe(text, strlen(text));
	free(text);
	if (!ok)
		return az_key_refused("the thumbprint could not be made", why);
	az_b64url_encode(hash, sizeof(hash), key->thumbprint);
	return AZ_KEY_OK;
}

/* ---- the key ---- */

AzKeyStatus
az_key_make(AzAlg alg, const char *kid, AzMaterial *material,
			AzKey **key, const char **why)
{
	AzKey	   *made = calloc(1, sizeof(*made));
	AzKeyStatus status;

	*key = NULL;
	*why = NULL;
	if (made == NULL)
	{
		az_material_free(material);
		return AZ_KEY_NO_MEMORY;
	}
	if (kid != NULL && strlen(kid) > AZ_MAX_KID)
	{
		az_material_free(material);
		free(made);
		*why = "\"kid\" is longer than 2000 bytes";
		return AZ_KEY_REFUSED;
	}

	made->alg = alg;
	made->material = *material;
	memset(material, 0, sizeof(*material));

	ERR_clear_error();
	if (!az_openssl_is_there())
		status = AZ_KEY_NO_MEMORY;
	else if (az_alg_info(alg)->kty == AZ_KTY_OCT)
		status = make_oct(made, why);
	else
		status = az_key_load_public(made, why);
	if (status == AZ_KEY_OK)
		status = make_thumbprint(made, why);
	if (status == AZ_KEY_OK && kid != NULL)
	{
		made->kid = strdup(kid);
		if (made->kid == NULL)
			status = AZ_KEY_NO_MEMORY;
	}
	ERR_clear_error();

	if (status != AZ_KEY_OK)
		az_key_free(made);
	else
		*key = made;
	return status;
}

AzKeyStatus
az_key_from_secret(const unsigned char *secret, size_t len,
				   const char *kid, const char *alg,
				   AzKey **key, AzKeyError *error)
{
	AzMaterial	material = {{{NULL, 0}, {NULL, 0}}};
	AzKeyStatus status;
	AzAlg		bound;

	*key = NULL;
	az_key_error_init(error, kid);
	if (alg == NULL)
	{
		error->why = "the algorithm is missing";
		return AZ_KEY_REFUSED;
	}
	if (kid != NULL && *kid == '\0')
	{
		error->why = "the key ID is empty";
		return AZ_KEY_REFUSED;
	}
	status = az_key_bind(AZ_KTY_OCT, NULL, 0, alg, strlen(alg), 0, &bound, &error->why);
	if (status != AZ_KEY_OK)
		return status;

	material.part[0].data = malloc(len > 0 ? len : 1);
	if (material.part[0].data == NULL)
		return AZ_KEY_NO_MEMORY;
	if (len > 0)
		memcpy(material.part[0].data, secret, len);
	material.part[0].len = len;
	return az_key_make(bound, kid, &material, key, &error->why);
}

void
az_key_free(AzKey *key)
{
	if (key == NULL)
		return;
	EVP_MAC_CTX_free(key->mac);
	EVP_MD_CTX_free(key->pure);
	EVP_PKEY_CTX_free(key->verify);
	EVP_MD_CTX_free(key->digest);
	EVP_MD_free(key->md);
	EVP_PKEY_free(key->pkey);
	az_material_free(&key->material);
	free(key->kid);
	free(key);
}

const char *
az_key_kid(const AzKey *key)
{
	return key->kid;
}

AzAlg
az_key_alg(const AzKey *key)
{
	return key->alg;
}

const char *
az_key_thumbprint(const AzKey *key)
{
	return key->thumbprint;
}

void
az_key_set_added(AzKey *key, int64_t added)
{
	key->added = added;
}

int64_t
az_key_added(const AzKey *key)
{
	return key->added;
}

char *
az_key_to_jwk(const AzKey *key)
{
	return jwk_text(key, true);
}

bool
az_key_is_printable_secret(const AzKey *key)
{
	const AzBytes *k = &key->material.part[0];
	size_t		i;

	if (az_alg_info(key->alg)->kty != AZ_KTY_OCT)
		return false;
	for (i = 0; i < k->len; i++)
		if ((k->data[i] < 0x20 || k->data[i] > 0x7e) &&
			k->data[i] != '\t' && k->data[i] != '\n' && k->data[i] != '\r')
			return false;
	return true;
}
