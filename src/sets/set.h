/*-------------------------------------------------------------------------
 *
 * set.h
 *	  The keys that a view shows to the identity in force.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SET_H
#define AZ_SET_H

#include "server/compat.h"

#include "sets/key_set.h"
#include "sets/set_view.h"

typedef struct AzKeptSet
{
	dlist_node	node;
	AzSetView  *view;
	uint32		identity;		/* its serial */
	uint64		number;			/* no two contents have the same */
	AzKeySet   *keys;
	int			pins;			/* queries that ask it: it stays */
	Size		size;
	MemoryContext context;		/* of the keys */
	Oid			element;		/* type of the elements of ... */
	struct ArrayType *array;	/* the keys, once they were asked for; NULL: not yet */
	struct AzSetReading *readings;
	int			next_reading;	/* which is to be forgotten */
} AzKeptSet;

/*
 * The set as the active snapshot shows it, until *ends_at (microseconds since 1970;
 * AZ_NEVER), when it is to be asked for again.  It stays until another one is
 * asked for, or as long as it is pinned.
 *
 * There must be an identity in force.  Raises what az_look_at_set_view() does,
 * 42501 for a role that may not ask, 42P17 for a set that asks itself, 54000
 * for one that is too large, and errors of its query.
 */
extern AzKeptSet *az_find_set(AzSetView *view, int64 *ends_at);

/*
 * Remember an array of that type of the keys of a set that is pinned, none of which
 * ends: the copy, or the array itself where there is another one already.
 */
extern struct ArrayType *az_remember_array(AzKeptSet *set, Oid element,
										   struct ArrayType *array);

extern void az_pin_set(AzKeptSet *set);
extern void az_unpin_set(AzKeptSet *set);

/*
 * For estimates of the planner: what is known of the set, even if it is
 * outdated; otherwise it is read, so that the execution of the plan finds it.
 * NULL: nothing is known, or the role that asks may not know it.
 */
extern const AzKeptSet *az_estimate_set(AzSetView *view);

#endif							/* AZ_SET_H */
