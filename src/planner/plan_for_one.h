/*-------------------------------------------------------------------------
 *
 * plan_for_one.h
 *	  A plan for the identity in force.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PLAN_FOR_ONE_H
#define AZ_PLAN_FOR_ONE_H

#include "server/compat.h"
#include "optimizer/planner.h"

/*
 * As planner(); scribbles on the query.  once: the plan is going to be used
 * once, and at once, so that answers which change with time may stand in it.
 */
extern PlannedStmt *az_plan_for_one(Query *query, const char *text, int options,
									ParamListInfo params, bool once);

/*
 * What a condition over the columns of one table (varno 1) says for the identity
 * and the role in force, by the same folding and core's simplification: which
 * evaluates IMMUTABLE functions over constants, raises what these raise, and
 * runs them as the role in force.  Sub-selects stay as they are.
 */
extern Node *az_condition_for_one(Oid rel, Node *condition);

#endif							/* AZ_PLAN_FOR_ONE_H */
