/*-------------------------------------------------------------------------
 *
 * key_pem.c
 *	  One PEM block to key material.
 *
 * Only the numbers are taken out; key_public.c judges them as it judges a
 * JWK's, and makes a key of its own from them.  So neither curve parameters
 * of the sender's choice nor anything else in the block gets further.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_intern.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "token/crypto.h"

#define BEGIN		"-----BEGIN "
#define END			"-----END "
#define DASHES		"-----"

/* Where the word stands in the text; len when it does not. */
static size_t
find(const char *text, size_t len, const char *word)
{
	size_t		word_len = strlen(word);
	size_t		i;

	for (i = 0; i + word_len <= len; i++)
		if (memcmp(text + i, word, word_len) == 0)
			return i;
	return len;
}

/*
 * The only block in a text, from its first dash to its last: tools write what
 * is in it beside it (RFC 7468, 2 and 5.2).  OpenSSL would skip what it does
 * not understand and go on to a next block, so there must be no other, and it
 * sees nothing beside this one.
 */
static bool
find_block(const char **text, size_t *len)
{
	size_t		begin = find(*text, *len, BEGIN);
	const char *pem = *text + begin;
	size_t		left = *len - begin;
	size_t		end;

	if (left == 0 || find(pem + 1, left - 1, BEGIN) != left - 1)
		return false;
	end = find(pem, left, END);
	if (end == left)
		return false;
	end += strlen(END);
	end += find(pem + end, left - end, DASHES);
	*text = pem;
	*len = end + strlen(DASHES) < left ? end + strlen(DASHES) : left;
	return true;
}

static EVP_PKEY *
key_of_certificate(const unsigned char **der, long len, const char **why)
{
	X509	   *cert = d2i_X509(NULL, der, len);
	EVP_PKEY   *pkey = NULL;

	if (cert == NULL)
		*why = "the certificate is malformed";
	else if ((X509_get_key_usage(cert) & KU_DIGITAL_SIGNATURE) == 0)
		*why = "the certificate is not for digital signatures";
	else
	{
		pkey = X509_get_pubkey(cert);
		if (pkey == NULL)
			*why = "the key of the certificate is malformed";
	}
	X509_free(cert);
	return pkey;
}

/*
 * The public key in a block of that name; NULL, with *why, when there is none
 * or something follows it.
 */
static EVP_PKEY *
key_of_block(const char *name, const unsigned char *der, long len, const char **why)
{
	const unsigned char *end = der + len;
	EVP_PKEY   *pkey;

	*why = "the key is malformed";
	if (strstr(name, "PRIVATE KEY") != NULL)
	{
		*why = "the key is private";
		return NULL;
	}
	if (strcmp(name, "PUBLIC KEY") == 0)
		pkey = d2i_PUBKEY(NULL, &der, len);
	else if (strcmp(name, "RSA PUBLIC KEY") == 0)
		pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &der, len);
	else if (strcmp(name, "CERTIFICATE") == 0)
		pkey = key_of_certificate(&der, len, why);
	else
	{
		*why = "the type of the PEM block is not supported";
		return NULL;
	}

	if (pkey != NULL && der != end)
	{
		*why = "the key is malformed";
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	return pkey;
}

static EVP_PKEY *
read_pem(const char *pem, size_t len, const char **why)
{
	BIO		   *bio;
	char	   *name = NULL;
	char	   *header = NULL;
	unsigned char *der = NULL;
	long		der_len = 0;
	EVP_PKEY   *pkey = NULL;

	*why = "expected exactly one PEM block";
	if (!find_block(&pem, &len) || len > INT_MAX)
		return NULL;
	bio = BIO_new_mem_buf(pem, (int) len);
	if (bio == NULL)
		return NULL;

	if (PEM_read_bio(bio, &name, &header, &der, &der_len) == 1 &&
		header[0] == '\0' && BIO_ctrl_pending(bio) == 0)
		pkey = key_of_block(name, der, der_len, why);

	OPENSSL_clear_free(der, (size_t) der_len);
	OPENSSL_free(header);
	OPENSSL_free(name);
	BIO_free(bio);
	return pkey;
}

/*
 * A number of the key as len bytes, or as many as it has when len is 0.
 */
static bool
take_number(const EVP_PKEY *pkey, const char *name, size_t len, AzBytes *bytes)
{
	BIGNUM	   *number = NULL;
	bool		ok = false;

	if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1)
	{
		bytes->len = len > 0 ? len : (size_t) BN_num_bytes(number);
		bytes->data = malloc(bytes->len > 0 ? bytes->len : 1);
		ok = bytes->data != NULL &&
			BN_bn2binpad(number, bytes->data, (int) bytes->len) == (int) bytes->len;
	}
	BN_free(number);
	return ok;
}

static bool
take_raw(const EVP_PKEY *pkey, AzBytes *bytes)
{
	if (EVP_PKEY_get_raw_public_key(pkey, NULL, &bytes->len) != 1)
		return false;
	bytes->data = malloc(bytes->len > 0 ? bytes->len : 1);
	return bytes->data != NULL &&
		EVP_PKEY_get_raw_public_key(pkey, bytes->data, &bytes->len) == 1;
}

/*
 * The algorithm of the key's curve.  OpenSSL's name of the group, if it has
 * one, is that of SEC 2 or X9.62.
 */
static const AzAlgInfo *
find_curve(const EVP_PKEY *pkey)
{
	static const struct
	{
		const char *group;
		AzAlg		alg;
	}			curves[] = {
		{"prime256v1", AZ_ES256}, {"P-256", AZ_ES256},
		{"secp384r1", AZ_ES384}, {"P-384", AZ_ES384},
		{"secp521r1", AZ_ES512}, {"P-521", AZ_ES512},
		{"secp256k1", AZ_ES256K},
	};
	char		group[64];
	size_t		len;
	size_t		i;

	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) != 1)
		return NULL;
	for (i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (strcmp(group, curves[i].group) == 0)
			return az_alg_info(curves[i].alg);
	return NULL;
}

/*
 * The algorithm whose keys have the name that OpenSSL has for this key, among
 * those that sign whole messages.
 */
static const AzAlgInfo *
find_pure(const EVP_PKEY *pkey)
{
	int			i;

	for (i = AZ_ED25519; i < AZ_N_ALGS; i++)
		if (EVP_PKEY_is_a(pkey, az_alg_info(i)->name) == 1)
			return az_alg_info(i);
	return NULL;
}

/*
 * The material, and an algorithm that stands for the key's type and curve.
 * A key that is restricted to RSASSA-PSS has a type of its own, and a JWK
 * could not say what it is restricted to.
 */
static AzKeyStatus
take_material(const EVP_PKEY *pkey, const AzAlgInfo **info,
			  AzMaterial *material, const char **why)
{
	bool		ok;

	if (EVP_PKEY_is_a(pkey, "RSA") == 1)
	{
		*info = az_alg_info(AZ_RS256);
		ok = take_number(pkey, OSSL_PKEY_PARAM_RSA_N, 0, &material->part[0]) &&
			take_number(pkey, OSSL_PKEY_PARAM_RSA_E, 0, &material->part[1]);
	}
	else if (EVP_PKEY_is_a(pkey, "EC") == 1 && (*info = find_curve(pkey)) != NULL)
		ok = take_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X, (*info)->coord_len,
						 &material->part[0]) &&
			take_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, (*info)->coord_len,
						&material->part[1]);
	else if ((*info = find_pure(pkey)) != NULL)
		ok = take_raw(pkey, &material->part[0]);
	else
	{
		*why = "the type of the key is not supported for signatures";
		return AZ_KEY_NOT_FOR_SIGNATURES;
	}
	return ok ? AZ_KEY_OK : az_key_refused("the key is malformed", why);
}

AzKeyStatus
az_key_from_pem(const char *pem, size_t len, const char *kid, const char *alg,
				AzAlgs bind, AzKey **key, AzKeyError *error)
{
	AzMaterial	material = {{{NULL, 0}, {NULL, 0}}};
	AzKeyStatus status;
	const AzAlgInfo *info = NULL;
	AzAlg		bound;
	EVP_PKEY   *pkey;

	*key = NULL;
	az_key_error_init(error, kid);
	if (kid != NULL && *kid == '\0')
	{
		error->why = "the key ID is empty";
		return AZ_KEY_REFUSED;
	}

	if (!az_openssl_is_there())
		return AZ_KEY_NO_MEMORY;
	ERR_clear_error();
	pkey = read_pem(pem, len, &error->why);
	if (pkey == NULL)
		status = az_key_refused(error->why, &error->why);
	else
	{
		error->why = NULL;
		status = take_material(pkey, &info, &material, &error->why);
	}
	EVP_PKEY_free(pkey);
	ERR_clear_error();

	if (status == AZ_KEY_OK)
	{
		const char *crv = info->crv;

		/* an AKP key's own type is its algorithm */
		if (alg == NULL && info->kty == AZ_KTY_AKP)
			alg = info->name;
		status = az_key_bind(info->kty, crv, crv != NULL ? strlen(crv) : 0,
							 alg, alg != NULL ? strlen(alg) : 0,
							 bind, &bound, &error->why);
	}
	if (status == AZ_KEY_OK)
		return az_key_make(bound, kid, &material, key, &error->why);
	az_material_free(&material);
	return status;
}
