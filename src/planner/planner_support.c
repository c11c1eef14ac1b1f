/*-------------------------------------------------------------------------
 *
 * planner_support.c
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
#include "server/compat.h"

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

#include "items/grants.h"
#include "planner/fold.h"
#include "server/guc.h"
#include "session/plans.h"
#include "session/session.h"
#include "trust/trust_table.h"

/* What the planner needs to know of a check. */
typedef struct Check
{
	Oid			support;		/* its support function */
	const char *symbol;			/* its C function, palloc'd */
	bool		ends;			/* an error once the identity has ended */
	bool		asks_grants;	/* depends on what is stored for the identity */
} Check;

/* The functions, by C symbol, that ask what is stored for the identity. */
static const char *const grant_checks[] = {
	"authz_explain_perm",
	"authz_has_app_permission",
	"authz_has_any_item_permission",
	"authz_has_item_permission",
	"authz_has_object_perm",
	"authz_has_object_perms",
	"authz_has_perm",
	"authz_has_perms",
	"authz_is_admin",
	"authz_is_owner_or_admin",
	"authz_manages_item",
	"authz_object_permissions",
};

static bool
is_grant_check(const char *symbol)
{
	int			i;

	for (i = 0; i < (int) lengthof(grant_checks); i++)
	{
		if (strcmp(grant_checks[i], symbol) == 0)
			return true;
	}
	return false;
}

/*
 * Looked up by OID, not by name: whoever reads a protected table may have no
 * right on our schema.
 */
static bool
describe_check(Oid function, Check *check)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return false;
	check->symbol = TextDatumGetCString(SysCacheGetAttr(PROCOID, tuple,
														Anum_pg_proc_prosrc, &isnull));
	check->ends = strcmp(check->symbol, "authz_is_authenticated") != 0;
	check->asks_grants = is_grant_check(check->symbol);
	check->support = ((Form_pg_proc) GETSTRUCT(tuple))->prosupport;
	ReleaseSysCache(tuple);
	return OidIsValid(check->support);
}

/* Add that item to the plan; false when it is there already. */
static bool
add_item(PlannerGlobal *glob, int cache_id, uint32 hash_value)
{
	PlanInvalItem *item;
	ListCell   *lc;

	foreach(lc, glob->invalItems)
	{
		item = lfirst_node(PlanInvalItem, lc);
		if (item->cacheId == cache_id && item->hashValue == hash_value)
			return false;
	}
	item = makeNode(PlanInvalItem);
	item->cacheId = cache_id;
	item->hashValue = hash_value;
	glob->invalItems = lappend(glob->invalItems, item);
	return true;
}

/*
 * Tie the plan that is being made to the identity in force, and to what is
 * stored for it when the check asks for that.  A kept plan ends with a change
 * of the tables too, so that it is made anew before it is compared.
 */
static void
guard_plan(PlannerInfo *root, const Check *check, bool foldable)
{
	PlannerGlobal *glob = root->glob;

	if (add_item(glob, check->ends ? AZ_GUARD_CACHE_ID : AZ_GUARD_SERIAL_CACHE_ID,
				 az_identity_serial()))
	{
		az_watch_function(check->support);
		record_plan_function_dependency(root, check->support);
		glob->relationOids = list_concat_unique_oid(glob->relationOids,
													az_tables_of_plans(false));
	}
	if (check->asks_grants && foldable &&
		add_item(glob, AZ_GUARD_GRANTS_CACHE_ID, az_grants_serial()))
		glob->relationOids = list_concat_unique_oid(glob->relationOids,
													az_tables_of_plans(true));
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
	bool		foldable;

	/*
	 * An expression that is planned on its own has no query to belong to
	 * (PL/pgSQL's cached casts pass a root without a parse tree), and a
	 * worker has no identity.
	 */
	if (root == NULL || root->parse == NULL || root->glob == NULL ||
		IsParallelWorker() || !describe_check(request->fcall->funcid, &check))
		return NULL;

	/* also looks at how the identity stands now */
	foldable = az_identity_foldable();
	guard_plan(root, &check, foldable);

	/*
	 * What has ended is an error when the query runs, and not before.  But
	 * is_authenticated() is then false and no error, so "true" must not be in
	 * a plan that is kept.
	 */
	if (!foldable || !may_fold(root) ||
		(!check.ends && az_identity_serial() != 0))
		return NULL;
	return az_fold(request->fcall, check.symbol, az_current());
}

/*
 * What stays a call: over a column it accepts few rows, as an equality would;
 * otherwise one answer holds for all rows.
 */
static bool
estimate(SupportRequestSelectivity *request)
{
	Check		check;

	if (!describe_check(request->funcid, &check) || !az_is_column_check(check.symbol))
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
