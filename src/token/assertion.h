/*-------------------------------------------------------------------------
 *
 * assertion.h
 *	  An assertion, by which one server tells another who is logged in: a JWS
 *	  with a type of its own, signed by a cluster key.
 *
 * Header: alg "EdDSA", typ "authz-assertion+jwt", kid, and the members below.
 * Payload: the payload of the token that was verified, unchanged.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ASSERTION_H
#define AZ_ASSERTION_H

#include "token/chain.h"
#include "token/key_signing.h"
#include "token/verify.h"

#define AZ_ASSERTION_TYPE	"authz-assertion+jwt"

/* The longest time for which an assertion is good, in seconds. */
#define AZ_ASSERTION_SECONDS	60

/* How far the clock of the server that made it may be ahead, in seconds. */
#define AZ_ASSERTION_SKEW		10

/*
 * The most bytes of a destination, a nonce or a digest; none of them is empty.
 */
#define AZ_ASSERTION_TEXT_MAX	1000

/*
 * The most characters of a header with all that and a kid, written with
 * escapes.
 */
#define AZ_ASSERTION_HEADER_MAX	49152

/*
 * The most characters of a whole assertion, where a token has at most
 * max_token_size.
 */
static inline size_t
az_assertion_max(size_t max_token_size)
{
	/* a payload may have grown: "1e9" may have become "1000000000.0" */
	return 4 * max_token_size + AZ_ASSERTION_HEADER_MAX;
}

/* The header's own members; strings are UTF-8. */
typedef struct AzAssertion
{
	const char *destination;	/* who may take it */
	const char *nonce;			/* shows that it was made for one occasion */
	const char *stored;			/* digest of what is stored for the identity; NULL: not said */
	int64_t		issued;			/* "iat", seconds since 1970 */
	int64_t		expires;		/* "exp", seconds since 1970 */
	const unsigned char *anchor;	/* AZ_CHAIN_VALUE bytes: "chain", v[0] of
									 * later uses; NULL: it is good for one use
									 * */
} AzAssertion;

/*
 * Make an assertion of an identity that was verified.  to_utf8 converts the
 * encoding of the identity back to UTF-8; NULL where it is UTF-8 already.
 * Returns a new terminated string for free(); NULL when memory ran out, when
 * OpenSSL failed, when nobody has signed the identity, or when the assertion
 * would be refused because a text is empty or too long or the times are too
 * far apart.
 */
extern char *az_assertion_make(const AzSigningKey *key, const AzAssertion *assertion,
							   const AzIdentity *id, const AzConverter *to_utf8);

/* Is it good for no longer than an assertion may be? */
extern bool az_assertion_is_short(const AzAssertion *assertion);

/*
 * AZ_OK if at the instant now it has not ended and is not of the future;
 * otherwise why not.
 */
extern AzReason az_assertion_times(const AzAssertion *assertion, int64_t now);

/*
 * Does the value that comes with a use show that it is a use of this
 * assertion? Returns what az_use_follows() does; AZ_ASSERTION_SIGNATURE also
 * where the assertion is good for one use alone.
 */
extern AzReason az_assertion_use(const AzAssertion *assertion, const AzUse *use);

/*
 * Does the header say that it is an assertion?  Nothing behind the first dot
 * is read.  Proves nothing, and never raises.
 */
extern bool az_is_assertion(const char *token, size_t len);

/* Whose assertions are taken, and for what. */
typedef struct AzAssertionTrust
{
	/*
	 * The public key with that kid, UTF-8; NULL: there is none.  It stays where it is
	 * until az_verify_assertion() has returned.  May leave by longjmp.
	 */
	const AzKey *(*find_key) (void *arg, const char *kid, size_t len);

	/*
	 * Is it for this server and this occasion?  Called when the signature and
	 * the times hold; the texts are borrowed.  NULL: every assertion is.  May
	 * leave by longjmp.
	 */
	AzReason	(*judge) (void *arg, const AzAssertion *assertion);
	void	   *arg;
} AzAssertionTrust;

/*
 * Verify an assertion at the instant now (microseconds since 1970).  Then the
 * payload is read as a token of its issuer.  The issuer's keys, types,
 * audiences and proofs of possession are not checked, nor whether the token
 * has begun: the server that signed the assertion has checked them.
 * Revocations that are known here count.  The identity bears the cluster key
 * (alg, thumbprint, kid) and "asserted", and ends when the token does.  The
 * judge is called before the payload is read, which may still be refused.
 * Otherwise this works as az_verify() does.
 */
extern AzReason az_verify_assertion(AzVerification *verification, const char *token,
									size_t len, int64_t now, const AzTrust *trust,
									const AzAssertionTrust *by,
									const AzIdentity **identity);

#endif							/* AZ_ASSERTION_H */
