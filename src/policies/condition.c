/*-------------------------------------------------------------------------
 *
 * condition.c
 *	  What the conditions and views that we write have become.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/condition.h"

#include "access/table.h"
#include "catalog/pg_namespace.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rowsecurity.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "server/own.h"

/* What has come into a condition instead of a function of ours, or nothing. */
typedef struct Stranger
{
	Oid			function;
	Oid			type;
} Stranger;

/*
 * All that protect_rules.c writes is AND, OR, IS NULL, calls of our functions,
 * columns, and literals, also as arrays.  A cast is what a type of that name makes of a
 * call.
 */
static bool
find_stranger(Node *node, void *context)
{
	Stranger   *stranger = context;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_List:
		case T_BoolExpr:
		case T_NullTest:
		case T_ArrayExpr:
		case T_RelabelType:
		case T_Var:
		case T_Const:
			break;
		case T_FuncExpr:
			if (az_is_own_function(((FuncExpr *) node)->funcid))
				break;
			stranger->function = ((FuncExpr *) node)->funcid;
			return true;
		default:
			stranger->type = exprType(node);
			return true;
	}
	return expression_tree_walker(node, find_stranger, context);
}

static void
check_expression(const AzTable *table, Node *expression)
{
	Stranger	stranger = {InvalidOid, InvalidOid};

	if (!find_stranger(expression, &stranger))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("policies for table \"%s\" would not ask the extension's own functions",
					table->name),
			 OidIsValid(stranger.function) ?
			 errdetail("Function %s would be called instead of one of them.",
					   format_procedure_qualified(stranger.function)) :
			 errdetail("Type %s would be used instead of one of them.",
					   format_type_be_qualified(stranger.type)),
			 errhint("Drop it, or move it to another schema.")));
}

static bool
is_ours(const char *policy)
{
	int			i;

	for (i = 0; i < AZ_COMMANDS; i++)
	{
		if (strcmp(policy, az_policy_name[i]) == 0)
			return true;
	}
	return false;
}

void
az_check_written(const AzTable *table)
{
	Relation	rel = table_open(table->oid, NoLock);
	ListCell   *lc;

	foreach(lc, rel->rd_rsdesc ? rel->rd_rsdesc->policies : NIL)
	{
		const RowSecurityPolicy *policy = lfirst(lc);

		if (!is_ours(policy->policy_name))
			continue;
		check_expression(table, (Node *) policy->qual);
		check_expression(table, (Node *) policy->with_check_qual);
	}
	table_close(rel, NoLock);
}

static Query *
analyze(const char *sql)
{
	List	   *parsed = pg_parse_query(sql);

	return parse_analyze_fixedparams(linitial_node(RawStmt, parsed), sql, NULL, 0, NULL);
}

void
az_check_condition(const AzTable *table, const char *condition)
{
	Query	   *query = analyze(psprintf("SELECT FROM %s WHERE %s", table->quoted, condition));

	check_expression(table, query->jointree->quals);
}

/*
 * Of a view: calls are PostgreSQL's own or ours, and comparisons are those that
 * "=" is by default.
 */
static bool
find_stranger_in_view(Node *node, void *context)
{
	Stranger   *stranger = context;
	List	   *args = NIL;
	Oid			operator = InvalidOid;

	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_stranger_in_view, context, 0);
	if (IsA(node, FuncExpr))
		stranger->function = ((FuncExpr *) node)->funcid;
	else if (IsA(node, OpExpr))
	{
		operator = ((OpExpr *) node)->opno;
		args = ((OpExpr *) node)->args;
	}
	else if (IsA(node, ScalarArrayOpExpr))
	{
		operator = ((ScalarArrayOpExpr *) node)->opno;
		args = ((ScalarArrayOpExpr *) node)->args;
	}
	if (OidIsValid(operator) &&
		lookup_type_cache(getBaseType(exprType(linitial(args))), TYPECACHE_EQ_OPR)->eq_opr != operator)
	{
		stranger->function = get_opcode(operator);
		return true;
	}
	if (OidIsValid(stranger->function) &&
		get_func_namespace(stranger->function) != PG_CATALOG_NAMESPACE &&
		!az_is_own_function(stranger->function))
		return true;
	stranger->function = InvalidOid;
	return expression_tree_walker(node, find_stranger_in_view, context);
}

static void
check_view_query(const char *name, Query *query)
{
	Stranger	stranger = {InvalidOid, InvalidOid};

	if (!find_stranger_in_view((Node *) query, &stranger))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("view \"%s\" would not ask the extension's own functions", name),
			 errdetail("Function %s would be called instead of one of them.",
					   format_procedure_qualified(stranger.function)),
			 errhint("Drop it, or move it to another schema.")));
}

void
az_check_view(Oid view)
{
	Relation	rel = table_open(view, NoLock);

	check_view_query(RelationGetRelationName(rel), get_view_query(rel));
	table_close(rel, NoLock);
}

void
az_check_query(const char *view, const char *query)
{
	check_view_query(view, analyze(query));
}
