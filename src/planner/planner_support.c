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

#include "access/parallel.h"
#include "access/transam.h"
#include "catalog/objectaccess.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/planmain.h"
#include "utils/selfuncs.h"

#include "items/grants.h"
#include "planner/fold.h"
#include "planner/function.h"
#include "server/guc.h"
#include "session/plans.h"
#include "session/session.h"
#include "trust/trust_table.h"

/*
 * What the answers of a check may depend on.  A function that is not in the
 * table, or was altered, may depend on anything.
 */
static bool
ends_with_identity(const AzCheck *check)
{
	return check == NULL || !check->outlives_end;
}

static bool
asks_grants(const AzCheck *check)
{
	return check == NULL || check->basis != AZ_ON_TOKEN;
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
guard_plan(PlannerInfo *root, const AzFunction *function, bool foldable)
{
	PlannerGlobal *glob = root->glob;

	if (add_item(glob, ends_with_identity(function->check) ? AZ_GUARD_CACHE_ID :
				 AZ_GUARD_SERIAL_CACHE_ID, az_identity_serial()))
	{
		az_watch_function(function->support);
		record_plan_function_dependency(root, function->support);
		glob->relationOids = list_concat_unique_oid(glob->relationOids,
													az_tables_of_plans(false));
	}
	if (asks_grants(function->check) && foldable &&
		add_item(glob, AZ_GUARD_GRANTS_CACHE_ID, az_grants_serial()))
		glob->relationOids = list_concat_unique_oid(glob->relationOids,
													az_tables_of_plans(true));
}

/*
 * Rights
 *
 * The executor checks EXECUTE on what is called, also in an arm that no row
 * reaches.  What folding has answered is not called, and an answer can make
 * another call unneeded.  So nothing is folded in a plan unless the role that
 * plans it may execute every check in the query; otherwise the calls stay,
 * and the executor says what it would have said.  The plan bears those checks,
 * for whoever runs it later (guard.c).
 */

/* Where checks are looked for. */
typedef struct Search
{
	Oid			support;		/* ours */
	List	   *found;			/* OIDs, each once */
} Search;

static bool
note_check(Oid oid, void *context)
{
	Search	   *search = context;
	AzFunction	function;

	if (oid >= FirstNormalObjectId && az_find_function(oid, &function) &&
		function.support == search->support)
		search->found = list_append_unique_oid(search->found, oid);
	return false;
}

static bool
note_checks(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, note_checks, context, 0);
	(void) check_functions_in_node(node, note_check, context);
	return expression_tree_walker(node, note_checks, context);
}

/* The checks of the whole statement, as far as the planner has not begun. */
static List *
checks_in_statement(const PlannerInfo *root, Oid support)
{
	Search		search = {support, NIL};

	while (root->parent_root != NULL)
		root = root->parent_root;
	(void) note_checks((Node *) root->parse, &search);
	return search.found;
}

static bool
has_item(const PlannerGlobal *glob, int cache_id)
{
	ListCell   *lc;

	foreach(lc, glob->invalItems)
	{
		if (lfirst_node(PlanInvalItem, lc)->cacheId == cache_id)
			return true;
	}
	return false;
}

/*
 * The first time, for the whole statement.  Later ones are of functions that
 * were inlined meanwhile, or are met again.
 */
static bool
has_rights(PlannerInfo *root, const AzFunction *met)
{
	PlannerGlobal *glob = root->glob;
	List	   *checks = list_make1_oid(met->oid);
	ListCell   *lc;

	if (has_item(glob, AZ_GUARD_UNFOLDED_CACHE_ID))
		return false;
	if (!has_item(glob, AZ_GUARD_EXECUTE_CACHE_ID))
		checks = list_concat_unique_oid(checks, checks_in_statement(root, met->support));
	foreach(lc, checks)
	{
		if (!az_is_executable(lfirst_oid(lc)))
		{
			add_item(glob, AZ_GUARD_UNFOLDED_CACHE_ID, 0);
			return false;
		}
	}
	foreach(lc, checks)
		add_item(glob, AZ_GUARD_EXECUTE_CACHE_ID, lfirst_oid(lc));
	return true;
}

/*
 * May the planner have this call answered?  As core it leaves calls alone that
 * somebody wants to see entered and left, and it asks the object-access hook
 * where the executor would.
 */
static bool
may_call(PlannerInfo *root, const AzFunction *function)
{
	if (!has_rights(root, function) || FmgrHookIsNeeded(function->oid))
		return false;
	InvokeFunctionExecuteHook(function->oid);
	return true;
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
	AzFunction	function;
	bool		foldable;

	/*
	 * An expression that is planned on its own has no query to belong to
	 * (PL/pgSQL's cached casts pass a root without a parse tree), and a
	 * worker has no identity.
	 */
	if (root == NULL || root->parse == NULL || root->glob == NULL ||
		IsParallelWorker() || !az_find_function(request->fcall->funcid, &function))
		return NULL;

	/* also looks at how the identity stands now */
	foldable = az_identity_foldable();
	guard_plan(root, &function, foldable);

	/*
	 * What has ended is an error when the query runs, and not before.  But
	 * is_authenticated() is then false and no error, so "true" must not be in
	 * a plan that is kept.
	 */
	if (function.check == NULL || !foldable || !may_fold(root) ||
		(function.check->outlives_end && az_identity_serial() != 0) ||
		!may_call(root, &function))
		return NULL;
	return az_fold(request->fcall, function.check, az_in_force());
}

/*
 * What stays a call: over a column it accepts few rows, as an equality would;
 * otherwise one answer holds for all rows.
 */
static bool
estimate(SupportRequestSelectivity *request)
{
	AzFunction	function;

	if (!az_find_function(request->funcid, &function) || function.check == NULL ||
		function.check->claims == NULL)
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
