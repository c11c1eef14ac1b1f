/*-------------------------------------------------------------------------
 *
 * utility_guard.c
 *	  The rules for statements that run without the executor.
 *
 * Utility statements may take or reset the token, write for somebody who only
 * reads, or import a snapshot.  Functions that the protocol calls start no query.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/utility_guard.h"

#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "tcop/dest.h"
#include "tcop/utility.h"
#include "utils/inval.h"

#include "planner/plan.h"
#include "planner/statement.h"
#include "server/announced.h"
#include "server/discretion.h"
#include "server/report.h"
#include "server/token_scope.h"
#include "session/answer.h"
#include "session/change.h"
#include "session/handed.h"
#include "session/only_reads.h"
#include "session/plans.h"
#include "session/received.h"
#include "session/token_setting.h"
#include "sets/set_view.h"
#include "trust/cluster_key.h"

static ProcessUtility_hook_type prev_ProcessUtility = NULL;
static object_access_hook_type prev_object_access = NULL;

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

/*
 * Its query raises an error, which WITH NO DATA does not run.  Core lets members of
 * pg_maintain do so since 17.
 */
static void
refuse_refresh(const Node *statement)
{
	if (az_refreshes_cluster_keys(statement))
		az_raise_cluster_key_refresh();
}

/* What sessions keep that read tables, this one and others. */
static void
note_changes(Node *statement)
{
	if (az_defines(statement))
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

/* SET LOCAL ... TO DEFAULT is a value of the transaction, and no reset. */
static void
note_reset(const Node *node)
{
	az_forget_rejection();
	if (!IsA(node, VariableSetStmt) || !((const VariableSetStmt *) node)->is_local)
		az_bring_login_back();
}

/*
 * Does another server say by it that nobody is logged in?  A user who works
 * with a cluster directly may be a member of the role, too, and means no more
 * by it than core does.
 */
static bool
hands_over_nobody(void)
{
	return az_takes_assertions() && (az_is_of_citus() || az_is_handed_over());
}

/* Of what others may send on, the server's own views show no token, either. */
static pg_noinline const char *
text_to_show(const Node *statement, const char *text)
{
	const char *covered = az_without_token_text(text);

	return az_is_text_shown_only(statement) ? covered : text;
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
	const char *shown;
	AzDiscretion discretion;
	AzUtility	utility;
	int			outer_writing;

	if (takes)
		az_take_token(&discretion);
	shown = text_to_show(node, query_string);
	/* EXECUTE and CALL take kept plans: notice first what has made them stale */
	if (IsTransactionState())
		AcceptInvalidationMessages();
	az_enforce_read_only(writes);
	note_changes(node);
	if (az_only_reads() && az_explains_ddl(node))
		PreventCommandIfReadOnly("EXPLAIN ANALYZE");
	refuse_alter_system(node);
	refuse_refresh(node);
	if (resets)
		az_check_may_reset();
	az_utility_enter(&utility, shown);
	outer_writing = az_write_enter(writes);
	PG_TRY();
	{
		if (prev_ProcessUtility)
			prev_ProcessUtility(statement, shown, read_only_tree, context,
								params, environment, dest, completion);
		else
			standard_ProcessUtility(statement, shown, read_only_tree, context,
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
		note_reset(node);
	if (az_resets_token_locally(node) && hands_over_nobody())
		az_set_handed(az_receive_nobody());
	if (takes)
		az_discretion_end(&discretion);
}

void
az_run_behind_guard(PlannedStmt *statement, const char *text)
{
	ProcessUtility_hook_type next = prev_ProcessUtility ? prev_ProcessUtility :
		standard_ProcessUtility;

	next(statement, text, false, PROCESS_UTILITY_QUERY, NULL, NULL, None_Receiver, NULL);
}

void
az_utility_guard_init(void)
{
	prev_ProcessUtility = ProcessUtility_hook;
	ProcessUtility_hook = guard_ProcessUtility;
	prev_object_access = object_access_hook;
	object_access_hook = guard_object_access;
}
