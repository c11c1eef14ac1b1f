/*-------------------------------------------------------------------------
 *
 * jws.h
 *	  Compact serialisation (RFC 7515, 7.1), with one signature by one key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_JWS_H
#define AZ_JWS_H

#include "token/jwk.h"
#include "token/reason.h"

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

/* The most verifications that one token may cost. */
#define AZ_MAX_CANDIDATE_KEYS	8

/* The keys that may have signed a token; borrowed. */
typedef struct AzCandidateKeys
{
	const AzKey *key[AZ_MAX_CANDIDATE_KEYS];
	size_t		n;
} AzCandidateKeys;

/*
 * Choose the keys that may have signed (RFC 8725, 3.1), in the order of keys.
 * First the algorithm:  AZ_ALG_MISSING, or AZ_ALG_REFUSED unless jws->algs &
 * allowed.  Then by kid: for a token with a kid, the keys that have it or,
 * where no key has it, the keys without a kid; for a token without a kid, all
 * keys.  Where kid_required is true, only keys that have the token's kid.  The
 * candidates are those of them that are bound to an algorithm in jws->algs &
 * allowed; if there are more than the maximum, there is no candidate:
 * AZ_KEY_ID_MISSING, AZ_KEY_NOT_FOUND (no such key at all), AZ_KEY_MISMATCH
 * (none so bound), AZ_KEY_AMBIGUOUS.
 */
extern AzReason az_jws_choose_keys(const AzJws *jws, AzKey *const *keys, size_t n,
								   AzAlgs allowed, bool kid_required,
								   AzCandidateKeys *candidates);

/*
 * AZ_OK, AZ_SIGNATURE, AZ_CRYPTO_FAILURE or AZ_NO_MEMORY; AZ_KEY_MISMATCH for
 * a key that is not bound to the header's algorithm.
 */
extern AzReason az_jws_verify(const AzJws *jws, const AzKey *key);

/* The signature of msg under the key's own algorithm; as az_jws_verify(). */
extern AzReason az_signature_verify(const AzKey *key,
									const unsigned char *msg, size_t msg_len,
									const unsigned char *sig, size_t sig_len);

#endif							/* AZ_JWS_H */
