/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *	  What the targets share.  Input comes from libFuzzer; a property that
 *	  does not hold ends the process, and libFuzzer keeps the input.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "token/b64url.h"
#include "token/claims.h"
#include "token/verify.h"

#define HOLDS(property) \
	do { \
		if (!(property)) \
		{ \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property); \
			abort(); \
		} \
	} while (0)

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The part before the first line feed; *rest is what follows it. */
static inline size_t
first_line(const char *text, size_t len, const char **rest, size_t *rest_len)
{
	const char *end = memchr(text, '\n', len);
	size_t		line = end != NULL ? (size_t) (end - text) : len;

	*rest = end != NULL ? end + 1 : text + len;
	*rest_len = len - line - (end != NULL);
	return line;
}

/*
 * With the exponent 1 the padded digest is a signature (RFC 8017, 9.2), and
 * for a modulus that can be factored anybody makes one.
 */
static inline void
check_rsa(const AzKey *key, const AzJson *json)
{
	static const unsigned char info[] = {
		0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20
	};
	unsigned char sig[2048 + 3];
	const char *text;
	size_t		text_len;
	size_t		len;

	HOLDS(az_json_get_string(json, "n", &text, &text_len) && text != NULL);
	HOLDS(AZ_B64URL_DECODED_MAX(text_len) <= sizeof(sig));
	HOLDS(az_b64url_decode(text, text_len, sig, &len) && len >= 256);
	HOLDS(sig[0] != 0 && (sig[len - 1] & 1) == 1);

	memset(sig, 0xff, len);
	sig[0] = 0;
	sig[1] = 1;
	sig[len - 32 - sizeof(info) - 1] = 0;
	memcpy(sig + len - 32 - sizeof(info), info, sizeof(info));
	SHA256((const unsigned char *) "x", 1, sig + len - 32);
	HOLDS(az_signature_verify(key, (const unsigned char *) "x", 1, sig, len) != AZ_OK);
}

/*
 * A key that was accepted: said again it is the same key, and signatures that
 * nobody made, all zero, or one as a point or number and zero, do not hold.
 */
static inline void
check_key(const AzKey *key)
{
	char	   *text = az_key_to_jwk(key);
	unsigned char sig[2048] = {0};
	AzKeyError	error;
	AzKey	   *again;
	AzJson	   *json;
	char	   *text_again;
	size_t		len;

	HOLDS(text != NULL && az_json_parse(text, strlen(text), &json) == AZ_JSON_OK);
	HOLDS(az_key_from_jwk(json, 0, true, &again, &error) == AZ_KEY_OK);
	HOLDS(az_key_alg(again) == az_key_alg(key));
	HOLDS(strcmp(az_key_thumbprint(again), az_key_thumbprint(key)) == 0);
	text_again = az_key_to_jwk(again);
	HOLDS(text_again != NULL && strcmp(text, text_again) == 0);
	if (az_alg_info(az_key_alg(key))->kty == AZ_KTY_RSA)
		check_rsa(key, json);
	for (len = 32; len <= sizeof(sig); len += len < 132 ? 1 : 64)
	{
		sig[0] = sig[len - 1] = 0;
		HOLDS(az_signature_verify(key, (const unsigned char *) "x", 1, sig, len) != AZ_OK);
		sig[0] = 1;
		HOLDS(az_signature_verify(key, (const unsigned char *) "x", 1, sig, len) != AZ_OK);
		sig[0] = 0;
		sig[len - 1] = 1;
		HOLDS(az_signature_verify(key, (const unsigned char *) "x", 1, sig, len) != AZ_OK);
	}
	free(text);
	free(text_again);
	az_json_free(json);
	az_key_free(again);
}

static inline void
check_answer(AzKeyStatus status, bool key, const AzKeyError *error)
{
	HOLDS((status == AZ_KEY_OK) == key);
	HOLDS(status != AZ_KEY_NO_MEMORY);
	HOLDS((error->why != NULL) == (status != AZ_KEY_OK));
	HOLDS(memchr(error->kid, '\0', sizeof(error->kid)) != NULL);
}

#endif							/* FUZZ_H */
