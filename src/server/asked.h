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
 * What is read in between is read under that snapshot, or that of the
 * question: it is made the active one.  After an error core restores the
 * former one.
 */
typedef struct AzUnder
{
	bool		pushed;
} AzUnder;

extern void az_under(AzUnder *under, Snapshot snapshot);
extern void az_under_asked(AzUnder *under);
extern void az_under_end(const AzUnder *under);

/*
 * What questions are asked for: a running query, or a plan, whose snapshot is
 * taken later.  For a plan, a current snapshot is the best guess, the same one
 * for all its questions.  Each returns the state before, which az_ask_for()
 * restores, also after an error.
 */
typedef struct AzAskedFor
{
	bool		plan;
	Snapshot	snapshot;		/* a current one, once it was needed */
} AzAskedFor;

extern AzAskedFor az_ask_for_query(void);
extern AzAskedFor az_ask_for_plan(void);
extern bool az_is_asked_for_plan(void);
extern void az_ask_for(AzAskedFor asked);

#endif							/* AZ_ASKED_H */
