/*-------------------------------------------------------------------------
 *
 * hand_over.c
 *	  Before a plan reaches other servers, they are told who is logged in.
 *
 * This happens before it starts and whenever it goes on: other servers may be
 * reached late, and may have forgotten it since.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/hand_over.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "optimizer/planner.h"
#include "tcop/utility.h"

#include "cluster/citus.h"
#include "cluster/foreign.h"
#include "cluster/kept_assertion.h"
#include "cluster/refused.h"
#include "planner/citus_plans.h"
#include "server/asked.h"
#include "session/candidate.h"
#include "session/tied.h"

static planner_hook_type prev_planner = NULL;
static ExecutorStart_hook_type prev_ExecutorStart = NULL;
static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ProcessUtility_hook_type prev_ProcessUtility = NULL;

static PlannedStmt *
hand_over_planner(Query *query, const char *text, int options, ParamListInfo params)
{
	if (az_has_citus() && !IsParallelWorker())
		return az_plan_with_citus(prev_planner, query, text, options, params);
	return prev_planner(query, text, options, params);
}

/* The identity in force is looked up under the snapshot of the query. */
static void
tell_citus(const QueryDesc *query)
{
	AzUnder		under;

	if (!az_asks_citus(query->plannedstmt))
		return;
	az_under(&under, query->snapshot);
	az_tell_citus();
	az_under_end(&under);
}

/*
 * Answers of other servers are for the identity in force when the query
 * started, also where nothing is asked here; a cursor does not go on for
 * another identity.
 */
static void
hand_over_ExecutorStart(QueryDesc *query, int eflags)
{
	bool		runs = (eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0;
	bool		told = runs && az_tell_foreign_servers(query);
	uint32		serial = told ? az_identity_serial() : 0;
	bool		outer = az_ask_nodes(runs && az_asks_citus(query->plannedstmt));

	if (runs)
	{
		az_check_copied(query->plannedstmt);
		tell_citus(query);
	}
	prev_ExecutorStart(query, eflags);
	(void) az_ask_nodes(outer);
	if (told)
		az_tie(query, serial);
}

/* One that had started before the library was loaded is nobody's. */
static void
tie_early(QueryDesc *query)
{
	uint32		serial;

	if (!IsParallelWorker() && !az_is_tied(query, &serial) &&
		az_reaches_foreign_login(query->plannedstmt))
		az_tie(query, 0);
}

static void
hand_over_ExecutorRun(QueryDesc *query, ScanDirection direction, uint64 count
					  AZ_EXECUTE_ONCE_PARAM)
{
	bool		asks = az_asks_citus(query->plannedstmt);
	bool		outer = az_ask_nodes(asks);
	AzRefused	refused;

	if (!ScanDirectionIsNoMovement(direction))
		tell_citus(query);
	tie_early(query);
	if (asks)
		az_refused_begin(&refused);
	prev_ExecutorRun(query, direction, count AZ_EXECUTE_ONCE);
	if (asks)
		az_refused_end(&refused);
	(void) az_ask_nodes(outer);
}

static void
hand_over_ProcessUtility(PlannedStmt *statement, const char *text, bool read_only_tree,
						 ProcessUtilityContext context, ParamListInfo params,
						 QueryEnvironment *environment, DestReceiver *dest,
						 QueryCompletion *completion)
{
	AzUtilityCall call = {statement, text, read_only_tree, context, params,
	environment, dest, completion};

	az_tell_foreign_servers_of(statement->utilityStmt);
	if (az_has_citus())
		az_run_with_citus(&call);
	else
		prev_ProcessUtility(statement, text, read_only_tree, context, params,
							environment, dest, completion);
}

void
az_hand_over_init(void)
{
	az_foreign_init();
	prev_planner = planner_hook;
	planner_hook = hand_over_planner;
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = hand_over_ExecutorStart;
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = hand_over_ExecutorRun;
	prev_ProcessUtility = ProcessUtility_hook;
	az_citus_init(prev_ProcessUtility);
	ProcessUtility_hook = hand_over_ProcessUtility;
}
