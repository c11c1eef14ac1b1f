/*-------------------------------------------------------------------------
 *
 * citus.h
 *	  Tells the nodes of a Citus cluster who is logged in.
 *
 * Found by the names of its scans, its setting and its catalogs; nothing of it is
 * linked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CITUS_H
#define AZ_CITUS_H

#include "server/compat.h"
#include "nodes/plannodes.h"
#include "optimizer/planner.h"
#include "tcop/utility.h"

/*
 * Have that planner plan it; a plan that reaches nodes is marked so, and tied
 * to the identity in force.
 */
extern PlannedStmt *az_plan_with_citus(planner_hook_type next, Query *query,
									   const char *text, int options,
									   ParamListInfo params);

/* Does a part of the plan run on other nodes, and ask for the identity there, or may? */
extern bool az_asks_citus(const PlannedStmt *plan);

/* One that is about to start: 0A000 where rows would go past policies (copied.h). */
extern void az_check_copied(const PlannedStmt *plan);

/*
 * A plan that asks is about to start or to go on, under the active snapshot.  Raises what a
 * check would; 25P01 outside of a transaction block, when there is somebody in force.
 */
extern void az_tell_citus(void);

/*
 * Run a utility statement, where there is Citus.  Before it sends something to
 * nodes by itself, they are told who is logged in, or it is refused; and a
 * token that is set does not leave this server.
 */
typedef struct AzUtilityCall
{
	PlannedStmt *statement;
	const char *text;
	bool		read_only_tree;
	ProcessUtilityContext context;
	ParamListInfo params;
	QueryEnvironment *environment;
	DestReceiver *dest;
	QueryCompletion *completion;
} AzUtilityCall;

extern void az_run_with_citus(const AzUtilityCall *call);

/*
 * What runs utility statements further in: hooks that come later do not see the text
 * that is sent.
 */
extern void az_citus_init(ProcessUtility_hook_type next);

#endif							/* AZ_CITUS_H */
