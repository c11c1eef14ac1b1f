/*-------------------------------------------------------------------------
 *
 * guard.c
 *	  A query runs for the identity it was planned for, or not at all.
 *
 * Not every plan lives in the plan cache, where a change of identity would
 * find it: functions in language SQL keep theirs for the transaction, portals
 * stay open.  So every plan that met a check bears the serial of its identity
 * (planner_support.c), and the executor compares it whenever the plan starts, goes on
 * or finishes.  While it runs, the identity stands still.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/guard.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "datatype/timestamp.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "tcop/utility.h"
#include "utils/inval.h"

#include "items/grants.h"
#include "planner/function.h"
#include "planner/plan.h"
#include "planner/shared_start.h"
#include "planner/statement.h"
#include "server/announced.h"
#include "server/discretion.h"
#include "server/report.h"
#include "session/login.h"
#include "session/only_reads.h"
#include "session/plans.h"
#include "session/tied.h"
#include "sets/set_query.h"

static ExecutorStart_hook_type prev_ExecutorStart = NULL;
static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ExecutorFinish_hook_type prev_ExecutorFinish = NULL;
static ProcessUtility_hook_type prev_ProcessUtility = NULL;
static object_access_hook_type prev_object_access = NULL;

/* What a plan says about the identity that it was made for. */
typedef struct PlanGuard
{
	bool		guarded;		/* it met a check */
	bool		ends;			/* one that is an error once the identity has ended */
	bool		asks_grants;	/* one that depends on what is stored for it */
	bool		logs_in;		/* it takes a token */
	uint32		shape;			/* it is for all of that; 0: for the serials */
	uint32		slot;			/* the item that tells where they are kept then */
	int64		until;			/* an answer in the plan ends then, or AZ_FOREVER */
	uint32		serial;
	uint32		grants;
} PlanGuard;

static void
read_grants(const PlanInvalItem *item, PlanGuard *guard)
{
	if (guard->asks_grants && guard->grants != item->hashValue)
		az_raise_grants_changed();
	guard->asks_grants = true;
	guard->grants = item->hashValue;
}

static void
read_serial(const PlanInvalItem *item, PlanGuard *guard)
{
	if (guard->guarded && guard->serial != item->hashValue)
		az_raise_changed();
	guard->guarded = true;
	guard->serial = item->hashValue;
	if (item->cacheId == AZ_GUARD_CACHE_ID)
		guard->ends = true;
}

static void
read_item(const PlanInvalItem *item, PlanGuard *guard)
{
	switch (item->cacheId)
	{
		case AZ_GUARD_LOGIN_CACHE_ID:
			guard->logs_in = true;
			break;
		case AZ_GUARD_GRANTS_CACHE_ID:
			read_grants(item, guard);
			break;
		case AZ_GUARD_CACHE_ID:
		case AZ_GUARD_SERIAL_CACHE_ID:
			read_serial(item, guard);
			break;
		case AZ_GUARD_UNTIL_CACHE_ID:
			guard->until = Min(guard->until, item->hashValue * USECS_PER_SEC);
			break;
		case AZ_GUARD_SHAPE_CACHE_ID:
			guard->guarded = true;
			guard->shape = item->hashValue;
			break;
		case AZ_GUARD_SLOT_CACHE_ID:
			guard->slot = item->hashValue;
			guard->ends = AZ_SLOT_ENDS(item->hashValue);
			guard->asks_grants = AZ_SLOT_GRANTS(item->hashValue);
			break;
		default:
			break;
	}
}

/*
 * In a worker there is nothing to compare, a leader's plan arrives without, and
 * nobody to compare it with.
 * Two serials in one plan: the identity changed while it was planned.
 */
static PlanGuard
read_guard(const PlannedStmt *plan)
{
	PlanGuard	guard = {.until = AZ_FOREVER};
	ListCell   *lc;

	if (IsParallelWorker())
		return guard;
	foreach(lc, plan->invalItems)
		read_item(lfirst_node(PlanInvalItem, lc), &guard);
	return guard;
}

/* The same of a query that has started, which may have asked meanwhile. */
static PlanGuard
guard_of(const QueryDesc *query)
{
	PlanGuard	guard = read_guard(query->plannedstmt);

	if (guard.shape != 0)
	{
		AzToldWhom	whom = az_read_slot(query, guard.slot);

		guard.serial = whom.serial;
		guard.grants = whom.grants;
		guard.until = whom.until;
	}
	else if (!guard.guarded)
		guard.guarded = az_is_tied(query, &guard.serial);
	guard.until = Min(guard.until, az_until_of_answers(query));
	return guard;
}

/*
 * Calls that folding has taken out of the plan are not prepared by the
 * executor, and so not looked at.  It looks when it has looked at the tables.
 */
static void
check_rights(const PlannedStmt *plan)
{
	ListCell   *lc;

	foreach(lc, plan->invalItems)
	{
		const PlanInvalItem *item = lfirst_node(PlanInvalItem, lc);

		if (item->cacheId == AZ_GUARD_EXECUTE_CACHE_ID)
			az_require_executable(item->hashValue);
	}
}

/*
 * Compare, and find what the checks of the query are to be based on.  What is
 * stored does not change once it has started: its snapshot does not.  Who logs
 * in is not kept from it by a look at who was there before: what that waits
 * for may stop the query, and leave the other one in force (R8).
 */
static AzAnswer
answer_for(const QueryDesc *query, const PlanGuard *guard, bool starts)
{
	AzAnswer	answer = {0};
	AzUnder		under;

	az_under(&under, query->snapshot);
	if (guard->guarded || !guard->logs_in)
		answer = az_answer_for(guard->guarded, guard->ends, guard->serial);
	if (starts && guard->asks_grants && guard->grants != az_grants_serial())
		az_raise_grants_changed();
	if (guard->until != AZ_FOREVER && az_unix_now() >= guard->until)
		az_raise_outdated();
	az_under_end(&under);
	answer.snapshot = query->snapshot;
	answer.grants = guard->grants;
	return answer;
}

static void
start(QueryDesc *query, int eflags)
{
	if (prev_ExecutorStart)
		prev_ExecutorStart(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

/* With a plan for nobody, or for one. */
static void
start_as_planned(QueryDesc *query, const PlanGuard *guard, int eflags)
{
	if (guard->guarded)
	{
		az_note_tied_plan();
		(void) answer_for(query, guard, true);
	}
	start(query, eflags);
	if (!guard->guarded)
		az_note_start(query, az_login_serial());
}

/* With one that was for all, and may be replaced. */
static void
start_shared(QueryDesc *query, PlanGuard guard, int eflags)
{
	AzSharedStart shared;

	az_choose_plan(query, eflags, guard.shape, &shared);
	if (shared.other)
		guard = read_guard(query->plannedstmt);
	if (guard.shape != 0)
		start(query, eflags);
	else
		start_as_planned(query, &guard, eflags);
	az_tell_values(query, &shared, guard.shape != 0);
}

static void
guard_ExecutorStart(QueryDesc *query, int eflags)
{
	PlanGuard	guard = read_guard(query->plannedstmt);

	az_enforce_read_only(az_plan_may_write(query->plannedstmt));
	az_note_writes_of_sets(query->plannedstmt);
	if (guard.shape != 0)
		start_shared(query, guard, eflags);
	else
		start_as_planned(query, &guard, eflags);
	check_rights(query->plannedstmt);
}

/* Is somebody else logged in than when the query started? */
static bool
has_moved(const QueryDesc *query)
{
	uint32		serial;

	return az_started_as(query, &serial) && serial != az_login_serial();
}

/*
 * A query that writes, be it that it locks rows, and that was opened before the
 * transaction became a read-only one: core looks when it starts, and it goes on.
 */
static void
refuse_writing(const QueryDesc *query, bool writes)
{
	az_keep_reading();
	if (writes && az_only_reads())
		PreventCommandIfReadOnly(CreateCommandName((Node *) query->plannedstmt));
}

static void
guard_ExecutorRun(QueryDesc *query, ScanDirection direction, uint64 count
					AZ_EXECUTE_ONCE_PARAM)
{
	PlanGuard	guard = guard_of(query);
	bool		writes = az_plan_writes(query->plannedstmt);
	AzAnswer	answer;
	AzQueryPart part;
	AzSetQuery	sets;
	int			outer_writing;

	if (writes)
		az_enforce_read_only_of_now();
	answer = answer_for(query, &guard, false);
	/* either may have met another ceiling */
	if (!ScanDirectionIsNoMovement(direction))
		refuse_writing(query, writes);
	if (!guard.guarded)
	{
		answer.untied = query;
		answer.moved = has_moved(query);
	}
	az_query_enter(&part, &answer);
	az_set_query_enter(&sets, query);
	outer_writing = az_write_enter(writes);
	PG_TRY();
	{
		if (prev_ExecutorRun)
			prev_ExecutorRun(query, direction, count AZ_EXECUTE_ONCE);
		else
			standard_ExecutorRun(query, direction, count AZ_EXECUTE_ONCE);
	}
	PG_FINALLY();
	{
		az_write_leave(outer_writing);
		az_set_query_leave(&sets);
		az_query_leave(&part);
	}
	PG_END_TRY();
	az_check_unchanged(&part.answer);
	if (part.answer.until != 0)
		az_answered_until(query, part.answer.until);
}

/*
 * Is anything left to do when the plan has run?  Modifying parts from which
 * nobody read run then, and triggers do.
 */
static bool
has_rest(const PlannedStmt *plan)
{
	return plan->commandType != CMD_SELECT || plan->hasModifyingCTE;
}

static void
finish(QueryDesc *query)
{
	if (prev_ExecutorFinish)
		prev_ExecutorFinish(query);
	else
		standard_ExecutorFinish(query);
}

/*
 * The rest belongs to the query.  One that only reads has none, and its cursor
 * may be closed by somebody else than who opened it.  No look at clock and
 * trust here: the query may have changed the trust itself, and be rolled back.
 */
static void
guard_ExecutorFinish(QueryDesc *query)
{
	PlanGuard	guard;
	AzAnswer	answer = {0};
	AzQueryPart part;
	AzSetQuery	sets;
	int			outer_writing;

	if (!has_rest(query->plannedstmt))
	{
		finish(query);
		return;
	}

	guard = guard_of(query);
	answer.guarded = guard.guarded;
	answer.serial = guard.serial;
	answer.login = az_login_serial();
	answer.snapshot = query->snapshot;
	answer.grants = guard.grants;
	if (!guard.guarded)
		answer.untied = query;
	az_query_enter(&part, &answer);
	az_set_query_enter(&sets, query);
	outer_writing = az_write_enter(az_plan_writes(query->plannedstmt));
	PG_TRY();
	{
		finish(query);
	}
	PG_FINALLY();
	{
		az_write_leave(outer_writing);
		az_set_query_leave(&sets);
		az_query_leave(&part);
	}
	PG_END_TRY();
	az_check_unchanged(&part.answer);
}

/*
 * Does it take the snapshot of somebody else?  That may be older than what kept
 * plans were made for.
 */
static bool
imports_snapshot(const Node *statement)
{
	return IsA(statement, VariableSetStmt) &&
		((const VariableSetStmt *) statement)->kind == VAR_SET_MULTI &&
		strcmp(((const VariableSetStmt *) statement)->name, "TRANSACTION SNAPSHOT") == 0;
}

/* Core refuses ALTER SYSTEM by itself, in words that say less. */
static void
refuse_alter_system(const Node *statement)
{
	const AlterSystemStmt *alter = (const AlterSystemStmt *) statement;

	if (IsA(statement, AlterSystemStmt) && alter->setstmt->name &&
		pg_strcasecmp(alter->setstmt->name, AZ_TOKEN_SETTING) == 0)
		az_raise(ERRCODE_INVALID_PARAMETER_VALUE, AZ_SESSION_ONLY_MESSAGE,
				 NULL, NULL, AZ_SESSION_ONLY_HINT);
}

/* What sessions keep that read tables, this one and others. */
static void
note_changes(Node *statement, bool writes)
{
	if (!writes)
		return;
	az_note_definition();
	az_note_write_of_sets(az_copied_into(statement));
}

/* A function called by the protocol starts no query. */
static void
guard_object_access(ObjectAccessType access, Oid class, Oid object, int sub, void *arg)
{
	if (prev_object_access)
		prev_object_access(access, class, object, sub, arg);
	if (access == OAT_FUNCTION_EXECUTE)
		az_enforce_read_only(az_function_writes(object));
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
	Node	   *node = statement->utilityStmt;
	bool		resets = az_resets_token(node);
	bool		takes = az_sets_token(node);
	bool		writes = az_statement_writes(node);
	AzDiscretion discretion;
	AzUtility	utility;
	int			outer_writing;

	if (takes)
		az_take_token(&discretion);
	/* EXECUTE and CALL take kept plans: notice first what has made them stale */
	if (IsTransactionState())
		AcceptInvalidationMessages();
	az_enforce_read_only(writes);
	note_changes(node, writes);
	if (az_only_reads() && az_explains_ddl(node))
		PreventCommandIfReadOnly("EXPLAIN ANALYZE");
	refuse_alter_system(node);
	if (resets && az_may_be_reset())
		az_check_may_change();
	az_utility_enter(&utility, query_string);
	outer_writing = az_write_enter(writes);
	PG_TRY();
	{
		if (prev_ProcessUtility)
			prev_ProcessUtility(statement, query_string, read_only_tree, context,
								params, environment, dest, completion);
		else
			standard_ProcessUtility(statement, query_string, read_only_tree, context,
									params, environment, dest, completion);
	}
	PG_FINALLY();
	{
		az_write_leave(outer_writing);
		az_utility_leave(&utility);
	}
	PG_END_TRY();
	if (imports_snapshot(statement->utilityStmt))
		az_invalidate_plans();
	if (resets)
		az_forget_rejection();
	if (takes)
		az_discretion_end(&discretion);
}

void
az_guard_init(void)
{
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = guard_ExecutorStart;
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = guard_ExecutorRun;
	prev_ExecutorFinish = ExecutorFinish_hook;
	ExecutorFinish_hook = guard_ExecutorFinish;
	prev_ProcessUtility = ProcessUtility_hook;
	ProcessUtility_hook = guard_ProcessUtility;
	prev_object_access = object_access_hook;
	object_access_hook = guard_object_access;
}
