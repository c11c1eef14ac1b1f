/*-------------------------------------------------------------------------
 *
 * condition.c
 *	  What the conditions that protect() writes have become.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/condition.h"

#include "access/table.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "rewrite/rowsecurity.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/regproc.h"
#include "utils/rel.h"

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

void
az_check_condition(const AzTable *table, const char *condition)
{
	const char *sql = psprintf("SELECT FROM %s WHERE %s", table->quoted, condition);
	List	   *parsed = pg_parse_query(sql);
	Query	   *query = parse_analyze_fixedparams(linitial_node(RawStmt, parsed), sql,
												  NULL, 0, NULL);

	check_expression(table, query->jointree->quals);
}
