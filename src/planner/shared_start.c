/*-------------------------------------------------------------------------
 *
 * shared_start.c
 *	  A plan for all identities of a shape starts, for the one in force.
 *
 * The identity may have changed in any way since the plan was made: what the
 * plan depends on is asked again, and if that does not hold, another plan for
 * the same query is used.  The query is the right one, because core has just
 * checked that the objects by which it was analysed are unchanged, and holds
 * its locks.
 *
 * Planning may run functions of users.  These may drop the statement, log in,
 * run the same statement, or raise: what is used meanwhile is pinned, and what
 * was found before is asked again.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/shared_start.h"

#include "executor/executor.h"
#include "nodes/plannodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/planner.h"
#include "utils/memutils.h"

#include "items/grants.h"
#include "planner/kept.h"
#include "planner/plan.h"
#include "planner/plan_for_one.h"
#include "planner/plan_items.h"
#include "planner/token_param.h"
#include "server/counts.h"
#include "server/malloced.h"
#include "session/answer.h"
#include "session/plans.h"
#include "session/stopped.h"

/* The shape of a plan for all; 0: it is not one. */
static uint32
shape_of(const PlannedStmt *plan)
{
	const PlanInvalItem *item = az_find_item(plan->invalItems, AZ_GUARD_SHAPE_CACHE_ID);

	return item ? item->hashValue : 0;
}

AzToldWhom
az_read_slot(const QueryDesc *query, uint32 item)
{
	Datum		slot = query->estate->es_param_exec_vals[AZ_SLOT_OF(item)].value;

	/* it was not set */
	if (slot == (Datum) 0)
		az_raise_changed();
	return *(const AzToldWhom *) DatumGetPointer(slot);
}

/* ----------------------------------------------------------------
 * Alternates
 * ----------------------------------------------------------------
 */

static void
release_plan(void *plan)
{
	ReleaseCachedPlan(plan, NULL);
}

/* Was it planned for that kind of identity? */
static bool
is_for(const AzAlternate *alternate, AzPresets *presets)
{
	int64		until;

	if (alternate->shape == NULL)
		return alternate->refusal == AZ_NOT_SHAREABLE;
	if (alternate->refusal == AZ_SHAREABLE)
		return az_shape_holds(alternate->shape, presets);
	return az_answers_hold(alternate->shape, &until) &&
		(alternate->refusal != AZ_MANY_VALUES || az_has_many_values(alternate->shape));
}

/* A plan for one identity names it at least once. */
static bool
is_of(const PlannedStmt *plan, uint32 serial)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, plan->invalItems)
	{
		const PlanInvalItem *item = lfirst_node(PlanInvalItem, lc);

		if (item->cacheId != AZ_GUARD_CACHE_ID &&
			item->cacheId != AZ_GUARD_SERIAL_CACHE_ID)
			continue;
		if (item->hashValue != serial)
			return false;
		found = true;
	}
	return found;
}

/* Is that plan, made or found just now, right for the identity in force? */
static bool
is_right(const AzAlternate *alternate, const PlannedStmt *plan, AzPresets *presets)
{
	uint32		shape = shape_of(plan);

	if (shape == 0)
		return alternate->refusal != AZ_SHAREABLE &&
			is_of(plan, az_identity_serial());
	return alternate->refusal == AZ_SHAREABLE && alternate->shape != NULL &&
		alternate->shape->id == shape && az_shape_holds(alternate->shape, presets);
}

/*
 * Its plan, or NULL.  A plan that became stale is no longer of use.  A cursor
 * that may be fetched backwards needs a plan that can do that.
 */
static PlannedStmt *
plan_by(AzAlternate *alternate, QueryDesc *query, int eflags, AzSharedStart *start)
{
	CachedPlan *cached = az_plan_alternate(alternate, query->queryEnv);
	PlannedStmt *plan;

	if (cached == NULL)
	{
		az_drop_alternate(alternate);
		return NULL;
	}
	az_free_with(start->values, release_plan, cached);
	plan = list_length(cached->stmt_list) == 1 ?
		linitial_node(PlannedStmt, cached->stmt_list) : NULL;
	if (plan == NULL || plan->commandType != query->operation ||
		!is_right(alternate, plan, &start->presets))
	{
		az_drop_alternate(alternate);
		return NULL;
	}
	if ((eflags & EXEC_FLAG_BACKWARD) && !ExecSupportsBackwardScan(plan->planTree))
		return NULL;
	az_note_use(alternate);
	return plan;
}

/* Pinned; NULL: none.  One that is being planned further out is left alone. */
static AzAlternate *
find_alternate(AzRoot *root, AzPresets *presets)
{
	dlist_iter	iter;

	dlist_foreach(iter, &root->alternates)
	{
		AzAlternate *alternate = dlist_container(AzAlternate, of_root, iter.cur);

		if (alternate->pins == 0 && is_for(alternate, presets))
		{
			az_pin_alternate(alternate);
			return alternate;
		}
	}
	return NULL;
}

/* ----------------------------------------------------------------
 * Another plan
 * ----------------------------------------------------------------
 */

/* A plan for this execution alone, for the identity in force. */
static PlannedStmt *
plan_once(const AzRoot *root, const char *text, const QueryDesc *query, int eflags)
{
	int			options = root->options;

	if (eflags & EXEC_FLAG_BACKWARD)
		options |= CURSOR_OPT_SCROLL;
	az_count(AZ_PLANS_MADE);
	return az_plan_for_one(az_unpack_query(root->query), text, options,
						   query->params ? az_without_tokens(query->params) : NULL, true);
}

/* What stays, whatever runs meanwhile. */
typedef struct Pinned
{
	AzRoot	   *root;
	AzAlternate *alternate;		/* or NULL */
} Pinned;

static PlannedStmt *
plan_otherwise(Pinned *pinned, QueryDesc *query, int eflags, AzSharedStart *start)
{
	AzRoot	   *root = pinned->root;
	const char *text = az_text_of(query->plannedstmt);
	PlannedStmt *plan = NULL;

	if (az_identity_foldable())
	{
		pinned->alternate = find_alternate(root, &start->presets);
		if (pinned->alternate == NULL)
			pinned->alternate = az_make_alternate(root, text);
		if (pinned->alternate)
			plan = plan_by(pinned->alternate, query, eflags, start);
	}
	return plan ? plan : plan_once(root, text, query, eflags);
}

/*
 * Remove an alternate whose planning was given up, which takes a place for
 * nothing.
 */
static void
unpin_alternate(AzAlternate *alternate)
{
	if (alternate->shape == NULL && alternate->refusal == AZ_SHAREABLE)
		az_drop_alternate(alternate);
	az_unpin_alternate(alternate);
}

static void
give_other_plan(AzRoot *root, QueryDesc *query, int eflags, AzSharedStart *start)
{
	Pinned		pinned = {root, NULL};

	az_pin_root(root);
	PG_TRY();
	{
		query->plannedstmt = plan_otherwise(&pinned, query, eflags, start);
	}
	PG_FINALLY();
	{
		if (pinned.alternate)
			unpin_alternate(pinned.alternate);
		az_unpin_root(root);
	}
	PG_END_TRY();
}

/* ----------------------------------------------------------------
 * Start
 * ----------------------------------------------------------------
 */

static void
set_params(const QueryDesc *query, const AzPresets *presets)
{
	int			i;

	for (i = 0; i < presets->n; i++)
	{
		ParamExecData *param = &query->estate->es_param_exec_vals[presets->all[i].param];

		param->execPlan = NULL;
		param->value = presets->all[i].value;
		param->isnull = presets->all[i].isnull;
	}
}

/*
 * A plan whose root is gone raises an error; the next try plans again and
 * succeeds.
 */
static AzRoot *
get_root(uint32 shape, const PlannedStmt *plan)
{
	AzRoot	   *root = az_find_root(shape, plan);

	if (root == NULL)
	{
		az_invalidate_shared_plans();
		az_raise_changed();
	}
	return root;
}

/* The checks are based on the identity as it was just looked up. */
static void
ask_shape(AzPlanShape *shape, const AzAnswer *answer, AzSharedStart *start)
{
	AzQueryPart part;

	az_query_enter(&part, answer);
	PG_TRY();
	{
		start->other = !az_shape_holds(shape, &start->presets);
	}
	PG_FINALLY();
	{
		az_query_leave(&part);
	}
	PG_END_TRY();
}

static void
choose_plan(AzRoot *root, QueryDesc *query, int eflags, AzSharedStart *start)
{
	AzAnswer	answer;
	MemoryContext old;

	start->other = !az_may_start(&answer);
	start->values = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz values",
										  ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(start->values);
	if (!start->other && root->shape->asks_grants)
		answer.grants = az_grants_serial();
	if (!start->other)
		ask_shape(root->shape, &answer, start);
	if (start->other)
		give_other_plan(root, query, eflags, start);
	MemoryContextSwitchTo(old);
}

void
az_choose_plan(QueryDesc *query, int eflags, uint32 shape, AzSharedStart *start)
{
	AzRoot	   *root = get_root(shape, query->plannedstmt);
	AzUnder		under;

	az_under(&under, query->snapshot);
	choose_plan(root, query, eflags, start);
	az_under_end(&under);
}

/* Values and plan live as long as the query's executor state. */
void
az_tell_values(QueryDesc *query, const AzSharedStart *start, bool for_all)
{
	MemoryContextSetParent(start->values, query->estate->es_query_cxt);
	if (for_all)
		set_params(query, &start->presets);
}
