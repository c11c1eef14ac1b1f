/*-------------------------------------------------------------------------
 *
 * set_query.c
 *	  The sets of the query that is running: one answer for all its rows.
 *
 * A query's snapshot stays the same, and so do its sets: they are pinned for it,
 * also while a cursor waits to be fetched from.  Where a function in the query asks
 * on its own, under another snapshot, it is another question.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/set_query.h"

#include "lib/ilist.h"
#include "executor/execdesc.h"
#include "nodes/execnodes.h"
#include "utils/memutils.h"

#include "server/asked.h"
#include "session/plans.h"
#include "session/session.h"

/* What a query has pinned; in the memory of its state, and goes with it. */
typedef struct Pin
{
	dlist_node	node;
	const EState *estate;
	uint32		identity;
	AzKeptSet  *set;
	int64		ends_at;
	MemoryContextCallback callback;
} Pin;

static dlist_head pins = DLIST_STATIC_INIT(pins);


static void
unpin(void *arg)
{
	Pin		   *pin = arg;

	dlist_delete(&pin->node);
	az_unpin_set(pin->set);
}

static Pin *
find_pin(const EState *estate, Oid view)
{
	uint32		identity = az_identity_serial();
	dlist_iter	iter;

	dlist_foreach(iter, &pins)
	{
		Pin		   *pin = dlist_container(Pin, node, iter.cur);

		if (pin->estate == estate && pin->set->view->oid == view &&
			pin->identity == identity)
			return pin;
	}
	return NULL;
}

static Pin *
pin_for(const EState *estate, AzKeptSet *set)
{
	Pin		   *pin = MemoryContextAllocZero(estate->es_query_cxt, sizeof(Pin));

	pin->estate = estate;
	pin->identity = az_identity_serial();
	pin->set = set;
	pin->callback.func = unpin;
	pin->callback.arg = pin;
	az_pin_set(set);
	dlist_push_head(&pins, &pin->node);
	MemoryContextRegisterResetCallback(estate->es_query_cxt, &pin->callback);
	return pin;
}

/*
 * A plan of one identity was made for a set of about some size.  If it is another
 * one by now, this plan is right, and the next one shall be good.
 */
static void
compare_size(const PlannedStmt *plan, const AzKeptSet *set)
{
	uint32		now = az_set_size_item(set->view->oid, az_count_keys(set->keys));
	ListCell   *lc;

	foreach(lc, plan->invalItems)
	{
		const PlanInvalItem *item = lfirst_node(PlanInvalItem, lc);

		if (item->cacheId != AZ_GUARD_SET_SIZE_CACHE_ID ||
			!az_is_other_size(item->hashValue, now))
			continue;
		az_note_tied_plan();
		az_invalidate_plans();
		break;
	}
}

/* The pin of the query; a new one, or in place of what has ended. */
static Pin *
pin_of_query(const QueryDesc *query, Oid oid)
{
	Pin		   *pin = find_pin(query->estate, oid);
	int64		ends_at;
	AzKeptSet  *set;

	if (pin && (pin->ends_at == AZ_NEVER || pin->ends_at > az_unix_now()))
		return pin;
	set = az_find_set(az_get_set_view(oid), &ends_at);
	if (pin == NULL)
	{
		pin = pin_for(query->estate, set);
		compare_size(query->plannedstmt, set);
	}
	else if (pin->set != set)
	{
		AzKeptSet  *old = pin->set;

		/* in this order: what nobody has pinned may go when another one is let go */
		az_pin_set(set);
		pin->set = set;
		az_unpin_set(old);
	}
	pin->ends_at = ends_at;
	return pin;
}

static void
look_up(AzSetInHand *hand, Oid view)
{
	const QueryDesc *query = az_asking_query();
	const Pin  *pin;
	AzUnder		under;

	hand->part = 0;
	hand->view = view;
	if (query == NULL)
	{
		az_under_asked(&under);
		hand->set = az_find_set(az_get_set_view(view), &hand->ends_at);
		az_under_end(&under);
		return;
	}
	pin = pin_of_query(query, view);
	hand->set = pin->set;
	hand->ends_at = pin->ends_at;
	hand->identity = pin->identity;
	hand->part = az_asking_part();
}

AzKeySet *
az_keys_in_hand(AzSetInHand *hand, Oid view)
{
	if (unlikely(hand->part == 0 || hand->part != az_asking_part() || hand->view != view ||
				 hand->identity != az_identity_serial() ||
				 (hand->ends_at != AZ_NEVER && hand->ends_at <= az_unix_now())))
		look_up(hand, view);
	return hand->set->keys;
}
