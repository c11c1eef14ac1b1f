/*-------------------------------------------------------------------------
 *
 * reach.c
 *	  What a command on a table reaches, by its policies.
 *
 * Core combines the policies: the command is a query of core's making, which its
 * rewriter is given.  To count what it reaches, the rewritten command becomes
 * a SELECT, and keeps the conditions that it got.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/reach.h"

#include "catalog/pg_aggregate.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rowsecurity.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"

#include "insight/shown.h"
#include "planner/plan_for_one.h"

/* What stands for the statement, wherever one is shown. */
static const char *const source_text = "authz.access_review()";

/* ---- the command ---- */

/* On the table, or on some column of it. */
static bool
has_right(Relation rel, AclMode right)
{
	Oid			oid = RelationGetRelid(rel);

	return pg_class_aclcheck(oid, GetUserId(), right) == ACLCHECK_OK ||
		(right != ACL_DELETE &&
		 pg_attribute_aclcheck_all(oid, GetUserId(), right, ACLMASK_ANY) == ACLCHECK_OK);
}

static AclMode
right_for(CmdType command)
{
	switch (command)
	{
		case CMD_INSERT:
			return ACL_INSERT;
		case CMD_UPDATE:
			return ACL_UPDATE;
		case CMD_DELETE:
			return ACL_DELETE;
		default:
			return ACL_SELECT;
	}
}

/* A new row is not looked for. */
static AclMode
check_rights(Relation rel, CmdType command)
{
	AclMode		right = right_for(command);

	if (!has_right(rel, right))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	if (command != CMD_INSERT && has_right(rel, ACL_SELECT))
		right |= ACL_SELECT;
	return right;
}

static Query *
make_command(Relation rel, CmdType command, AclMode rights)
{
	ParseState *pstate = make_parsestate(NULL);
	Query	   *query = makeNode(Query);
	RangeTblRef *reference = makeNode(RangeTblRef);
	RangeTblEntry *entry;

	entry = addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL, true, true)->p_rte;
	reference->rtindex = 1;
	query->commandType = command;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->rtable = pstate->p_rtable;
	az_take_rights(query, pstate);
	az_rights_of_entry(query, entry)->requiredPerms = rights;
	query->resultRelation = command == CMD_SELECT ? 0 : 1;
	query->jointree = makeFromExpr(command == CMD_INSERT ? NIL : list_make1(reference), NULL);
	return query;
}

/* ---- its condition ---- */

static Node *
all_of(List *conditions)
{
	if (conditions == NIL)
		return NULL;
	return list_length(conditions) == 1 ? linitial(conditions) :
		(Node *) makeBoolExpr(AND_EXPR, conditions, -1);
}

/* Nothing is expanded in it: it is to be read. */
static Node *
condition_of(Query *command)
{
	List	   *conditions;
	List	   *checks;
	bool		bound;
	bool		has_sub_links;
	ListCell   *lc;

	get_row_security_policies(command, linitial(command->rtable), 1, &conditions, &checks,
							  &bound, &has_sub_links);
	if (command->commandType != CMD_INSERT)
		return all_of(conditions);
	conditions = NIL;
	foreach(lc, checks)
		conditions = lappend(conditions, lfirst_node(WithCheckOption, lc)->qual);
	return all_of(conditions);
}

char *
az_reach_condition(const AzReach *reach)
{
	return az_shown_condition(reach->rel, reach->condition ?
							  az_condition_for_one(reach->rel, reach->condition) : NULL);
}

/* ---- its rows ---- */

static TargetEntry *
count_column(void)
{
	Aggref	   *count = makeNode(Aggref);

	count->aggfnoid = F_COUNT_;
	count->aggtype = INT8OID;
	count->aggstar = true;
	count->aggkind = AGGKIND_NORMAL;
	count->aggsplit = AGGSPLIT_SIMPLE;
	count->aggno = count->aggtransno = -1;
	count->location = -1;
	return makeTargetEntry((Expr *) count, 1, pstrdup("count"), false);
}

/* A rule of the table may have replaced the command. */
static Query *
rewrite(Relation rel, Query *command)
{
	CmdType		type = command->commandType;
	List	   *rewritten = QueryRewrite(command);

	if (list_length(rewritten) != 1 || linitial_node(Query, rewritten)->commandType != type)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" has rules for this command", RelationGetRelationName(rel))));
	return linitial(rewritten);
}

/* What the command needs was looked at; what is asked is read. */
static Query *
make_count(Relation rel, Query *command, AclMode rights)
{
	Query	   *query = rewrite(rel, command);

	az_rights_of_entry(query, linitial_node(RangeTblEntry, query->rtable))->requiredPerms =
		rights & ACL_SELECT;
	query->commandType = CMD_SELECT;
	query->resultRelation = 0;
	query->withCheckOptions = NIL;
	query->targetList = list_make1(count_column());
	query->hasAggs = true;
	return query;
}

void
az_make_reach(Relation rel, CmdType command, AzReach *reach)
{
	AclMode		rights = check_rights(rel, command);

	reach->rel = RelationGetRelid(rel);
	reach->condition = condition_of(make_command(rel, command, rights));
	reach->count = command == CMD_INSERT ? NULL :
		make_count(rel, make_command(rel, command, rights), rights);
}

/* The one row of a count. */
typedef struct Counted
{
	DestReceiver receiver;
	int64		count;
} Counted;

static bool
receive(TupleTableSlot *slot, DestReceiver *self)
{
	bool		isnull;

	((Counted *) self)->count = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	return true;
}

static void
start_receiving(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
stop_receiving(DestReceiver *self)
{
}

/*
 * A plan with a list of parameters, even an empty one, is one that is used
 * once.
 */
int64
az_reach_count(const AzReach *reach)
{
	Counted		counted = {{receive, start_receiving, stop_receiving, stop_receiving, DestNone}, 0};
	PlannedStmt *plan = pg_plan_query(copyObject(reach->count), source_text, 0, makeParamList(0));
	QueryDesc  *query = CreateQueryDesc(plan, source_text, GetActiveSnapshot(), InvalidSnapshot,
										&counted.receiver, NULL, NULL, 0);

	ExecutorStart(query, 0);
	az_execute(query, 0);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	return counted.count;
}
