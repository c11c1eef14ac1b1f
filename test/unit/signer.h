/*-------------------------------------------------------------------------
 *
 * signer.h
 *	  The other side: makes keys, JWKs, signatures and tokens, for tests.
 *
 * Written with OpenSSL alone, so that the library is not tested against
 * itself.  Whatever fails here ends the program.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SIGNER_H
#define SIGNER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "token/alg.h"
#include "token/b64url.h"

#define SIGNATURE_MAX	8192

typedef struct Signer
{
	AzAlg		alg;
	EVP_PKEY   *pkey;			/* owned; NULL for HMAC */
	unsigned char secret[64];	/* HMAC */
} Signer;

#define MUST(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			exit(2); \
		} \
	} while (0)

/*
 * New key.  False where OpenSSL does not offer the algorithm.  All RSA
 * signers of a program share one key, which is slow to make.
 */
static inline bool
signer_init(Signer *signer, AzAlg alg)
{
	static EVP_PKEY *rsa = NULL;
	const AzAlgInfo *info = az_alg_info(alg);

	memset(signer, 0, sizeof(*signer));
	signer->alg = alg;
	switch (info->kty)
	{
		case AZ_KTY_OCT:
			MUST(RAND_bytes(signer->secret, sizeof(signer->secret)) == 1);
			return true;
		case AZ_KTY_RSA:
			if (rsa == NULL)
				rsa = EVP_RSA_gen(2048);
			MUST(rsa != NULL && EVP_PKEY_up_ref(rsa) == 1);
			signer->pkey = rsa;
			return true;
		case AZ_KTY_EC:
			signer->pkey = EVP_EC_gen(info->crv);
			break;
		case AZ_KTY_OKP:
		case AZ_KTY_AKP:
			signer->pkey = EVP_PKEY_Q_keygen(NULL, NULL, info->name);
			break;
	}
	MUST(signer->pkey != NULL || info->kty == AZ_KTY_AKP);
	return signer->pkey != NULL;
}

static inline void
signer_free(Signer *signer)
{
	EVP_PKEY_free(signer->pkey);
	signer->pkey = NULL;
}

static inline size_t
signer_secret_len(const Signer *signer)
{
	return az_alg_info(signer->alg)->min_secret;
}

static inline void
append(char *text, size_t size, const char *what)
{
	MUST(strlen(text) + strlen(what) < size);
	strcat(text, what);
}

/*
 * ,"name":"base64url"
 */
static inline void
append_bytes(char *text, size_t size, const char *name,
			 const unsigned char *bytes, size_t len)
{
	char	   *encoded = malloc(AZ_B64URL_ENCODED_LEN(len) + 1);

	MUST(encoded != NULL);
	az_b64url_encode(bytes, len, encoded);
	append(text, size, ",\"");
	append(text, size, name);
	append(text, size, "\":\"");
	append(text, size, encoded);
	append(text, size, "\"");
	free(encoded);
}

/*
 * The same for a number of the key, of len bytes, or as many as it has.
 */
static inline void
append_number(char *text, size_t size, const char *name, const EVP_PKEY *pkey,
			  const char *param, size_t len)
{
	unsigned char bytes[2049];
	BIGNUM	   *number = NULL;

	MUST(EVP_PKEY_get_bn_param(pkey, param, &number) == 1);
	if (len == 0)
		len = (size_t) BN_num_bytes(number);
	MUST(len <= sizeof(bytes) && BN_bn2binpad(number, bytes, (int) len) == (int) len);
	BN_free(number);
	append_bytes(text, size, name, bytes, len);
}

/*
 * The public key (for HMAC, the secret) as a JWK without its closing brace,
 * and without "alg" unless with_alg: New string.
 */
static inline char *
signer_jwk_open(const Signer *signer, bool with_alg)
{
	const AzAlgInfo *info = az_alg_info(signer->alg);
	size_t		size = 8192;
	char	   *text = calloc(1, size);
	unsigned char raw[4096];
	size_t		len = sizeof(raw);

	MUST(text != NULL);
	snprintf(text, size, "{\"x-made-by\":\"test\"");
	if (with_alg)
	{
		append(text, size, ",\"alg\":\"");
		append(text, size, info->name);
		append(text, size, "\"");
	}
	if (info->crv != NULL)
	{
		append(text, size, ",\"crv\":\"");
		append(text, size, info->crv);
		append(text, size, "\"");
	}
	switch (info->kty)
	{
		case AZ_KTY_OCT:
			append(text, size, ",\"kty\":\"oct\"");
			append_bytes(text, size, "k", signer->secret, signer_secret_len(signer));
			break;
		case AZ_KTY_RSA:
			append(text, size, ",\"kty\":\"RSA\"");
			append_number(text, size, "n", signer->pkey, OSSL_PKEY_PARAM_RSA_N, 0);
			append_number(text, size, "e", signer->pkey, OSSL_PKEY_PARAM_RSA_E, 0);
			break;
		case AZ_KTY_EC:
			append(text, size, ",\"kty\":\"EC\"");
			append_number(text, size, "x", signer->pkey, OSSL_PKEY_PARAM_EC_PUB_X,
						  info->coord_len);
			append_number(text, size, "y", signer->pkey, OSSL_PKEY_PARAM_EC_PUB_Y,
						  info->coord_len);
			break;
		case AZ_KTY_OKP:
		case AZ_KTY_AKP:
			MUST(EVP_PKEY_get_raw_public_key(signer->pkey, raw, &len) == 1);
			if (info->kty == AZ_KTY_OKP)
				append(text, size, ",\"kty\":\"OKP\"");
			else
				append(text, size, ",\"kty\":\"AKP\"");
			append_bytes(text, size, info->kty == AZ_KTY_OKP ? "x" : "pub", raw, len);
			break;
	}
	return text;
}

/*
 * Whole JWK; more is put behind the last member (",\"kid\":\"x\"").
 */
static inline char *
signer_jwk(const Signer *signer, const char *more)
{
	char	   *text = signer_jwk_open(signer, true);

	append(text, 8192, more);
	append(text, 8192, "}");
	return text;
}

/*
 * r and s of an ECDSA signature, each len bytes.
 */
static inline void
der_to_raw(const unsigned char *der, size_t der_len, unsigned char *raw, size_t len)
{
	ECDSA_SIG  *sig = d2i_ECDSA_SIG(NULL, &der, (long) der_len);

	MUST(sig != NULL);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int) len) == (int) len);
	MUST(BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + len, (int) len) == (int) len);
	ECDSA_SIG_free(sig);
}

/*
 * Sign with that hash; for PSS with that hash in the mask and that salt.
 */
static inline size_t
sign_with(const Signer *signer, const char *hash, const char *mask, int salt,
		  const unsigned char *msg, size_t msg_len, unsigned char *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;
	size_t		len = SIGNATURE_MAX;

	MUST(EVP_DigestSignInit_ex(ctx, &pctx, hash, NULL, NULL, signer->pkey, NULL) == 1);
	if (mask != NULL)
	{
		MUST(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1);
		MUST(EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, mask, NULL) == 1);
		MUST(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt) == 1);
	}
	MUST(EVP_DigestSign(ctx, sig, &len, msg, msg_len) == 1);
	EVP_MD_CTX_free(ctx);
	return len;
}

/*
 * Sign as JOSE does; returns the length.
 */
static inline size_t
signer_sign(const Signer *signer, const unsigned char *msg, size_t msg_len,
			unsigned char *sig)
{
	const AzAlgInfo *info = az_alg_info(signer->alg);
	unsigned char der[256];
	unsigned int mac_len;
	size_t		len;

	switch (info->kty)
	{
		case AZ_KTY_OCT:
			MUST(HMAC(EVP_get_digestbyname(info->hash), signer->secret,
					  (int) signer_secret_len(signer), msg, msg_len, sig, &mac_len) != NULL);
			return mac_len;
		case AZ_KTY_EC:
			len = sign_with(signer, info->hash, NULL, 0, msg, msg_len, der);
			der_to_raw(der, len, sig, info->coord_len);
			return 2 * info->coord_len;
		case AZ_KTY_RSA:
			if (info->name[0] == 'P')
				return sign_with(signer, info->hash, info->hash, RSA_PSS_SALTLEN_DIGEST,
								 msg, msg_len, sig);
			break;
		case AZ_KTY_OKP:
		case AZ_KTY_AKP:
			break;
	}
	return sign_with(signer, info->hash, NULL, 0, msg, msg_len, sig);
}

/*
 * A compact JWS.  New string.
 */
static inline char *
signer_token(const Signer *signer, const char *header, const char *payload)
{
	unsigned char sig[SIGNATURE_MAX];
	size_t		header_len = AZ_B64URL_ENCODED_LEN(strlen(header));
	size_t		payload_len = AZ_B64URL_ENCODED_LEN(strlen(payload));
	size_t		len = header_len + 1 + payload_len;
	char	   *token = malloc(len + 1 + AZ_B64URL_ENCODED_LEN(SIGNATURE_MAX) + 1);

	MUST(token != NULL);
	az_b64url_encode((const unsigned char *) header, strlen(header), token);
	token[header_len] = '.';
	az_b64url_encode((const unsigned char *) payload, strlen(payload),
					 token + header_len + 1);
	az_b64url_encode(sig, signer_sign(signer, (unsigned char *) token, len, sig),
					 token + len + 1);
	token[len] = '.';
	return token;
}

#endif							/* SIGNER_H */
