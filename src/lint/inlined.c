/*-------------------------------------------------------------------------
 *
 * inlined.c
 *	  What the planner puts in the place of a call of a function in SQL.
 *
 * The parser calls the input functions of types for literals, and that of a
 * composite type checks domains: code of whoever made the domain, which must not
 * run with the rights of who runs the linter.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/inlined.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "planner/function.h"
#include "server/own.h"

/* The function, and what it is called with. */
typedef struct Called
{
	HeapTuple	tuple;
	List	   *args;
	int			nargs;
	char	  **names;			/* of the arguments, or NULL */
} Called;

/* The only one of a list, which may be a list of lists. */
static Node *
only_one(Node *node)
{
	while (node && IsA(node, List))
		node = list_length((List *) node) == 1 ? linitial((List *) node) : NULL;
	return node;
}

/* ----------------------------------------------------------------
 * A body that was parsed when it was made
 * ----------------------------------------------------------------
 */

/* One row of one value, whatever the tables say; as core's inline_function(). */
static bool
is_expression(const Query *query)
{
	return query->commandType == CMD_SELECT && query->rtable == NIL &&
		query->cteList == NIL && query->jointree && query->jointree->fromlist == NIL &&
		query->jointree->quals == NULL && !query->hasAggs && !query->hasWindowFuncs &&
		!query->hasTargetSRFs && !query->hasSubLinks && query->groupClause == NIL &&
		query->groupingSets == NIL && query->havingQual == NULL &&
		query->distinctClause == NIL && query->sortClause == NIL &&
		query->limitCount == NULL && query->limitOffset == NULL &&
		query->setOperations == NULL && list_length(query->targetList) == 1;
}

static Node *
put_arguments(Node *node, Called *called)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		int			n = ((Param *) node)->paramid;

		return n >= 1 && n <= list_length(called->args) ?
			copyObject(list_nth(called->args, n - 1)) : node;
	}
	return expression_tree_mutator(node, put_arguments, called);
}

static Node *
read_parsed(Called *called, const char *stored)
{
	Node	   *query = only_one(stringToNode(stored));

	if (query == NULL || !IsA(query, Query) || !is_expression((Query *) query))
		return NULL;
	return put_arguments((Node *) linitial_node(TargetEntry, ((Query *) query)->targetList)->expr,
						 called);
}

/* ----------------------------------------------------------------
 * A body that is a text
 * ----------------------------------------------------------------
 */

static Node *read_raw(Node *node, Called *called);

static bool
read_raws(List *nodes, Called *called, List **result)
{
	ListCell   *lc;

	*result = NIL;
	foreach(lc, nodes)
	{
		Node	   *read = read_raw(lfirst(lc), called);

		if (read == NULL)
			return false;
		*result = lappend(*result, read);
	}
	return true;
}

static Node *
find_argument(const Called *called, const char *name)
{
	int			i;

	for (i = 0; i < called->nargs && called->names; i++)
	{
		if (strcmp(called->names[i], name) == 0 && i < list_length(called->args))
			return copyObject(list_nth(called->args, i));
	}
	return NULL;
}

/* "argument" or "function.argument" */
static Node *
read_name(const ColumnRef *ref, const Called *called)
{
	Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(called->tuple);
	Node	   *last = llast(ref->fields);

	if (list_length(ref->fields) > 2 || !IsA(last, String) ||
		(list_length(ref->fields) == 2 &&
		 strcmp(strVal(linitial(ref->fields)), NameStr(proc->proname)) != 0))
		return NULL;
	return find_argument(called, strVal(last));
}

/* One of ours, by its schema; other names depend on the search path. */
static Node *
read_function(const FuncCall *raw, Called *called)
{
	FuncCandidateList candidate;
	AzFunction	function;
	List	   *args;

	if (list_length(raw->funcname) != 2 || strcmp(strVal(linitial(raw->funcname)), AZ_SCHEMA) != 0 ||
		raw->agg_star || raw->over || raw->agg_filter || !read_raws(raw->args, called, &args))
		return NULL;
	candidate = FuncnameGetCandidates(raw->funcname, list_length(args), NIL, true, true, false, true);
	for (; candidate; candidate = candidate->next)
	{
		if (az_find_function(candidate->oid, &function) && function.ours)
			return (Node *) makeFuncExpr(candidate->oid, get_func_rettype(candidate->oid), args,
										 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	}
	return NULL;
}

static Node *
read_equality(const A_Expr *raw, Called *called)
{
	Node	   *left = raw->lexpr ? read_raw(raw->lexpr, called) : NULL;
	Node	   *right = raw->rexpr ? read_raw(raw->rexpr, called) : NULL;
	Node	   *operand;
	Oid			equals;

	if (raw->kind != AEXPR_OP || strcmp(strVal(llast(raw->name)), "=") != 0 ||
		left == NULL || right == NULL)
		return NULL;
	operand = contain_vars_of_level(left, 0) ? left : right;
	equals = lookup_type_cache(exprType(operand), TYPECACHE_EQ_OPR)->eq_opr;
	if (!OidIsValid(equals))
		return NULL;
	return (Node *) make_opclause(equals, BOOLOID, false, (Expr *) left, (Expr *) right,
								  InvalidOid, exprCollation(operand));
}

static Node *
read_raw(Node *node, Called *called)
{
	List	   *args;

	switch (nodeTag(node))
	{
		case T_BoolExpr:
			if (!read_raws(((BoolExpr *) node)->args, called, &args))
				return NULL;
			return (Node *) makeBoolExpr(((BoolExpr *) node)->boolop, args, -1);
		case T_FuncCall:
			return read_function((FuncCall *) node, called);
		case T_A_Expr:
			return read_equality((A_Expr *) node, called);
		case T_ColumnRef:
			return read_name((ColumnRef *) node, called);
		case T_ParamRef:
			return ((ParamRef *) node)->number <= list_length(called->args) ?
				copyObject(list_nth(called->args, ((ParamRef *) node)->number - 1)) : NULL;
		case T_A_Const:

			/* which one does not matter */
			return (Node *) makeNullConst(TEXTOID, -1, DEFAULT_COLLATION_OID);
		case T_TypeCast:
			return IsA(((TypeCast *) node)->arg, A_Const) ?
				read_raw(((TypeCast *) node)->arg, called) : NULL;
		default:
			return NULL;
	}
}

static Node *
read_text(Called *called, const char *source)
{
	Node	   *raw = only_one((Node *) raw_parser(source, RAW_PARSE_DEFAULT));
	const SelectStmt *select;

	if (raw == NULL || !IsA(((RawStmt *) raw)->stmt, SelectStmt))
		return NULL;
	select = (const SelectStmt *) ((RawStmt *) raw)->stmt;
	if (select->op != SETOP_NONE || select->distinctClause || select->intoClause ||
		select->fromClause || select->whereClause || select->groupClause ||
		select->havingClause || select->valuesLists || select->sortClause ||
		select->limitOffset || select->limitCount || select->withClause ||
		list_length(select->targetList) != 1)
		return NULL;
	return read_raw(linitial_node(ResTarget, select->targetList)->val, called);
}

/* ----------------------------------------------------------------
 * Both
 * ----------------------------------------------------------------
 */

static bool
may_be_inlined(HeapTuple tuple, const FuncExpr *call)
{
	const FormData_pg_proc *proc = (Form_pg_proc) GETSTRUCT(tuple);

	return proc->prolang == SQLlanguageId && proc->prokind == PROKIND_FUNCTION &&
		!proc->prosecdef && !proc->proretset && proc->prorettype == BOOLOID &&
		proc->pronargs == list_length(call->args) &&
		heap_attisnull(tuple, Anum_pg_proc_proconfig, NULL);
}

/* May the body be strict, or steady, as the function is? */
static bool
keeps_promises(HeapTuple tuple, Node *body)
{
	const FormData_pg_proc *proc = (Form_pg_proc) GETSTRUCT(tuple);

	if (proc->proisstrict && contain_nonstrict_functions(body))
		return false;
	if (proc->provolatile == PROVOLATILE_IMMUTABLE)
		return !contain_mutable_functions(body);
	return proc->provolatile != PROVOLATILE_STABLE || !contain_volatile_functions(body);
}

static Node *
read_body(HeapTuple tuple, FuncExpr *call)
{
	Called		called = {tuple, call->args, 0, NULL};
	bool		isnull;
	Datum		stored = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosqlbody, &isnull);
	Oid		   *types;
	char	   *modes;

	if (!isnull)
		return read_parsed(&called, TextDatumGetCString(stored));
	stored = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	if (isnull)
		return NULL;
	called.nargs = get_func_arg_info(tuple, &types, &called.names, &modes);
	return read_text(&called, TextDatumGetCString(stored));
}

Node *
az_inlined(FuncExpr *call)
{
	HeapTuple	tuple;
	Node	   *body = NULL;

	if (call->funcid < FirstNormalObjectId)
		return NULL;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	if (may_be_inlined(tuple, call))
		body = read_body(tuple, call);
	if (body && !keeps_promises(tuple, body))
		body = NULL;
	ReleaseSysCache(tuple);
	return body;
}
