/*-------------------------------------------------------------------------
 *
 * guard.c
 *	  A query runs for the identity it was planned for, or not at all.
 *
 * Not every plan lives in the plan cache, where a change of identity would
 * find it: functions in language SQL keep theirs for the transaction, portals
 * stay open.  So every plan that met a check bears the serial of its identity
 * (support.c), and the executor compares it whenever the plan starts or goes
 * on.  While it runs, the identity stands still.
 *
 *-------------------------------------------------------------------------
 */
#include "guard.h"

#include "access/parallel.h"
#include "executor/executor.h"
#include "nodes/plannodes.h"
#include "tcop/utility.h"

#include "plans.h"
#include "session.h"

static ExecutorStart_hook_type prev_ExecutorStart = NULL;
static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ProcessUtility_hook_type prev_ProcessUtility = NULL;

/* What a plan says about the identity that it was made for. */
typedef struct PlanGuard
{
	bool		guarded;		/* it met a check */
	bool		ends;			/* one that is an error once the identity has ended */
	uint32		serial;
} PlanGuard;

/*
 * In a worker there is nothing to compare: a leader's plan arrives without.
 * Two serials in one plan: the identity changed while it was planned.
 */
static PlanGuard
read_guard(const PlannedStmt *plan)
{
	PlanGuard	guard = {false, false, 0};
	ListCell   *lc;

	if (IsParallelWorker())
		return guard;
	foreach(lc, plan->invalItems)
	{
		const PlanInvalItem *item = lfirst_node(PlanInvalItem, lc);

		if (item->cacheId != AZ_GUARD_CACHE_ID &&
			item->cacheId != AZ_GUARD_SERIAL_CACHE_ID)
			continue;
		if (guard.guarded && guard.serial != item->hashValue)
			az_raise_changed();
		guard.guarded = true;
		guard.serial = item->hashValue;
		if (item->cacheId == AZ_GUARD_CACHE_ID)
			guard.ends = true;
	}
	return guard;
}

static AzAnswer
answer_for(const PlanGuard *guard)
{
	AzAnswer	nobody = {0, false, 0};

	if (IsParallelWorker())
		return nobody;
	return az_answer_for(guard->guarded, guard->ends, guard->serial);
}

static void
guard_ExecutorStart(QueryDesc *query, int eflags)
{
	PlanGuard	guard = read_guard(query->plannedstmt);

	if (guard.guarded)
		(void) answer_for(&guard);
	if (prev_ExecutorStart)
		prev_ExecutorStart(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

static void
guard_ExecutorRun(QueryDesc *query, ScanDirection direction, uint64 count
					AZ_EXECUTE_ONCE_PARAM)
{
	AzAnswer	outer = az_answer;
	int			outer_depth = az_guarded_depth;
	PlanGuard	guard = read_guard(query->plannedstmt);
	AzAnswer	inner = answer_for(&guard);

	PG_TRY();
	{
		az_answer = inner;
		if (inner.guarded)
			az_guarded_depth++;
		if (prev_ExecutorRun)
			prev_ExecutorRun(query, direction, count AZ_EXECUTE_ONCE);
		else
			standard_ExecutorRun(query, direction, count AZ_EXECUTE_ONCE);
	}
	PG_FINALLY();
	{
		az_answer = outer;
		az_guarded_depth = outer_depth;
	}
	PG_END_TRY();
}

/* Does this statement put dbmi_authz.token back to its default? */
static bool
resets_token(const Node *statement)
{
	if (IsA(statement, DiscardStmt))
		return ((const DiscardStmt *) statement)->target == DISCARD_ALL;
	if (IsA(statement, VariableSetStmt))
	{
		const VariableSetStmt *set = (const VariableSetStmt *) statement;

		if (set->kind == VAR_RESET_ALL)
			return true;
		return (set->kind == VAR_RESET || set->kind == VAR_SET_DEFAULT) &&
			pg_strcasecmp(set->name, AZ_TOKEN_SETTING) == 0;
	}
	return false;
}

/*
 * Core calls no hook of the setting for a reset when it stands at its default
 * already, and no check hook in any case.
 */
static void
guard_ProcessUtility(PlannedStmt *statement, const char *query_string,
					   bool read_only_tree, ProcessUtilityContext context,
					   ParamListInfo params, QueryEnvironment *environment,
					   DestReceiver *dest, QueryCompletion *completion)
{
	bool		resets = resets_token(statement->utilityStmt);

	if (resets && az_may_be_reset())
		az_check_may_change();
	if (prev_ProcessUtility)
		prev_ProcessUtility(statement, query_string, read_only_tree, context,
							params, environment, dest, completion);
	else
		standard_ProcessUtility(statement, query_string, read_only_tree, context,
								params, environment, dest, completion);
	if (resets)
		az_forget_rejection();
}

void
az_guard_init(void)
{
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = guard_ExecutorStart;
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = guard_ExecutorRun;
	prev_ProcessUtility = ProcessUtility_hook;
	ProcessUtility_hook = guard_ProcessUtility;
}
