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
#include "fold.h"

#include "access/htup_details.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "datum.h"
#include "grants.h"
#include "item_path.h"
#include "org.h"
#include "session.h"
#include "value.h"

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

/* Which claims a check over a column accepts, as texts. */
typedef List *(*Claims) (const AzIdentity *id, List *args);

/*
 * Calls over constants
 */

/*
 * May this constant be handed to any of our functions without an error?  An
 * empty list may not (R3), nor may a value of a type that is_owner() and the
 * like refuse.
 */
static bool
is_safe_constant(const Node *arg)
{
	const Const *constant = (const Const *) arg;
	AzValueKind kind;
	Oid			base;

	if (!IsA(arg, Const))
		return false;
	if (constant->consttype == BOOLOID)
		return true;
	if (constant->consttype == TEXTARRAYOID)
	{
		ArrayType  *array;

		if (constant->constisnull)
			return true;
		array = DatumGetArrayTypeP(constant->constvalue);
		return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > 0;
	}
	return az_value_kind(constant->consttype, &kind, &base);
}

/* The functions, by C symbol, whose first argument is the path of an item. */
static bool
takes_item(const char *symbol)
{
	return strcmp(symbol, "authz_has_item_permission") == 0 ||
		strcmp(symbol, "authz_has_any_item_permission") == 0 ||
		strcmp(symbol, "authz_manages_item") == 0;
}

/* Those that run functions of users, which is for the executor to do. */
static bool
runs_rules(const char *symbol)
{
	return strcmp(symbol, "authz_has_object_perm") == 0 ||
		strcmp(symbol, "authz_has_object_perms") == 0;
}

static bool
is_safe_item(const Node *arg)
{
	const Const *constant = (const Const *) arg;
	text	   *item;

	if (!IsA(arg, Const) || constant->constisnull)
		return IsA(arg, Const);
	item = DatumGetTextPP(constant->constvalue);
	return az_is_item_path(VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item));
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

	fmgr_info(call->funcid, &function);
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

static Node *
fold_constants(FuncExpr *call, const char *symbol)
{
	ListCell   *lc;

	if (runs_rules(symbol) ||
		(takes_item(symbol) && !is_safe_item(linitial(call->args))))
		return NULL;
	foreach(lc, call->args)
	{
		if (!is_safe_constant(lfirst(lc)))
			return NULL;
	}
	return call_now(call);
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
	column->equals = lookup_type_cache(column->type, TYPECACHE_EQ_OPR)->eq_opr;
	column->array_type = get_array_type(column->type);
	column->collation = exprCollation(arg);
	if (!OidIsValid(column->equals) || !OidIsValid(column->array_type) ||
		OidIsValid(get_typcollation(column->type)) != OidIsValid(column->collation))
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
fold_column(const AzIdentity *id, FuncExpr *call, Claims claims)
{
	Column		column;
	List	   *accepted;
	ListCell   *lc;
	Datum	   *values;
	int			n = 0;

	for_each_from(lc, call->args, 1)
	{
		if (!is_safe_constant(lfirst(lc)))
			return NULL;
	}
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

/* The further argument of a call; NULL for an SQL NULL. */
static const void *
further_argument(List *args)
{
	const Const *constant = lsecond_node(Const, args);

	return constant->constisnull ? NULL : DatumGetPointer(constant->constvalue);
}

static List *
owner_claims(const AzIdentity *id, List *args)
{
	const AzNode *claim = &id->owner;

	if (list_length(args) > 1)
	{
		const text *name = further_argument(args);

		claim = name == NULL ? NULL :
			az_node_member(id, &id->claims, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	}
	claim = az_plain(claim);
	if (claim == NULL || az_node_len(claim) == 0)
		return NIL;
	return list_make1(unconstify(AzNode *, claim));
}

/* The ids of the organisations that pass a test. */
static List *
org_claims(const AzIdentity *id, AzOrgTest test, const void *what)
{
	const AzOrg *orgs = az_orgs(id);
	List	   *ids = NIL;
	uint32		i;

	for (i = 0; i < id->norgs; i++)
	{
		if (test == NULL || test(id, &orgs[i], what))
			ids = lappend(ids, unconstify(AzNode *, &orgs[i].id));
	}
	return ids;
}

static List *
org_claims_by_argument(const AzIdentity *id, List *args, AzOrgTest test)
{
	const void *what = further_argument(args);

	return what ? org_claims(id, test, what) : NIL;
}

static List *
membership_claims(const AzIdentity *id, List *args)
{
	return org_claims(id, NULL, NULL);
}

static List *
role_claims(const AzIdentity *id, List *args)
{
	return org_claims_by_argument(id, args, az_org_has_role);
}

static List *
least_role_claims(const AzIdentity *id, List *args)
{
	return org_claims_by_argument(id, args, az_org_at_least);
}

static List *
permission_claims(const AzIdentity *id, List *args)
{
	return org_claims_by_argument(id, args, az_org_permits);
}

static bool
permits_any(const AzIdentity *id, const AzOrg *org, const void *permissions)
{
	return az_list_any(permissions, az_set_holds, id, &org->permissions);
}

static bool
permits_all(const AzIdentity *id, const AzOrg *org, const void *permissions)
{
	return az_list_all(permissions, az_set_holds, id, &org->permissions);
}

static List *
list_claims(const AzIdentity *id, List *args, AzOrgTest test)
{
	const void *array = further_argument(args);
	AzList		list;

	if (array == NULL)
		return NIL;
	az_list_read(&list, PointerGetDatum(array));
	return org_claims(id, test, &list);
}

static List *
any_permission_claims(const AzIdentity *id, List *args)
{
	return list_claims(id, args, permits_any);
}

static List *
all_permissions_claims(const AzIdentity *id, List *args)
{
	return list_claims(id, args, permits_all);
}

static List *
active_org_claims(const AzIdentity *id, List *args)
{
	const AzOrg *org = az_org_active(id);

	return org ? list_make1(unconstify(AzNode *, &org->id)) : NIL;
}

/* The checks over a column, by C symbol. */
static const struct
{
	const char *symbol;
	Claims		claims;
	bool		or_admin;
}			column_checks[] =
{
	{"authz_is_owner", owner_claims, false},
	{"authz_is_owner_or_admin", owner_claims, true},
	{"authz_in_org", membership_claims, false},
	{"authz_has_org_role", role_claims, false},
	{"authz_is_at_least_org_role", least_role_claims, false},
	{"authz_has_org_permission", permission_claims, false},
	{"authz_has_any_org_permission", any_permission_claims, false},
	{"authz_has_all_org_permissions", all_permissions_claims, false},
	{"authz_in_active_org", active_org_claims, false},
};

/* The entry of a function, or -1. */
static int
find_column_check(const char *symbol)
{
	int			i;

	for (i = lengthof(column_checks) - 1; i >= 0; i--)
	{
		if (strcmp(column_checks[i].symbol, symbol) == 0)
			break;
	}
	return i;
}

bool
az_is_column_check(const char *symbol)
{
	return find_column_check(symbol) >= 0;
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
az_fold(FuncExpr *call, const char *symbol, const AzIdentity *id)
{
	Node	   *folded;
	int			check;

	if (call->funcretset)
		return NULL;
	folded = fold_constants(call, symbol);
	if (folded || call->args == NIL)
		return folded;
	check = find_column_check(symbol);
	if (check < 0)
		return NULL;
	if (column_checks[check].or_admin && owns_all(id, linitial(call->args)))
		return makeBoolConst(true, false);
	return fold_column(id, call, column_checks[check].claims);
}
