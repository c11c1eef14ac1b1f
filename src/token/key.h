/*-------------------------------------------------------------------------
 *
 * key.h
 *	  A key, bound to one algorithm; from PEM or from a secret.
 *
 * A key is immutable once made, but for when it was added.  A key is not made
 * of anything that a verifier must not trust: wrong sizes, weak exponents,
 * points off their curve or of low order, a use or key_ops that is not for
 * verifying.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEY_H
#define AZ_KEY_H

#include <stdbool.h>

#include "token/alg.h"

typedef struct AzKey AzKey;		/* opaque */

/* Base64url SHA-256, with terminator. */
#define AZ_THUMBPRINT_SIZE	44

/* In bytes: a longer key ID has no place in an index. */
#define AZ_MAX_KID		2000

typedef enum AzKeyStatus
{
	AZ_KEY_OK,
	AZ_KEY_NOT_FOR_SIGNATURES,	/* use or key_ops say so, or kty, crv or alg is
								 * not one that we support: a set skips it,
								 * alone it is refused */
	AZ_KEY_REFUSED,				/* malformed, weak or private */
	AZ_KEY_NO_MEMORY
} AzKeyStatus;

#define AZ_WHOLE_SET	((size_t) -1)

/* Where a key or a set went wrong.  Nothing in it is key material. */
typedef struct AzKeyError
{
	const char *why;			/* constant text: one clause, lower-case start, no period;
								 * NULL when nothing went wrong */
	size_t		position;		/* in a set, from 0; AZ_WHOLE_SET when it is about
								 * the set */
	char		kid[129];		/* the kid, cut to 128 bytes at a UTF-8 boundary,
								 * "" when there is none */
} AzKeyError;

/* One of the reasons: a hint then lists the algorithms. */
extern const char az_unsupported_algorithm[];

/*
 * One PEM block: PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE, and perhaps other
 * text around it.  A private key is refused, and so are two blocks.
 * alg NULL: as for a JWK without "alg".  kid NULL: none.
 */
extern AzKeyStatus az_key_from_pem(const char *pem, size_t len, const char *kid,
								   const char *alg, AzAlgs bind,
								   AzKey **key, AzKeyError *error);

/* An HMAC secret of any bytes; alg is HS256, HS384 or HS512. */
extern AzKeyStatus az_key_from_secret(const unsigned char *secret, size_t len,
									  const char *kid, const char *alg,
									  AzKey **key, AzKeyError *error);

extern void az_key_free(AzKey *key);

/* Borrowed, live as long as the key. */
extern const char *az_key_kid(const AzKey *key);	/* UTF-8, NULL when none */
extern AzAlg az_key_alg(const AzKey *key);
extern const char *az_key_thumbprint(const AzKey *key); /* RFC 7638; of the secret
														 * for HMAC */

/*
 * When the issuer got it, in microseconds since any instant; 0 unless set.  Of
 * keys that may have signed a token the one added last is tried first.
 */
extern void az_key_set_added(AzKey *key, int64_t added);
extern int64_t az_key_added(const AzKey *key);

/* Whether an HMAC secret is printable text only: long enough, yet guessable. */
extern bool az_key_is_printable_secret(const AzKey *key);

/*
 * Is an HMAC secret fit to be one, or does it read as a key of another kind or
 * as a certificate?  This is checked when a secret is added; one that was
 * added before 1.1 keeps working. AZ_KEY_OK for all other keys.
 */
extern AzKeyStatus az_key_judge_secret(const AzKey *key, const char **why);

/*
 * The key as a JWK with just the members that define it, "alg" ("EdDSA" is
 * never written, the curve's own name is) and "kid" if any.  New terminated
 * string for free(), NULL when memory ran out.
 */
extern char *az_key_to_jwk(const AzKey *key);

#endif							/* AZ_KEY_H */
