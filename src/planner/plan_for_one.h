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

/* As planner(); scribbles on the query. */
extern PlannedStmt *az_plan_for_one(Query *query, const char *text, int options,
									ParamListInfo params);

#endif							/* AZ_PLAN_FOR_ONE_H */
