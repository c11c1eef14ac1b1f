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
#include "token/jws.h"

/* What to compare with the revocations; strings are UTF-8 or NULL. */
typedef struct AzRevocable
{
	const char *issuer;			/* AzIssuer.issuer */
	const char *token_id;		/* jti */
	const char *session_id;		/* sid */
	const char *subject;		/* sub, else the text of the user id claim */
	int64_t		issued;			/* iat in microseconds since 1970, or AZ_TIME_NONE */
} AzRevocable;

/*
 * What a token says before anything of it is believed, to find its issuer and
 * the keys that it may be signed with.
 */
typedef struct AzTokenHint
{
	const char *iss;			/* NULL: absent, or no string */
	size_t		iss_len;
	const AzJson *aud;			/* NULL: absent; of any type */
	const char *kid;			/* NULL: absent */
	size_t		kid_len;
} AzTokenHint;

/*
 * The candidates among all issuers: the one of that name, and those chosen by
 * one of that audience; others do no harm.  Of each at least the keys that
 * have the kid or, where none has it, those without one; all keys for a token
 * without kid.
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
 * Verify a token at the instant now (microseconds since 1970).  AZ_OK: the
 * identity is borrowed from the verification, until it is used again or
 * freed.  Any other reason: *identity is NULL.  A token that is broken in
 * several ways reports the earliest, in the order of verify.c.
 */
extern AzReason az_verify(AzVerification *verification, const char *token, size_t len,
						  int64_t now, const AzTrust *trust,
						  const AzIdentity **identity);

#endif							/* AZ_VERIFY_H */
