/*-------------------------------------------------------------------------
 *
 * state_text.c
 *	  An expression or a query of the catalogs as text that a restored database
 *	  gives, too.
 *
 * What core prints, read and printed once more, differs in two places: AND in
 * AND (as BETWEEN makes it) has become one list, and the cast of an array has
 * become one of its elements.  So both are brought into the later form first.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/state_text.h"

#include "access/relation.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "rewrite/prs2lock.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

/* ----------------------------------------------------------------
 * The form that stays
 * ----------------------------------------------------------------
 */

static Node *
flatten(BoolExpr *expr)
{
	List	   *args = NIL;
	ListCell   *lc;

	foreach(lc, expr->args)
	{
		BoolExpr   *arg = lfirst(lc);

		if (IsA(arg, BoolExpr) && arg->boolop == expr->boolop)
			args = list_concat(args, arg->args);
		else
			args = lappend(args, arg);
	}
	expr->args = args;
	return (Node *) expr;
}

static Node *
put_in_place_of_element(Node *node, void *element)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CaseTestExpr))
		return copyObjectImpl(element);
	return expression_tree_mutator(node, put_in_place_of_element, element);
}

static Node *
cast_elements(ArrayCoerceExpr *cast)
{
	ArrayExpr  *array = (ArrayExpr *) cast->arg;
	Oid			type = get_element_type(cast->resulttype);
	ListCell   *lc;

	if (!IsA(array, ArrayExpr) || array->multidims || !OidIsValid(type))
		return (Node *) cast;
	foreach(lc, array->elements)
		lfirst(lc) = put_in_place_of_element((Node *) cast->elemexpr, lfirst(lc));
	array->array_typeid = cast->resulttype;
	array->array_collid = cast->resultcollid;
	array->element_typeid = type;
	return (Node *) array;
}

/* A copy. */
static Node *
normalize(Node *node, void *unused)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Query))
		return (Node *) query_tree_mutator((Query *) node, normalize, unused, 0);
	node = expression_tree_mutator(node, normalize, unused);
	if (IsA(node, BoolExpr) && ((BoolExpr *) node)->boolop != NOT_EXPR)
		return flatten((BoolExpr *) node);
	if (IsA(node, ArrayCoerceExpr))
		return cast_elements((ArrayCoerceExpr *) node);
	return node;
}

/* ----------------------------------------------------------------
 * As text
 * ----------------------------------------------------------------
 */

/* The columns of a view may have been renamed since its query was written. */
static void
name_columns(Query *query, Node *part, TupleDesc columns)
{
	if (part && IsA(part, SetOperationStmt))
	{
		name_columns(query, ((SetOperationStmt *) part)->larg, columns);
		name_columns(query, ((SetOperationStmt *) part)->rarg, columns);
	}
	else if (part && IsA(part, RangeTblRef))
	{
		Query	   *leaf = rt_fetch(((RangeTblRef *) part)->rtindex, query->rtable)->subquery;

		name_columns(leaf, leaf->setOperations, columns);
	}
	if (part == NULL || IsA(part, SetOperationStmt))
	{
		int			i = 0;
		ListCell   *lc;

		foreach(lc, query->targetList)
		{
			TargetEntry *column = lfirst(lc);

			if (!column->resjunk && i < columns->natts)
				column->resname = pstrdup(NameStr(TupleDescAttr(columns, i++)->attname));
		}
	}
}

static char *
print_query(Query *query, Oid rel)
{
	if (OidIsValid(rel) && query->commandType == CMD_SELECT)
	{
		Relation	relation = relation_open(rel, AccessShareLock);

		name_columns(query, query->setOperations, RelationGetDescr(relation));
		relation_close(relation, AccessShareLock);
	}
	return pg_get_querydef(query, false);
}

static void
print(StringInfo text, Node *node, Oid rel)
{
	ListCell   *lc;

	if (IsA(node, List))
	{
		foreach(lc, (List *) node)
			print(text, lfirst(lc), rel);
		return;
	}
	if (text->len > 0)
		appendStringInfoString(text, "; ");
	if (IsA(node, Query))
		appendStringInfoString(text, print_query((Query *) node, rel));
	else if (OidIsValid(rel))
		appendStringInfoString(text, deparse_expression(node, deparse_context_for(get_rel_name(rel), rel),
														false, false));
	else
		appendStringInfoString(text, deparse_expression(node, NIL, false, false));
}

char *
az_state_text(const char *tree, Oid rel)
{
	StringInfoData text;

	initStringInfo(&text);
	print(&text, normalize(stringToNode(tree), NULL), rel);
	return text.data;
}

/* PRS2_OLD_VARNO and PRS2_NEW_VARNO are what stands in the tree. */
char *
az_state_text_of_rows(const char *tree, Oid rel)
{
	Node	   *expr = normalize(stringToNode(tree), NULL);
	Query	   *query = makeNode(Query);
	ParseState *state = make_parsestate(NULL);
	Relation	relation = relation_open(rel, AccessShareLock);

	(void) addRangeTableEntryForRelation(state, relation, AccessShareLock,
										 makeAlias("old", NIL), false, false);
	(void) addRangeTableEntryForRelation(state, relation, AccessShareLock,
										 makeAlias("new", NIL), false, false);
	relation_close(relation, NoLock);
	query->commandType = CMD_SELECT;
	query->rtable = state->p_rtable;
	query->jointree = makeFromExpr(NIL, NULL);
	query->targetList = list_make1(makeTargetEntry((Expr *) expr, 1, NULL, false));
	return pg_get_querydef(query, false);
}
