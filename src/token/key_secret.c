/*-------------------------------------------------------------------------
 *
 * key_secret.c
 *	  Secrets that are not secret, because they read as a key that others have.
 *
 * An administrator who takes the key that an issuer publishes for the secret
 * of HMAC lets everybody sign who can read that key.  It is known by its form,
 * in the ways in which keys are handed around: as text or as DER, in base64 or
 * hex, as a string of a program, or several of these.  A key without any form,
 * 32 bytes of Ed25519 or a bare modulus, cannot be told from a secret.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_intern.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "token/b64url.h"
#include "token/crypto.h"
#include "token/json.h"

/* Base64 in a quoted string, twice. */
#define MAX_WRAPS	3

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

/* PKCS #7 holds certificates. */
static bool
is_bundle(const AzBytes *bytes)
{
	const unsigned char *der = bytes->data;
	PKCS7	   *bundle = d2i_PKCS7(NULL, &der, (long) bytes->len);

	PKCS7_free(bundle);
	return bundle != NULL;
}

/* Is it JSON with a member that keys and key sets have? */
static bool
is_json_of_key(const AzBytes *bytes)
{
	static const char *const names[] = {"kty", "keys", "n"};
	AzJson	   *json;
	bool		found = false;
	size_t		i;

	if (az_json_parse((const char *) bytes->data, bytes->len, &json) != AZ_JSON_OK)
		return false;
	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !found; i++)
		found = az_json_get_z(json, names[i]) != NULL;
	az_json_free(json);
	return found;
}

static bool
is_key(const AzBytes *bytes)
{
	return is_text_of_key(bytes) || is_der_of_key(bytes) || is_bundle(bytes) ||
		is_json_of_key(bytes);
}

/*
 * Ways in which bytes are wrapped.  Each turns them into what is inside, in
 * place; false when they are not wrapped like that.
 */

/* In UTF-16, where every other byte is NUL.  They are taken out. */
static bool
narrow(AzBytes *bytes)
{
	size_t		kept = 0;
	size_t		i;

	for (i = 0; i < bytes->len; i++)
		if (bytes->data[i] != '\0')
			bytes->data[kept++] = bytes->data[i];
	if (kept == bytes->len)
		return false;
	bytes->len = kept;
	return true;
}

/* As a string of a program or a setting: in quotes, with \n for a new line. */
static bool
unquote(AzBytes *bytes)
{
	size_t		kept = 0;
	size_t		i;

	for (i = 0; i < bytes->len; i++)
	{
		unsigned char c = bytes->data[i];

		if (c == '\\' && i + 1 < bytes->len && strchr("nrt", bytes->data[i + 1]) != NULL)
			i++;
		else if (strchr(" \t\r\n\"'\\", c) == NULL || c == '\0')
			bytes->data[kept++] = c;
	}
	if (kept == bytes->len)
		return false;
	bytes->len = kept;
	return true;
}

/* White space in front, as of a file that begins with an empty line. */
static bool
trim(AzBytes *bytes)
{
	size_t		start = 0;

	while (start < bytes->len && bytes->data[start] != '\0' &&
		   strchr(" \t\r\n", bytes->data[start]) != NULL)
		start++;
	if (start == 0)
		return false;
	bytes->len -= start;
	memmove(bytes->data, bytes->data + start, bytes->len);
	return true;
}

static int
hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* With \x or 0x in front, or colons between, or without. */
static bool
decode_hex(AzBytes *text)
{
	size_t		digits = 0;
	size_t		i = text->len >= 2 && (text->data[1] | 0x20) == 'x' ? 2 : 0;

	for (; i < text->len; i++)
	{
		int			digit = hex_digit(text->data[i]);

		if (digit < 0 && text->data[i] != '\0' && strchr(": \t\r\n", text->data[i]) != NULL)
			continue;
		if (digit < 0)
			return false;
		if (digits % 2 == 0)
			text->data[digits / 2] = (unsigned char) (digit << 4);
		else
			text->data[digits / 2] |= (unsigned char) digit;
		digits++;
	}
	text->len = digits / 2;
	return digits > 0 && digits % 2 == 0;
}

/* Either alphabet, with white space and padding or without. */
static bool
decode_base64(AzBytes *text)
{
	size_t		kept = 0;
	size_t		i;

	for (i = 0; i < text->len; i++)
	{
		unsigned char c = text->data[i];

		if (c == '\0' || strchr(" \t\r\n=", c) == NULL)
			text->data[kept++] = c == '+' ? '-' : c == '/' ? '_' : c;
	}
	return az_b64url_decode((const char *) text->data, kept, text->data, &text->len);
}

/* Does it read as a key, as it is or unwrapped up to so many times? */
static bool
holds_key(const AzBytes *bytes, int wraps, bool *no_memory)
{
	static bool (*const ways[]) (AzBytes *bytes) = {
		narrow, unquote, trim, decode_hex, decode_base64
	};
	bool		found = is_key(bytes);
	size_t		i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]) && wraps > 0 && !found; i++)
	{
		AzBytes		copy = {malloc(bytes->len + 1), bytes->len};

		if (copy.data == NULL)
			return *no_memory = true;
		memcpy(copy.data, bytes->data, bytes->len);
		found = ways[i] (&copy) && holds_key(&copy, wraps - 1, no_memory);
		az_wipe(copy.data, bytes->len);
		free(copy.data);
	}
	return found;
}

AzKeyStatus
az_key_judge_secret(const AzKey *key, const char **why)
{
	bool		no_memory = false;
	bool		found;

	*why = NULL;
	if (az_alg_info(key->alg)->kty != AZ_KTY_OCT)
		return AZ_KEY_OK;
	if (!az_openssl_is_there())
		return AZ_KEY_NO_MEMORY;

	ERR_clear_error();
	found = holds_key(&key->material.part[0], MAX_WRAPS, &no_memory);
	no_memory = no_memory || az_memory_ran_out();
	ERR_clear_error();
	if (no_memory)
		return AZ_KEY_NO_MEMORY;
	if (!found)
		return AZ_KEY_OK;
	*why = not_secret;
	return AZ_KEY_REFUSED;
}
