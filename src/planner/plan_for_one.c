/*-------------------------------------------------------------------------
 *
 * plan_for_one.c
 *	  A plan for the identity in force.
 *
 * Checks that stand in conditions are folded before the planner sees the query:
 * there NULL and false are the same, so a comparison is all that is left of
 * them, and the planner need not ask its support function for each.  What
 * stands elsewhere, or whose arguments core has still to simplify, is folded by
 * that function (planner_support.c).
 *
 *-------------------------------------------------------------------------
 */
#include "planner/plan_for_one.h"

#include "access/transam.h"
#include "catalog/objectaccess.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"

#include "items/grants.h"
#include "planner/conditions.h"
#include "planner/fold.h"
#include "planner/plan_items.h"
#include "planner/planning.h"
#include "server/counts.h"
#include "server/guc.h"
#include "session/session.h"

/* The state of folding, and the identity that it is for. */
typedef struct Folding
{
	Query	   *query;
	bool		once;
	bool		now;			/* no plan: the answer need not outlive anything */
	bool		asked;			/* may anything be folded? */
	bool		may;
	List	   *checks;			/* of the statement */
	uint32		serial;
	const AzIdentity *id;

	/* what was folded */
	bool		folded;
	uint32		support;		/* what is tied by it */
	bool		asks_grants;
	uint32		grants;
	int64		until;			/* the earliest end of an answer */
	bool		grants_asked;	/* whether that is certain */
	bool		certain;
	List	   *answered;		/* calls over constants, and what they answer */
	List	   *answers;
} Folding;

/* Asked when a check is met: most queries have none. */
static bool
may_fold(Folding *folding)
{
	if (folding->asked)
		return folding->may;
	folding->asked = true;
	if (!az_plan_folding || !az_identity_foldable())
		return false;
	folding->checks = az_checks_in(folding->query);
	if (!az_are_executable(folding->checks))
		return false;
	folding->serial = az_identity_serial();
	folding->id = az_in_force();
	folding->may = true;
	return true;
}

static Node *
find_answer(const Folding *folding, const FuncExpr *call)
{
	ListCell   *asked;
	ListCell   *answer;

	forboth(asked, folding->answered, answer, folding->answers)
	{
		if (lfirst_node(FuncExpr, asked)->funcid == call->funcid &&
			equal(lfirst(asked), call))
			return copyObject(lfirst(answer));
	}
	return NULL;
}

/*
 * The policies of a command usually ask the same question.  Where there are
 * many different questions, comparing with all of them costs more than asking
 * again.
 */
#define MAX_ANSWERED	4

/* A call over constants means the same everywhere in the statement. */
static Node *
fold_once(Folding *folding, FuncExpr *call, const AzCheck *check)
{
	Node	   *folded = find_answer(folding, call);
	int64		until = AZ_FOREVER;

	if (folded)
		return folded;
	InvokeFunctionExecuteHook(call->funcid);
	folded = az_fold(call, check, folding->id, AZ_IN_CONDITION,
					 folding->once ? &until : NULL);
	if (folded)
		folding->until = Min(folding->until, until);
	if (folded && IsA(folded, Const) && list_length(folding->answered) < MAX_ANSWERED)
	{
		folding->answered = lappend(folding->answered, call);
		folding->answers = lappend(folding->answers, folded);
	}
	return folded;
}

static void
note_folded(Folding *folding, const AzFunction *function)
{
	folding->folded = true;
	folding->support = function->support_hash;
}

static void
note_grants(Folding *folding, const AzCheck *check)
{
	if (az_asks_grants(check) && !folding->asks_grants)
	{
		folding->asks_grants = true;
		folding->grants = az_grants_serial();
	}
}

/* Are they those under which the plan is going to run, as far as one can tell? */
static bool
are_grants_certain(Folding *folding)
{
	if (!folding->grants_asked)
		folding->certain = az_grants_are_certain();
	folding->grants_asked = true;
	return folding->certain;
}

/*
 * is_authenticated() outlives the end of an identity, and is not folded in a plan.  What
 * is still to be simplified is marked, for the support function.
 */
static Node *
fold_condition(FuncExpr *call, void *context)
{
	Folding    *folding = context;
	AzFunction	function;
	Node	   *folded;

	if (call->funcid < FirstNormalObjectId ||
		!az_find_function(call->funcid, &function) || function.check == NULL ||
		(function.check->outlives_end && !folding->now) || !may_fold(folding) ||
		FmgrHookIsNeeded(call->funcid) ||
		(az_asks_grants(function.check) && !are_grants_certain(folding)))
		return (Node *) call;
	if (!az_complete_arguments(call))
	{
		az_mark_call(call);
		return (Node *) call;
	}
	note_folded(folding, &function);
	folded = fold_once(folding, call, function.check);
	if (folded == NULL)
	{
		az_mark_call(call);
		return (Node *) call;
	}
	az_count(AZ_CHECKS_FOLDED);
	note_grants(folding, function.check);
	return folded;
}

/* Add the items that the support function would have added to the plan. */
static void
tie_plan(PlannedStmt *plan, const Folding *folding)
{
	az_tie_to_identity(&plan->invalItems, &plan->relationOids, folding->support,
					   true, folding->serial);
	if (folding->asks_grants)
		az_tie_to_grants(&plan->invalItems, &plan->relationOids, folding->grants);
	az_tie_to_time(&plan->invalItems, folding->until);
	az_bear_checks(&plan->invalItems, folding->checks);
}

PlannedStmt *
az_plan_for_one(Query *query, const char *text, int options, ParamListInfo params,
				bool once)
{
	Folding		folding = {.query = query, .once = once, .until = AZ_FOREVER};
	AzPlanning	planning = {.once = once};
	PlannedStmt *plan;

	az_mutate_conditions(query, fold_condition, &folding);
	planning.checks = folding.may ? folding.checks : NIL;
	plan = az_plan_within(&planning, query, text, options, params);
	az_bear_ties(plan, &planning);
	if (folding.folded)
		tie_plan(plan, &folding);
	return plan;
}

/* A query of the table that the condition is about. */
static Query *
query_with(Oid rel, Node *condition)
{
	Query	   *query = makeNode(Query);
	RangeTblEntry *entry = makeNode(RangeTblEntry);
	RangeTblRef *reference = makeNode(RangeTblRef);

	entry->rtekind = RTE_RELATION;
	entry->relid = rel;
	entry->relkind = get_rel_relkind(rel);
	reference->rtindex = 1;
	query->commandType = CMD_SELECT;
	query->rtable = list_make1(entry);
	query->jointree = makeFromExpr(list_make1(reference), condition);
	return query;
}

Node *
az_condition_for_one(Oid rel, Node *condition)
{
	Query	   *query = query_with(rel, copyObject(condition));
	Folding		folding = {.query = query, .once = true, .now = true, .until = AZ_FOREVER};
	PlannerInfo *root = makeNode(PlannerInfo);

	root->parse = query;
	root->glob = makeNode(PlannerGlobal);
	az_mutate_conditions(query, fold_condition, &folding);
	return eval_const_expressions(root, query->jointree->quals);
}
