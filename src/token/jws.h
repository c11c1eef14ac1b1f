/*-------------------------------------------------------------------------
 *
 * jws.h
 *	  Compact serialisation (RFC 7515, 7.1) and one signature, one key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_JWS_H
#define AZ_JWS_H

#include "jwk.h"
#include "reason.h"

/* A parsed compact JWS.  Nothing in it is believed before az_jws_verify(). */
typedef struct AzJws
{
	const char *signing_input;	/* borrowed from the token: ASCII(header.payload) */
	size_t		signing_len;
	AzJson	   *header;			/* owned; an object */
	unsigned char *payload;		/* owned; decoded bytes */
	size_t		payload_len;
	unsigned char *signature;	/* owned; decoded bytes */
	size_t		signature_len;
	bool		alg_missing;	/* header "alg" absent or not a string */
	AzAlgs		algs;			/* what header "alg" may mean; 0 when unrecognized */
	const char *kid;			/* borrowed from header; NULL when absent */
	size_t		kid_len;
	const char *typ;			/* borrowed from header; NULL when absent */
	size_t		typ_len;
} AzJws;

/*
 * az_jws_parse() splits at exactly two dots, checks the alphabet, decodes all
 * three segments and parses the header.  An empty header or signature is
 * refused, an empty payload is a legal JWS.  az_jws_header() then judges the
 * header: "crit", "b64", "zip", "cty" refused; "typ" and "kid" strings;
 * "jku", "jwk", "x5u", "x5c" and everything else ignored; "alg" is only
 * recorded.  Two calls, because verify.c parses the payload between them.
 * Call az_jws_free() in every case; it also clears *jws.
 */
extern AzReason az_jws_parse(const char *token, size_t len, AzJws *jws);
extern AzReason az_jws_header(AzJws *jws);
extern void az_jws_free(AzJws *jws);

/*
 * Choose the one key that may have signed (RFC 8725, 3.1).  First the
 * algorithm: AZ_ALG_MISSING, or AZ_ALG_REFUSED unless jws->algs & allowed.
 * Then by kid: the candidates are the keys with the token's kid; for a token
 * without kid, the keys stored without one.  Where there is no such key, and
 * kid_required is false, a key is a candidate if it or the token has no kid.
 * Of the candidates exactly one must be bound to an algorithm in jws->algs &
 * allowed: AZ_KEY_ID_MISSING, AZ_KEY_NOT_FOUND (no candidate at all),
 * AZ_KEY_MISMATCH (candidates, none so bound), AZ_KEY_AMBIGUOUS.  *key is
 * borrowed from keys.
 */
extern AzReason az_jws_choose_key(const AzJws *jws, AzKey *const *keys, size_t n,
								  AzAlgs allowed, bool kid_required,
								  const AzKey **key);

/*
 * AZ_OK, AZ_SIGNATURE, AZ_CRYPTO_FAILURE or AZ_NO_MEMORY; AZ_KEY_MISMATCH for
 * a key that is not bound to the header's algorithm.
 */
extern AzReason az_jws_verify(const AzJws *jws, const AzKey *key);

/* The signature of msg under the key's own algorithm; as az_jws_verify(). */
extern AzReason az_signature_verify(const AzKey *key,
									const unsigned char *msg, size_t msg_len,
									const unsigned char *sig, size_t sig_len);

/* The version of OpenSSL that was loaded. */
extern const char *az_crypto_version(void);

/* SHA-256 of some bytes, for the cache of verified tokens; false on failure. */
extern bool az_sha256(const void *data, size_t len, unsigned char digest[32]);

#endif							/* AZ_JWS_H */
