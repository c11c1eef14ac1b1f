/*-------------------------------------------------------------------------
 *
 * ceiling.h
 *	  What an actor may not go beyond, whomever it acts for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CEILING_H
#define AZ_CEILING_H

#include "server/compat.h"
#include "token/limit.h"
#include "utils/snapshot.h"

typedef enum AzCeilingFound
{
	AZ_CEILING_NONE,
	AZ_CEILING_FOUND,
	AZ_CEILING_UNREADABLE		/* nobody may act, then */
} AzCeilingFound;

/*
 * The ceiling of an actor, both names in UTF-8, under that snapshot, or, NULL,
 * as last committed.  "version" changes when the row is written again.  The
 * result is allocated in the current context.
 */
extern AzCeilingFound az_find_ceiling(Snapshot snapshot, const char *issuer,
									  const char *actor, AzCeiling *ceiling,
									  uint64 *version);

/*
 * The callback of AzTrust: reads rows as last committed, like all that a token
 * is judged by.
 */
extern bool az_has_ceiling(void *arg, const char *issuer, const char *actor);

#endif							/* AZ_CEILING_H */
