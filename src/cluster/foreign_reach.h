/*-------------------------------------------------------------------------
 *
 * foreign_reach.h
 *	  Which foreign servers a plan reaches, and with whose user mapping.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FOREIGN_REACH_H
#define AZ_FOREIGN_REACH_H

#include "server/compat.h"
#include "nodes/plannodes.h"

typedef struct AzReached
{
	Oid			server;			/* which has a login */
	Oid			user;			/* whose mapping counts */
} AzReached;

/*
 * A list of AzReached, each once.  NIL at once where the plan has no foreign table and
 * writes to no partitioned one.  Partitions that are pruned only when the plan runs
 * count.
 */
extern List *az_reached_by_plan(const PlannedStmt *plan);

/* The same of rows that the current user writes into that table, or takes out of it. */
extern List *az_reached_by_table(Oid relation);

#endif							/* AZ_FOREIGN_REACH_H */
