/*-------------------------------------------------------------------------
 *
 * reads.c
 *	  The record of reads: which statement reads what, and when its line is due.
 *
 * A statement of the client is a query, which core starts, runs (a cursor and a
 * portal of the protocol in parts), finishes and ends, or a utility statement that
 * may run a query: its own (EXECUTE, COPY, EXPLAIN ANALYZE, CREATE TABLE AS), or
 * those of functions.  What lies within is nested, and only names tables
 * (read_scope.h).
 *
 * The line is written when the query ends, or the utility statement does.  An
 * error ends neither: the line is then written when the query's memory goes
 * (read_record.c), and that of a utility statement with the transaction.
 *
 *-------------------------------------------------------------------------
 */
#include "records/reads.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/planner.h"
#include "tcop/pquery.h"

#include "records/read_line.h"
#include "records/read_scope.h"
#include "records/read_tables.h"
#include "records/reads_utility.h"
#include "server/guc.h"

static planner_hook_type prev_planner = NULL;
static ExecutorStart_hook_type prev_ExecutorStart = NULL;
static ExecutorRun_hook_type prev_ExecutorRun = NULL;
static ExecutorFinish_hook_type prev_ExecutorFinish = NULL;
static ExecutorEnd_hook_type prev_ExecutorEnd = NULL;

/*
 * What a foreign key looks up, or what administers, is nobody's reading.  What a
 * function reads in there is: such a query is a plan of core's or ours, right here.
 */
static bool internal_runs = false;

static bool
is_internal(void)
{
	return InNoForceRLSOperation() && !internal_runs;
}

/* A query has started, and will run. */
static void
note_query(QueryDesc *query)
{
	List	   *tables;
	AzRead	   *read;

	if (az_log_reads == AZ_READS_OFF || is_internal())
		return;
	tables = az_tables_read(query->plannedstmt);
	if (az_read_is_apart() && (tables != NIL || az_read_is_waiting()))
	{
		read = az_new_read_of_query(query);
		az_read_name_tables(read, tables, az_is_of_a_function(query));
	}
	else if (tables != NIL && az_scope_of_own(query))
	{
		read = az_read_of_scope();
		if (query->plannedstmt->queryId != 0)
			read->query_id = query->plannedstmt->queryId;
		az_read_name_tables(read, tables, false);
	}
	else if (tables != NIL && !az_read_is_apart())
		az_note_nested(tables);
	list_free(tables);
}


/*
 * Queries
 */

/* Nobody would know what a worker's functions read. */
static int
unwanted_options(Query *query, int options)
{
	if ((options & CURSOR_OPT_PARALLEL_OK) != 0 && az_may_read_in_workers(query))
		return CURSOR_OPT_PARALLEL_OK;
	return 0;
}

static PlannedStmt *
plan(Query *query, const char *text, int options, ParamListInfo params)
{
	AzReadScope *outer;
	PlannedStmt *made;

	if (!az_reads_recorded())
		return prev_planner(query, text, options, params);
	outer = az_level_enter(NULL);
	PG_TRY();
	{
		made = prev_planner(query, text, options & ~unwanted_options(query, options), params);
	}
	PG_FINALLY();
	{
		az_level_leave(outer);
	}
	PG_END_TRY();
	return made;
}

static void
start(QueryDesc *query, int eflags)
{
	AzReadScope *outer;

	if (!az_reads_recorded())
	{
		prev_ExecutorStart(query, eflags);
		return;
	}
	outer = az_level_enter(NULL);
	PG_TRY();
	{
		prev_ExecutorStart(query, eflags);
	}
	PG_FINALLY();
	{
		az_level_leave(outer);
	}
	PG_END_TRY();
	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) == 0)
		note_query(query);
}

/* Does the cursor keep its rows, at the end of its transaction? */
static bool
is_being_held(const QueryDesc *query)
{
	return az_at_top() && query->dest->mydest == DestTuplestore &&
		query->plannedstmt->commandType == CMD_SELECT &&
		!query->plannedstmt->hasModifyingCTE;
}

/* Do the rows that it returns go to the client, perhaps by a store of rows? */
static bool
sends_rows(const QueryDesc *query)
{
	if (query->plannedstmt->commandType != CMD_SELECT && !query->plannedstmt->hasReturning)
		return false;
	if (query->dest == NULL)
		return false;
	switch (query->dest->mydest)
	{
		case DestDebug:
		case DestRemote:
		case DestRemoteExecute:
		case DestRemoteSimple:
		case DestCopyOut:
			return true;
		case DestTuplestore:
			return !is_being_held(query);
		default:
			return false;
	}
}

/* A cursor may have been opened by a function, or before anything was recorded. */
static AzRead *
read_that_goes_on(QueryDesc *query)
{
	AzRead	   *read = az_read_of_query(query);
	List	   *tables;

	if (read != NULL || az_log_reads == AZ_READS_OFF || is_internal() ||
		az_is_of_a_function(query))
		return read;
	tables = az_tables_read(query->plannedstmt);
	if (tables != NIL)
	{
		read = az_new_read_of_query(query);
		az_read_name_tables(read, tables, false);
		list_free(tables);
	}
	return read;
}

/* It may have been started by another statement: a cursor that a function fetches from. */
static void
note_nested_run(const QueryDesc *query)
{
	List	   *tables;

	if (az_log_reads == AZ_READS_OFF || is_internal())
		return;
	tables = az_tables_read(query->plannedstmt);
	if (tables != NIL)
		az_note_nested(tables);
	list_free(tables);
}

/* The query of the scope runs from now on, its own or that which it is. */
static void
run_begins(AzReadScope *scope, QueryDesc *query)
{
	scope->runs = true;
	scope->sends = sends_rows(query) ? query : NULL;
	/* core does so when it begins; an error may come before */
	query->estate->es_processed = 0;
	if (scope->read == NULL)
		return;
	az_read_look_who(scope->read);
	if (is_being_held(query) && ActivePortal != NULL)
		az_read_hold(scope->read, ActivePortal);
	az_read_runs(scope->read, scope->sends);
	scope->read->has_read = true;
}

static void
run_ends(AzReadScope *scope)
{
	scope->runs = false;
	scope->sends = NULL;
	if (scope->read != NULL)
		az_read_stops(scope->read);
}

static void
run_query(QueryDesc *query, ScanDirection direction, uint64 count AZ_EXECUTE_ONCE_PARAM,
		  AzReadScope *scope)
{
	AzReadScope *outer = az_level_enter(scope);
	bool		outer_internal = internal_runs;

	internal_runs = InNoForceRLSOperation();
	PG_TRY();
	{
		prev_ExecutorRun(query, direction, count AZ_EXECUTE_ONCE);
	}
	PG_FINALLY();
	{
		internal_runs = outer_internal;
		az_level_leave(outer);
	}
	PG_END_TRY();
}

/* In a scope of its own, or that of the utility statement. */
static void
run(QueryDesc *query, ScanDirection direction, uint64 count AZ_EXECUTE_ONCE_PARAM)
{
	AzReadScope mine = {.kind = AZ_READ_QUERY};
	AzReadScope *scope = &mine;

	if (!az_reads_recorded())
	{
		prev_ExecutorRun(query, direction, count AZ_EXECUTE_ONCE);
		return;
	}
	if (az_read_is_apart())
	{
		mine.query = query;
		mine.read = read_that_goes_on(query);
	}
	else
		scope = az_scope_of_own(query);
	if (scope)
		run_begins(scope, query);
	else
		note_nested_run(query);
	run_query(query, direction, count AZ_EXECUTE_ONCE, scope);
	if (scope)
		run_ends(scope);
}

/* Triggers fire now, and what nobody has read from runs. */
static void
finish_query(QueryDesc *query, AzReadScope *scope)
{
	AzReadScope *outer = az_level_enter(scope);
	bool		outer_internal = internal_runs;

	internal_runs = InNoForceRLSOperation();
	PG_TRY();
	{
		prev_ExecutorFinish(query);
	}
	PG_FINALLY();
	{
		internal_runs = outer_internal;
		az_level_leave(outer);
	}
	PG_END_TRY();
}

static void
finish(QueryDesc *query)
{
	AzReadScope mine = {.kind = AZ_READ_QUERY};

	if (!az_reads_recorded())
	{
		prev_ExecutorFinish(query);
		return;
	}
	if (!az_read_is_apart())
	{
		finish_query(query, NULL);
		return;
	}
	mine.query = query;
	mine.read = az_read_of_query(query);
	mine.runs = true;
	/* the rows have been sent, if this is the first that it reads */
	if (mine.read)
		az_read_runs(mine.read, NULL);
	else if (sends_rows(query))
		mine.sends = query;
	finish_query(query, &mine);
	if (mine.read)
		az_read_stops(mine.read);
}

/* Of one that is held the rows are yet to be sent. */
static void
end(QueryDesc *query)
{
	AzRead	   *read = az_reads_pending() ? az_read_of_query(query) : NULL;

	if (read)
		az_read_tell(read);
	if (prev_ExecutorEnd)
		prev_ExecutorEnd(query);
	else
		standard_ExecutorEnd(query);
}


void
az_reads_init(void)
{
	prev_planner = planner_hook;
	planner_hook = plan;
	prev_ExecutorStart = ExecutorStart_hook;
	ExecutorStart_hook = start;
	prev_ExecutorRun = ExecutorRun_hook;
	ExecutorRun_hook = run;
	prev_ExecutorFinish = ExecutorFinish_hook;
	ExecutorFinish_hook = finish;
	prev_ExecutorEnd = ExecutorEnd_hook;
	ExecutorEnd_hook = end;
	az_reads_utility_init();
}
