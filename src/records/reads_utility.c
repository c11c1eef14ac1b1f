/*-------------------------------------------------------------------------
 *
 * reads_utility.c
 *	  The record of reads: utility statements.
 *
 * They run a query of their own (EXECUTE, COPY, EXPLAIN ANALYZE, CREATE TABLE AS),
 * a cursor's, or those of functions.  COPY reads a table without a query.
 *
 *-------------------------------------------------------------------------
 */
#include "records/reads_utility.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "commands/progress.h"
#include "tcop/utility.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"

#include "records/read_line.h"
#include "records/read_scope.h"
#include "records/read_tables.h"
#include "server/guc.h"

static ProcessUtility_hook_type prev_ProcessUtility = NULL;

static AzReadKind
kind_of(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_ExecuteStmt:
		case T_ExplainStmt:
		case T_CreateTableAsStmt:
		case T_RefreshMatViewStmt:
			return AZ_READ_RUNS_ITS_OWN;
		case T_CopyStmt:
			return ((const CopyStmt *) statement)->is_from ? AZ_READ_OTHER : AZ_READ_RUNS_ITS_OWN;
		case T_DeclareCursorStmt:
		case T_FetchStmt:
			return AZ_READ_CURSOR;
		default:
			return AZ_READ_OTHER;
	}
}

/* A table that COPY TO may read without a query; the list is a new one. */
static List *
table_copied(const Node *statement)
{
	const CopyStmt *copy = (const CopyStmt *) statement;
	Oid			table;

	if (!IsA(statement, CopyStmt) || copy->is_from || copy->relation == NULL ||
		az_log_reads == AZ_READS_OFF)
		return NIL;
	table = RangeVarGetRelid(copy->relation, NoLock, true);
	return OidIsValid(table) && az_is_recorded(table) ? list_make1_oid(table) : NIL;
}

/* The rows that a COPY which failed has sent. */
static uint64
rows_copied(void)
{
	if (MyBEEntry == NULL || MyBEEntry->st_progress_command != PROGRESS_COMMAND_COPY)
		return 0;
	return MyBEEntry->st_progress_param[PROGRESS_COPY_TUPLES_PROCESSED];
}

/* It has read the table itself, unless row-level security made it a query. */
static void
note_copied(AzRead *read, uint64 rows, bool reads)
{
	if (read->has_read)
		return;
	read->rows = rows;
	read->has_read = reads;
}

/* The cursor that FETCH reads from a store of rows; NULL: no such one. */
static AzRead *
read_of_fetch(const Node *statement)
{
	const FetchStmt *fetch = (const FetchStmt *) statement;
	AzRead	   *read;
	Portal		portal;

	if (!IsA(statement, FetchStmt) || fetch->ismove)
		return NULL;
	portal = GetPortalByName(fetch->portalname);
	read = portal ? az_read_of_held(portal) : NULL;
	if (read)
		az_read_look_who(read);
	return read;
}

/* An error is on its way: the line is written when it has been reported. */
static void
leave_behind(AzRead *read, bool copies)
{
	az_read_fails(read);
	if (copies)
		note_copied(read, rows_copied(), rows_copied() > 0);
}

typedef struct Statement
{
	PlannedStmt *statement;
	const char *query_string;
	bool		read_only_tree;
	ProcessUtilityContext context;
	ParamListInfo params;
	QueryEnvironment *environment;
	DestReceiver *dest;
} Statement;

static void
process(const Statement *s, QueryCompletion *completion)
{
	prev_ProcessUtility(s->statement, s->query_string, s->read_only_tree, s->context,
						s->params, s->environment, s->dest, completion);
}

static void
process_nested(const Statement *s, QueryCompletion *completion)
{
	List	   *copied = table_copied(s->statement->utilityStmt);
	AzReadScope *outer = az_level_enter(NULL);

	PG_TRY();
	{
		process(s, completion);
	}
	PG_FINALLY();
	{
		az_level_leave(outer);
	}
	PG_END_TRY();
	if (copied != NIL)
		az_note_nested(copied);
	list_free(copied);
}

static void
process_outermost(const Statement *s, QueryCompletion *completion)
{
	Node	   *node = s->statement->utilityStmt;
	AzReadScope mine = {
		.kind = kind_of(node),
		.command = GetCommandTagName(CreateCommandTag(node)),
		.query_id = s->statement->queryId
	};
	List	   *copied = table_copied(node);
	AzRead	   *held = read_of_fetch(node);
	AzReadScope *outer = az_level_enter(&mine);

	PG_TRY();
	{
		if (copied != NIL)
			az_read_name_tables(az_read_of_scope(), copied, false);
		process(s, completion);
	}
	PG_CATCH();
	{
		az_level_leave(outer);
		if (mine.read)
			leave_behind(mine.read, copied != NIL);
		PG_RE_THROW();
	}
	PG_END_TRY();
	az_level_leave(outer);
	if (copied != NIL)
		note_copied(mine.read, completion->nprocessed, true);
	if (held)
	{
		held->rows += completion->nprocessed;
		held->has_read = true;
	}
	if (mine.read)
		az_read_tell(mine.read);
	list_free(copied);
}

static void
utility(PlannedStmt *statement, const char *query_string, bool read_only_tree,
		ProcessUtilityContext context, ParamListInfo params,
		QueryEnvironment *environment, DestReceiver *dest, QueryCompletion *completion)
{
	Statement	s = {statement, query_string, read_only_tree, context, params, environment, dest};
	QueryCompletion own;

	if (!az_reads_recorded() || !IsTransactionState())
	{
		process(&s, completion);
		return;
	}
	InitializeQueryCompletion(&own);
	if (az_at_top())
		process_outermost(&s, completion ? completion : &own);
	else
		process_nested(&s, completion);
}


void
az_reads_utility_init(void)
{
	prev_ProcessUtility = ProcessUtility_hook;
	ProcessUtility_hook = utility;
}
