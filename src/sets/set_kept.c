/*-------------------------------------------------------------------------
 *
 * set_kept.c
 *	  Which sets are kept, and for how long.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/set_intern.h"

#include "utils/array.h"
#include "utils/memutils.h"

static dlist_head sets = DLIST_STATIC_INIT(sets);
static Size total_size = 0;
static int	nsets = 0;
static uint64 last_number = 0;

/* What is kept while no query asks it. */
#define MOST_SIZE	(64 * 1024 * 1024)
#define MOST_SETS	256


dlist_head *
az_kept_sets(void)
{
	return &sets;
}

void
az_release_reading(AzSetReading *reading)
{
	int			i;

	for (i = 0; i < reading->ninner; i++)
		reading->inner[i].view->uses--;
	memset(reading, 0, sizeof(*reading));
}

static void
forget(AzKeptSet *set)
{
	int			i;

	for (i = 0; i < N_READINGS; i++)
		az_release_reading(&set->readings[i]);
	dlist_delete(&set->node);
	nsets--;
	total_size -= set->size;
	set->view->uses--;
	MemoryContextDelete(set->context);
}

/* The one that was used longest ago goes first.  That one stays. */
static void
make_room(const AzKeptSet *except)
{
	dlist_node *node = dlist_is_empty(&sets) ? NULL : dlist_tail_node(&sets);

	while (node != NULL && (total_size > MOST_SIZE || nsets > MOST_SETS))
	{
		AzKeptSet  *set = dlist_container(AzKeptSet, node, node);

		node = dlist_has_prev(&sets, node) ? dlist_prev_node(&sets, node) : NULL;
		if (set->pins == 0 && set != except)
			forget(set);
	}
}

ArrayType *
az_remember_array(AzKeptSet *set, Oid element, ArrayType *array)
{
	/* a scan may have one of another type in hand */
	if (set->array)
		return array;
	total_size -= set->size;
	set->array = MemoryContextAllocHuge(set->context, VARSIZE(array));
	memcpy(set->array, array, VARSIZE(array));
	set->element = element;
	set->size = MemoryContextMemAllocated(set->context, true);
	total_size += set->size;
	return set->array;
}

void
az_pin_set(AzKeptSet *set)
{
	set->pins++;
}

/* Many, or large ones, may have been pinned at once. */
void
az_unpin_set(AzKeptSet *set)
{
	set->pins--;
	make_room(NULL);
}

/* What was read holds the same as this one: it is that. */
static AzKeptSet *
find_same(const AzKeptSet *made)
{
	dlist_iter	iter;

	dlist_foreach(iter, &sets)
	{
		AzKeptSet  *set = dlist_container(AzKeptSet, node, iter.cur);

		if (set->view == made->view && set->identity == made->identity &&
			az_same_keys(set->keys, made->keys))
			return set;
	}
	return NULL;
}

AzKeptSet *
az_keep_set(AzKeptSet *made)
{
	AzKeptSet  *same = find_same(made);

	if (same)
	{
		MemoryContextDelete(made->context);
		dlist_move_head(&sets, &same->node);
		return same;
	}
	MemoryContextSetParent(made->context, TopMemoryContext);
	made->number = ++last_number;
	made->size = MemoryContextMemAllocated(made->context, true);
	made->view->uses++;
	dlist_push_head(&sets, &made->node);
	nsets++;
	total_size += made->size;
	make_room(made);
	return made;
}
