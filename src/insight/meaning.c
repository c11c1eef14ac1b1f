/*-------------------------------------------------------------------------
 *
 * meaning.c
 *	  What a policy's condition means for the identity in force.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/meaning.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "planner/function.h"
#include "planner/plan_for_one.h"

bool
az_is_true(const Node *condition)
{
	const Const *constant = (const Const *) condition;

	return IsA(condition, Const) && constant->consttype == BOOLOID &&
		!constant->constisnull && DatumGetBool(constant->constvalue);
}

bool
az_is_false(const Node *condition)
{
	return IsA(condition, Const) && ((const Const *) condition)->consttype == BOOLOID &&
		!az_is_true(condition);
}

/* is_authenticated() outlives an identity, and so stays in plans; here it is known. */
static Node *
answer_presence(Node *node, void *somebody)
{
	AzFunction	function;

	if (node == NULL || IsA(node, Query))
		return node;
	if (IsA(node, FuncExpr) && az_find_function(((FuncExpr *) node)->funcid, &function) &&
		function.check && function.check->outlives_end &&
		az_is_executable(((FuncExpr *) node)->funcid))
		return makeBoolConst(*(bool *) somebody, false);
	return expression_tree_mutator(node, answer_presence, somebody);
}

static bool
is_connective(const Node *node, BoolExprType connective)
{
	return IsA(node, BoolExpr) && ((const BoolExpr *) node)->boolop == connective;
}

/* Among what holds anyway, is there an arm of it?  Then it says nothing more. */
static bool
is_implied(const Node *either, List *all)
{
	ListCell   *lc;

	if (!is_connective(either, OR_EXPR))
		return false;
	foreach(lc, ((const BoolExpr *) either)->args)
	{
		if (list_member(all, lfirst(lc)))
			return true;
	}
	return false;
}

static List *
without_implied(List *all)
{
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, all)
	{
		if (!is_implied(lfirst(lc), all))
			kept = lappend(kept, lfirst(lc));
	}
	return kept;
}

/* Below AND and OR, where NULL and false are the same. */
static Node *
tidy(Node *condition)
{
	bool		either = is_connective(condition, OR_EXPR);
	List	   *args = NIL;
	ListCell   *lc;

	if (!either && !is_connective(condition, AND_EXPR))
		return condition;
	foreach(lc, ((BoolExpr *) condition)->args)
	{
		Node	   *arg = tidy(lfirst(lc));

		if (either ? az_is_true(arg) : az_is_false(arg))
			return makeBoolConst(either, false);
		if (is_connective(arg, ((BoolExpr *) condition)->boolop))
			args = list_concat_unique(args, ((BoolExpr *) arg)->args);
		else if (!IsA(arg, Const))
			args = list_append_unique(args, arg);
	}
	if (!either)
		args = without_implied(args);
	if (args == NIL)
		return makeBoolConst(!either, false);
	return list_length(args) == 1 ? linitial(args) :
		(Node *) makeBoolExpr(((BoolExpr *) condition)->boolop, args, -1);
}

Node *
az_condition_means(Oid rel, Node *condition, bool somebody)
{
	return tidy(az_condition_for_one(rel, answer_presence(condition, &somebody)));
}
