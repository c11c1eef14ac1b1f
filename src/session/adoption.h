/*-------------------------------------------------------------------------
 *
 * adoption.h
 *	  What the setting dbmi_authz.token carries along: an identity, or a
 *	  token that nobody has judged yet.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ADOPTION_H
#define AZ_ADOPTION_H

#include "server/reading.h"
#include "trust/cache.h"
#include "storage/lock.h"

/*
 * One allocation by az_guc_alloc(), which core hands around by its address and
 * frees.  What has been found out about the identity stands here, so that it
 * holds for as long as any rollback could bring the adoption back.
 */
typedef struct AzAdoption
{
	uint64		number;			/* grows with every adoption; 0: not in force yet */
	LocalTransactionId lxid;	/* the transaction that adopted it; invalid: one
								 * before the library was loaded */
	TimestampTz since;			/* start of the statement that adopted it */
	const AzIdentity *identity; /* NULL: not judged yet */
	uint32		serial;			/* of the identity; 0: not judged yet */

	/* within the actor's ceiling; both have a serial of their own */
	AzIdentity *limited;		/* room for it; NULL: nobody acts */
	uint64		ceiling;		/* version of the ceiling; 0: there is none */
	uint32		signed_serial;	/* of the identity as the token has it */
	bool		read_only;
	bool		simulated;		/* claims that nobody has signed: they count in that
								 * transaction alone */
	bool		asserted;		/* handed over by another server: for that transaction
								 * alone */
	bool		refused;		/* what was handed over is not to be believed:
								 * nobody is in force, and each question raises
								 * an error (handed.c); there is no identity */
	const char *stored;			/* digest of what that server has stored for
								 * it, to be compared before the first answer;
								 * NULL: it need not be, or was */
	bool		base;			/* the login of the connection (base.c) */
	bool		nobody;			/* nobody is in force, not even the
								 * connection's login; no identity will come */

	/* its state when it was last looked at */
	uint64		epoch;			/* of the trust */
	AzReason	ended;			/* AZ_OK: it has not.  Once ended it stays so */

	/* what the tables said of it under the last snapshot */
	bool		inactive;		/* its subject is */
	AzReading	inactive_read;
	AzReading	ceiling_read;
	uint64		settled;		/* when this changes, the above may have
								 * changed */

	size_t		token_len;		/* length of a token that is not judged yet, at
								 * "bytes" */
	char		bytes[FLEXIBLE_ARRAY_MEMBER];	/* the identity, aligned, or the
												 * token */
} AzAdoption;

/*
 * Make an adoption of an identity that was verified just now; NULL when memory
 * ran out.
 */
extern AzAdoption *az_make_adoption(const AzVerifiedToken *verified);

/* The same of a token that is to be judged later; NULL when memory ran out. */
extern AzAdoption *az_make_unjudged(const char *token, size_t len,
									LocalTransactionId lxid);

/*
 * The same of nobody; NULL when memory ran out.  asserted: another server says
 * so.
 */
extern AzAdoption *az_make_nobody(bool asserted);

/* Is it a token that nobody has judged yet? */
static inline bool
az_awaits_judgement(const AzAdoption *adoption)
{
	return adoption->identity == NULL && !adoption->refused;
}

/* Is it one that waits to be judged, and that another server handed over? */
extern bool az_is_handed(const AzAdoption *adoption);

/*
 * Judge it.  AZ_OK: the identity is there and the token is gone.  Otherwise
 * the reason why not; then the caller calls az_forget_token().  Raises an
 * error when that could not be found out, and leaves it as it was.  Must be
 * called inside a transaction.
 */
extern AzReason az_judge(AzAdoption *adoption);

/* The identity that counts: within the ceiling, if there is one. */
static inline const AzIdentity *
az_adopted_identity(const AzAdoption *adoption)
{
	return adoption->ceiling != 0 ? adoption->limited : adoption->identity;
}

/*
 * Look up what is stored for the identity, under the snapshot of the question:
 * is its subject inactive, and what is the ceiling?  Makes the identity within
 * the ceiling.  Where a ceiling is demanded and missing, the identity has
 * ended.  Returns false when nothing has changed.
 */
extern bool az_settle(AzAdoption *adoption);

/* It will never count: wipe its token. */
extern void az_forget_token(AzAdoption *adoption);

/* Microseconds since 1970. */
extern int64 az_unix_now(void);

#endif							/* AZ_ADOPTION_H */
