/*-------------------------------------------------------------------------
 *
 * b64url.h
 *	  Strict base64url without padding (RFC 4648, 5; RFC 7515, 2).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_B64URL_H
#define AZ_B64URL_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that decoding n characters can give at most. */
#define AZ_B64URL_DECODED_MAX(n)	((n) / 4 * 3 + 3)

/* Characters that n bytes encode to, without the terminator. */
#define AZ_B64URL_ENCODED_LEN(n)	(((n) * 4 + 2) / 3)

/*
 * Decode len characters into out.  False for padding, any other character,
 * a length of 1 mod 4, and unused bits that are not zero; out is then
 * undefined.
 */
extern bool az_b64url_decode(const char *in, size_t len,
							 unsigned char *out, size_t *outlen);

/* Encode; writes AZ_B64URL_ENCODED_LEN(len) characters and a terminator. */
extern void az_b64url_encode(const unsigned char *in, size_t len, char *out);

#endif							/* AZ_B64URL_H */
