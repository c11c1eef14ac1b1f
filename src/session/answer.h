/*-------------------------------------------------------------------------
 *
 * answer.h
 *	  What the checks of a query that starts or goes on are based on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ANSWER_H
#define AZ_ANSWER_H

#include "session/session.h"

/*
 * The answer for a query that starts or goes on now, whose snapshot is the
 * active one; raises 28000 when the plan was made for somebody else, or the
 * identity has ended and the plan met a check for which that is an error (ends).
 */
extern AzAnswer az_answer_for(bool guarded, bool ends, uint32 serial);

/* Is the identity of that answer still in force? */
extern bool az_answer_holds(const AzAnswer *answer);

/*
 * A query starts now with a plan that all identities share: may its checks be
 * asked in advance (az_identity_foldable())?  Their answers are based on
 * *answer.
 */
extern bool az_may_start(AzAnswer *answer);

/*
 * Called before anything starts: a transaction in which an actor was in force
 * that may only read is read-only to its end (25006).  With "writes" a token
 * that nobody has asked about yet is judged first, and the trust is looked at;
 * without it the identity in force counts as last seen.
 */
extern void az_enforce_read_only(bool writes);

/*
 * Called before a query that writes goes on: its snapshot may be old, but a
 * ceiling that only allows reading applies to what is done now, as far as the
 * transaction sees now.
 */
extern void az_enforce_read_only_of_now(void);

#endif							/* AZ_ANSWER_H */
