/*-------------------------------------------------------------------------
 *
 * outcome.c
 *	  What an expression may come to, worked out without running it.
 *
 * Whatever is not understood may come to anything.  Nothing is known of a
 * column, and two mentions of one are not held together, but for "x = x" and
 * "a OR NOT a".
 *
 *-------------------------------------------------------------------------
 */
#include "insight/outcome.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "insight/check_call.h"
#include "insight/sql_body.h"

typedef struct Working
{
	AzAsker		asker;
	AzOutcome	tested;			/* by the CASE around */
	int			depth;			/* of functions in SQL */
	bool		no_rows;		/* what an aggregate is over */
} Working;

static AzOutcome work_out(Node *node, Working *working);
static bool query_lets_rows(const Query *query, Working *working);

/* Of what is no boolean, true and false are one. */
static AzOutcome
as_value(AzOutcome outcome)
{
	return outcome & AZ_A_VALUE ? outcome | AZ_A_VALUE : outcome;
}

static bool
may(AzOutcome outcome, int what)
{
	return (outcome & what) != 0;
}

/* Of any number of arms: "stops" is the value that decides. */
static AzOutcome
combine(List *arms, int stops, Working *working)
{
	int			goes_on = AZ_A_VALUE & ~stops;
	AzOutcome	all = goes_on;
	ListCell   *lc;

	foreach(lc, arms)
	{
		AzOutcome	arm = work_out(lfirst(lc), working);
		AzOutcome	next = (all | arm) & stops;

		if (may(all, goes_on) && may(arm, goes_on))
			next |= goes_on;
		if ((may(all, AZ_MAY_BE_NULL) && may(arm, goes_on | AZ_MAY_BE_NULL)) ||
			(may(arm, AZ_MAY_BE_NULL) && may(all, goes_on | AZ_MAY_BE_NULL)))
			next |= AZ_MAY_BE_NULL;
		all = next;
	}
	return all;
}

static AzOutcome
negate(AzOutcome outcome)
{
	return (outcome & AZ_MAY_BE_NULL) |
		(may(outcome, AZ_MAY_BE_TRUE) ? AZ_MAY_BE_FALSE : 0) |
		(may(outcome, AZ_MAY_BE_FALSE) ? AZ_MAY_BE_TRUE : 0);
}

static bool
is_not(const Node *node)
{
	return IsA(node, BoolExpr) && ((const BoolExpr *) node)->boolop == NOT_EXPR;
}

/* Is one true where the other is false? */
static bool
are_opposites(const Node *a, const Node *b)
{
	if (is_not(a) && equal(linitial(((const BoolExpr *) a)->args), b))
		return true;
	if (is_not(b) && equal(linitial(((const BoolExpr *) b)->args), a))
		return true;
	if (IsA(a, OpExpr) && IsA(b, OpExpr))
		return get_negator(((const OpExpr *) a)->opno) == ((const OpExpr *) b)->opno &&
			equal(((const OpExpr *) a)->args, ((const OpExpr *) b)->args);
	return IsA(a, NullTest) && IsA(b, NullTest) &&
		((const NullTest *) a)->nulltesttype != ((const NullTest *) b)->nulltesttype &&
		equal(((const NullTest *) a)->arg, ((const NullTest *) b)->arg);
}

/* More arms than these nobody writes to say "true". */
#define MAX_PAIRED	16

static bool
has_opposites(const List *arms)
{
	int			i;
	int			j;

	if (list_length(arms) > MAX_PAIRED)
		return false;
	for (i = 0; i < list_length(arms); i++)
	{
		for (j = i + 1; j < list_length(arms); j++)
		{
			if (are_opposites(list_nth(arms, i), list_nth(arms, j)))
				return true;
		}
	}
	return false;
}

static AzOutcome
of_connective(const BoolExpr *expr, Working *working)
{
	switch (expr->boolop)
	{
		case AND_EXPR:
			return combine(expr->args, AZ_MAY_BE_FALSE, working);
		case OR_EXPR:
			if (working->asker == AZ_ANYBODY && has_opposites(expr->args) &&
				!contain_volatile_functions((Node *) expr))
				return AZ_MAY_BE_TRUE;
			return combine(expr->args, AZ_MAY_BE_TRUE, working);
		case NOT_EXPR:
			return negate(work_out(linitial(expr->args), working));
	}
	return AZ_ANYTHING;
}

/*
 * Calls and operators
 */

/* Of a strict one: what arguments that are NULL, or may be, come to. */
static AzOutcome
of_strict(List *args, AzOutcome outcome, Working *working)
{
	ListCell   *lc;

	foreach(lc, args)
	{
		AzOutcome	arg = work_out(lfirst(lc), working);

		if (arg == AZ_MAY_BE_NULL)
			return AZ_MAY_BE_NULL;
		outcome |= arg & AZ_MAY_BE_NULL;
	}
	return outcome;
}

/* For nobody, a check is false and an accessor NULL (R1). */
static AzOutcome
of_check(const AzCheckCall *check, const Working *working)
{
	bool		asks = check->call->funcresulttype == BOOLOID;

	if (check->check && check->check->asks_set && !asks)
		return AZ_A_VALUE;		/* set_keys(): an empty array */
	if (check->check == NULL && !asks && !func_strict(check->call->funcid) &&
		func_volatile(check->call->funcid) == PROVOLATILE_VOLATILE)
		return AZ_ANYTHING;
	if (working->asker == AZ_NOBODY)
		return asks ? AZ_MAY_BE_FALSE : AZ_MAY_BE_NULL;
	if (working->asker == AZ_ACTOR && check->check &&
		strcmp(check->check->symbol, "authz_is_delegated") == 0)
		return AZ_MAY_BE_TRUE;
	return asks ? AZ_A_VALUE : AZ_ANYTHING;
}

static AzOutcome
of_call(const FuncExpr *call, Working *working)
{
	AzCheckCall check;
	Node	   *body;
	bool		inlined;
	AzOutcome	outcome;

	if (az_read_check_call((const Node *) call, &check))
		return of_check(&check, working);
	body = working->depth < AZ_MAX_BODIES ? az_sql_body(call, &inlined) : NULL;
	if (body == NULL)
		return func_strict(call->funcid) ?
			of_strict(call->args, AZ_ANYTHING, working) : AZ_ANYTHING;
	working->depth++;
	outcome = work_out(body, working);
	working->depth--;
	return func_strict(call->funcid) ? of_strict(call->args, outcome, working) : outcome;
}

/* Of two booleans. */
static AzOutcome
of_equality(List *args, bool equal, Working *working)
{
	AzOutcome	a = work_out(linitial(args), working);
	AzOutcome	b = work_out(lsecond(args), working);
	AzOutcome	outcome = (a | b) & AZ_MAY_BE_NULL;

	if ((a & b & AZ_A_VALUE) != 0)
		outcome |= AZ_MAY_BE_TRUE;
	if (may(a, AZ_MAY_BE_TRUE) && may(b, AZ_MAY_BE_FALSE))
		outcome |= AZ_MAY_BE_FALSE;
	if (may(a, AZ_MAY_BE_FALSE) && may(b, AZ_MAY_BE_TRUE))
		outcome |= AZ_MAY_BE_FALSE;
	if (a == AZ_MAY_BE_NULL || b == AZ_MAY_BE_NULL)
		outcome = AZ_MAY_BE_NULL;
	return equal ? outcome : negate(outcome);
}

/* Is something compared with itself by one of these? */
static bool
compares_with_itself(const OpExpr *expr, const char *const *names, int n)
{
	char	   *name;
	int			i;

	if (expr->opno >= FirstUnpinnedObjectId || list_length(expr->args) != 2 ||
		!equal(linitial(expr->args), lsecond(expr->args)) ||
		contain_volatile_functions(linitial(expr->args)))
		return false;
	name = get_opname(expr->opno);
	for (i = 0; name && i < n; i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static AzOutcome
of_operator(const OpExpr *expr, Working *working)
{
	static const char *const same[] = {"=", "<=", ">="};
	static const char *const other[] = {"<>", "<", ">"};
	Oid			function = get_opcode(expr->opno);
	AzOutcome	certain = 0;

	if (function == F_BOOLEQ || function == F_BOOLNE)
		return of_equality(expr->args, function == F_BOOLEQ, working);
	if (!func_strict(function))
		return AZ_ANYTHING;
	if (compares_with_itself(expr, same, lengthof(same)))
		certain = AZ_MAY_BE_TRUE;
	else if (compares_with_itself(expr, other, lengthof(other)))
		certain = AZ_MAY_BE_FALSE;
	if (certain && working->asker == AZ_ANYBODY)
		return certain;
	return of_strict(expr->args, certain ? certain :
					 expr->opno < FirstUnpinnedObjectId && expr->opresulttype == BOOLOID ?
					 AZ_A_VALUE : AZ_ANYTHING, working);
}

static AzOutcome
of_distinct(const DistinctExpr *expr, Working *working)
{
	AzOutcome	a = work_out(linitial(expr->args), working);
	AzOutcome	b = work_out(lsecond(expr->args), working);
	AzOutcome	outcome = 0;

	if (exprType(linitial(expr->args)) != BOOLOID)
	{
		a = as_value(a);
		b = as_value(b);
	}
	if ((a & b) != 0)
		outcome |= AZ_MAY_BE_FALSE;
	if (a != b || (a != AZ_MAY_BE_NULL && a != AZ_MAY_BE_TRUE && a != AZ_MAY_BE_FALSE))
		outcome |= AZ_MAY_BE_TRUE;
	return outcome;
}

/* May the array have no element? */
static bool
may_be_empty(const Node *array)
{
	return !IsA(array, ArrayExpr) || ((const ArrayExpr *) array)->elements == NIL ||
		((const ArrayExpr *) array)->multidims;
}

/* Has it none for certain?  set_keys() for nobody, and ARRAY(SELECT ...). */
static bool
is_empty(Node *array, Working *working)
{
	AzCheckCall check;

	if (IsA(array, SubLink) && ((SubLink *) array)->subLinkType == ARRAY_SUBLINK)
		return !query_lets_rows((Query *) ((SubLink *) array)->subselect, working);
	return working->asker == AZ_NOBODY && az_read_check_call(array, &check) &&
		check.check && check.check->asks_set;
}

static AzOutcome
of_array_operator(const ScalarArrayOpExpr *expr, Working *working)
{
	Node	   *array = lsecond(expr->args);
	AzOutcome	empty = expr->useOr ? AZ_MAY_BE_FALSE : AZ_MAY_BE_TRUE;
	AzOutcome	of_array = work_out(array, working);

	if (of_array == AZ_MAY_BE_NULL)
		return AZ_MAY_BE_NULL;
	if (is_empty(array, working))
		return empty;
	if (!func_strict(get_opcode(expr->opno)) ||
		work_out(linitial(expr->args), working) != AZ_MAY_BE_NULL)
		return AZ_ANYTHING;
	return AZ_MAY_BE_NULL | (may_be_empty(array) ? empty : 0);
}

/*
 * What chooses
 */

static AzOutcome
of_coalesce(List *args, Working *working)
{
	AzOutcome	outcome = AZ_MAY_BE_NULL;
	ListCell   *lc;

	foreach(lc, args)
	{
		if (!may(outcome, AZ_MAY_BE_NULL))
			break;
		outcome = (outcome & ~AZ_MAY_BE_NULL) | work_out(lfirst(lc), working);
	}
	return outcome;
}

static AzOutcome
of_case(const CaseExpr *expr, Working *working)
{
	AzOutcome	around = working->tested;
	AzOutcome	outcome = 0;
	bool		goes_on = true;
	ListCell   *lc;

	working->tested = expr->arg ? work_out((Node *) expr->arg, working) : AZ_ANYTHING;
	foreach(lc, expr->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, lc);
		AzOutcome	condition = work_out((Node *) when->expr, working);

		if (may(condition, AZ_MAY_BE_TRUE))
			outcome |= work_out((Node *) when->result, working);
		goes_on = condition != AZ_MAY_BE_TRUE;
		if (!goes_on)
			break;
	}
	if (goes_on)
		outcome |= expr->defresult ? work_out((Node *) expr->defresult, working) : AZ_MAY_BE_NULL;
	working->tested = around;
	return outcome;
}

static AzOutcome
of_test(AzOutcome arg, int yes)
{
	return (may(arg, yes) ? AZ_MAY_BE_TRUE : 0) | (may(arg, AZ_ANYTHING & ~yes) ? AZ_MAY_BE_FALSE : 0);
}

static AzOutcome
of_null_test(const NullTest *test, Working *working)
{
	AzOutcome	arg = work_out((Node *) test->arg, working);

	if (test->argisrow && arg != AZ_MAY_BE_NULL)
		return AZ_A_VALUE;
	return of_test(arg, test->nulltesttype == IS_NULL ? AZ_MAY_BE_NULL : AZ_A_VALUE);
}

static AzOutcome
of_boolean_test(const BooleanTest *test, Working *working)
{
	AzOutcome	arg = work_out((Node *) test->arg, working);

	switch (test->booltesttype)
	{
		case IS_TRUE:
			return of_test(arg, AZ_MAY_BE_TRUE);
		case IS_NOT_TRUE:
			return of_test(arg, AZ_MAY_BE_FALSE | AZ_MAY_BE_NULL);
		case IS_FALSE:
			return of_test(arg, AZ_MAY_BE_FALSE);
		case IS_NOT_FALSE:
			return of_test(arg, AZ_MAY_BE_TRUE | AZ_MAY_BE_NULL);
		case IS_UNKNOWN:
			return of_test(arg, AZ_MAY_BE_NULL);
		case IS_NOT_UNKNOWN:
			return of_test(arg, AZ_A_VALUE);
	}
	return AZ_ANYTHING;
}

/*
 * Sub-selects
 */

static bool
entry_lets_rows(const Query *query, int index, Working *working)
{
	const RangeTblEntry *entry = rt_fetch(index, query->rtable);

	return entry->rtekind != RTE_SUBQUERY || query_lets_rows(entry->subquery, working);
}

static bool
condition_lets_rows(Node *condition, Working *working)
{
	return condition == NULL || may(work_out(condition, working), AZ_MAY_BE_TRUE);
}

/* May a row come through the conditions of these tables? */
static bool
lets_rows(Node *node, const Query *query, Working *working)
{
	ListCell   *lc;

	if (IsA(node, RangeTblRef))
		return entry_lets_rows(query, ((RangeTblRef *) node)->rtindex, working);
	if (IsA(node, FromExpr))
	{
		foreach(lc, ((FromExpr *) node)->fromlist)
		{
			if (!lets_rows(lfirst(lc), query, working))
				return false;
		}
		return condition_lets_rows(((FromExpr *) node)->quals, working);
	}
	if (IsA(node, JoinExpr) && ((JoinExpr *) node)->jointype == JOIN_INNER)
		return lets_rows(((JoinExpr *) node)->larg, query, working) &&
			lets_rows(((JoinExpr *) node)->rarg, query, working) &&
			condition_lets_rows(((JoinExpr *) node)->quals, working);
	return true;
}

static bool
set_lets_rows(Node *node, const Query *query, Working *working)
{
	SetOperationStmt *set = (SetOperationStmt *) node;

	if (IsA(node, RangeTblRef))
		return entry_lets_rows(query, ((RangeTblRef *) node)->rtindex, working);
	switch (set->op)
	{
		case SETOP_UNION:
			return set_lets_rows(set->larg, query, working) ||
				set_lets_rows(set->rarg, query, working);
		case SETOP_INTERSECT:
			return set_lets_rows(set->larg, query, working) &&
				set_lets_rows(set->rarg, query, working);
		default:
			return set_lets_rows(set->larg, query, working);
	}
}

static bool
query_lets_rows(const Query *query, Working *working)
{
	if (query->commandType != CMD_SELECT || query->jointree == NULL || query->groupingSets ||
		(query->hasAggs && query->groupClause == NIL))
		return true;
	if (query->setOperations)
		return set_lets_rows(query->setOperations, query, working);
	return lets_rows((Node *) query->jointree, query, working) &&
		condition_lets_rows(query->havingQual, working);
}

/* One row for each of its tables' that its condition lets through. */
static bool
is_plain(const Query *query)
{
	return query->commandType == CMD_SELECT && !query->hasAggs && query->groupClause == NIL &&
		query->groupingSets == NIL && query->setOperations == NULL &&
		query->havingQual == NULL && !query->hasTargetSRFs &&
		query->limitCount == NULL && query->limitOffset == NULL;
}

/* Is it certain that there is a row? */
static bool
has_row(const Query *query, Working *working)
{
	return is_plain(query) && query->jointree->fromlist == NIL &&
		(query->jointree->quals == NULL ||
		 work_out(query->jointree->quals, working) == AZ_MAY_BE_TRUE);
}

/* One row, whatever its tables have. */
static bool
is_one_aggregated(const Query *query)
{
	return query->hasAggs && query->groupClause == NIL && query->groupingSets == NIL &&
		query->havingQual == NULL && query->setOperations == NULL &&
		query->limitCount == NULL && query->limitOffset == NULL && !query->hasTargetSRFs;
}

static AzOutcome
of_aggregated(const Query *query, Working *working)
{
	bool		around = working->no_rows;
	AzOutcome	outcome;

	working->no_rows = !lets_rows((Node *) query->jointree, query, working);
	outcome = work_out((Node *) linitial_node(TargetEntry, query->targetList)->expr, working);
	working->no_rows = around;
	return outcome;
}

/* Over no rows, core's own are NULL, but for those that count. */
static AzOutcome
of_aggregate(const Aggref *aggregate, const Working *working)
{
	char	   *name = working->no_rows && aggregate->agglevelsup == 0 &&
		aggregate->aggfnoid < FirstUnpinnedObjectId ? get_func_name(aggregate->aggfnoid) : NULL;

	return name && strstr(name, "count") == NULL ? AZ_MAY_BE_NULL : AZ_ANYTHING;
}

static AzOutcome
of_sublink(const SubLink *sublink, Working *working)
{
	const Query *query = (const Query *) sublink->subselect;
	bool		rows = query_lets_rows(query, working);
	AzOutcome	none;

	switch (sublink->subLinkType)
	{
		case EXISTS_SUBLINK:
			return (rows ? AZ_MAY_BE_TRUE : 0) | (has_row(query, working) ? 0 : AZ_MAY_BE_FALSE);
		case ANY_SUBLINK:
			return rows ? AZ_ANYTHING : AZ_MAY_BE_FALSE;
		case ALL_SUBLINK:
			return rows ? AZ_ANYTHING : AZ_MAY_BE_TRUE;
		case EXPR_SUBLINK:
			if (is_one_aggregated(query))
				return of_aggregated(query, working);
			if (!rows)
				return AZ_MAY_BE_NULL;
			if (!is_plain(query))
				return AZ_ANYTHING;
			none = has_row(query, working) ? 0 : AZ_MAY_BE_NULL;
			return none | work_out((Node *) linitial_node(TargetEntry, query->targetList)->expr, working);
		default:
			return AZ_ANYTHING;
	}
}

/*
 * All of them
 */

static AzOutcome
of_const(const Const *constant)
{
	if (constant->constisnull)
		return AZ_MAY_BE_NULL;
	if (constant->consttype != BOOLOID)
		return AZ_A_VALUE;
	return DatumGetBool(constant->constvalue) ? AZ_MAY_BE_TRUE : AZ_MAY_BE_FALSE;
}

/* NULL goes through, and a value stays one. */
static AzOutcome
of_conversion(Node *arg, Working *working)
{
	AzOutcome	outcome = work_out(arg, working);

	return outcome == AZ_MAY_BE_NULL ? outcome : AZ_ANYTHING;
}

static AzOutcome
work_out(Node *node, Working *working)
{
	if (node == NULL)
		return AZ_ANYTHING;
	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	switch (nodeTag(node))
	{
		case T_Const:
			return of_const((Const *) node);
		case T_BoolExpr:
			return of_connective((BoolExpr *) node, working);
		case T_FuncExpr:
			return of_call((FuncExpr *) node, working);
		case T_OpExpr:
			return of_operator((OpExpr *) node, working);
		case T_DistinctExpr:
			return of_distinct((DistinctExpr *) node, working);
		case T_ScalarArrayOpExpr:
			return of_array_operator((ScalarArrayOpExpr *) node, working);
		case T_CoalesceExpr:
			return of_coalesce(((CoalesceExpr *) node)->args, working);
		case T_CaseExpr:
			return of_case((CaseExpr *) node, working);
		case T_CaseTestExpr:
			return working->tested;
		case T_NullTest:
			return of_null_test((NullTest *) node, working);
		case T_BooleanTest:
			return of_boolean_test((BooleanTest *) node, working);
		case T_SubLink:
			return of_sublink((SubLink *) node, working);
		case T_RelabelType:
			return work_out((Node *) ((RelabelType *) node)->arg, working);
		case T_CollateExpr:
			return work_out((Node *) ((CollateExpr *) node)->arg, working);
		case T_NamedArgExpr:
			return work_out((Node *) ((NamedArgExpr *) node)->arg, working);
		case T_CoerceToDomain:
			return work_out((Node *) ((CoerceToDomain *) node)->arg, working);
		case T_CoerceViaIO:
			return of_conversion((Node *) ((CoerceViaIO *) node)->arg, working);
		case T_ArrayCoerceExpr:
			return of_conversion((Node *) ((ArrayCoerceExpr *) node)->arg, working);
		case T_FieldSelect:
			return of_conversion((Node *) ((FieldSelect *) node)->arg, working);
		case T_SubscriptingRef:
			return of_conversion((Node *) ((SubscriptingRef *) node)->refexpr, working);
		case T_Aggref:
			return of_aggregate((Aggref *) node, working);
		case T_ArrayExpr:
			return AZ_A_VALUE;
		default:
			return AZ_ANYTHING;
	}
}

AzOutcome
az_outcome(Node *expr, AzAsker asker)
{
	Working		working = {asker, AZ_ANYTHING, 0, false};

	return work_out(expr, &working);
}

/*
 * What it goes by
 */

typedef struct Asking
{
	int			asks;
	int			depth;
} Asking;

static bool note_asked(Node *node, void *arg);

/* Core's own which say nothing about who asks, nor of what. */
static bool
says_nothing(Oid function)
{
	static const char *const names[] = {"now", "clock_timestamp", "statement_timestamp",
	"transaction_timestamp", "timeofday", "random"};
	char	   *name = get_func_name(function);
	int			i;

	for (i = 0; name && i < (int) lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static bool
note_function(Oid function, void *arg)
{
	Asking	   *asking = arg;

	if (function >= FirstUnpinnedObjectId ||
		(func_volatile(function) != PROVOLATILE_IMMUTABLE && !says_nothing(function)))
		asking->asks |= AZ_ASKS_ELSE;
	return false;
}

static void
note_call(FuncExpr *call, Asking *asking)
{
	AzCheckCall check;
	Node	   *body;
	bool		inlined;

	if (az_read_check_call((Node *) call, &check))
	{
		asking->asks |= AZ_ASKS_IDENTITY;
		return;
	}
	body = asking->depth < AZ_MAX_BODIES ? az_sql_body(call, &inlined) : NULL;
	if (body == NULL)
	{
		(void) note_function(call->funcid, asking);
		return;
	}
	asking->depth++;
	(void) note_asked(body, asking);
	asking->depth--;
}

static bool
note_asked(Node *node, void *arg)
{
	Asking	   *asking = arg;

	if (node == NULL)
		return false;
	check_stack_depth();
	if (IsA(node, FuncExpr))
		note_call((FuncExpr *) node, asking);
	else if (IsA(node, OpExpr))
		(void) note_function(get_opcode(((OpExpr *) node)->opno), asking);
	else if (IsA(node, Var))
		asking->asks |= AZ_ASKS_ROW;
	else if (IsA(node, SQLValueFunction) &&
			 ((SQLValueFunction *) node)->op >= SVFOP_CURRENT_ROLE)
		asking->asks |= AZ_ASKS_ELSE;
	else if (IsA(node, RangeTblEntry) && ((RangeTblEntry *) node)->rtekind == RTE_RELATION)
		asking->asks |= AZ_ASKS_ELSE;
	if (IsA(node, RangeTblEntry))
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, note_asked, asking, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, note_asked, asking);
}

int
az_asks(Node *expr)
{
	Asking		asking = {0, 0};

	(void) note_asked(expr, &asking);
	return asking.asks;
}
