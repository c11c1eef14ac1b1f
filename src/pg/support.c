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
#include "utils/syscache.h"

#include "plans.h"
#include "session.h"

/*
 * The support function of a check.  Looked up by OID, not by name: whoever
 * reads a protected table may have no right on our schema.
 */
static Oid
support_function(Oid check)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(check));
	Oid			support = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		support = ((Form_pg_proc) GETSTRUCT(tuple))->prosupport;
		ReleaseSysCache(tuple);
	}
	return support;
}

/* Tie the plan that is being made to the identity in force. */
static void
guard_plan(PlannerInfo *root, Oid check)
{
	uint32		serial = az_identity_serial();
	Oid			sentinel;
	PlanInvalItem *item;
	ListCell   *lc;

	foreach(lc, root->glob->invalItems)
	{
		item = lfirst_node(PlanInvalItem, lc);
		if (item->cacheId == AZ_GUARD_CACHE_ID && item->hashValue == serial)
			return;
	}

	sentinel = support_function(check);
	if (!OidIsValid(sentinel))
		return;
	az_watch_function(sentinel);
	record_plan_function_dependency(root, sentinel);

	item = makeNode(PlanInvalItem);
	item->cacheId = AZ_GUARD_CACHE_ID;
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
