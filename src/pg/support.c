/*-------------------------------------------------------------------------
 *
 * support.c
 *	  Planner support for everything that asks for the identity.
 *
 * A plan in which a check was met belongs to the identity under which it was
 * made: it says so in a PlanInvalItem with the identity's serial, which
 * session.c compares when the plan is about to run, and it depends on the
 * support function's row in pg_proc, through which a change of identity throws
 * away cached plans, and only those that met a check, in this backend only.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "catalog/pg_proc.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/planmain.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "plans.h"
#include "session.h"

/*
 * The support function of a check, and whether the check is an error once the
 * identity has ended.  Looked up by OID, not by name: whoever reads a
 * protected table may have no right on our schema.
 */
static Oid
support_function(Oid check, bool *ends)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(check));
	Datum		symbol;
	bool		isnull;
	Oid			support;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	symbol = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	*ends = strcmp(TextDatumGetCString(symbol), "authz_is_authenticated") != 0;
	support = ((Form_pg_proc) GETSTRUCT(tuple))->prosupport;
	ReleaseSysCache(tuple);
	return support;
}

/* Tie the plan that is being made to the identity in force. */
static void
guard_plan(PlannerInfo *root, Oid check)
{
	uint32		serial = az_identity_serial();
	bool		ends = true;
	Oid			sentinel = support_function(check, &ends);
	int			cache_id = ends ? AZ_GUARD_CACHE_ID : AZ_GUARD_SERIAL_CACHE_ID;
	PlanInvalItem *item;
	ListCell   *lc;

	if (!OidIsValid(sentinel))
		return;
	foreach(lc, root->glob->invalItems)
	{
		item = lfirst_node(PlanInvalItem, lc);
		if (item->cacheId == cache_id && item->hashValue == serial)
			return;
	}

	az_watch_function(sentinel);
	record_plan_function_dependency(root, sentinel);

	item = makeNode(PlanInvalItem);
	item->cacheId = cache_id;
	item->hashValue = serial;
	root->glob->invalItems = lappend(root->glob->invalItems, item);
}

AZ_SQL(authz_identity_support)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
	{
		SupportRequestSimplify *simplify = (SupportRequestSimplify *) request;
		PlannerInfo *root = simplify->root;

		/*
		 * An expression that is planned on its own has no query to belong to
		 * (PL/pgSQL's cached casts pass a root without a parse tree), and a
		 * worker has no identity.
		 */
		if (root && root->parse && root->glob && !IsParallelWorker())
			guard_plan(root, simplify->fcall->funcid);
	}
	PG_RETURN_POINTER(NULL);
}
