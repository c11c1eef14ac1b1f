/*-------------------------------------------------------------------------
 *
 * read_scope.c
 *	  The statement of the client that runs, and what it and those nested in it read.
 *
 * A scope is one statement.  "level" counts how deep we are below the client; at 0
 * its next statement starts.
 *
 *-------------------------------------------------------------------------
 */
#include "records/read_scope.h"

#include "access/parallel.h"
#include "tcop/cmdtag.h"
#include "tcop/dest.h"
#include "tcop/utility.h"

#include "records/read_line.h"
#include "server/guc.h"

static AzReadScope *scope = NULL;	/* NULL: a statement is being planned or started */
static int	level = 0;

bool
az_reads_recorded(void)
{
	return (az_log_reads != AZ_READS_OFF || az_reads_pending()) && !IsParallelWorker();
}

AzReadScope *
az_level_enter(AzReadScope *new)
{
	AzReadScope *outer = scope;

	level++;
	if (new)
		scope = new;
	return outer;
}

void
az_level_leave(AzReadScope *outer)
{
	level--;
	scope = outer;
}

bool
az_at_top(void)
{
	return level == 0;
}

bool
az_read_is_apart(void)
{
	return level == 0 || (level == 1 && scope != NULL && scope->kind == AZ_READ_CURSOR);
}

bool
az_is_of_a_function(const QueryDesc *query)
{
	CommandDest dest = query->dest ? query->dest->mydest : DestNone;

	return dest == DestSPI || dest == DestSQLFunction;
}

AzReadScope *
az_scope_of_own(const QueryDesc *query)
{
	if (level != 1 || scope == NULL || scope->kind != AZ_READ_RUNS_ITS_OWN ||
		az_is_of_a_function(query))
		return NULL;
	return scope;
}

/* What was read while it was planned is the statement's. */
static AzRead *
new_read(const char *command, uint64 query_id)
{
	AzRead	   *read = az_read_take_waiting();

	if (read == NULL)
		return az_read_new(command, query_id);
	az_read_look_who(read);
	read->command = command;
	read->query_id = query_id;
	return read;
}

AzRead *
az_new_read_of_query(QueryDesc *query)
{
	const PlannedStmt *plan = query->plannedstmt;
	const char *command = GetCommandTagName(CreateCommandTag((Node *) plan));
	uint64		query_id = plan->queryId;

	/* some versions give a cursor's query none */
	if (query_id == 0 && scope != NULL)
		query_id = scope->query_id;
	return az_read_attach(new_read(command, query_id), query);
}

AzRead *
az_read_of_scope(void)
{
	if (scope == NULL)
		return az_read_waiting();
	if (scope->read == NULL)
	{
		scope->read = scope->query ? az_new_read_of_query(scope->query) :
			new_read(scope->command, scope->query_id);
		if (scope->runs)
			az_read_runs(scope->read, scope->sends);
	}
	return scope->read;
}

void
az_note_nested(const List *tables)
{
	AzRead	   *read = az_read_of_scope();

	az_read_look_who(read);
	az_read_name_tables(read, tables, true);
	read->has_read = true;
}
