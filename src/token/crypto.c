/*-------------------------------------------------------------------------
 *
 * crypto.c
 *	  What the token library asks of OpenSSL apart from keys and signatures.
 *
 *-------------------------------------------------------------------------
 */
#include "token/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

bool
az_openssl_is_there(void)
{
	return OSSL_LIB_CTX_get0_global_default() != NULL;
}

bool
az_memory_ran_out(void)
{
	unsigned long error;

	while ((error = ERR_get_error()) != 0)
		if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE)
			return true;
	return false;
}

void
az_wipe(void *data, size_t len)
{
	if (data != NULL)
		OPENSSL_cleanse(data, len);
}

bool
az_same_secret(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

bool
az_sha256_with_errors(const void *data, size_t len, unsigned char digest[32])
{
	/* fetched once: that costs more than hashing a token */
	static EVP_MD *md = NULL;
	static EVP_MD_CTX *ctx = NULL;

	if (md == NULL && az_openssl_is_there())
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	return md != NULL && ctx != NULL &&
		EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
		EVP_DigestUpdate(ctx, data, len) == 1 &&
		EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
}

bool
az_sha256(const void *data, size_t len, unsigned char digest[32])
{
	bool		ok;

	ERR_clear_error();
	ok = az_sha256_with_errors(data, len, digest);
	ERR_clear_error();
	return ok;
}

/*
 * OpenSSL makes all methods of a kind when the first of that kind is asked for,
 * and keeps them for the process.
 */
void
az_crypto_prepare_fork(void)
{
	EVP_MD_free(EVP_MD_fetch(NULL, "SHA256", NULL));
	EVP_MAC_free(EVP_MAC_fetch(NULL, "HMAC", NULL));
	EVP_KEYMGMT_free(EVP_KEYMGMT_fetch(NULL, "RSA", NULL));
	EVP_SIGNATURE_free(EVP_SIGNATURE_fetch(NULL, "RSA", NULL));
	ERR_clear_error();
}

const char *
az_crypto_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}
