/*-------------------------------------------------------------------------
 *
 * asked.h
 *	  Under which snapshot is a question answered?
 *
 * A question in a query is answered under the query's snapshot, which is the
 * active one while it runs.  Where a function asks outside of its queries, it is
 * the one that a query there would have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ASKED_H
#define AZ_ASKED_H

#include "server/compat.h"
#include "utils/snapshot.h"

/*
 * What is read in between is read under that snapshot, or that which is asked
 * under: it is the active one.  After an error core has put that right.
 */
typedef struct AzUnder
{
	bool		pushed;
} AzUnder;

extern void az_under(AzUnder *under, Snapshot snapshot);
extern void az_under_asked(AzUnder *under);
extern void az_under_end(const AzUnder *under);

/*
 * What is asked for: a query that runs; or a plan, for a snapshot that is taken
 * later.  Then one of now is the best guess, the same for all that is asked for
 * the plan.  Each returns what was before, which az_ask_for() brings back, also
 * after an error.
 */
typedef struct AzAskedFor
{
	bool		plan;
	Snapshot	snapshot;		/* of now, once it was asked for */
} AzAskedFor;

extern AzAskedFor az_ask_for_query(void);
extern AzAskedFor az_ask_for_plan(void);
extern bool az_is_asked_for_plan(void);
extern void az_ask_for(AzAskedFor asked);

#endif							/* AZ_ASKED_H */
