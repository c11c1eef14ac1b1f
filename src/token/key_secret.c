/*-------------------------------------------------------------------------
 *
 * key_secret.c
 *	  Secrets that are none: what reads as a key that others have.
 *
 * Somebody who takes the key that an issuer publishes for the secret of HMAC
 * lets everybody sign who can read that key.  It is known by its form, in the
 * ways in which keys are handed around: as text, as DER, and either of them in
 * base64.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_intern.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "token/b64url.h"
#include "token/crypto.h"

static const char not_secret[] =
	"the secret reads as a key or a certificate, which others may have";

static bool
contains(const AzBytes *bytes, const char *word)
{
	size_t		len = strlen(word);
	size_t		i;

	for (i = 0; i + len <= bytes->len; i++)
		if (memcmp(bytes->data + i, word, len) == 0)
			return true;
	return false;
}

/*
 * PEM (RFC 7468, RFC 4716), OpenSSH's formats, JWK and JWK set, .NET's XML.
 */
static bool
is_text_of_key(const AzBytes *bytes)
{
	static const char *const words[] = {
		"-----BEGIN ", "---- BEGIN ", "ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp",
		"\"kty\"", "<RSAKeyValue>"
	};
	size_t		i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (contains(bytes, words[i]))
			return true;
	return false;
}

/*
 * Whatever follows it.  A random secret begins like that with a chance below
 * one in 2^30.
 */
static bool
is_der_of_key(const AzBytes *bytes)
{
	const unsigned char *der = bytes->data;
	EVP_PKEY   *pkey = d2i_PUBKEY(NULL, &der, (long) bytes->len);
	X509	   *cert;
	bool		found = pkey != NULL;

	der = bytes->data;
	if (pkey == NULL)
		pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &der, (long) bytes->len);
	der = bytes->data;
	cert = d2i_X509(NULL, &der, (long) bytes->len);
	found = found || pkey != NULL || cert != NULL;
	EVP_PKEY_free(pkey);
	X509_free(cert);
	return found;
}

static bool
is_key(const AzBytes *bytes)
{
	return is_text_of_key(bytes) || is_der_of_key(bytes);
}

/*
 * The same in UTF-16, where every other byte is NUL.  They are taken out.
 */
static bool
is_wide_text_of_key(AzBytes *bytes)
{
	size_t		kept = 0;
	size_t		i;

	for (i = 0; i < bytes->len; i++)
		if (bytes->data[i] != '\0')
			bytes->data[kept++] = bytes->data[i];
	bytes->len = kept;
	return is_text_of_key(bytes);
}

/*
 * Either alphabet, with white space and padding or without.  False when it is
 * no base64.
 */
static bool
decode_base64(AzBytes *text)
{
	size_t		kept = 0;
	size_t		i;

	for (i = 0; i < text->len; i++)
	{
		unsigned char c = text->data[i];

		if (strchr(" \t\r\n=", c) == NULL)
			text->data[kept++] = c == '+' ? '-' : c == '/' ? '_' : c;
	}
	return az_b64url_decode((const char *) text->data, kept, text->data, &text->len);
}

AzKeyStatus
az_key_judge_secret(const AzKey *key, const char **why)
{
	const AzBytes *k = &key->material.part[0];
	AzBytes		copy;
	bool		found;
	bool		no_memory;

	*why = NULL;
	if (az_alg_info(key->alg)->kty != AZ_KTY_OCT)
		return AZ_KEY_OK;
	if (!az_openssl_is_there())
		return AZ_KEY_NO_MEMORY;
	copy.data = malloc(k->len + 1);
	if (copy.data == NULL)
		return AZ_KEY_NO_MEMORY;
	memcpy(copy.data, k->data, k->len);
	copy.len = k->len;

	ERR_clear_error();
	found = is_key(k) || is_wide_text_of_key(&copy) ||
		(decode_base64(&copy) && (is_key(&copy) || is_wide_text_of_key(&copy)));
	no_memory = az_memory_ran_out();
	ERR_clear_error();

	az_wipe(copy.data, k->len);
	free(copy.data);
	if (!found)
		return no_memory ? AZ_KEY_NO_MEMORY : AZ_KEY_OK;
	*why = not_secret;
	return AZ_KEY_REFUSED;
}
