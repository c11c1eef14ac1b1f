/*-------------------------------------------------------------------------
 *
 * fold.c
 *	  What a call means for the identity in force, as an expression without
 *	  calls.
 *
 * A call over constants becomes its result.  A call over a column becomes the
 * comparison of the column with what the identity says, AND the column IS NOT
 * NULL: the calls answer false, never NULL, and so must what stands in for
 * them, under NOT, in a select list and above an outer join.  Indexes,
 * statistics and partition pruning are then the planner's ordinary work.
 *
 * Nothing here raises on data: what could, stays a call.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/fold.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "items/grants.h"
#include "items/item_path.h"
#include "items/item_table.h"
#include "planner/function.h"
#include "server/datum.h"
#include "server/value.h"

/* A column as a call names it, and how its type compares. */
typedef struct Column
{
	Expr	   *expr;			/* in the type that "equals" takes */
	AzValueKind kind;
	Oid			type;			/* of that expression and of the constants */
	Oid			array_type;
	Oid			equals;			/* operator */
	Oid			collation;
	int16		len;
	bool		byval;
	char		align;
} Column;

/*
 * Calls over constants
 */

/* R3: an empty list of requirements is an error. */
static bool
is_list(const Const *constant)
{
	ArrayType  *array;

	if (constant->constisnull)
		return true;
	array = DatumGetArrayTypeP(constant->constvalue);
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > 0;
}

static bool
is_path(const Const *constant)
{
	text	   *item;

	if (constant->constisnull)
		return true;
	item = DatumGetTextPP(constant->constvalue);
	return az_is_item_path(VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item));
}

/*
 * A value to compare with a claim.  NULL too is of a type, which may be
 * refused.  The equality of citext is another extension's function, and may
 * raise: it is for the executor to call.
 */
static bool
is_value(const Const *constant)
{
	AzValueKind kind;
	Oid			base;

	return az_value_kind(constant->consttype, &kind, &base) &&
		kind != AZ_VALUE_CITEXT;
}

/*
 * Does the check take this constant for that argument without an error?  What
 * is not known to be taken is not.
 */
static bool
takes(const AzCheck *check, int argument, const Node *arg)
{
	const Const *constant = (const Const *) arg;

	if (!IsA(arg, Const))
		return false;
	if (argument == check->value_argument)
		return is_value(constant);
	if (argument == check->item_argument)
		return is_path(constant);
	switch (constant->consttype)
	{
		case BOOLOID:
		case TEXTOID:
			return true;
		case TEXTARRAYOID:
			return check->leakproof || is_list(constant);
		default:
			return false;
	}
}

/* Are the arguments from that one on constants which the check takes? */
static bool
takes_from(const AzCheck *check, List *args, int first)
{
	ListCell   *lc;

	for_each_from(lc, args, first - 1)
	{
		if (!takes(check, foreach_current_index(lc) + 1, lfirst(lc)))
			return false;
	}
	return true;
}

/*
 * What a function keeps for its call.  Of its own, so that nobody takes the
 * call for one of the query during which is planned.
 */
static MemoryContext
scratch_context(void)
{
	static MemoryContext context = NULL;

	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "dbmi_authz folding",
										ALLOCSET_SMALL_SIZES);
	MemoryContextReset(context);
	return context;
}

/*
 * What the call returns, as evaluate_expr() would say: our functions need no
 * executor state, and making one would be most of the work.
 */
static Node *
call_now(FuncExpr *call)
{
	LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);
	FmgrInfo	function;
	ListCell   *lc;
	Datum		result;
	int16		len;
	bool		byval;

	fmgr_info_cxt(call->funcid, &function, scratch_context());
	fmgr_info_set_expr((Node *) call, &function);
	InitFunctionCallInfoData(*fcinfo, &function, list_length(call->args),
							 call->inputcollid, NULL, NULL);
	foreach(lc, call->args)
	{
		const Const *arg = lfirst_node(Const, lc);

		fcinfo->args[foreach_current_index(lc)].value = arg->constvalue;
		fcinfo->args[foreach_current_index(lc)].isnull = arg->constisnull;
	}
	result = FunctionCallInvoke(fcinfo);
	get_typlenbyval(call->funcresulttype, &len, &byval);
	return (Node *) makeConst(call->funcresulttype, -1, call->funccollid, len,
							  fcinfo->isnull ? (Datum) 0 : result,
							  fcinfo->isnull, byval);
}

/*
 * Calls over a column
 */

/*
 * A plain column, or one that is merely looked at as another type: it is
 * going to stand twice, so it must cost nothing and have no side effects.
 */
static bool
describe_column(Node *arg, Column *column)
{
	Node	   *inner = arg;
	Oid			base;

	while (IsA(inner, RelabelType))
		inner = (Node *) ((RelabelType *) inner)->arg;
	if (!IsA(inner, Var) || !az_value_kind(exprType(arg), &column->kind, &base))
		return false;

	/* the input of "name" truncates: a longer claim would match */
	if (column->kind == AZ_VALUE_NAME)
		return false;
	column->type = column->kind == AZ_VALUE_TEXT ? TEXTOID : base;
	column->equals = az_equality(column->kind, column->type);
	column->array_type = get_array_type(column->type);
	column->collation = exprCollation(arg);
	if (!OidIsValid(column->equals) || !OidIsValid(column->array_type) ||
		OidIsValid(get_typcollation(column->type)) != OidIsValid(column->collation))
		return false;

	/* the call compares by itself, the operator needs a right */
	if (!az_is_executable(get_opcode(column->equals)))
		return false;

	/* the order of citext, so its indexes, go by the collation; "=" does not */
	if (column->kind == AZ_VALUE_CITEXT &&
		!get_collation_isdeterministic(column->collation))
		return false;
	get_typlenbyvalalign(column->type, &column->len, &column->byval, &column->align);

	column->expr = (Expr *) arg;
	if (exprType(arg) != column->type)
		column->expr = (Expr *) makeRelabelType((Expr *) arg, column->type, -1,
												column->collation,
												COERCE_IMPLICIT_CAST);
	return true;
}

/* column = value, or column = ANY (values), under that collation. */
static Expr *
make_comparison(const Column *column, Datum *values, int n, Oid collation)
{
	ScalarArrayOpExpr *any;
	Const	   *constant;

	if (n == 1)
	{
		constant = makeConst(column->type, -1, get_typcollation(column->type),
							 column->len, values[0], false, column->byval);
		return make_opclause(column->equals, BOOLOID, false,
							 copyObject(column->expr), (Expr *) constant,
							 InvalidOid, collation);
	}
	constant = makeConst(column->array_type, -1, get_typcollation(column->type), -1,
						 PointerGetDatum(construct_array(values, n, column->type,
														 column->len, column->byval,
														 column->align)),
						 false, false);
	any = makeNode(ScalarArrayOpExpr);
	any->opno = column->equals;
	any->opfuncid = get_opcode(column->equals);
	any->useOr = true;
	any->inputcollid = collation;
	any->args = list_make2(copyObject(column->expr), constant);
	any->location = -1;
	return (Expr *) any;
}

/*
 * Texts compare bytewise.  A deterministic collation does just that, and only
 * the column's own lets an index be used; for the other kind the column's own
 * finds the candidates and "C" decides.  citext has an equality of its own.
 */
static Node *
compare(const Column *column, Datum *values, int n)
{
	NullTest   *not_null = makeNode(NullTest);
	List	   *all;

	not_null->arg = copyObject(column->expr);
	not_null->nulltesttype = IS_NOT_NULL;
	not_null->argisrow = false;
	not_null->location = -1;

	all = list_make2(make_comparison(column, values, n, column->collation), not_null);
	if (column->kind == AZ_VALUE_TEXT &&
		!get_collation_isdeterministic(column->collation))
		all = lcons(make_comparison(column, values, n, C_COLLATION_OID), all);
	return (Node *) makeBoolExpr(AND_EXPR, all, -1);
}

static Node *
fold_column(const AzIdentity *id, FuncExpr *call, AzColumnClaims claims)
{
	Column		column;
	List	   *accepted;
	ListCell   *lc;
	Datum	   *values;
	int			n = 0;

	if (!describe_column(linitial(call->args), &column))
		return NULL;

	accepted = id ? claims(id, call->args) : NIL;
	values = palloc(sizeof(Datum) * (list_length(accepted) + 1));
	foreach(lc, accepted)
	{
		const AzNode *claim = lfirst(lc);

		if (az_read_value(column.kind, az_node_bytes(id, claim),
						  az_node_len(claim), &values[n]))
			n++;
	}
	if (n == 0)
		return makeBoolConst(false, false);
	return compare(&column, values, n);
}

/* An administrator owns every value, of a type that a claim can have. */
static bool
owns_all(const AzIdentity *id, Node *arg)
{
	AzValueKind kind;
	Oid			base;

	return az_is_admin(id) && az_value_kind(exprType(arg), &kind, &base);
}

Node *
az_fold(FuncExpr *call, const AzCheck *check, const AzIdentity *id)
{
	if (check->kind == AZ_STAYS || check->basis == AZ_ON_RULES ||
		check->changes_with_time || call->funcretset)
		return NULL;
	if (takes_from(check, call->args, 1))
		return call_now(call);
	if (check->claims == NULL || !takes_from(check, call->args, 2))
		return NULL;
	if (check->or_admin && owns_all(id, linitial(call->args)))
		return makeBoolConst(true, false);
	return fold_column(id, call, check->claims);
}
