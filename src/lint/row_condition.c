/*-------------------------------------------------------------------------
 *
 * row_condition.c
 *	  A condition on rows, taken apart at AND and OR.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/row_condition.h"

#include "access/htup_details.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "lint/sql_body.h"
#include "planner/comparand.h"
#include "planner/function.h"

static AzArm *read_condition(Node *node, int depth);

static AzArm *
make_arm(AzArmKind kind, Node *node)
{
	AzArm	   *arm = palloc0(sizeof(*arm));

	arm->kind = kind;
	arm->node = node;
	return arm;
}

static AzArm *
make_comparison(Node *node, Node *operand, Oid operator, Oid collation, bool by_identity)
{
	AzArm	   *arm = make_arm(AZ_ARM_COMPARED, node);

	arm->operand = operand;
	arm->operator = operator;
	arm->collation = collation;
	arm->by_identity = by_identity;
	return arm;
}

static bool
asks_identity(Node *node, void *arg)
{
	AzFunction	function;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && az_find_function(((FuncExpr *) node)->funcid, &function) &&
		function.ours)
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, asks_identity, arg, 0);
	return expression_tree_walker(node, asks_identity, arg);
}

/* Has any kind of index a use for the operator? */
static bool
is_indexable(Oid operator)
{
	CatCList   *list = SearchSysCacheList1(AMOPOPID, ObjectIdGetDatum(operator));
	bool		indexable = false;
	int			i;

	for (i = 0; i < list->n_members && !indexable; i++)
	{
		Form_pg_amop form = (Form_pg_amop) GETSTRUCT(&list->members[i]->tuple);

		indexable = form->amoppurpose == AMOP_SEARCH &&
			(form->amopmethod == BTREE_AM_OID || form->amopmethod == HASH_AM_OID);
	}
	ReleaseSysCacheList(list);
	return indexable;
}

/* No index is made of what a session or a row of another table has a part in. */
static bool
may_be_indexed(Node *operand)
{
	return !contain_mutable_functions(operand) && !contain_subplans(operand);
}

/* ----------------------------------------------------------------
 * Comparisons
 * ----------------------------------------------------------------
 */

static AzArm *
read_operator(Node *node, Oid operator, Oid collation, List *args, bool may_commute)
{
	Node	   *operand = linitial(args);
	Node	   *value = lsecond(args);

	if (may_commute && contain_vars_of_level(value, 0) && !contain_vars_of_level(operand, 0))
	{
		operand = value;
		value = linitial(args);
		operator = get_commutator(operator);
	}
	if (!OidIsValid(operator) || contain_vars_of_level(value, 0) ||
		!is_indexable(operator) || !may_be_indexed(operand))
		return make_arm(AZ_ARM_OTHER, node);
	return make_comparison(node, operand, operator, collation, asks_identity(value, NULL));
}

/* A check over a column, as the planner folds it. */
static AzArm *
read_check(FuncExpr *call, const AzCheck *check)
{
	int			n = check->asks_set ? 2 : 1;
	AzComparand	column;
	int			i;

	if (call->funcretset || call->funcresulttype != BOOLOID ||
		(check->claims == NULL && !check->asks_set) || list_length(call->args) < n ||
		!az_describe_comparand(list_nth(call->args, n - 1), &column))
		return make_arm(AZ_ARM_OTHER, (Node *) call);
	for (i = 0; i < list_length(call->args); i++)
	{
		if (i != n - 1 && contain_vars_of_level(list_nth(call->args, i), 0))
			return make_arm(AZ_ARM_OTHER, (Node *) call);
	}
	return make_comparison((Node *) call, list_nth(call->args, n - 1), column.equals,
						   column.collation, true);
}

static AzArm *
read_call(FuncExpr *call, int depth)
{
	AzFunction	function;
	Node	   *body;
	bool		inlined;

	if (az_find_function(call->funcid, &function) && function.check)
		return read_check(call, function.check);
	body = depth < AZ_MAX_BODIES ? az_sql_body(call, &inlined) : NULL;
	return body && inlined ? read_condition(body, depth + 1) : make_arm(AZ_ARM_OTHER, (Node *) call);
}

/* ----------------------------------------------------------------
 * AND, OR and the rest
 * ----------------------------------------------------------------
 */

static AzArm *
read_bool(BoolExpr *expr, int depth)
{
	AzArm	   *arm;
	ListCell   *lc;

	if (expr->boolop == NOT_EXPR)
	{
		if (IsA(linitial(expr->args), Var))
			return make_comparison((Node *) expr, linitial(expr->args), BooleanEqualOperator,
								   InvalidOid, false);
		return make_arm(AZ_ARM_OTHER, (Node *) expr);
	}
	arm = make_arm(expr->boolop == AND_EXPR ? AZ_ARM_ALL : AZ_ARM_ANY, (Node *) expr);
	foreach(lc, expr->args)
		arm->arms = lappend(arm->arms, read_condition(lfirst(lc), depth));
	return arm;
}

static AzArm *
read_condition(Node *node, int depth)
{
	if (IsA(node, BoolExpr) && contain_vars_of_level(node, 0))
		return read_bool((BoolExpr *) node, depth);
	if (!contain_vars_of_level(node, 0))
		return make_arm(AZ_ARM_GATE, node);
	switch (nodeTag(node))
	{
		case T_FuncExpr:
			return read_call((FuncExpr *) node, depth);
		case T_OpExpr:
			if (list_length(((OpExpr *) node)->args) == 2)
				return read_operator(node, ((OpExpr *) node)->opno, ((OpExpr *) node)->inputcollid,
									 ((OpExpr *) node)->args, true);
			break;
		case T_ScalarArrayOpExpr:
			if (((ScalarArrayOpExpr *) node)->useOr)
				return read_operator(node, ((ScalarArrayOpExpr *) node)->opno,
									 ((ScalarArrayOpExpr *) node)->inputcollid,
									 ((ScalarArrayOpExpr *) node)->args, false);
			break;
		case T_Var:
			return make_comparison(node, node, BooleanEqualOperator, InvalidOid, false);
		case T_NullTest:
			if (((NullTest *) node)->nulltesttype == IS_NULL && !((NullTest *) node)->argisrow &&
				may_be_indexed((Node *) ((NullTest *) node)->arg))
				return make_comparison(node, (Node *) ((NullTest *) node)->arg, InvalidOid,
									   InvalidOid, false);
			break;
		case T_BooleanTest:
			if (((BooleanTest *) node)->booltesttype == IS_TRUE)
				return read_condition((Node *) ((BooleanTest *) node)->arg, depth);
			break;
		case T_RelabelType:
			return read_condition((Node *) ((RelabelType *) node)->arg, depth);
		default:
			break;
	}
	return make_arm(AZ_ARM_OTHER, node);
}

AzArm *
az_read_condition(Node *condition)
{
	return read_condition(condition, 0);
}

List *
az_arms_by_identity(const AzArm *arm)
{
	List	   *all = NIL;
	ListCell   *lc;

	if (arm->kind == AZ_ARM_COMPARED && arm->by_identity)
		return list_make1(unconstify(AzArm *, arm));
	foreach(lc, arm->arms)
		all = list_concat(all, az_arms_by_identity(lfirst(lc)));
	return all;
}
