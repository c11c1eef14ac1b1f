/*-------------------------------------------------------------------------
 *
 * fold.c
 *	  What a call means for the identity in force, as an expression without
 *	  calls.
 *
 * A call over constants becomes its result.  A call over a column becomes the
 * comparison of the column with what the identity says.  Indexes, statistics
 * and partition pruning are then the planner's ordinary work.
 *
 * Nothing here raises an error on data: a call that could stays a call.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/fold.h"

#include "catalog/pg_type.h"
#include "datatype/timestamp.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "items/grants.h"
#include "items/item_path.h"
#include "items/item_table.h"
#include "planner/ask.h"
#include "server/datum.h"
#include "server/value.h"
#include "session/session.h"

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
 * Does the check accept this constant for that argument without an error?  If
 * that is not known, the answer is no.
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
			return check->leakproof;
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

static Node *
call_now(const FuncExpr *call)
{
	bool		isnull;
	Datum		result = az_ask(call, &isnull);
	int16		len;
	bool		byval;

	get_typlenbyval(call->funcresulttype, &len, &byval);
	return (Node *) makeConst(call->funcresulttype, -1, call->funccollid, len,
							  isnull ? (Datum) 0 : result, isnull, byval);
}

/*
 * Calls over a column
 */

static Node *
compare(const AzComparand *column, const AzIdentity *id, AzColumnClaims claims,
		List *args, AzPlace place)
{
	Datum	   *values;
	int			n = az_read_claims(column, id, claims, args, &values);

	if (n == 0)
		return makeBoolConst(false, false);
	return az_make_comparison(column, (Expr *) (n == 1 ? az_make_value(column, values[0]) :
										az_make_values(column, values, n)), place);
}

/* Does an administrator own it?  Every value, of a type that a claim can have. */
static bool
may_own_all(const AzCheck *check, Node *arg)
{
	AzValueKind kind;
	Oid			base;

	return check->or_admin && az_value_kind(exprType(arg), &kind, &base);
}

/* Does it ask whether nobody reaches a key?  The type is still checked. */
static bool
reaches_nobody(const FuncExpr *call, const AzCheck *check, const AzIdentity *id)
{
	AzValueKind kind;
	Oid			base;

	return id == NULL && check->asks_set && call->funcresulttype == BOOLOID &&
		az_value_kind(exprType(lsecond(call->args)), &kind, &base);
}

/*
 * Both ways
 */

AzForm
az_form_of(const FuncExpr *call, const AzCheck *check)
{
	if (check->kind == AZ_STAYS || check->basis == AZ_ON_RULES || call->funcretset)
		return AZ_NO_FORM;
	if (takes_from(check, call->args, 1))
		return AZ_OVER_CONSTANTS;
	return check->claims && !check->changes_with_time &&
		takes_from(check, call->args, 2) ? AZ_OVER_COLUMN : AZ_NO_FORM;
}

/*
 * An answer that ends at once is left to the executor: the plan would be
 * outdated before it starts.
 */
#define SHORTEST_ANSWER		(2 * USECS_PER_SEC)

static Node *
fold_constants(const FuncExpr *call, const AzCheck *check, int64 *until)
{
	Node	   *answer;

	if (check->changes_with_time && until == NULL)
		return NULL;
	answer = call_now(call);
	if (!check->changes_with_time || az_asked_until() == AZ_FOREVER)
		return answer;
	*until = az_asked_until();
	return *until - az_unix_now() < SHORTEST_ANSWER ? NULL : answer;
}

Node *
az_fold(FuncExpr *call, const AzCheck *check, const AzIdentity *id, AzPlace place,
		int64 *until)
{
	AzForm		form = az_form_of(call, check);
	AzComparand	column;

	if (until)
		*until = AZ_FOREVER;
	if (form == AZ_OVER_CONSTANTS)
		return fold_constants(call, check, until);
	if (form == AZ_NO_FORM)
		return reaches_nobody(call, check, id) ? makeBoolConst(false, false) : NULL;
	if (may_own_all(check, linitial(call->args)) && az_is_admin(id))
		return makeBoolConst(true, false);
	if (!az_describe_comparand(linitial(call->args), &column))
		return NULL;
	return compare(&column, id, check->claims, call->args, place);
}

/* Whether this is an administrator must be known first. */
static Node *
share_column(FuncExpr *call, const AzCheck *check, AzSharing *sharing,
			 PlannerInfo *root, AzPlace place)
{
	AzComparand	column;

	if (may_own_all(check, linitial(call->args)))
	{
		Node	   *answer = az_share_answer(sharing, NULL);

		if (DatumGetBool(castNode(Const, answer)->constvalue))
			return answer;
	}
	if (!az_describe_comparand(linitial(call->args), &column))
		return NULL;
	return az_share_comparison(sharing, root, call, check->claims, &column, place);
}

Node *
az_fold_shared(FuncExpr *call, const AzCheck *check, AzSharing *sharing,
			   PlannerInfo *root, AzPlace place)
{
	switch (az_form_of(call, check))
	{
		case AZ_OVER_CONSTANTS:
			return check->kind == AZ_QUESTION ? az_share_answer(sharing, call) :
				az_share_result(sharing, root, call);
		case AZ_OVER_COLUMN:
			return share_column(call, check, sharing, root, place);
		case AZ_NO_FORM:
			break;
	}
	return NULL;
}
