/*-------------------------------------------------------------------------
 *
 * remembered.h
 *	  The assertion for a cluster's nodes that this session has taken last.
 *
 * One that is good for several uses need not be verified for each of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REMEMBERED_H
#define AZ_REMEMBERED_H

#include "server/compat.h"
#include "token/assertion.h"
#include "trust/cache.h"

/* Digest of an assertion, signature included. */
typedef unsigned char AzAssertionDigest[32];

typedef struct AzRemembered
{
	AzAssertionDigest digest;
	AzAssertion assertion;		/* what its header says */
	AzUse		use;			/* the last that was taken; 0: the value is the anchor */
	uint64		epoch;			/* of the trust that it was verified under */
	uint32		serial;			/* of the identity */
	AzIdentity *identity;

	/* what the above points to, all in one chunk */
	unsigned char anchor[AZ_CHAIN_VALUE];
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} AzRemembered;

/*
 * The assertion of these bytes, if it was verified under the same trust and
 * neither it nor the identity has ended at the instant now.  NULL: it has to
 * be verified.  Borrowed until the next of these calls.
 */
extern AzRemembered *az_remembered(const AzAssertionDigest digest, uint64 epoch, int64 now);

/* Is there one at all? */
extern bool az_remembers(void);

/*
 * Are these the bytes of a remembered assertion, whether or not it still
 * holds?
 */
extern bool az_is_remembered(const AzAssertionDigest digest);

/*
 * Remember an assertion that was verified, and its use, in place of the one
 * before.  Where there is no memory, none is remembered.
 */
extern void az_remember(const AzAssertionDigest digest, const AzAssertion *assertion,
						const AzUse *use, const AzVerifiedToken *verified);

/* Remember a later use of it. */
extern void az_remember_use(AzRemembered *remembered, const AzUse *use);

extern void az_forget_remembered(void);

#endif							/* AZ_REMEMBERED_H */
