/*-------------------------------------------------------------------------
 *
 * watch.h
 *	  Is it told when a table changes?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_WATCH_H
#define AZ_WATCH_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

/*
 * Why a set that reads the relation cannot be kept, palloc'd; NULL: whatever
 * changes its rows is told.
 */
extern char *az_why_unwatched(Relation rel);

/* The events (TRIGGER_TYPE_...) of which that trigger tells where it fires. */
extern int	az_events_told_by(const Trigger *trigger);

/* The relations by whose messages it is told: OIDs, itself among them. */
extern List *az_tellers_of(Relation rel);

#endif							/* AZ_WATCH_H */
