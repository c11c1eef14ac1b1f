/*-------------------------------------------------------------------------
 *
 * set_view.h
 *	  What is known of a view that is a set.
 *
 * A set is a view of one column, the keys that the identity reaches, or of two:
 * then the second one, valid_until, says when a key ends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SET_VIEW_H
#define AZ_SET_VIEW_H

#include "server/compat.h"
#include "executor/spi.h"
#include "lib/ilist.h"
#include "nodes/plannodes.h"

#include "server/reading.h"
#include "server/value.h"
#include "sets/calls.h"
#include "trust/admin.h"

typedef struct AzSetView
{
	dlist_node	node;
	Oid			oid;
	bool		current;		/* what stands here was found out since the last change */
	MemoryContext context;		/* of what was */
	Oid			owner;
	AzValueType type;			/* of the keys */
	bool		has_ends;		/* there is a second column */
	SPIPlanPtr	plan;			/* to be run as the owner */
	bool		asks_identity;
	bool		may_end;		/* what it shows may change with time: keys end */
	const char *unkept;			/* why it is worked out for each query; NULL: it is kept */
	List	   *relations;		/* that it reads: OIDs */
	List	   *tellers;		/* other relations by whose messages changes are told */

	AzMoment	defined;		/* no definition that shows by then is to be told */
	bool		any_defined;

	AzSource	source;			/* of what was read through it */
	uint64		epoch;
	uint64		functions_epoch;
	bool		being_read;
	int			uses;			/* by sets that were read, and by code that has it in hand */

	/* a role that may ask it: the last one that did */
	Oid			role;
	bool		allowed;

	/* for authz.sets() */
	int64		n_readings;
	int64		n_keys;			/* the last time */
	int64		microseconds;	/* all together */
} AzSetView;

/*
 * The view, known or new.  What is known may be out of date, and is nothing yet
 * of a new one.
 */
extern AzSetView *az_get_set_view(Oid oid);

/*
 * Have it be current.  Raises 42P01, 42809 (no view), 42P16 (other columns),
 * 42804 (a type that has no "=" with a column that is_owner() takes), 0A000 (it
 * calls a volatile function, asks for the role, or reads a view with
 * security_invoker).
 */
extern void az_look_at_set_view(AzSetView *view);

/*
 * May the role in force ask it?  It may if it can read the view, or if the
 * view belongs to a role that administers and asks for the identity: then it
 * shows only what the identity reaches.
 */
extern bool az_may_ask_set(AzSetView *view);

/*
 * Has it been told how all that it reads is defined, as far as the active snapshot
 * shows?  Reads pending messages.
 */
extern bool az_is_definition_told(AzSetView *view);

/* Is it a function that asks a set, which its first argument names? */
extern bool az_asks_set(Oid function);

/* All that are known, to be walked over. */
extern dlist_head *az_set_views(void);

/* Will that plan write to a table that a set reads?  Then the transaction has. */
extern void az_note_writes_of_sets(const PlannedStmt *plan);
extern void az_note_write_of_sets(Oid table);

/*
 * What is read for a set is read with the rights of the view's owner, under no
 * settings of the caller's that would change what it means; until az_end_as().
 */
extern void az_begin_as_set_owner(Oid owner, AzCaller *caller);

/* After az_announced_init().  May be called again when it raised. */
extern void az_set_view_init(AzKindOfCall kind);

#endif							/* AZ_SET_VIEW_H */
