/*-------------------------------------------------------------------------
 *
 * planning.c
 *	  The statement that is being planned, as far as the support function needs
 *	  to know it.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/planning.h"

#include "access/transam.h"
#include "nodes/nodeFuncs.h"

#include "items/grants.h"
#include "planner/plan_items.h"
#include "session/plans.h"
#include "session/session.h"

static planner_hook_type next_planner = standard_planner;

static AzPlanning *current = NULL;

AzPlanning *
az_planning(void)
{
	return current;
}

void
az_set_next_planner(planner_hook_type planner)
{
	next_planner = planner;
}

PlannedStmt *
az_plan_within(AzPlanning *planning, Query *query, const char *text, int options,
			   ParamListInfo params)
{
	AzPlanning *outer = current;
	PlannedStmt *plan;

	current = planning;
	PG_TRY();
	{
		plan = next_planner(query, text, options, params);
	}
	PG_FINALLY();
	{
		current = outer;
	}
	PG_END_TRY();
	return plan;
}

/* ----------------------------------------------------------------
 * Ties
 * ----------------------------------------------------------------
 */

void
az_note_tie(uint32 support, bool ends, uint32 serial)
{
	if (current == NULL)
		return;
	current->ends = current->ends || ends;
	current->tied = true;
	current->serial = serial;
	current->support = support;
}

void
az_note_answer(bool asks_grants, int64 until)
{
	if (current == NULL)
		return;
	if (until != AZ_FOREVER)
		current->until = current->until == 0 ? until : Min(current->until, until);
	if (asks_grants)
	{
		current->asks_grants = true;
		current->grants = az_grants_serial();
	}
}

void
az_bear_ties(PlannedStmt *plan, const AzPlanning *planning)
{
	if (!planning->tied)
		return;
	az_tie_to_identity(&plan->invalItems, &plan->relationOids, planning->support,
					   planning->ends, planning->serial);
	if (planning->asks_grants)
		az_tie_to_grants(&plan->invalItems, &plan->relationOids, planning->grants);
	if (planning->until != 0)
		az_tie_to_time(&plan->invalItems, planning->until);
}

/* ----------------------------------------------------------------
 * The checks of a statement
 * ----------------------------------------------------------------
 */

typedef struct Search
{
	bool		first;			/* one is enough */
	List	   *found;			/* OIDs, each once */
} Search;

static bool
note_check(Oid oid, void *context)
{
	Search	   *search = context;
	AzFunction	function;

	if (oid >= FirstNormalObjectId && az_find_function(oid, &function) && function.ours)
		search->found = list_append_unique_oid(search->found, oid);
	return search->first && search->found != NIL;
}

static bool
note_checks(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, note_checks, context, 0);
	return check_functions_in_node(node, note_check, context) ||
		expression_tree_walker(node, note_checks, context);
}

List *
az_checks_in(Query *query)
{
	Search		search = {false, NIL};

	(void) note_checks((Node *) query, &search);
	return search.found;
}

bool
az_has_checks(Query *query)
{
	Search		search = {true, NIL};

	return note_checks((Node *) query, &search);
}

/* ----------------------------------------------------------------
 * Rights
 * ----------------------------------------------------------------
 */

bool
az_are_executable(const List *checks)
{
	ListCell   *lc;

	foreach(lc, checks)
	{
		if (!az_is_executable(lfirst_oid(lc)))
			return false;
	}
	return true;
}

void
az_bear_checks(List **items, const List *checks)
{
	ListCell   *lc;

	foreach(lc, checks)
		(void) az_add_item(items, AZ_GUARD_EXECUTE_CACHE_ID, lfirst_oid(lc));
}

/*
 * The checks of the whole statement.  What our hook has found is of the first
 * planning that is seen for it; another one is of another statement.
 */
static List *
checks_of_statement(PlannerInfo *root)
{
	if (current != NULL && current->checks != NIL &&
		(current->glob == NULL || current->glob == root->glob))
	{
		current->glob = root->glob;
		return list_copy(current->checks);
	}
	return az_checks_in(az_outermost(root)->parse);
}

/*
 * Checks the rights the first time, for the whole statement as it was before
 * planning.  Later checks come from functions that were inlined meanwhile, or
 * are met again.
 */
bool
az_may_answer(PlannerInfo *root, const AzFunction *met)
{
	List	  **items = &root->glob->invalItems;
	List	   *checks = list_make1_oid(met->oid);

	if (az_find_item(*items, AZ_GUARD_UNFOLDED_CACHE_ID))
		return false;
	if (!az_find_item(*items, AZ_GUARD_EXECUTE_CACHE_ID))
		checks = list_concat_unique_oid(checks, checks_of_statement(root));
	if (!az_are_executable(checks))
	{
		(void) az_add_item(items, AZ_GUARD_UNFOLDED_CACHE_ID, 0);
		return false;
	}
	az_bear_checks(items, checks);
	return true;
}
