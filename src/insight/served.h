/*-------------------------------------------------------------------------
 *
 * served.h
 *	  Does an index serve a condition?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SERVED_H
#define AZ_SERVED_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

/* One of the ways into the table that a condition takes. */
typedef struct AzWay
{
	Node	   *condition;
	char	   *index;			/* by this one; NULL: none, and all rows are looked at */
} AzWay;

/*
 * The ways, of which one is enough for AND and all are needed for OR.  The
 * condition is one of the table (varno 1) that was folded.  An index serves what
 * compares its first column or expression with what is the same for all rows; a
 * partial one must be implied.  Whether the planner thinks that it pays is
 * another matter.
 */
extern List *az_ways_into(Relation rel, Node *condition);

#endif							/* AZ_SERVED_H */
