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
#include "lint/outcome_intern.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

/* Of any number of arms: "stops" is the value that decides. */
static AzOutcome
combine(List *arms, int stops, AzWorking *working)
{
	int			goes_on = AZ_A_VALUE & ~stops;
	AzOutcome	all = goes_on;
	ListCell   *lc;

	foreach(lc, arms)
	{
		AzOutcome	arm = az_work_out(lfirst(lc), working);
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
	/* the enumeration has each test before its opposite */
	if (IsA(a, BooleanTest) && IsA(b, BooleanTest))
		return (((const BooleanTest *) a)->booltesttype ^ ((const BooleanTest *) b)->booltesttype) == 1 &&
			equal(((const BooleanTest *) a)->arg, ((const BooleanTest *) b)->arg);
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
of_connective(const BoolExpr *expr, AzWorking *working)
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
			return negate(az_work_out(linitial(expr->args), working));
	}
	return AZ_ANYTHING;
}

/*
 * What chooses
 */

static AzOutcome
of_coalesce(List *args, AzWorking *working)
{
	AzOutcome	outcome = AZ_MAY_BE_NULL;
	ListCell   *lc;

	foreach(lc, args)
	{
		if (!may(outcome, AZ_MAY_BE_NULL))
			break;
		outcome = (outcome & ~AZ_MAY_BE_NULL) | az_work_out(lfirst(lc), working);
	}
	return outcome;
}

static AzOutcome
of_case(const CaseExpr *expr, AzWorking *working)
{
	AzOutcome	around = working->tested;
	AzOutcome	outcome = 0;
	bool		goes_on = true;
	ListCell   *lc;

	working->tested = expr->arg ? az_work_out((Node *) expr->arg, working) : AZ_ANYTHING;
	foreach(lc, expr->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, lc);
		AzOutcome	condition = az_work_out((Node *) when->expr, working);

		if (may(condition, AZ_MAY_BE_TRUE))
			outcome |= az_work_out((Node *) when->result, working);
		goes_on = condition != AZ_MAY_BE_TRUE;
		if (!goes_on)
			break;
	}
	if (goes_on)
		outcome |= expr->defresult ? az_work_out((Node *) expr->defresult, working) : AZ_MAY_BE_NULL;
	working->tested = around;
	return outcome;
}

static AzOutcome
of_test(AzOutcome arg, int yes)
{
	return (may(arg, yes) ? AZ_MAY_BE_TRUE : 0) | (may(arg, AZ_ANYTHING & ~yes) ? AZ_MAY_BE_FALSE : 0);
}

static AzOutcome
of_null_test(const NullTest *test, AzWorking *working)
{
	AzOutcome	arg = az_work_out((Node *) test->arg, working);

	if (test->argisrow && arg != AZ_MAY_BE_NULL)
		return AZ_A_VALUE;
	return of_test(arg, test->nulltesttype == IS_NULL ? AZ_MAY_BE_NULL : AZ_A_VALUE);
}

static AzOutcome
of_boolean_test(const BooleanTest *test, AzWorking *working)
{
	AzOutcome	arg = az_work_out((Node *) test->arg, working);

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

/* What stands in it, and is the same without it; NULL: it is something else. */
static Node *
without_wrap(Node *node)
{
	switch (nodeTag(node))
	{
		case T_RelabelType:
			return (Node *) ((RelabelType *) node)->arg;
		case T_CollateExpr:
			return (Node *) ((CollateExpr *) node)->arg;
		case T_NamedArgExpr:
			return (Node *) ((NamedArgExpr *) node)->arg;
		case T_CoerceToDomain:
			return (Node *) ((CoerceToDomain *) node)->arg;
		default:
			return NULL;
	}
}

/* What it makes something else of, NULL of NULL; NULL: it is something else. */
static Node *
converted_by(Node *node)
{
	switch (nodeTag(node))
	{
		case T_CoerceViaIO:
			return (Node *) ((CoerceViaIO *) node)->arg;
		case T_ArrayCoerceExpr:
			return (Node *) ((ArrayCoerceExpr *) node)->arg;
		case T_FieldSelect:
			return (Node *) ((FieldSelect *) node)->arg;
		case T_SubscriptingRef:
			return (Node *) ((SubscriptingRef *) node)->refexpr;
		case T_NullIfExpr:
			return linitial(((NullIfExpr *) node)->args);
		default:
			return NULL;
	}
}

static AzOutcome
of_rest(Node *node, AzWorking *working)
{
	Node	   *inner = without_wrap(node);

	if (inner)
		return az_work_out(inner, working);
	inner = converted_by(node);
	return inner && az_work_out(inner, working) == AZ_MAY_BE_NULL ? AZ_MAY_BE_NULL : AZ_ANYTHING;
}

AzOutcome
az_work_out(Node *node, AzWorking *working)
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
			return az_outcome_of_call((FuncExpr *) node, working);
		case T_OpExpr:
			return az_outcome_of_operator((OpExpr *) node, working);
		case T_DistinctExpr:
			return az_outcome_of_distinct((DistinctExpr *) node, working);
		case T_ScalarArrayOpExpr:
			return az_outcome_of_array_operator((ScalarArrayOpExpr *) node, working);
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
			return az_outcome_of_sublink((SubLink *) node, working);
		case T_Aggref:
			return az_outcome_of_aggregate((Aggref *) node, working);
		case T_ArrayExpr:
			return AZ_A_VALUE;
		default:
			return of_rest(node, working);
	}
}

AzOutcome
az_outcome(Node *expr, AzAsker asker)
{
	AzWorking		working = {asker, AZ_ANYTHING, 0, false};

	return az_work_out(expr, &working);
}

