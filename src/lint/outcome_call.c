/*-------------------------------------------------------------------------
 *
 * outcome_call.c
 *	  What calls and operators may come to.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/outcome_intern.h"

#include "access/transam.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "lint/check_call.h"
#include "lint/sql_body.h"

/* Of what is no boolean, true and false are one. */
static AzOutcome
as_value(AzOutcome outcome)
{
	return outcome & AZ_A_VALUE ? outcome | AZ_A_VALUE : outcome;
}

/* Of a strict one: what arguments that are NULL, or may be, come to. */
static AzOutcome
of_strict(List *args, AzOutcome outcome, AzWorking *working)
{
	ListCell   *lc;

	foreach(lc, args)
	{
		AzOutcome	arg = az_work_out(lfirst(lc), working);

		if (arg == AZ_MAY_BE_NULL)
			return AZ_MAY_BE_NULL;
		outcome |= arg & AZ_MAY_BE_NULL;
	}
	return outcome;
}

/* What has a value for nobody, too. */
static bool
speaks_for_nobody(const AzCheckCall *check)
{
	return strcmp(check->name, "authz.token_state") == 0 ||
		strcmp(check->name, "authz.version") == 0;
}

/* For nobody, a check is false and an accessor NULL (R1). */
static AzOutcome
of_check(const AzCheckCall *check, const AzWorking *working)
{
	bool		asks = check->call->funcresulttype == BOOLOID;

	if (check->check && check->check->asks_set && !asks)
		return AZ_A_VALUE;		/* set_keys(): an empty array */
	if (check->check == NULL && !asks && !func_strict(check->call->funcid) &&
		func_volatile(check->call->funcid) == PROVOLATILE_VOLATILE)
		return AZ_ANYTHING;
	if (speaks_for_nobody(check))
		return AZ_A_VALUE;
	if (working->asker == AZ_NOBODY)
		return asks ? AZ_MAY_BE_FALSE : AZ_MAY_BE_NULL;
	if (working->asker == AZ_ACTOR && check->check &&
		strcmp(check->check->symbol, "authz_is_delegated") == 0)
		return AZ_MAY_BE_TRUE;
	return asks ? AZ_A_VALUE : AZ_ANYTHING;
}

/* Core's own which are not STRICT, and are NULL where their first argument is. */
static bool
is_null_of_null(Oid function)
{
	return function == F_STRING_TO_ARRAY_TEXT_TEXT || function == F_STRING_TO_ARRAY_TEXT_TEXT_TEXT;
}

AzOutcome
az_outcome_of_call(const FuncExpr *call, AzWorking *working)
{
	AzCheckCall check;
	Node	   *body;
	bool		inlined;
	AzOutcome	outcome;

	if (az_read_check_call((const Node *) call, &check))
		return of_check(&check, working);
	if (is_null_of_null(call->funcid) &&
		az_work_out(linitial(call->args), working) == AZ_MAY_BE_NULL)
		return AZ_MAY_BE_NULL;
	body = working->depth < AZ_MAX_BODIES ? az_sql_body(call, &inlined) : NULL;
	if (body == NULL)
		return func_strict(call->funcid) ?
			of_strict(call->args, AZ_ANYTHING, working) : AZ_ANYTHING;
	working->depth++;
	outcome = az_work_out(body, working);
	working->depth--;
	return func_strict(call->funcid) ? of_strict(call->args, outcome, working) : outcome;
}

/* Of two booleans. */
static AzOutcome
of_equality(List *args, bool equal, AzWorking *working)
{
	AzOutcome	a = az_work_out(linitial(args), working);
	AzOutcome	b = az_work_out(lsecond(args), working);
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

static bool
is_of_others(Oid function, void *arg)
{
	return function >= FirstUnpinnedObjectId;
}

static bool
calls_others(Node *node, void *arg)
{
	return node != NULL &&
		(check_functions_in_node(node, is_of_others, arg) ||
		 expression_tree_walker(node, calls_others, arg));
}

/* Are both arguments one, which goes by the row alone? */
static bool
is_same_twice(const List *args)
{
	return list_length(args) == 2 && equal(linitial(args), lsecond(args)) &&
		!calls_others(linitial(args), NULL) && !contain_subplans(linitial(args)) &&
		!contain_volatile_functions(linitial(args));
}

/* Is something compared with itself by one of these? */
static bool
compares_with_itself(const OpExpr *expr, const char *const *names, int n)
{
	char	   *name;
	int			i;

	if (expr->opno >= FirstUnpinnedObjectId || !is_same_twice(expr->args))
		return false;
	name = get_opname(expr->opno);
	for (i = 0; name && i < n; i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* The number that a constant says. */
static bool
is_number(const Node *node, int64 *number)
{
	const Const *constant = (const Const *) node;

	if (!IsA(node, Const) || constant->constisnull ||
		(constant->consttype != INT4OID && constant->consttype != INT8OID))
		return false;
	*number = constant->consttype == INT4OID ? DatumGetInt32(constant->constvalue) :
		DatumGetInt64(constant->constvalue);
	return true;
}

/* Of a count of nothing before one of core's operators and a number; 0: it is none. */
static AzOutcome
of_count(const OpExpr *expr, AzWorking *working)
{
	int64		number;
	char	   *name;
	bool		is;

	if (expr->opno >= FirstUnpinnedObjectId || list_length(expr->args) != 2 ||
		!is_number(lsecond(expr->args), &number) ||
		!az_is_count_of_none(linitial(expr->args), working))
		return 0;
	name = get_opname(expr->opno);
	if (strcmp(name, "=") == 0)
		is = 0 == number;
	else if (strcmp(name, "<>") == 0)
		is = 0 != number;
	else if (strcmp(name, ">") == 0)
		is = 0 > number;
	else if (strcmp(name, ">=") == 0)
		is = 0 >= number;
	else
		return 0;
	return is ? AZ_MAY_BE_TRUE : AZ_MAY_BE_FALSE;
}

/* Of token_state() and 'valid', which it is not for nobody; 0: it is something else. */
static AzOutcome
of_token_state(const OpExpr *expr, const AzWorking *working)
{
	Oid			function = get_opcode(expr->opno);
	bool		is_first = IsA(linitial(expr->args), FuncExpr);
	AzCheckCall check;
	List	   *texts;

	if (working->asker != AZ_NOBODY || (function != F_TEXTEQ && function != F_TEXTNE) ||
		!az_read_check_call(is_first ? linitial(expr->args) : lsecond(expr->args), &check) ||
		strcmp(check.name, "authz.token_state") != 0 ||
		!az_read_texts(is_first ? lsecond(expr->args) : linitial(expr->args), &texts) ||
		linitial(texts) == NULL || strcmp(linitial(texts), "valid") != 0)
		return 0;
	return function == F_TEXTEQ ? AZ_MAY_BE_FALSE : AZ_MAY_BE_TRUE;
}

AzOutcome
az_outcome_of_operator(const OpExpr *expr, AzWorking *working)
{
	static const char *const same[] = {"=", "<=", ">="};
	static const char *const other[] = {"<>", "<", ">"};
	Oid			function = get_opcode(expr->opno);
	AzOutcome	certain = 0;

	if (function == F_BOOLEQ || function == F_BOOLNE)
		return of_equality(expr->args, function == F_BOOLEQ, working);
	if (!func_strict(function))
		return AZ_ANYTHING;
	certain = of_count(expr, working);
	if (certain == 0)
		certain = of_token_state(expr, working);
	if (certain)
		return certain;
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

AzOutcome
az_outcome_of_distinct(const DistinctExpr *expr, AzWorking *working)
{
	AzOutcome	a = az_work_out(linitial(expr->args), working);
	AzOutcome	b = az_work_out(lsecond(expr->args), working);
	AzOutcome	outcome = 0;

	if (exprType(linitial(expr->args)) != BOOLOID)
	{
		a = as_value(a);
		b = as_value(b);
	}
	if (is_same_twice(expr->args))
		return AZ_MAY_BE_FALSE;
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
is_empty(Node *array, AzWorking *working)
{
	AzCheckCall check;

	if (IsA(array, SubLink) && ((SubLink *) array)->subLinkType == ARRAY_SUBLINK)
		return !az_query_lets_rows((Query *) ((SubLink *) array)->subselect, working);
	return working->asker == AZ_NOBODY && az_read_check_call(array, &check) &&
		check.check && check.check->asks_set;
}

/* How many elements of a list are NULL for certain; *n: of how many, 0: it is no list. */
static int
count_nulls(const Node *array, int *n, AzWorking *working)
{
	const ArrayExpr *list = (const ArrayExpr *) array;
	int			nulls = 0;
	ListCell   *lc;

	*n = 0;
	if (!IsA(array, ArrayExpr) || list->multidims)
		return 0;
	foreach(lc, list->elements)
	{
		if (az_work_out(lfirst(lc), working) == AZ_MAY_BE_NULL)
			nulls++;
		++*n;
	}
	return nulls;
}

AzOutcome
az_outcome_of_array_operator(const ScalarArrayOpExpr *expr, AzWorking *working)
{
	Node	   *array = lsecond(expr->args);
	AzOutcome	empty = expr->useOr ? AZ_MAY_BE_FALSE : AZ_MAY_BE_TRUE;
	AzOutcome	of_array = az_work_out(array, working);
	int			nulls;
	int			n;

	if (of_array == AZ_MAY_BE_NULL)
		return AZ_MAY_BE_NULL;
	if (is_empty(array, working))
		return empty;
	if (!func_strict(get_opcode(expr->opno)))
		return AZ_ANYTHING;
	if (az_work_out(linitial(expr->args), working) == AZ_MAY_BE_NULL)
		return AZ_MAY_BE_NULL | (may_be_empty(array) ? empty : 0);
	nulls = count_nulls(array, &n, working);
	if (nulls == 0)
		return AZ_ANYTHING;
	/* one that is NULL keeps ANY from false, and ALL from true */
	return AZ_MAY_BE_NULL | (nulls == n ? 0 : AZ_A_VALUE & ~empty);
}

