/*-------------------------------------------------------------------------
 *
 * plan_for_all.h
 *	  A plan for all identities of one shape.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PLAN_FOR_ALL_H
#define AZ_PLAN_FOR_ALL_H

#include "server/compat.h"
#include "nodes/plannodes.h"

#include "planner/sharing.h"

typedef struct AzSharedPlan
{
	PlannedStmt *plan;

	/*
	 * What the plan depends on or, if it was refused, what the refusal depends
	 * on; a child of the memory context in use, for the caller to keep or to
	 * delete. NULL: no check was met, and the plan is for everybody.
	 */
	AzPlanShape *shape;
	AzRefusal	refusal;
} AzSharedPlan;

/*
 * compare: refuse it when a plan for the identity in force is so much cheaper
 * that planning again for each identity costs less.  A refused query is
 * planned for the identity in force.  Functions that run while planning may
 * then run twice.
 */
extern AzSharedPlan az_plan_for_all(Query *query, const char *text, int options,
									bool compare);

#endif							/* AZ_PLAN_FOR_ALL_H */
