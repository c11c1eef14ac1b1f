/*-------------------------------------------------------------------------
 *
 * shown.c
 *	  Expressions and conditions of a table, as they are shown.
 *
 * Core shows no collation that an operator compares by, and the planner makes
 * a cast of COLLATE, which is not shown either: read again such a condition
 * would mean another one.  Both get their COLLATE back.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/shown.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "insight/meaning.h"

static Node *
collate(Node *expr, Oid collation)
{
	CollateExpr *collated = makeNode(CollateExpr);

	collated->arg = (Expr *) expr;
	collated->collOid = collation;
	collated->location = -1;
	return (Node *) collated;
}

/* A cast that changes the collation, even if it changes nothing else. */
static Node *
show_cast(RelabelType *cast)
{
	Node	   *arg = (Node *) cast->arg;
	Oid			own = exprCollation(arg);
	Oid			wanted = cast->resultcollid;

	if (!OidIsValid(wanted) || !OidIsValid(own) || wanted == own)
		return (Node *) cast;
	cast->resultcollid = own;
	return collate(exprType(arg) == cast->resulttype ? arg : (Node *) cast, wanted);
}

/* By which of two collations that are deterministic makes no difference to "=". */
static void
show_comparison(Oid collation, List *args)
{
	Node	   *first = linitial(args);
	Oid			own = exprCollation(first);

	if (OidIsValid(collation) && OidIsValid(own) && collation != own &&
		!get_collation_isdeterministic(own))
		linitial(args) = collate(first, collation);
}

static Node *
show(Node *node, void *context)
{
	if (node == NULL || IsA(node, Query))
		return node;
	node = expression_tree_mutator(node, show, context);
	if (IsA(node, RelabelType))
		return show_cast((RelabelType *) node);
	if (IsA(node, OpExpr))
		show_comparison(((OpExpr *) node)->inputcollid, ((OpExpr *) node)->args);
	else if (IsA(node, ScalarArrayOpExpr))
		show_comparison(((ScalarArrayOpExpr *) node)->inputcollid,
						((ScalarArrayOpExpr *) node)->args);
	return node;
}

char *
az_shown_expression(Oid rel, Node *expr)
{
	return deparse_expression(show(expr, NULL), deparse_context_for(get_rel_name(rel), rel),
							  false, false);
}

char *
az_shown_condition(Oid rel, Node *condition)
{
	if (condition == NULL || az_is_true(condition))
		return pstrdup("true");
	return az_is_false(condition) ? pstrdup("false") : az_shown_expression(rel, condition);
}
