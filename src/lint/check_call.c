/*-------------------------------------------------------------------------
 *
 * check_call.c
 *	  A call of one of our functions, as a policy has it.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/check_call.h"

#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "planner/function.h"
#include "server/own.h"

List *
az_all_arguments(const FuncExpr *call)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	List	   *args;

	if (!HeapTupleIsValid(tuple))
		return NIL;
	args = expand_function_arguments(copyObject(call->args), false,
									 call->funcresulttype, tuple);
	ReleaseSysCache(tuple);
	return args;
}

/*
 * Is it a function of ours without planner support?  Called for few functions
 * only.
 */
static bool
is_own(Oid function)
{
	return get_func_namespace(function) == get_namespace_oid(AZ_SCHEMA, true) &&
		az_is_own_function(function);
}

bool
az_read_check_call(const Node *node, AzCheckCall *call)
{
	AzFunction	function;

	if (!IsA(node, FuncExpr) || ((const FuncExpr *) node)->funcid < FirstNormalObjectId ||
		!az_find_function(((const FuncExpr *) node)->funcid, &function) ||
		(!function.ours && !is_own(function.oid)))
		return false;
	call->check = function.check;
	call->name = psprintf("%s.%s", AZ_SCHEMA, get_func_name(function.oid));
	call->call = copyObject((FuncExpr *) node);
	call->call->args = az_all_arguments(call->call);
	return true;
}

Node *
az_check_argument(const AzCheckCall *call, int n)
{
	return n >= 1 && n <= list_length(call->call->args) ?
		list_nth(call->call->args, n - 1) : NULL;
}

/*
 * Constants
 */

static const Node *
without_relabels(const Node *arg)
{
	while (arg && (IsA(arg, RelabelType) || IsA(arg, CollateExpr)))
		arg = IsA(arg, RelabelType) ? (const Node *) ((const RelabelType *) arg)->arg :
			(const Node *) ((const CollateExpr *) arg)->arg;
	return arg;
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

static bool
read_array(const Const *constant, List **texts)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(DatumGetArrayTypeP(constant->constvalue),
					  get_element_type(constant->consttype), -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	for (i = 0; i < n; i++)
		*texts = lappend(*texts, nulls[i] ? NULL : TextDatumGetCString(values[i]));
	return true;
}

static bool
read_constant(const Const *constant, List **texts)
{
	if (is_text(constant->consttype))
	{
		*texts = lappend(*texts, constant->constisnull ? NULL :
						 TextDatumGetCString(constant->constvalue));
		return true;
	}
	if (constant->consttype != TEXTARRAYOID && constant->consttype != VARCHARARRAYOID)
		return false;
	if (!constant->constisnull)
		return read_array(constant, texts);
	*texts = lappend(*texts, NULL);
	return true;
}

static bool
read_texts(const Node *arg, List **texts)
{
	ListCell   *lc;

	arg = without_relabels(arg);
	if (arg == NULL)
		return false;
	if (IsA(arg, Const))
		return read_constant((const Const *) arg, texts);
	if (IsA(arg, ArrayCoerceExpr))
		return read_texts((const Node *) ((const ArrayCoerceExpr *) arg)->arg, texts);
	if (!IsA(arg, ArrayExpr))
		return false;
	foreach(lc, ((const ArrayExpr *) arg)->elements)
	{
		if (!read_texts(lfirst(lc), texts))
			return false;
	}
	return true;
}

bool
az_read_texts(const Node *arg, List **texts)
{
	*texts = NIL;
	return read_texts(arg, texts);
}

/* A value that each check accepts. */
static Node *
stand_in(Oid type)
{
	Datum		text = CStringGetTextDatum("a");

	if (type == TEXTOID)
		return (Node *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1, text, false, false);
	if (type == TEXTARRAYOID)
		return (Node *) makeConst(TEXTARRAYOID, -1, DEFAULT_COLLATION_OID, -1,
								  PointerGetDatum(construct_array(&text, 1, TEXTOID, -1,
																  false, TYPALIGN_INT)),
								  false, false);
	return (Node *) makeNullConst(type, -1, InvalidOid);
}

static bool
is_settled(Node *arg)
{
	return !contain_var_clause(arg) && !contain_mutable_functions(arg) &&
		!contain_subplans(arg);
}

Node *
az_planned_argument(Node *arg, bool *known)
{
	List	   *texts;

	*known = IsA(arg, Const) || az_read_texts(arg, &texts);
	if (IsA(arg, Const))
		return arg;
	if (*known && exprType(arg) == TEXTARRAYOID && texts == NIL)
		return (Node *) makeConst(TEXTARRAYOID, -1, DEFAULT_COLLATION_OID, -1,
								  PointerGetDatum(construct_empty_array(TEXTOID)),
								  false, false);
	return *known || is_settled(arg) ? stand_in(exprType(arg)) : arg;
}
