/*-------------------------------------------------------------------------
 *
 * set_query.h
 *	  The sets of the query that is running: one answer for all its rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SET_QUERY_H
#define AZ_SET_QUERY_H

#include "server/compat.h"

#include "sets/set.h"

/*
 * A set as a call of SQL has it in hand: looked up for the first row, and good for
 * the others of that part of the query.  Zeroed to begin with.
 */
typedef struct AzSetInHand
{
	uint64		part;			/* 0: look it up */
	uint32		identity;
	Oid			view;
	AzKeptSet  *set;
	int64		ends_at;
} AzSetInHand;

/* Of the identity in force, which there must be.  Raises as az_find_set(). */
extern AzKeySet *az_keys_in_hand(AzSetInHand *hand, Oid view);

#endif							/* AZ_SET_QUERY_H */
