/*-------------------------------------------------------------------------
 *
 * alternate.h
 *	  Plans for identities with other answers than those of a root.
 *
 * A root belongs to a plan for all identities of one shape that core keeps
 * (kept.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ALTERNATE_H
#define AZ_ALTERNATE_H

#include "server/compat.h"
#include "lib/ilist.h"
#include "nodes/plannodes.h"
#include "utils/plancache.h"

#include "planner/packed_query.h"
#include "planner/plan_for_all.h"
#include "planner/plan_shape.h"

/* It lives in the memory of its shape. */
typedef struct AzRoot
{
	AzPlanShape *shape;
	AzPackedQuery *query;
	int			options;		/* for cursors */
	bool		compare;		/* as for az_plan_for_all() */
	dlist_head	alternates;		/* the one used last comes first */

	/* what it belongs to, see kept.c */
	const char *pending;		/* the text of its source, or NULL */
	bool		aside;
	dlist_node	of_aside;
	int			pins;			/* > 0: it is in use, and stays */
	bool		gone;			/* it can no longer be found */
} AzRoot;

typedef struct AzAlternate
{
	AzRoot	   *root;
	CachedPlanSource *source;
	AzPlanShape *shape;			/* NULL: not planned yet */
	AzRefusal	refusal;		/* AZ_SHAREABLE: for all of its shape */
	uint64		used;			/* when, in uses of all */
	int			pins;
	bool		gone;
	dlist_node	of_root;
	dlist_node	of_all;
} AzAlternate;

/* A new one without a plan, pinned; NULL: there is no room. */
extern AzAlternate *az_make_alternate(AzRoot *root, const char *text);
extern void az_pin_alternate(AzAlternate *alternate);
extern void az_unpin_alternate(AzAlternate *alternate);

/* It was right for an identity: others are to be removed before it. */
extern void az_note_use(AzAlternate *alternate);

/* From now on it can no longer be found. */
extern void az_drop_alternate(AzAlternate *alternate);

#endif							/* AZ_ALTERNATE_H */
