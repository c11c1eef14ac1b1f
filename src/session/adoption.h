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
 * One chunk from az_guc_alloc(), which core hands around by its address and
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

	/* within the ceiling of who acts; both have a serial of their own */
	AzIdentity *limited;		/* room for it; NULL: nobody acts */
	uint64		ceiling;		/* version of the ceiling; 0: there is none */
	uint32		signed_serial;	/* of the identity as the token has it */
	bool		read_only;
	bool		simulated;		/* claims that nobody has signed: they count in that
								 * transaction alone */
	bool		asserted;		/* handed over by another server: for that transaction
								 * alone */
	bool		refused;		/* what was handed over is not to be believed: nobody is
								 * in force, and whoever asks is told (handed.c); there
								 * is no identity */
	const char *stored;			/* what that server has stored for it, a digest that is
								 * to be compared before the first answer; NULL: it is
								 * not, or was */
	bool		base;			/* the login of the connection (base.c) */
	bool		nobody;			/* nobody is in force, whoever the connection's login
								 * is; there is no identity to come */

	/* how it stood when it was last looked at */
	uint64		epoch;			/* of the trust */
	AzReason	ended;			/* AZ_OK: it has not.  Once ended it stays so */

	/* what the tables say of it, under the snapshot last asked under */
	bool		inactive;		/* its subject is */
	AzReading	inactive_read;
	AzReading	ceiling_read;
	uint64		settled;		/* another number: the above may be another */

	size_t		token_len;		/* of what is not judged yet, from "bytes" on */
	char		bytes[FLEXIBLE_ARRAY_MEMBER];	/* the identity, aligned, or the
												 * token */
} AzAdoption;

/* Of an identity that was verified just now; NULL when memory ran out. */
extern AzAdoption *az_make_adoption(const AzVerifiedToken *verified);

/* Of a token that is to be judged later; NULL when memory ran out. */
extern AzAdoption *az_make_unjudged(const char *token, size_t len,
									LocalTransactionId lxid);

/* Of nobody; NULL when memory ran out.  asserted: as another server says. */
extern AzAdoption *az_make_nobody(bool asserted);

/* A token that nobody has judged yet. */
static inline bool
az_awaits_judgement(const AzAdoption *adoption)
{
	return adoption->identity == NULL && !adoption->refused;
}

/* Is it one that waits, and what another server hands over to this session? */
extern bool az_is_handed(const AzAdoption *adoption);

/*
 * Judge it: AZ_OK, and the identity is there and the token is gone, or why not;
 * then az_forget_token() is the caller's.  Raises when that could not be found out; it is then as it
 * was before.  Must be called inside a transaction.
 */
extern AzReason az_judge(AzAdoption *adoption);

/* The identity that counts: within the ceiling, if there is one. */
static inline const AzIdentity *
az_adopted_identity(const AzAdoption *adoption)
{
	return adoption->ceiling != 0 ? adoption->limited : adoption->identity;
}

/*
 * Look up what is stored for the identity, under the snapshot that is asked
 * under: is its subject inactive, and what is the ceiling?  Makes the identity
 * within it.  It may have ended, for want of one.  False: all is as it was.
 */
extern bool az_settle(AzAdoption *adoption);

/* It will never count: nothing of its token is to stay. */
extern void az_forget_token(AzAdoption *adoption);

/* Microseconds since 1970. */
extern int64 az_unix_now(void);

#endif							/* AZ_ADOPTION_H */
