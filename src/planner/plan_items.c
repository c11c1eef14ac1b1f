/*-------------------------------------------------------------------------
 *
 * plan_items.c
 *	  What a plan says about the checks that it met.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/plan_items.h"

#include "datatype/timestamp.h"
#include "utils/syscache.h"

#include "session/plans.h"
#include "session/session.h"
#include "trust/trust_table.h"

bool
az_add_item(List **items, int cache_id, uint32 value)
{
	PlanInvalItem *item;
	ListCell   *lc;

	foreach(lc, *items)
	{
		item = lfirst_node(PlanInvalItem, lc);
		if (item->cacheId == cache_id && item->hashValue == value)
			return false;
	}
	item = makeNode(PlanInvalItem);
	item->cacheId = cache_id;
	item->hashValue = value;
	*items = lappend(*items, item);
	return true;
}

const PlanInvalItem *
az_find_item(const List *items, int cache_id)
{
	ListCell   *lc;

	foreach(lc, items)
	{
		if (lfirst_node(PlanInvalItem, lc)->cacheId == cache_id)
			return lfirst(lc);
	}
	return NULL;
}

bool
az_met_check(const List *items)
{
	ListCell   *lc;

	foreach(lc, items)
	{
		switch (lfirst_node(PlanInvalItem, lc)->cacheId)
		{
			case AZ_GUARD_CACHE_ID:
			case AZ_GUARD_SERIAL_CACHE_ID:
			case AZ_GUARD_SHAPE_CACHE_ID:
				return true;
			default:
				break;
		}
	}
	return false;
}

void
az_depend_on_function(List **items, uint32 hash)
{
	(void) az_add_item(items, PROCOID, hash);
}

void
az_tie_to_identity(List **items, List **relations, uint32 support, bool ends,
				   uint32 serial)
{
	if (!az_add_item(items, ends ? AZ_GUARD_CACHE_ID : AZ_GUARD_SERIAL_CACHE_ID,
					 serial))
		return;
	az_watch_function(support);
	az_depend_on_function(items, support);
	*relations = list_concat_unique_oid(*relations, az_tables_of_plans(false));
}

void
az_tie_to_time(List **items, int64 until)
{
	if (until != AZ_FOREVER)
		(void) az_add_item(items, AZ_GUARD_UNTIL_CACHE_ID,
						   (uint32) (until / USECS_PER_SEC));
}

void
az_tie_to_grants(List **items, List **relations, uint32 grants)
{
	if (az_add_item(items, AZ_GUARD_GRANTS_CACHE_ID, grants))
		*relations = list_concat_unique_oid(*relations, az_tables_of_plans(true));
}
