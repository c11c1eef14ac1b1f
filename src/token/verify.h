/*-------------------------------------------------------------------------
 *
 * verify.h
 *	  A token in, an identity or one reason out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_VERIFY_H
#define AZ_VERIFY_H

#include "token/claims.h"
#include "token/hint.h"
#include "token/jws.h"

/* What to compare with the revocations; strings are UTF-8 or NULL. */
typedef struct AzRevocable
{
	const char *issuer;			/* AzIssuer.issuer */
	const char *token_id;		/* jti */
	const char *session_id;		/* the issuer's session claim */
	const char *subject;		/* sub, else the text of the user id claim */
	const char *actor;			/* who acts for the subject */
	int64_t		issued;			/* iat in microseconds since 1970, or AZ_TIME_NONE */
} AzRevocable;

/*
 * What a token says before anything of it is believed, to find its issuer and
 * the keys that it may be signed with.
 */
typedef struct AzTokenHint
{
	const AzJson *iss;			/* NULL: absent; of any type, */
	const AzJson *aud;			/* as this */
	const char *kid;			/* NULL: absent */
	size_t		kid_len;
	bool		keyless;		/* no key of the issuer will be needed */
} AzTokenHint;

/* May the issuer have issued such a token?  By its name, or by its audience. */
extern bool az_may_have_issued(const AzIssuer *issuer, const AzTokenHint *hint);

/*
 * The candidates among all issuers: those that may have issued the token, or
 * any two of these; others do no harm.  If there is one candidate, it has at
 * least the keys with the token's kid or, where no key has it, the keys
 * without a kid; all keys for a token without kid.  Keys are in the order of
 * az_issuer_add_key().
 */
typedef struct AzCandidates
{
	AzIssuer  **issuers;
	size_t		n;
} AzCandidates;

/*
 * Filled by the caller: from catalogs in the server, from a file in tests.
 * Issuers and keys stay where they are until az_verify() has returned,
 * whatever a callback does.
 */
typedef struct AzTrust
{
	AzIssuer  **issuers;
	size_t		nissuers;
	size_t		max_token_size; /* bytes */

	/* NULL: nothing is revoked.  May leave by longjmp. */
	bool		(*revoked) (void *arg, const AzRevocable *what);
	void	   *arg;

	const AzConverter *converter;	/* NULL: claims stay UTF-8 */

	/*
	 * Does that actor of the issuer have a ceiling?  NULL: no actor has one.
	 */
	bool		(*has_ceiling) (void *arg, const char *issuer, const char *actor);

	/*
	 * No key of the issuer has the kid of a token that is not verified.  Will
	 * the key be fetched?  NULL: it will not.
	 */
	bool		(*fetches_key) (void *arg, const AzIssuer *issuer);

	/* NULL: the issuers above, all of them.  May leave by longjmp. */
	AzCandidates (*find) (void *arg, const AzTokenHint *hint);
} AzTrust;

/*
 * Everything that one verification allocates hangs on this object, so that a
 * callback may leave by longjmp and the caller's cleanup frees the rest.  It
 * may be used again.
 */
typedef struct AzVerification AzVerification;

extern AzVerification *az_verification_new(void);
extern void az_verification_free(AzVerification *verification);

/*
 * The length of a token without the newline that may stand behind it.  Code
 * that compares the bytes of tokens uses this, so that both count as one
 * token.
 */
extern size_t az_token_length(const char *token, size_t len);

/*
 * Verify a token at the instant now (microseconds since 1970).  AZ_OK: the
 * identity is borrowed from the verification, until it is used again or
 * freed.  Any other reason: *identity is NULL.  A token that is broken in
 * several ways reports the earliest, in the order of verify.c.
 */
extern AzReason az_verify(AzVerification *verification, const char *token, size_t len,
						  int64_t now, const AzTrust *trust,
						  const AzIdentity **identity);

/*
 * What to do about the last refusal, with the names of what is configured, in
 * UTF-8; NULL where the hint of the reason says the same.  Borrowed until the
 * verification is used again.
 */
extern const char *az_verification_hint(const AzVerification *verification);

/*
 * Verify a token again that had the identity "known" when these very bytes
 * were verified before.  The signature is not worked out again while the token
 * chooses the same issuer, unaltered, and the same key; then *identity is
 * "known".
 */
extern AzReason az_verify_again(AzVerification *verification, const char *token, size_t len,
								int64_t now, const AzTrust *trust, const AzIdentity *known,
								const AzIdentity **identity);

/*
 * Make the identity of these claims (JSON in UTF-8), as the issuer's options
 * read them; issuer NULL: the issuer that a token with these claims would
 * choose.  Nobody has signed them, so signature, type, audience, times,
 * revocation and proof of possession are not checked.  The identity has no
 * key, so no trust confirms it (az_is_key_of()), and it never expires.
 * Otherwise this works as az_verify() does.
 */
extern AzReason az_read_unsigned(AzVerification *verification, const char *claims, size_t len,
								 const AzTrust *trust, const AzIssuer *issuer,
								 const AzIdentity **identity);

/* Is this the key that the identity's token was signed with? */
extern bool az_is_key_of(const AzKey *key, const AzIdentity *id);

#endif							/* AZ_VERIFY_H */
