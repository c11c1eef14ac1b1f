/*-------------------------------------------------------------------------
 *
 * guard.c
 *	  A query runs for the identity it was planned for, or not at all.
 *
 * Not every plan lives in the plan cache, where a change of identity would
 * find it: functions in language SQL keep theirs for the transaction, portals
 * stay open.  So every plan that met a check bears the serial of its identity
 * (planner_support.c), and the executor compares it whenever the plan starts,
 * goes on or finishes.  While the plan runs, the identity cannot change.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/guard.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "tcop/utility.h"

#include "items/grants.h"
#include "planner/plan_guard.h"
#include "planner/shared_start.h"
#include "planner/statement.h"
#include "server/counts.h"
#include "server/discretion.h"
#include "session/answer.h"
#include "session/change.h"
#include "session/only_reads.h"
#include "session/plans.h"
#include "session/stopped.h"
#include "session/tied.h"
#include "sets/set_view.h"

static ExecutorStart_hook_type prev_ExecutorStart = NULL;
static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ExecutorFinish_hook_type prev_ExecutorFinish = NULL;

/*
 * Compare, and find what the checks of the query are based on.  What is stored
 * does not change once the query has started, because its snapshot does not.
 * A query that logs somebody in does not look at the identity before: a lock
 * that this waits for could stop the query, and leave the former identity in
 * force (R8).
 */
static AzAnswer
answer_for(const QueryDesc *query, const AzPlanGuard *guard, bool starts)
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
start_whatever(QueryDesc *query, int eflags)
{
	if (prev_ExecutorStart)
		prev_ExecutorStart(query, eflags);
	else
		standard_ExecutorStart(query, eflags);
}

/*
 * An identity is handed over in transactions that only read, too: on a standby, and
 * again after an actor who only reads.  Core asks when a plan starts.
 */
static void
start_hand_over(QueryDesc *query, int eflags)
{
	volatile bool outer = XactReadOnly;

	PG_TRY();
	{
		XactReadOnly = false;
		start_whatever(query, eflags);
	}
	PG_FINALLY();
	{
		XactReadOnly = outer;
	}
	PG_END_TRY();
}

static void
start(QueryDesc *query, int eflags)
{
	if (XactReadOnly && az_plan_hands_over(query->plannedstmt))
		start_hand_over(query, eflags);
	else
		start_whatever(query, eflags);
}

/* With a plan for nobody, or for one. */
static void
start_as_planned(QueryDesc *query, const AzPlanGuard *guard, int eflags)
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
start_shared(QueryDesc *query, AzPlanGuard guard, int eflags)
{
	AzSharedStart shared;

	az_choose_plan(query, eflags, guard.shape, &shared);
	if (shared.other)
		guard = az_read_guard(query->plannedstmt);
	if (guard.shape != 0)
	{
		az_count(AZ_PLANS_SHARED);
		start(query, eflags);
	}
	else
		start_as_planned(query, &guard, eflags);
	az_tell_values(query, &shared, guard.shape != 0);
}

static void
guard_ExecutorStart(QueryDesc *query, int eflags)
{
	AzPlanGuard	guard = az_read_guard(query->plannedstmt);

	if (IsParallelWorker())
		az_cover_worker();
	az_enforce_read_only(az_plan_may_write(query->plannedstmt));
	az_note_writes_of_sets(query->plannedstmt);
	if (guard.shape != 0)
		start_shared(query, guard, eflags);
	else
		start_as_planned(query, &guard, eflags);
	az_check_rights(query->plannedstmt);
}

/* Is somebody else logged in than when the query started? */
static bool
has_moved(const QueryDesc *query)
{
	return az_started_as(query) != az_login_serial();
}

/*
 * Refuse to go on with a query that writes or locks rows, and was opened
 * before the transaction became read-only: core checks only when it starts.
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
	AzPlanGuard	guard = az_guard_of(query);
	bool		writes = az_plan_writes(query->plannedstmt);
	AzAnswer	answer;
	AzQueryPart part;
	int			outer_writing;

	if (writes)
		az_enforce_read_only_of_now();
	answer = answer_for(query, &guard, false);
	/* either may have met another ceiling */
	if (!ScanDirectionIsNoMovement(direction))
		refuse_writing(query, writes);
	answer.query = query;
	if (!guard.guarded)
	{
		answer.untied = true;
		answer.moved = has_moved(query);
	}
	az_query_enter(&part, &answer);
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
 * The rest belongs to the query.  A query that only reads has no rest, so
 * another identity may close its cursor.  Clock and trust are not checked
 * here: the query may have changed the trust itself, and would be rolled back.
 */
static void
guard_ExecutorFinish(QueryDesc *query)
{
	AzPlanGuard	guard;
	AzAnswer	answer = {0};
	AzQueryPart part;
	int			outer_writing;

	if (!has_rest(query->plannedstmt))
	{
		finish(query);
		return;
	}

	guard = az_guard_of(query);
	answer.guarded = guard.guarded;
	answer.serial = guard.serial;
	answer.login = az_login_serial();
	answer.snapshot = query->snapshot;
	answer.grants = guard.grants;
	answer.query = query;
	answer.untied = !guard.guarded;
	az_query_enter(&part, &answer);
	outer_writing = az_write_enter(az_plan_writes(query->plannedstmt));
	PG_TRY();
	{
		finish(query);
	}
	PG_FINALLY();
	{
		az_write_leave(outer_writing);
		az_query_leave(&part);
	}
	PG_END_TRY();
	az_check_unchanged(&part.answer);
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
}
