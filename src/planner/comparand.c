/*-------------------------------------------------------------------------
 *
 * comparand.c
 *	  A column that a check compares with claims, and the comparison.
 *
 * Where NULL differs from false, the comparison is made with the column AND
 * the column IS NOT NULL: the calls answer false, never NULL, and so must the
 * expression that replaces them, under NOT, in a select list and above an
 * outer join.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/comparand.h"

#include "access/transam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

#include "planner/function.h"

static bool
describe_type(Oid type, Oid collation, AzComparand *column)
{
	Oid			base;

	if (!az_value_kind(type, &column->kind, &base))
		return false;

	/* the input of "name" truncates: a longer claim would match */
	if (column->kind == AZ_VALUE_NAME)
		return false;
	column->type = column->kind == AZ_VALUE_TEXT ? TEXTOID : base;
	column->equals = az_equality(column->kind, column->type);
	column->array_type = get_array_type(column->type);
	column->collation = collation;
	if (!OidIsValid(column->equals) || !OidIsValid(column->array_type) ||
		OidIsValid(get_typcollation(column->type)) != OidIsValid(column->collation))
		return false;
	column->compares = get_opcode(column->equals);

	/* the order of citext, so its indexes, go by the collation; "=" does not */
	if (column->kind == AZ_VALUE_CITEXT &&
		!get_collation_isdeterministic(column->collation))
		return false;
	get_typlenbyvalalign(column->type, &column->len, &column->byval, &column->align);
	return true;
}

/*
 * Types and collations of core never change, and nearly all columns are of
 * those.  What was found out of the last few is kept.
 */
static bool
find_type(Oid type, Oid collation, AzComparand *column)
{
	static struct
	{
		Oid			type;
		Oid			collation;
		AzComparand column;
	}			known[4];
	static int	next = 0;
	int			i;

	for (i = 0; i < (int) lengthof(known); i++)
	{
		if (known[i].type == type && known[i].collation == collation)
		{
			*column = known[i].column;
			return true;
		}
	}
	if (!describe_type(type, collation, column))
		return false;
	if (type < FirstNormalObjectId && collation < FirstNormalObjectId)
	{
		known[next].type = type;
		known[next].collation = collation;
		known[next].column = *column;
		next = (next + 1) % lengthof(known);
	}
	return true;
}

Node *
az_without_relabels(Node *node)
{
	while (node && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

bool
az_describe_comparand(Node *arg, AzComparand *column)
{
	Node	   *inner = az_without_relabels(arg);

	if (!IsA(inner, Var) || !find_type(exprType(arg), exprCollation(arg), column))
		return false;

	/* the call compares by itself, the operator needs a right */
	if (!az_is_executable(column->compares))
		return false;

	column->expr = (Expr *) arg;
	if (exprType(arg) != column->type)
		column->expr = (Expr *) makeRelabelType((Expr *) arg, column->type, -1,
												column->collation,
												COERCE_IMPLICIT_CAST);
	return true;
}

int
az_read_claims(const AzComparand *column, const AzIdentity *id,
			   AzColumnClaims claims, List *args, Datum **values)
{
	List	   *accepted = id ? claims(id, args) : NIL;
	ListCell   *lc;
	int			n = 0;

	*values = palloc(sizeof(Datum) * (list_length(accepted) + 1));
	foreach(lc, accepted)
	{
		const AzNode *claim = lfirst(lc);

		if (az_read_value(column->kind, az_node_bytes(id, claim),
						  az_node_len(claim), &(*values)[n]))
			n++;
	}
	list_free(accepted);
	return n;
}

Const *
az_make_value(const AzComparand *column, Datum value)
{
	return makeConst(column->type, -1, get_typcollation(column->type),
					 column->len, value, false, column->byval);
}

Datum
az_make_array(const AzComparand *column, Datum *values, int n)
{
	return PointerGetDatum(construct_array(values, n, column->type, column->len,
										   column->byval, column->align));
}

Const *
az_make_values(const AzComparand *column, Datum *values, int n)
{
	return makeConst(column->array_type, -1, get_typcollation(column->type), -1,
					 az_make_array(column, values, n), false, false);
}

static Expr *
make_equal(const AzComparand *column, Expr *value, Oid collation)
{
	List	   *args = list_make2(copyObject(column->expr), copyObject(value));
	ScalarArrayOpExpr *any;
	OpExpr	   *equal;

	if (exprType((Node *) value) == column->type)
	{
		equal = makeNode(OpExpr);
		equal->opno = column->equals;
		equal->opfuncid = column->compares;
		equal->opresulttype = BOOLOID;
		equal->inputcollid = collation;
		equal->args = args;
		equal->location = -1;
		return (Expr *) equal;
	}
	any = makeNode(ScalarArrayOpExpr);
	any->opno = column->equals;
	any->opfuncid = column->compares;
	any->useOr = true;
	any->inputcollid = collation;
	any->args = args;
	any->location = -1;
	return (Expr *) any;
}

static NullTest *
make_not_null(Expr *expr)
{
	NullTest   *test = makeNode(NullTest);

	test->arg = copyObject(expr);
	test->nulltesttype = IS_NOT_NULL;
	test->argisrow = false;
	test->location = -1;
	return test;
}

/*
 * Texts compare bytewise.  A deterministic collation does just that, and only
 * the column's own lets an index be used; for the other kind the column's own
 * finds the candidates and "C" decides.  citext has an equality of its own.
 */
Node *
az_make_comparison(const AzComparand *column, Expr *value, AzPlace place)
{
	List	   *all = list_make1(make_equal(column, value, column->collation));

	if (column->kind == AZ_VALUE_TEXT &&
		!get_collation_isdeterministic(column->collation))
		all = lcons(make_equal(column, value, C_COLLATION_OID), all);
	if (place == AZ_ANYWHERE)
	{
		all = lappend(all, make_not_null(column->expr));
		if (!IsA(value, Const))
			all = lappend(all, make_not_null(value));
	}
	return list_length(all) == 1 ? linitial(all) :
		(Node *) makeBoolExpr(AND_EXPR, all, -1);
}
