/*-------------------------------------------------------------------------
 *
 * session.h
 *	  Who this session is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SESSION_H
#define AZ_SESSION_H

#include "compat.h"
#include "identity.h"
#include "reason.h"

typedef enum AzTokenState
{
	AZ_STATE_NONE,
	AZ_STATE_VALID,
	AZ_STATE_EXPIRED,
	AZ_STATE_REVOKED,
	AZ_STATE_REJECTED
} AzTokenState;

/*
 * The identity that counts now, or NULL when there is none.  Raises 28000
 * when it has expired, was revoked or is no longer trusted (R2), when the
 * query was planned under another one (R2b), and an error in a parallel
 * worker, which has no identity.  Cheap enough for every row.  Borrowed: do
 * not keep it across anything that may run other SQL.
 */
extern const AzIdentity *az_current(void);

/* The same, but 28000 instead of NULL: for the raising twins. */
extern const AzIdentity *az_current_required(void);

/* How the session stands; never raises for R2. */
extern AzTokenState az_token_state(void);

/*
 * Verify a token and adopt its identity, for the session or the transaction.
 * When it is refused: az_login() raises, az_try_login() returns false, and
 * no identity remains (R8).  Spaces around the token and one "Bearer " or
 * "JWT " in front are removed.
 */
extern void az_login(const char *token, size_t len, bool is_local);
extern bool az_try_login(const char *token, size_t len, bool is_local);

extern void az_logout(void);

/*
 * Verify without adopting anything; raises 28000.  Borrowed until the next
 * verification.
 */
extern const AzIdentity *az_verify_only(const char *token, size_t len);

/*
 * The number of the identity that counts now, 0 for nobody.  One number
 * never stands for two identities in a backend.
 */
extern uint32 az_identity_serial(void);

/*
 * Remember that a plan depends on the identity through that function: every
 * change of the identity then invalidates plans that depend on it.
 */
extern void az_watch_function(Oid function);

/*
 * Marks a plan as made for one identity: a PlanInvalItem of a cache that does
 * not exist, so that core copies it along and never matches it.
 */
#define AZ_GUARD_CACHE_ID	(-0x415A)

extern void az_session_init(void);

#endif							/* AZ_SESSION_H */
