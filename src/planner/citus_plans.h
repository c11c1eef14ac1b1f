/*-------------------------------------------------------------------------
 *
 * citus_plans.h
 *	  Queries and plans that reach the nodes of a Citus cluster.
 *
 * Its planner copies a query and sends it to nodes in parts, as text.  The
 * marks that core's planner carries along in a plan are lost on the way, and a
 * value that is to be set when the plan starts would not get there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CITUS_PLANS_H
#define AZ_CITUS_PLANS_H

#include "server/compat.h"
#include "nodes/plannodes.h"

/* Is it loaded in this server?  Found by the name of its scan; nothing is linked. */
extern bool az_has_citus(void);

/* Is it a table whose rows are on other nodes, as Citus's own catalog says? */
extern bool az_is_distributed(Oid rel);

/* Is it a procedure that a node may be told to call, by Citus's own catalog? */
extern bool az_is_delegated(Oid procedure);

/* Does the query, or a query in it, read or write one?  Before it is planned. */
extern bool az_uses_distributed(Query *query);

/* Does a part of the plan run on other nodes? */
extern bool az_has_citus_scan(const PlannedStmt *plan);

/*
 * Are rows of a query fetched here and copied to the shards of another table?  Of
 * INSERT ... SELECT without RETURNING and ON CONFLICT; true when that cannot be told.
 */
extern bool az_copies_to_shards(const PlannedStmt *plan);

#endif							/* AZ_CITUS_PLANS_H */
