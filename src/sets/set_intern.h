/*-------------------------------------------------------------------------
 *
 * set_intern.h
 *	  The inside of sets that are kept.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SET_INTERN_H
#define AZ_SET_INTERN_H

#include "sets/set.h"

/* Another set that was asked, and what it had. */
typedef struct AzInnerSet
{
	AzSetView  *view;
	uint64		number;
} AzInnerSet;

#define MOST_INNER	8

/*
 * Under which snapshot it was read.  The same may have been read under two, which
 * then serve in turn: that of a query, and those of a function in it.
 */
#define N_READINGS	2

typedef struct AzSetReading
{
	AzReading	reading;
	uint64		settings;		/* of the session then */
	int64		ends_at;
	int			ninner;
	AzInnerSet	inner[MOST_INNER];
} AzSetReading;

/* What was read is there already, or is kept from now on: that one. */
extern AzKeptSet *az_keep_set(AzKeptSet *made);

/* All that are kept, last used first. */
extern dlist_head *az_kept_sets(void);

/* Forget a reading: it no longer uses the views that it asked. */
extern void az_release_reading(AzSetReading *reading);

/*
 * Read what the view shows under the active snapshot into the keys of a set, as the
 * owner of the view.  54000 if there is too much.
 */
extern void az_read_keys(AzSetView *view, const AzKeptSet *set);

#endif							/* AZ_SET_INTERN_H */
