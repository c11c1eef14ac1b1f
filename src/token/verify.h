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
	const char *actor;			/* who acts for that one */
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
	bool		keyless;		/* none of the issuer's keys is going to be asked for */
} AzTokenHint;

/* May the issuer have issued such a token?  By its name, or by its audience. */
extern bool az_may_have_issued(const AzIssuer *issuer, const AzTokenHint *hint);

/*
 * The candidates among all issuers: those who may have issued the token, or
 * any two of them; others do no harm.  If there is one, it has at least the
 * keys that have the kid or, where none has it, those without one; all keys
 * for a token without kid.  In the order of az_issuer_add_key().
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

	/* Has that actor of the issuer a ceiling?  NULL: nobody has. */
	bool		(*has_ceiling) (void *arg, const char *issuer, const char *actor);

	/*
	 * No key of the issuer fits the kid of a token, which nobody has signed yet
	 * for all we know.  Will it be fetched?  NULL: it will not.
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
 * The length of a token without the newline that may stand behind it.  What
 * goes by the bytes of a token uses this, so that it is one token.
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
 * UTF-8; NULL where the hint of its reason says as much.  Borrowed until the
 * verification is used again.
 */
extern const char *az_verification_hint(const AzVerification *verification);

/*
 * The same for a token that this trust was asked about before: "known" is the
 * identity that these very bytes had.  The signature is not worked out again
 * while the token chooses the same issuer, unaltered, and comes to the same key; then
 * *identity is known.
 */
extern AzReason az_verify_again(AzVerification *verification, const char *token, size_t len,
								int64_t now, const AzTrust *trust, const AzIdentity *known,
								const AzIdentity **identity);

/*
 * Who somebody with these claims (JSON in UTF-8) would be, as the issuer's options
 * read them; issuer NULL: as those of the one whom a token with them would choose.
 * Nobody has signed them: nothing of signature, type, audience, times, revocation
 * and proof of possession is looked at.  The identity has no key, so no trust
 * carries it (az_is_key_of()), and never ends by the clock.  As az_verify() otherwise.
 */
extern AzReason az_read_unsigned(AzVerification *verification, const char *claims, size_t len,
								 const AzTrust *trust, const AzIssuer *issuer,
								 const AzIdentity **identity);

/* Is this the key that the identity's token was signed with? */
extern bool az_is_key_of(const AzKey *key, const AzIdentity *id);

#endif							/* AZ_VERIFY_H */
