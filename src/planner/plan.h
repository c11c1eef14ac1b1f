/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  Which kind of plan a statement gets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PLAN_H
#define AZ_PLAN_H

#include "server/compat.h"
#include "utils/plancache.h"

#include "planner/kept.h"

extern void az_plan_init(void);

/*
 * The plan of an alternate for the identity in force, and its shape.  The
 * caller owns the reference, which has no resource owner.  NULL: its query has
 * become stale.  Raises what planning does.
 */
extern CachedPlan *az_plan_alternate(AzAlternate *alternate, QueryEnvironment *environment);

/*
 * A statement is being carried out by ProcessUtility.  What it plans under its
 * own text is not kept by the plan cache.
 */
typedef struct AzUtility
{
	struct AzUtility *outer;
	const char *text;
} AzUtility;

extern void az_utility_enter(AzUtility *utility, const char *text);
extern void az_utility_leave(const AzUtility *utility);

#endif							/* AZ_PLAN_H */
