/*-------------------------------------------------------------------------
 *
 * function.c
 *	  A function that the planner met: which check of ours it is, and may the
 *	  role in force execute it.
 *
 * Both questions are asked for each call of each plan, and for each start of a
 * plan, so the answers are kept until functions or roles change.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/function.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "server/own.h"
#include "session/plans.h"

/* What is kept, found by OID; ours were made one after the other. */
#define N_KEPT	128

static struct
{
	uint64		epoch;			/* of the catalogs; 0: free */
	AzFunction	function;
}			kept_functions[N_KEPT];

/* The defaults of those of one epoch. */
static MemoryContext defaults_context = NULL;
static uint64 defaults_epoch = 0;

static struct
{
	uint64		epoch;
	Oid			function;
	Oid			role;
	bool		executable;
}			kept_rights[N_KEPT];

/*
 * Two functions of one schema and one library?  Nobody makes functions in our
 * schema, so the symbol then tells which one it is.  Elsewhere a superuser can
 * make a C function of the same symbol, with other arguments or over another
 * library.  A function that is not in C has none.
 */
static bool
belong_together(HeapTuple a, HeapTuple b)
{
	Datum		library[2];
	bool		isnull[2];

	if (((Form_pg_proc) GETSTRUCT(a))->pronamespace !=
		((Form_pg_proc) GETSTRUCT(b))->pronamespace)
		return false;
	library[0] = SysCacheGetAttr(PROCOID, a, Anum_pg_proc_probin, &isnull[0]);
	library[1] = SysCacheGetAttr(PROCOID, b, Anum_pg_proc_probin, &isnull[1]);
	return !isnull[0] && !isnull[1] &&
		strcmp(TextDatumGetCString(library[0]), TextDatumGetCString(library[1])) == 0;
}

/* Is the function unaltered in what the planner relies on? */
static bool
is_as_made(HeapTuple tuple)
{
	Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(tuple);

	return proc->provolatile == PROVOLATILE_STABLE && !proc->proisstrict &&
		!proc->prosecdef && heap_attisnull(tuple, Anum_pg_proc_proconfig, NULL);
}

extern Datum authz_identity_support(PG_FUNCTION_ARGS);

/* Is that the planner support function of checks?  It may be in any schema. */
static bool
is_our_support(Oid support)
{
	FmgrInfo	function;

	if (!OidIsValid(support))
		return false;
	fmgr_info(support, &function);
	return function.fn_addr == authz_identity_support;
}

static const AzCheck *
check_of(HeapTuple tuple)
{
	Oid			support = ((Form_pg_proc) GETSTRUCT(tuple))->prosupport;
	HeapTuple	support_tuple;
	const AzCheck *check = NULL;
	bool		isnull;

	support_tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(support));
	if (!HeapTupleIsValid(support_tuple))
		return NULL;
	if (is_as_made(tuple) && belong_together(tuple, support_tuple))
	{
		Datum		symbol = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);

		check = az_find_check(TextDatumGetCString(symbol));
	}
	ReleaseSysCache(support_tuple);
	return check;
}

/*
 * Defaults of the epoch before are freed: the entries that had them are stale.
 */
static List *
read_defaults(HeapTuple tuple, uint64 epoch)
{
	MemoryContext old;
	Datum		stored;
	bool		isnull;
	List	   *defaults;

	stored = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_proargdefaults, &isnull);
	if (isnull)
		return NIL;
	if (defaults_context == NULL)
		defaults_context = AllocSetContextCreate(TopMemoryContext, "dbmi_authz defaults",
												 ALLOCSET_SMALL_SIZES);
	if (defaults_epoch != epoch)
		MemoryContextReset(defaults_context);
	defaults_epoch = epoch;
	old = MemoryContextSwitchTo(defaults_context);
	defaults = (List *) stringToNode(TextDatumGetCString(stored));
	MemoryContextSwitchTo(old);
	return defaults;
}

bool
az_find_function(Oid oid, AzFunction *function)
{
	uint64		epoch = az_functions_epoch();
	HeapTuple	tuple;

	if (kept_functions[oid % N_KEPT].epoch == epoch &&
		kept_functions[oid % N_KEPT].function.oid == oid)
	{
		*function = kept_functions[oid % N_KEPT].function;
		return true;
	}

	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
	if (!HeapTupleIsValid(tuple))
		return false;
	function->oid = oid;
	function->support = ((Form_pg_proc) GETSTRUCT(tuple))->prosupport;
	function->hash = GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(oid));
	function->support_hash = GetSysCacheHashValue1(PROCOID,
												   ObjectIdGetDatum(function->support));
	function->ours = is_our_support(function->support);
	function->check = function->ours ? check_of(tuple) : NULL;
	function->nargs = ((Form_pg_proc) GETSTRUCT(tuple))->pronargs;
	function->defaults = function->check ? read_defaults(tuple, epoch) : NIL;
	ReleaseSysCache(tuple);

	/* the epoch of before: a change in the meantime makes the entry stale */
	kept_functions[oid % N_KEPT].epoch = epoch;
	kept_functions[oid % N_KEPT].function = *function;
	return true;
}

bool
az_complete_arguments(FuncExpr *call)
{
	AzFunction	function;
	int			missing;
	ListCell   *lc;

	if (!az_find_function(call->funcid, &function))
		return false;
	foreach(lc, call->args)
	{
		if (IsA(lfirst(lc), NamedArgExpr))
			return false;
	}
	missing = function.nargs - list_length(call->args);
	if (missing < 0 || missing > list_length(function.defaults))
		return false;
	for_each_from(lc, function.defaults, list_length(function.defaults) - missing)
		call->args = lappend(call->args, copyObject(lfirst(lc)));
	return true;
}

/* By its name: in the extension's schema there is no other one. */
static uint32
find_support_hash(void)
{
	Oid			internal = INTERNALOID;
	oidvector  *types = buildoidvector(&internal, 1);
	Oid			schema = get_namespace_oid(AZ_SCHEMA, true);
	Oid			support = InvalidOid;

	if (OidIsValid(schema))
		support = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
								  CStringGetDatum("identity_support"),
								  PointerGetDatum(types), ObjectIdGetDatum(schema));
	pfree(types);
	return is_our_support(support) ?
		GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(support)) : 0;
}

uint32
az_support_hash(void)
{
	static uint64 found_epoch = 0;
	static uint32 found = 0;
	uint64		epoch = az_functions_epoch();

	if (found == 0 || found_epoch != epoch)
	{
		found = find_support_hash();
		found_epoch = epoch;
	}
	return found;
}

bool
az_is_executable(Oid oid)
{
	uint64		epoch = az_functions_epoch();
	Oid			role = GetUserId();
	bool		executable;

	if (kept_rights[oid % N_KEPT].epoch == epoch &&
		kept_rights[oid % N_KEPT].function == oid &&
		kept_rights[oid % N_KEPT].role == role)
		return kept_rights[oid % N_KEPT].executable;

	executable = az_may_execute(oid, role);
	kept_rights[oid % N_KEPT].epoch = epoch;
	kept_rights[oid % N_KEPT].function = oid;
	kept_rights[oid % N_KEPT].role = role;
	kept_rights[oid % N_KEPT].executable = executable;
	return executable;
}

void
az_require_executable(Oid oid)
{
	if (!az_is_executable(oid))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(oid));
	InvokeFunctionExecuteHook(oid);
}
