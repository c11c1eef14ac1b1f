/*-------------------------------------------------------------------------
 *
 * listed.h
 *	  The databases that are listed, and are there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_LISTED_H
#define AZ_KEYS_LISTED_H

#include "server/compat.h"
#include "nodes/pg_list.h"

/*
 * Their OIDs, at most AZ_MAX_DATABASES, in the current memory context.  One that is
 * not there, or lets nobody in, is told of once.
 */
extern List *az_listed_databases(void);

/* The settings were read again: tell again. */
extern void az_tell_again(void);

#endif							/* AZ_KEYS_LISTED_H */
