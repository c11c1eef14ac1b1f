/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  Which kind of plan a statement gets.
 *
 * A plan that is used once is made for the identity in force: its values are
 * known to the planner, and its partitions are pruned.  A plan that core is
 * going to keep is made for all identities of a shape once several have come
 * by, if that is not much more expensive than one for each; plan_cache_mode =
 * force_generic_plan asks for it at once.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/plan.h"

#include "access/parallel.h"
#include "optimizer/planner.h"
#include "utils/memutils.h"

#include "planner/citus_plans.h"
#include "planner/plan_for_all.h"
#include "planner/plan_for_one.h"
#include "planner/plan_items.h"
#include "planner/planning.h"
#include "planner/token_param.h"
#include "server/counts.h"
#include "server/guc.h"
#include "session/session.h"

static AzAlternate *making = NULL;
static AzUtility *utilities = NULL;

void
az_utility_enter(AzUtility *utility, const char *text)
{
	utility->outer = utilities;
	utility->text = text;
	utilities = utility;
}

void
az_utility_leave(const AzUtility *utility)
{
	utilities = utility->outer;
}

static bool
is_of_utility(const char *text)
{
	const AzUtility *utility;

	for (utility = utilities; utility; utility = utility->outer)
	{
		if (utility->text == text)
			return true;
	}
	return false;
}

/*
 * A longer statement holds large constants, and is not worth keeping twice
 * (packed_query.c).
 */
#define LONGEST_TEXT	(64 * 1024)

/* Could a plan of it be one that is kept for all? */
static bool
may_be_kept(Query *query, const char *text)
{
	return text != NULL && az_plan_folding &&
		plan_cache_mode != PLAN_CACHE_MODE_FORCE_CUSTOM_PLAN &&
		query->commandType != CMD_UTILITY && query->querySource == QSRC_ORIGINAL &&
		!is_of_utility(text) && az_is_kept(text) &&
		strnlen(text, LONGEST_TEXT) < LONGEST_TEXT && az_has_checks(query) &&
		az_identity_foldable() && !az_uses_distributed(query);
}

static PlannedStmt *
plan_root(Query *query, const char *text, int options, bool compare)
{
	Query	   *unplanned = copyObject(query);
	AzSharedPlan made = az_plan_for_all(query, text, options, compare);

	if (made.shape == NULL)
		return made.plan;
	if (made.refusal == AZ_SHAREABLE)
		az_keep_root(text, made.shape, unplanned, options, compare);
	else
	{
		MemoryContextDelete(made.shape->context);
		az_note_refusal(text);
	}
	return made.plan;
}

static PlannedStmt *
plan_kept(Query *query, const char *text, int options)
{
	bool		forced = plan_cache_mode == PLAN_CACHE_MODE_FORCE_GENERIC_PLAN;
	bool		may = az_may_share(text);
	PlannedStmt *plan;

	if (forced || may)
		return plan_root(query, text, options, !forced);
	plan = az_plan_for_one(query, text, options, NULL, false);
	az_note_plan_for_one(text);
	return plan;
}

/*
 * A plan that was refused once for a kind of identity is not tried again for
 * it.  A reason in the statement holds for all.
 */
static PlannedStmt *
plan_of_alternate(AzAlternate *alternate, Query *query, const char *text, int options)
{
	AzSharedPlan made;

	if (alternate->refusal != AZ_SHAREABLE)
		return az_plan_for_one(query, text, options, NULL, false);
	made = az_plan_for_all(query, text, options, alternate->root->compare);
	if (alternate->shape)
		MemoryContextDelete(alternate->shape->context);
	alternate->shape = made.shape;
	alternate->refusal = made.shape ? made.refusal : AZ_NOT_SHAREABLE;
	if (made.shape)
		MemoryContextSetParent(made.shape->context, TopMemoryContext);
	return made.plan;
}

/* Functions of users that run meanwhile plan other texts. */
static AzAlternate *
alternate_of(const char *text)
{
	return making && making->source->query_string == text ? making : NULL;
}

CachedPlan *
az_plan_alternate(AzAlternate *alternate, QueryEnvironment *environment)
{
	AzAlternate *outer = making;
	CachedPlan *plan = NULL;

	if (!alternate->source->is_valid)
		return NULL;
	making = alternate;
	PG_TRY();
	{
		plan = GetCachedPlan(alternate->source, NULL, NULL, environment);
	}
	PG_FINALLY();
	{
		making = outer;
	}
	PG_END_TRY();
	return plan;
}

static PlannedStmt *
plan_statement(Query *query, const char *text, int options, ParamListInfo params)
{
	AzAlternate *alternate = alternate_of(text);
	bool		once = params != NULL || (text != NULL && az_is_message(text));

	if (params)
		params = az_without_tokens(params);
	if (alternate)
		return plan_of_alternate(alternate, query, text, options);
	if (!once && may_be_kept(query, text))
		return plan_kept(query, text, options);
	return az_plan_for_one(query, text, options, params, once);
}

static PlannedStmt *
plan(Query *query, const char *text, int options, ParamListInfo params)
{
	AzPlanning	none = {0};
	AzQueryPart part;
	PlannedStmt *made;

	if (IsParallelWorker())
		return az_plan_within(&none, query, text, options,
							  params ? az_without_tokens(params) : NULL);
	az_planning_enter(&part);
	PG_TRY();
	{
		made = plan_statement(query, text, options, params);
	}
	PG_FINALLY();
	{
		az_planning_leave(&part);
	}
	PG_END_TRY();
	if (az_met_check(made->invalItems))
		az_count(AZ_PLANS_MADE);
	return made;
}

void
az_plan_init(void)
{
	if (planner_hook)
		az_set_next_planner(planner_hook);
	planner_hook = plan;
}
