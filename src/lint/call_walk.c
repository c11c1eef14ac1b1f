/*-------------------------------------------------------------------------
 *
 * call_walk.c
 *	  The calls in a condition, and where each stands.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/call_walk.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "lint/sql_body.h"

typedef struct Walk
{
	AzCallVisitor visit;
	void	   *arg;
	AzCallPlace place;			/* of what is walked now */
	int			depth;			/* of functions in SQL */
} Walk;

static bool walk(Node *node, void *arg);

static AzSide
other_side(AzSide side)
{
	return side == AZ_EITHER_SIDE ? side : side == AZ_STOPS ? AZ_LETS_PASS : AZ_STOPS;
}

/* Walk a part that is on that side. */
static void
walk_part(Node *part, AzSide side, bool is_condition, Walk *walking)
{
	AzCallPlace around = walking->place;

	walking->place.side = side;
	walking->place.is_condition = is_condition && around.is_condition;
	(void) walk(part, walking);
	walking->place = around;
}

static void
walk_parts(List *parts, AzSide side, bool is_condition, Walk *walking)
{
	ListCell   *lc;

	foreach(lc, parts)
		walk_part(lfirst(lc), side, is_condition, walking);
}

/* Walk all parts of a node about which nothing is known. */
static void
walk_rest(Node *node, Walk *walking)
{
	AzCallPlace around = walking->place;

	walking->place.side = AZ_EITHER_SIDE;
	walking->place.is_condition = false;
	(void) expression_tree_walker(node, walk, walking);
	walking->place = around;
}

/*
 * Sides
 */

/* Of something compared with that constant: "true" keeps the side. */
static AzSide
side_by_constant(const Node *constant, bool equal, AzSide side)
{
	if (!IsA(constant, Const) || ((const Const *) constant)->consttype != BOOLOID ||
		((const Const *) constant)->constisnull)
		return AZ_EITHER_SIDE;
	return DatumGetBool(((const Const *) constant)->constvalue) == equal ? side : other_side(side);
}

static void
walk_comparison(List *args, bool equal, Walk *walking)
{
	AzSide		side = walking->place.side;

	walk_part(linitial(args), side_by_constant(lsecond(args), equal, side), false, walking);
	walk_part(lsecond(args), side_by_constant(linitial(args), equal, side), false, walking);
}

static void
walk_test(const BooleanTest *test, Walk *walking)
{
	AzSide		side = walking->place.side;

	switch (test->booltesttype)
	{
		case IS_TRUE:
		case IS_NOT_FALSE:
			break;
		case IS_FALSE:
		case IS_NOT_TRUE:
			side = other_side(side);
			break;
		default:
			side = AZ_EITHER_SIDE;
			break;
	}
	walk_part((Node *) test->arg, side, false, walking);
}

/* Does it hold for a list which grows: contains, overlaps, is among? */
static void
walk_operator(OpExpr *expr, Walk *walking)
{
	Oid			function = get_opcode(expr->opno);
	AzSide		side = walking->place.side;
	bool		core = function < FirstUnpinnedObjectId && list_length(expr->args) == 2;
	char	   *name = core ? get_opname(expr->opno) : NULL;

	if (function == F_BOOLEQ || function == F_BOOLNE)
		walk_comparison(expr->args, function == F_BOOLEQ, walking);
	else if (name && (strcmp(name, "@>") == 0 || strcmp(name, "<@") == 0))
	{
		bool		left = name[0] == '@';

		walk_part(linitial(expr->args), left ? side : AZ_EITHER_SIDE, false, walking);
		walk_part(lsecond(expr->args), left ? AZ_EITHER_SIDE : side, false, walking);
	}
	else if (name && strcmp(name, "&&") == 0)
		walk_parts(expr->args, side, false, walking);
	else
		walk_rest((Node *) expr, walking);
}

static void
walk_array_operator(ScalarArrayOpExpr *expr, Walk *walking)
{
	char	   *name = get_opname(expr->opno);
	AzSide		side = AZ_EITHER_SIDE;

	if (name && expr->useOr && strcmp(name, "=") == 0)
		side = walking->place.side;
	else if (name && !expr->useOr && strcmp(name, "<>") == 0)
		side = other_side(walking->place.side);
	walk_part(linitial(expr->args), AZ_EITHER_SIDE, false, walking);
	walk_part(lsecond(expr->args), side, false, walking);
}

static bool
is_constant(const Expr *expr, bool value)
{
	return expr && IsA(expr, Const) && !((const Const *) expr)->constisnull &&
		DatumGetBool(((const Const *) expr)->constvalue) == value;
}

/* WHEN c THEN true lets pass, WHEN c THEN false stops. */
static AzSide
side_of_when(const CaseWhen *when, AzSide side)
{
	if (exprType((const Node *) when->result) != BOOLOID)
		return AZ_EITHER_SIDE;
	return is_constant(when->result, true) ? side :
		is_constant(when->result, false) ? other_side(side) : AZ_EITHER_SIDE;
}

static void
walk_case(const CaseExpr *expr, Walk *walking)
{
	AzSide		side = walking->place.side;
	ListCell   *lc;

	walk_part((Node *) expr->arg, AZ_EITHER_SIDE, false, walking);
	foreach(lc, expr->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, lc);

		walk_part((Node *) when->expr, expr->arg ? AZ_EITHER_SIDE : side_of_when(when, side),
				  false, walking);
		walk_part((Node *) when->result, side, false, walking);
	}
	walk_part((Node *) expr->defresult, side, false, walking);
}

/*
 * Sub-selects
 */

static void walk_query(Query *query, AzSide conditions, AzSide values, Walk *walking);

static void
walk_tables(Node *node, Query *query, AzSide side, Walk *walking)
{
	ListCell   *lc;

	if (node == NULL)
		return;
	if (IsA(node, FromExpr))
	{
		foreach(lc, ((FromExpr *) node)->fromlist)
			walk_tables(lfirst(lc), query, side, walking);
		walk_part(((FromExpr *) node)->quals, side, true, walking);
	}
	else if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;

		walk_tables(join->larg, query, side, walking);
		walk_tables(join->rarg, query, side, walking);
		walk_part(join->quals, join->jointype == JOIN_INNER ? side : AZ_EITHER_SIDE, true, walking);
	}
}

static void
walk_entry(RangeTblEntry *entry, AzSide side, Walk *walking)
{
	if (entry->rtekind == RTE_SUBQUERY)
		walk_query(entry->subquery, side, AZ_EITHER_SIDE, walking);
	walk_part((Node *) entry->functions, AZ_EITHER_SIDE, false, walking);
	walk_part((Node *) entry->values_lists, AZ_EITHER_SIDE, false, walking);
}

/* What it takes for a row to come out, and what comes out. */
static void
walk_query(Query *query, AzSide conditions, AzSide values, Walk *walking)
{
	ListCell   *lc;

	check_stack_depth();
	if (query->setOperations || query->hasAggs || query->groupingSets)
		conditions = values = AZ_EITHER_SIDE;
	foreach(lc, query->rtable)
		walk_entry(lfirst_node(RangeTblEntry, lc), conditions, walking);
	foreach(lc, query->cteList)
	{
		Node	   *cte = lfirst_node(CommonTableExpr, lc)->ctequery;

		if (IsA(cte, Query))
			walk_query((Query *) cte, AZ_EITHER_SIDE, AZ_EITHER_SIDE, walking);
	}
	foreach(lc, query->targetList)
		walk_part((Node *) lfirst_node(TargetEntry, lc)->expr, values, false, walking);
	walk_tables((Node *) query->jointree, query, conditions, walking);
	walk_part(query->havingQual, conditions, true, walking);
	walk_part(query->limitCount, AZ_EITHER_SIDE, false, walking);
	walk_part(query->limitOffset, AZ_EITHER_SIDE, false, walking);
}

/* Does it depend on no row? */
static bool
reads_nothing(const Query *query)
{
	return query->rtable == NIL || (query->jointree && query->jointree->fromlist == NIL);
}

static void
walk_sublink(SubLink *sublink, Walk *walking)
{
	Query	   *query = castNode(Query, sublink->subselect);
	AzCallPlace around = walking->place;
	AzSide		side = around.side;

	walk_part(sublink->testexpr, AZ_EITHER_SIDE, false, walking);
	if (around.shown == NULL)
		walking->place.shown = (Node *) sublink;
	walking->place.sublinks++;
	walking->place.bare = reads_nothing(query);
	walking->place.is_condition = true;
	switch (sublink->subLinkType)
	{
		case EXISTS_SUBLINK:
		case ANY_SUBLINK:
			walk_query(query, side, AZ_EITHER_SIDE, walking);
			break;
		case ALL_SUBLINK:
			walk_query(query, other_side(side), AZ_EITHER_SIDE, walking);
			break;
		case EXPR_SUBLINK:
			walk_query(query, AZ_EITHER_SIDE, side, walking);
			break;
		default:
			walk_query(query, AZ_EITHER_SIDE, AZ_EITHER_SIDE, walking);
			break;
	}
	walking->place = around;
}

/* All nodes */

static void
visit(Node *node, Walk *walking)
{
	AzCallPlace place = walking->place;

	if (place.shown == NULL)
		place.shown = node;
	walking->visit(node, &place, walking->arg);
}

/* The call, and what it stands for; that has the arguments in it. */
static void
walk_call(FuncExpr *call, Walk *walking)
{
	AzCallPlace around = walking->place;
	bool		inlined;
	Node	   *body = walking->depth < AZ_MAX_BODIES ? az_sql_body(call, &inlined) : NULL;

	visit((Node *) call, walking);
	if (body == NULL)
	{
		walk_rest((Node *) call, walking);
		return;
	}
	if (around.shown == NULL)
		walking->place.shown = (Node *) call;
	walking->place.in_body = around.in_body || !inlined;
	walking->depth++;
	(void) walk(body, walking);
	walking->depth--;
	walking->place = around;
}

static void
walk_connective(BoolExpr *expr, Walk *walking)
{
	if (expr->boolop == NOT_EXPR)
		walk_part(linitial(expr->args), other_side(walking->place.side), false, walking);
	else
		walk_parts(expr->args, walking->place.side, true, walking);
}

static bool
walk(Node *node, void *arg)
{
	Walk	   *walking = arg;

	if (node == NULL)
		return false;
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	switch (nodeTag(node))
	{
		case T_BoolExpr:
			walk_connective((BoolExpr *) node, walking);
			break;
		case T_BooleanTest:
			walk_test((BooleanTest *) node, walking);
			break;
		case T_FuncExpr:
			walk_call((FuncExpr *) node, walking);
			break;
		case T_OpExpr:
			visit(node, walking);
			walk_operator((OpExpr *) node, walking);
			break;
		case T_DistinctExpr:
			visit(node, walking);
			walk_comparison(((DistinctExpr *) node)->args, false, walking);
			break;
		case T_ScalarArrayOpExpr:
			visit(node, walking);
			walk_array_operator((ScalarArrayOpExpr *) node, walking);
			break;
		case T_CaseExpr:
			walk_case((CaseExpr *) node, walking);
			break;
		case T_CoalesceExpr:
			walk_parts(((CoalesceExpr *) node)->args, walking->place.side, false, walking);
			break;
		case T_RelabelType:
			return walk((Node *) ((RelabelType *) node)->arg, walking);
		case T_CollateExpr:
			return walk((Node *) ((CollateExpr *) node)->arg, walking);
		case T_NamedArgExpr:
			return walk((Node *) ((NamedArgExpr *) node)->arg, walking);
		case T_SubLink:
			walk_sublink((SubLink *) node, walking);
			break;
		default:
			walk_rest(node, walking);
			break;
	}
	return false;
}

void
az_walk_calls(Node *condition, AzCallVisitor visitor, void *arg)
{
	Walk		walking = {.visit = visitor, .arg = arg};

	walking.place.is_condition = true;
	(void) walk(condition, &walking);
}
