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
#include "catalog/objectaccess.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"
#include "nodes/supportnodes.h"
#include "utils/selfuncs.h"

#include "items/grants.h"
#include "planner/conditions.h"
#include "planner/fold.h"
#include "planner/function.h"
#include "planner/plan_items.h"
#include "planner/planning.h"
#include "planner/set_plans.h"
#include "server/counts.h"
#include "server/guc.h"
#include "session/session.h"

/* Tie the plan that is being made to the identity in force. */
static void
guard_plan(PlannerInfo *root, const AzFunction *function)
{
	PlannerGlobal *glob = root->glob;
	bool		ends = az_ends_with_identity(function->check);
	uint32		serial = az_identity_serial();

	az_tie_to_identity(&glob->invalItems, &glob->relationOids, function->support_hash,
					   ends, serial);
	az_note_tie(function->support_hash, ends, serial);
}

/* The same, and tie it to everything that its answer depends on. */
static void
guard_answer(PlannerInfo *root, const AzCheck *check, int64 until)
{
	PlannerGlobal *glob = root->glob;

	az_tie_to_time(&glob->invalItems, until);
	if (az_asks_grants(check))
		az_tie_to_grants(&glob->invalItems, &glob->relationOids, az_grants_serial());
	az_note_answer(az_asks_grants(check), until);
}

/* Is what is stored for the identity known, as far as one can tell? */
static bool
is_certain(const AzFunction *function)
{
	return function->check == NULL || !az_asks_grants(function->check) ||
		az_grants_are_certain();
}

/*
 * May the planner have this call answered?  Like core, it leaves calls alone
 * that a hook wants to see entered and left, and it calls the object-access
 * hook where the executor would.
 */
static bool
may_call(PlannerInfo *root, const AzFunction *function)
{
	if (!az_may_answer(root, function) || FmgrHookIsNeeded(function->oid))
		return false;
	InvokeFunctionExecuteHook(function->oid);
	return true;
}

/*
 * May what this query's calls become depend on the identity?
 *
 * - Later calls, when base relations already exist, come from CHECK
 * constraints and would exclude partitions by them. - Without a table, or a
 * sub-select that may read one, there is nothing to
 *   gain, and expressions that PL/pgSQL plans on their own outlive identities.
 *   A sub-select itself counts: it must not be left behind with another
 *   answer.
 * - With grouping sets a call may stand for a column of the grouping.
 */
static bool
may_fold(const PlannerInfo *root)
{
	if (!az_plan_folding || root->simple_rel_array != NULL ||
		root->parse->groupingSets != NIL)
		return false;
	return root->parent_root != NULL || az_reads_table(root->parse);
}

/* What the call becomes in a plan for the identity in force. */
static Node *
simplify_for_one(PlannerInfo *root, FuncExpr *call, const AzFunction *function,
				 AzPlace place, bool once)
{
	/* this also checks the state of the identity now */
	bool		foldable = az_identity_foldable() && is_certain(function);
	int64		until = AZ_FOREVER;
	Node	   *folded;

	guard_plan(root, function);

	/*
	 * An identity that has ended raises an error when the query runs, and not
	 * before.  But is_authenticated() is then false and no error, so "true"
	 * must not be in a plan that is kept.
	 */
	if (function->check == NULL || !foldable || !may_fold(root) ||
		(function->check->outlives_end && az_identity_serial() != 0) ||
		!may_call(root, function))
		return NULL;
	folded = az_fold(call, function->check, az_in_force(), place, once ? &until : NULL);
	if (folded)
		guard_answer(root, function->check, until);
	return folded;
}

/*
 * The same for a plan that outlives the identity; is_authenticated() is asked
 * then, too.
 */
static Node *
simplify_for_all(AzSharing *sharing, PlannerInfo *root, FuncExpr *call,
				 const AzFunction *function, AzPlace place)
{
	AzPlanShape *shape = sharing->shape;

	az_share(sharing, root);
	az_depend_on_function(&root->glob->invalItems, function->hash);
	shape->ends = shape->ends || az_ends_with_identity(function->check);
	shape->asks_grants = shape->asks_grants || az_asks_grants(function->check);
	if (function->check == NULL || function->check->outlives_end ||
		sharing->refusal == AZ_NOT_SHAREABLE || !az_identity_foldable() ||
		!may_fold(root) || !may_call(root, function))
		return NULL;
	return az_fold_shared(call, function->check, sharing, root, place);
}

static Node *
simplify(SupportRequestSimplify *request)
{
	PlannerInfo *root = request->root;
	AzPlanning *planning = az_planning();
	AzFunction	function;
	FuncExpr   *call = request->fcall;
	AzPlace		place = AZ_ANYWHERE;
	Node	   *folded;

	/*
	 * An expression that is planned on its own has no query to belong to
	 * (PL/pgSQL's cached casts pass a root without a parse tree), and a
	 * worker has no identity.
	 */
	if (root == NULL || root->parse == NULL || root->glob == NULL ||
		IsParallelWorker() || !az_find_function(call->funcid, &function))
		return NULL;
	if (az_is_marked(call))
	{
		call = copyObject(call);
		az_remove_mark(call);
		place = AZ_IN_CONDITION;
	}
	folded = planning && planning->sharing ?
		simplify_for_all(planning->sharing, root, call, &function, place) :
		simplify_for_one(root, call, &function, place, planning && planning->once);
	if (folded)
		az_count(AZ_CHECKS_FOLDED);
	return folded || place == AZ_ANYWHERE ? folded : (Node *) call;
}

/*
 * The selectivity of a call that stays: over a column that of an equality,
 * which accepts few rows; otherwise the default, since one answer holds for
 * all rows.
 */
static bool
estimate(SupportRequestSelectivity *request)
{
	AzFunction	function;

	if (!az_find_function(request->funcid, &function) || function.check == NULL)
		return false;
	if (function.check->asks_set && az_estimate_in_set(request))
		return true;
	if (function.check->claims == NULL && !function.check->asks_set)
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
	else if (IsA(request, SupportRequestIndexCondition))
		answer = (Node *) az_index_in_set((SupportRequestIndexCondition *) request);
	PG_RETURN_POINTER(answer);
}
