/*-------------------------------------------------------------------------
 *
 * plan_guard.c
 *	  What a plan says about the identities that it is for.
 *
 * By items that core carries along (session/plans.h), by the values that a plan
 * for all was told, and by what is remembered of a query that asked.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/plan_guard.h"

#include "access/parallel.h"
#include "datatype/timestamp.h"
#include "nodes/plannodes.h"

#include "items/grants.h"
#include "planner/function.h"
#include "planner/shared_start.h"
#include "session/plans.h"
#include "session/session.h"
#include "session/stopped.h"
#include "session/tied.h"

static void
read_grants(const PlanInvalItem *item, AzPlanGuard *guard)
{
	if (guard->asks_grants && guard->grants != item->hashValue)
		az_raise_grants_changed();
	guard->asks_grants = true;
	guard->grants = item->hashValue;
}

static void
read_serial(const PlanInvalItem *item, AzPlanGuard *guard)
{
	if (guard->guarded && guard->serial != item->hashValue)
		az_raise_changed();
	guard->guarded = true;
	guard->serial = item->hashValue;
	if (item->cacheId == AZ_GUARD_CACHE_ID)
		guard->ends = true;
}

static void
read_item(const PlanInvalItem *item, AzPlanGuard *guard)
{
	switch (item->cacheId)
	{
		case AZ_GUARD_LOGIN_CACHE_ID:
			guard->logs_in = true;
			break;
		case AZ_GUARD_GRANTS_CACHE_ID:
			read_grants(item, guard);
			break;
		case AZ_GUARD_CACHE_ID:
		case AZ_GUARD_SERIAL_CACHE_ID:
			read_serial(item, guard);
			break;
		case AZ_GUARD_UNTIL_CACHE_ID:
			guard->until = Min(guard->until, item->hashValue * USECS_PER_SEC);
			break;
		case AZ_GUARD_SHAPE_CACHE_ID:
			guard->guarded = true;
			guard->shape = item->hashValue;
			break;
		case AZ_GUARD_SLOT_CACHE_ID:
			guard->slot = item->hashValue;
			guard->ends = AZ_SLOT_ENDS(item->hashValue);
			guard->asks_grants = AZ_SLOT_GRANTS(item->hashValue);
			break;
		default:
			break;
	}
}

/*
 * In a worker there is nothing to compare: the leader's plan arrives without
 * these items, and a worker has no identity. Two serials in one plan: the
 * identity changed while it was planned.
 */
AzPlanGuard
az_read_guard(const PlannedStmt *plan)
{
	AzPlanGuard	guard = {.until = AZ_FOREVER};
	ListCell   *lc;

	if (IsParallelWorker())
		return guard;
	foreach(lc, plan->invalItems)
		read_item(lfirst_node(PlanInvalItem, lc), &guard);
	return guard;
}

AzPlanGuard
az_guard_of(const QueryDesc *query)
{
	AzPlanGuard	guard = az_read_guard(query->plannedstmt);

	if (guard.shape != 0)
	{
		AzToldWhom	whom = az_read_slot(query, guard.slot);

		guard.serial = whom.serial;
		guard.grants = whom.grants;
		guard.until = whom.until;
	}
	else if (!guard.guarded)
		guard.guarded = az_is_tied(query, &guard.serial);
	guard.until = Min(guard.until, az_until_of_answers(query));
	return guard;
}

/*
 * The executor does not prepare calls that folding has taken out of the plan,
 * and so does not check them.  It checks calls after it has checked the
 * tables.
 */
void
az_check_rights(const PlannedStmt *plan)
{
	ListCell   *lc;

	foreach(lc, plan->invalItems)
	{
		const PlanInvalItem *item = lfirst_node(PlanInvalItem, lc);

		if (item->cacheId == AZ_GUARD_EXECUTE_CACHE_ID)
			az_require_executable(item->hashValue);
	}
}
