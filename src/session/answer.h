/*-------------------------------------------------------------------------
 *
 * answer.h
 *	  What a query that starts or goes on is to be based on.
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

/* Is who was in force by that answer in force still? */
extern bool az_answer_holds(const AzAnswer *answer);

/*
 * A query starts now, with a plan for anybody: may what it depends on be asked,
 * as of az_identity_foldable()?  answer: what that is to be based on.
 */
extern bool az_may_start(AzAnswer *answer);

/*
 * Before anything starts: a transaction in which an actor was in force that may
 * only read is read-only to its end (25006).  writes: it is going to write, so
 * judge first what nobody has asked about yet, and look at the trust; else who
 * is in force counts as last seen.
 */
extern void az_enforce_read_only(bool writes);

/*
 * Before a query goes on that writes: what its snapshot shows may be old, and a
 * ceiling that only reads holds for what is done now, as far as the transaction
 * sees now.
 */
extern void az_enforce_read_only_of_now(void);

#endif							/* AZ_ANSWER_H */
