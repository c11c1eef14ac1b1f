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
 * As planner(); changes the query.  once: the plan is used once and
 * immediately, so answers that change with time may be put into it.
 */
extern PlannedStmt *az_plan_for_one(Query *query, const char *text, int options,
									ParamListInfo params, bool once);

/*
 * What a condition over the columns of one table (varno 1) becomes for the
 * identity and the role in force, by the same folding and core's
 * simplification.  That evaluates IMMUTABLE functions over constants as the
 * role in force, and raises what these raise.  Sub-selects stay as they are.
 */
extern Node *az_condition_for_one(Oid rel, Node *condition);

#endif							/* AZ_PLAN_FOR_ONE_H */
