/*-------------------------------------------------------------------------
 *
 * calls.c
 *	  What the query of a set calls, and so what its answer depends on.
 *
 * A set is kept while what it was read from stands still.  A function in C that
 * is immutable reads nothing; one in another language may be called immutable,
 * and read a table all the same.  So may what an aggregate of somebody's calls, or
 * the constraint of a domain.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/calls.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

typedef struct Walk
{
	AzCalls		calls;
	AzKindOfCall kind;
} Walk;

static void
note_unsteady(Walk *walk, char *what)
{
	if (walk->calls.unsteady == NULL)
		walk->calls.unsteady = what;
}

/* To core this is immutable, though a configuration can be altered. */
static bool
searches_text(const FormData_pg_proc *proc)
{
	int			i;

	for (i = 0; i < proc->pronargs; i++)
	{
		if (proc->proargtypes.values[i] == REGCONFIGOID ||
			proc->proargtypes.values[i] == REGDICTIONARYOID)
			return true;
	}
	return false;
}

/* Does its answer go by its arguments alone, as far as anybody can tell? */
static bool
is_steady(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc proc;
	bool		steady;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	steady = proc->provolatile == PROVOLATILE_IMMUTABLE &&
		(proc->prolang == INTERNALlanguageId || proc->prolang == ClanguageId) &&
		(proc->prokind != PROKIND_AGGREGATE || function < FirstUnpinnedObjectId) &&
		!searches_text(proc);
	ReleaseSysCache(tuple);
	return steady;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t		len = strlen(name);

	return len >= strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

/*
 * A set is read as the view's owner, so in it these functions answer for the
 * owner and not for the role that asks.  Functions about privileges are meant
 * in the form that does not name a role.
 */
static bool
asks_caller(Oid function)
{
	const char *name;

	if (function >= FirstUnpinnedObjectId)
		return false;
	name = get_func_name(function);
	if (name == NULL)
		return false;
	if (strcmp(name, "pg_has_role") == 0 ||
		(strncmp(name, "has_", 4) == 0 && ends_with(name, "_privilege")))
		return get_func_nargs(function) <= (strcmp(name, "has_column_privilege") == 0 ? 3 : 2);
	return strcmp(name, "current_user") == 0 || strcmp(name, "getpgusername") == 0 ||
		strcmp(name, "row_security_active") == 0 || ends_with(name, "_is_visible") ||
		strcmp(name, "current_schema") == 0 || strcmp(name, "current_schemas") == 0;
}

static void
check_value(const SQLValueFunction *value, Walk *walk)
{
	switch (value->op)
	{
		case SVFOP_CURRENT_ROLE:
		case SVFOP_CURRENT_USER:
		case SVFOP_USER:
		case SVFOP_CURRENT_SCHEMA:
			walk->calls.asks_caller = true;
			break;
		default:
			note_unsteady(walk, pstrdup("it asks for the time or the session"));
			break;
	}
}

static bool
check_function(Oid function, void *arg)
{
	Walk	   *walk = arg;

	walk->calls.asks_caller = walk->calls.asks_caller || asks_caller(function);
	if (func_volatile(function) == PROVOLATILE_VOLATILE)
	{
		walk->calls.volatile_function = function;
		return false;
	}
	switch (walk->kind(function))
	{
		case AZ_CALLS_OTHER:
			if (!is_steady(function))
				note_unsteady(walk, psprintf("it calls function %s", get_func_name(function)));
			break;
		case AZ_CALLS_UNSTEADY:
			walk->calls.asks_identity = true;
			note_unsteady(walk, psprintf("it calls function %s", get_func_name(function)));
			break;
		case AZ_CALLS_SET:
			walk->calls.asks_sets = true;
			walk->calls.asks_identity = true;
			break;
		case AZ_CALLS_GRANTS:
			walk->calls.asks_grants = true;
			walk->calls.asks_identity = true;
			break;
		case AZ_CALLS_TOKEN:
			walk->calls.asks_identity = true;
			break;
	}
	return false;
}

static bool
is_in_sql(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		in_sql;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	in_sql = ((Form_pg_proc) GETSTRUCT(tuple))->prolang == SQLlanguageId;
	ReleaseSysCache(tuple);
	return in_sql;
}

static Oid
called_by(Node *node)
{
	if (IsA(node, FuncExpr))
		return ((FuncExpr *) node)->funcid;
	if (!IsA(node, OpExpr))
		return InvalidOid;
	set_opfuncid((OpExpr *) node);
	return ((OpExpr *) node)->opfuncid;
}

/*
 * What the planner makes of a call of a simple function in SQL, such as the
 * operator that puts a text and a number together; NULL: it stays a call.
 */
static Node *
inline_call(Node *node)
{
	Oid			function = called_by(node);
	Node	   *inlined;

	if (!OidIsValid(function) || !is_in_sql(function))
		return NULL;
	inlined = eval_const_expressions(NULL, copyObject(node));
	return called_by(inlined) == function ? NULL : inlined;
}

static bool
walk_over(Node *node, void *arg)
{
	Walk	   *walk = arg;
	Node	   *inlined;

	if (node == NULL)
		return false;
	inlined = inline_call(node);
	if (inlined)
		return walk_over(inlined, walk);
	(void) check_functions_in_node(node, check_function, walk);
	if (IsA(node, SQLValueFunction))
		check_value((const SQLValueFunction *) node, walk);
	else if (IsA(node, CoerceToDomain) &&
			 DomainHasConstraints(((CoerceToDomain *) node)->resulttype))
		note_unsteady(walk, psprintf("it converts to domain %s",
									 format_type_be(((CoerceToDomain *) node)->resulttype)));
	else if (IsA(node, NextValueExpr))
		note_unsteady(walk, pstrdup("it takes numbers from a sequence"));
	else if (IsA(node, RangeTblEntry) && ((RangeTblEntry *) node)->tablesample)
		note_unsteady(walk, pstrdup("it takes a sample of a table"));
	if (IsA(node, RangeTblEntry))
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, walk_over, walk, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, walk_over, walk);
}

AzCalls
az_calls_of(List *queries, AzKindOfCall kind)
{
	Walk		walk = {.kind = kind};
	ListCell   *lc;

	foreach(lc, queries)
		(void) walk_over(lfirst(lc), &walk);
	return walk.calls;
}
