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

#endif							/* AZ_PLAN_FOR_ONE_H */
