/*-------------------------------------------------------------------------
 *
 * support.c
 *	  Planner support for everything that asks for the identity.
 *
 * A plan in which a check was met belongs to the identity under which it was
 * made: it says so in a PlanInvalItem with the identity's serial, which
 * guard.c compares when the plan is about to run, and it depends on the
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
#include "utils/selfuncs.h"
#include "utils/syscache.h"

#include "fold.h"
#include "guc.h"
#include "plans.h"
#include "session.h"

/* What the planner needs to know of a check. */
typedef struct Check
{
	Oid			support;		/* its support function */
	bool		ends;			/* an error once the identity has ended */
} Check;

/*
 * Looked up by OID, not by name: whoever reads a protected table may have no
 * right on our schema.
 */
static bool
describe_check(Oid function, Check *check)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Datum		symbol;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return false;
	symbol = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	check->ends = strcmp(TextDatumGetCString(symbol), "authz_is_authenticated") != 0;
	check->support = ((Form_pg_proc) GETSTRUCT(tuple))->prosupport;
	ReleaseSysCache(tuple);
	return OidIsValid(check->support);
}

/* Tie the plan that is being made to the identity in force. */
static void
guard_plan(PlannerInfo *root, const Check *check)
{
	uint32		serial = az_identity_serial();
	int			cache_id = check->ends ? AZ_GUARD_CACHE_ID : AZ_GUARD_SERIAL_CACHE_ID;
	PlanInvalItem *item;
	ListCell   *lc;

	foreach(lc, root->glob->invalItems)
	{
		item = lfirst_node(PlanInvalItem, lc);
		if (item->cacheId == cache_id && item->hashValue == serial)
			return;
	}

	az_watch_function(check->support);
	record_plan_function_dependency(root, check->support);

	item = makeNode(PlanInvalItem);
	item->cacheId = cache_id;
	item->hashValue = serial;
	root->glob->invalItems = lappend(root->glob->invalItems, item);
}

/*
 * May what this query's calls become depend on the identity?
 *
 * - Later calls, when base relations are there already, read CHECK constraints
 *   and would exclude partitions by them.
 * - Without a table, or a sub-select that may read one, there is nothing to
 *   gain, and expressions that PL/pgSQL plans on their own outlive identities.
 *   A sub-select itself counts: it must not be left behind with another
 *   answer.
 * - With grouping sets a call may stand for a column of the grouping.
 */
static bool
may_fold(const PlannerInfo *root)
{
	ListCell   *lc;

	if (!az_plan_folding || root->simple_rel_array != NULL ||
		root->parse->groupingSets != NIL)
		return false;
	if (root->parent_root != NULL)
		return true;
	foreach(lc, root->parse->rtable)
	{
		switch (lfirst_node(RangeTblEntry, lc)->rtekind)
		{
			case RTE_RELATION:
			case RTE_SUBQUERY:	/* a view, when it could not be merged */
			case RTE_CTE:
				return true;
			default:
				break;
		}
	}
	return false;
}

static Node *
simplify(SupportRequestSimplify *request)
{
	PlannerInfo *root = request->root;
	Check		check;

	/*
	 * An expression that is planned on its own has no query to belong to
	 * (PL/pgSQL's cached casts pass a root without a parse tree), and a
	 * worker has no identity.
	 */
	if (root == NULL || root->parse == NULL || root->glob == NULL ||
		IsParallelWorker() || !describe_check(request->fcall->funcid, &check))
		return NULL;

	guard_plan(root, &check);

	/*
	 * What has ended is an error when the query runs, and not before.  But
	 * is_authenticated() is then false and no error, so "true" must not be in
	 * a plan that is kept.
	 */
	if (!may_fold(root) || !az_identity_foldable() ||
		(!check.ends && az_identity_serial() != 0))
		return NULL;
	return az_fold(request->fcall, az_current());
}

/*
 * What stays a call: over a column it accepts few rows, as an equality would;
 * otherwise one answer holds for all rows.
 */
static bool
estimate(SupportRequestSelectivity *request)
{
	if (!az_is_column_check(request->funcid))
		return false;
	request->selectivity = DEFAULT_EQ_SEL;
	return true;
}

AZ_SQL(authz_identity_support)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	Node	   *answer = NULL;

	if (IsA(request, SupportRequestSimplify))
		answer = simplify((SupportRequestSimplify *) request);
	else if (IsA(request, SupportRequestSelectivity) &&
			 estimate((SupportRequestSelectivity *) request))
		answer = request;
	PG_RETURN_POINTER(answer);
}
