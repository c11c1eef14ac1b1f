/*-------------------------------------------------------------------------
 *
 * plan_for_all.c
 *	  A plan for all identities of one shape.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/plan_for_all.h"

#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "utils/memutils.h"

#include "planner/citus_plans.h"
#include "planner/conditions.h"
#include "planner/plan_for_one.h"
#include "planner/planning.h"

/*
 * The cost of planning does not matter for a query that costs as much, and a
 * constant is better than a parameter there.
 */
#define LONG_QUERY	(400000.0 * cpu_operator_cost)

/* The support function still has to simplify these calls. */
static Node *
mark_condition(FuncExpr *call, void *context)
{
	AzFunction	function;

	if (az_find_function(call->funcid, &function) && function.check != NULL)
	{
		(void) az_complete_arguments(call);
		az_mark_call(call);
	}
	return (Node *) call;
}

/* As core charges for planning a custom plan. */
static double
cost_with_planning(const PlannedStmt *plan)
{
	return plan->planTree->total_cost +
		1000.0 * cpu_operator_cost * (list_length(plan->rtable) + 1);
}

static bool
is_dear(const PlannedStmt *shared, const PlannedStmt *own)
{
	return own->planTree->total_cost > LONG_QUERY ||
		shared->planTree->total_cost > cost_with_planning(own);
}

AzSharedPlan
az_plan_for_all(Query *query, const char *text, int options, bool compare)
{
	AzSharedPlan made = {0};
	AzSharing	sharing = {0};
	AzPlanning	planning = {.sharing = &sharing};
	Query	   *again = copyObject(query);
	PlannedStmt *own;

	sharing.shape = az_make_plan_shape(CurrentMemoryContext);
	az_mutate_conditions(query, mark_condition, NULL);
	made.plan = az_plan_within(&planning, query, text, options, NULL);
	if (sharing.glob == NULL)
	{
		MemoryContextDelete(sharing.shape->context);
		return made;
	}
	made.shape = sharing.shape;
	/* the values cannot be set in a query that is sent as text */
	if (az_has_citus_scan(made.plan))
		sharing.refusal = AZ_NOT_SHAREABLE;
	if (az_finish_sharing(&sharing, made.plan) && !compare)
		return made;
	made.refusal = sharing.refusal;

	own = az_plan_for_one(again, text, options, NULL, false);
	if (made.refusal == AZ_SHAREABLE && is_dear(made.plan, own))
		made.refusal = AZ_DEAR;
	if (made.refusal != AZ_SHAREABLE)
		made.plan = own;
	return made;
}
