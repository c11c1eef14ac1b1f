/*-------------------------------------------------------------------------
 *
 * assertion.h
 *	  What one server tells another of who is in force: a JWS with a type of its
 *	  own, signed by a cluster key.
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

/* No longer than that is any of them good for, in seconds. */
#define AZ_ASSERTION_SECONDS	60

/* So far may the clock of who made it be ahead, in seconds. */
#define AZ_ASSERTION_SKEW		10

/* Bytes of a destination, a nonce and a digest; none of them is empty. */
#define AZ_ASSERTION_TEXT_MAX	1000

/* Characters of a header with all that, and a kid, written with escapes. */
#define AZ_ASSERTION_HEADER_MAX	49152

/* Characters of a whole assertion, where tokens have at most so many. */
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
	const char *nonce;			/* that it was made for one occasion */
	const char *stored;			/* digest of what is stored for the identity; NULL: not said */
	int64_t		issued;			/* "iat", seconds since 1970 */
	int64_t		expires;		/* "exp", seconds since 1970 */
	const unsigned char *anchor;	/* AZ_CHAIN_VALUE bytes: "chain", v[0] of later uses;
								 * NULL: it is good for one */
} AzAssertion;

/*
 * Make one of an identity that was verified.  to_utf8 leads from the encoding of
 * the identity back to UTF-8, NULL where that is UTF-8 already.  New terminated
 * string for free(); NULL: no memory, or OpenSSL failed, or there is none of such
 * an identity (nobody has signed it), or the members are not those of one that is
 * taken: a text is empty or too long, or the times are.
 */
extern char *az_assertion_make(const AzSigningKey *key, const AzAssertion *assertion,
							   const AzIdentity *id, const AzConverter *to_utf8);

/* Is it good for no longer than it may be? */
extern bool az_assertion_is_short(const AzAssertion *assertion);

/* Has it not ended, nor is it of the future, at the instant now?  AZ_OK, or why not. */
extern AzReason az_assertion_times(const AzAssertion *assertion, int64_t now);

/*
 * Is that a use of it, by the value that it comes with?  As az_use_follows(); AZ_ASSERTION_SIGNATURE, too, where the
 * assertion is good for one use alone.
 */
extern AzReason az_assertion_use(const AzAssertion *assertion, const AzUse *use);

/*
 * Does the header say that it is one?  What stands behind a dot is not looked at.
 * Believes nothing, and never raises.
 */
extern bool az_is_assertion(const char *token, size_t len);

/* By whom, and for what, an assertion is taken. */
typedef struct AzAssertionTrust
{
	/*
	 * The public key with that kid, UTF-8; NULL: there is none.  It stays where it is
	 * until az_verify_assertion() has returned.  May leave by longjmp.
	 */
	const AzKey *(*find_key) (void *arg, const char *kid, size_t len);

	/*
	 * Is it for us, and for now?  Asked when the signature and the times hold; the
	 * texts are borrowed.  NULL: always.  May leave by longjmp.
	 */
	AzReason	(*judge) (void *arg, const AzAssertion *assertion);
	void	   *arg;
} AzAssertionTrust;

/*
 * Verify one at the instant now (microseconds since 1970); then the payload is read
 * as a token of its issuer, whose keys, types, audiences and proofs of possession are
 * not looked at, nor whether it has begun: who signed the assertion has.  Revocations that are known
 * here count.  The identity bears the cluster key (alg, thumbprint, kid) and "asserted", and
 * ends when the token does.  The judge is asked although the payload may be refused
 * afterwards.  As az_verify() otherwise.
 */
extern AzReason az_verify_assertion(AzVerification *verification, const char *token,
									size_t len, int64_t now, const AzTrust *trust,
									const AzAssertionTrust *by,
									const AzIdentity **identity);

#endif							/* AZ_ASSERTION_H */
