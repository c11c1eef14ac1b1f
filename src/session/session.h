/*-------------------------------------------------------------------------
 *
 * session.h
 *	  Who this session is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SESSION_H
#define AZ_SESSION_H

#include "server/compat.h"
#include "token/identity.h"
#include "token/reason.h"
#include "storage/lock.h"

typedef enum AzTokenState
{
	AZ_STATE_NONE,
	AZ_STATE_VALID,
	AZ_STATE_EXPIRED,
	AZ_STATE_REVOKED,
	AZ_STATE_REJECTED
} AzTokenState;

/*
 * The identity that counts now, or NULL when there is none, or when its
 * subject is listed as inactive: that is nobody.  Raises 28000
 * when it has expired, was revoked or is no longer trusted (R2), when the
 * query was planned under another one (R2b), and an error in a parallel
 * worker, which has no identity.  Cheap enough for every row.  Borrowed: do
 * not keep it across anything that may run other SQL.
 */
extern const AzIdentity *az_current(void);

/* The same, but 28000 instead of NULL: for the raising twins. */
extern const AzIdentity *az_current_required(void);

/*
 * Is there nobody, or somebody whose identity has not ended?  What a check
 * means for them may go into a plan; az_current() does not raise then.
 */
extern bool az_identity_foldable(void);

/* How the session stands; never raises for R2. */
extern AzTokenState az_token_state(void);

/* Is there somebody in force?  Never raises for R2. */
extern bool az_is_authenticated(void);

/*
 * The number of the identity that counts now, 0 for nobody.  One number
 * never stands for two identities in a backend.
 */
extern uint32 az_identity_serial(void);

/*
 * What the checks of the running query are based on: one query sees one
 * answer.  guard.c keeps it, az_current() obeys it.
 */
typedef struct AzAnswer
{
	uint64		number;			/* the adoption that was found valid; 0: look anew */
	bool		guarded;		/* the plan met a check: its serial must hold */
	uint32		serial;
	uint32		grants;			/* what is stored for the identity; 0: look anew */
} AzAnswer;

extern AzAnswer az_answer;
extern int	az_guarded_depth;	/* running queries whose plan met a check */

/*
 * The answer for a query that starts now; raises 28000 when the plan was made
 * for somebody else, or the identity has ended and the plan met a check for
 * which that is an error (ends).
 */
extern AzAnswer az_answer_for(bool guarded, bool ends, uint32 serial);

/* R2b: 28000, the query was planned for somebody else. */
pg_noreturn extern void az_raise_changed(void);

/* Would a reset of the setting change anything? */
extern bool az_may_be_reset(void);

/* A reset ends the state "rejected" and forgets the last failure. */
extern void az_forget_rejection(void);

/*
 * What the setting carries along for an identity: one chunk from
 * az_guc_alloc(), which core copies along and frees.
 */
typedef struct AzAdoption
{
	uint64		number;			/* grows with every adoption */
	uint32		serial;			/* of the identity */
	LocalTransactionId lxid;	/* the transaction that adopted it */
	AzIdentity	identity;		/* and the rest of its block */
} AzAdoption;

/* For an identity that was verified just now; NULL when memory ran out. */
extern AzAdoption *az_make_adoption(const AzIdentity *id, uint32 serial, uint64 epoch);

/* The setting has another value now; NULL: nobody's. */
extern void az_adopt(const AzAdoption *adoption);

/* R8: a failed login.  No identity adopted up to now counts again. */
extern void az_reject(int sqlstate, const char *error, const char *description);

/* Microseconds since 1970. */
extern int64 az_unix_now(void);

extern void az_session_init(void);

#endif							/* AZ_SESSION_H */
