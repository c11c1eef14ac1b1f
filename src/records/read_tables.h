/*-------------------------------------------------------------------------
 *
 * read_tables.h
 *	  Which tables a plan reads, of those whose reads are recorded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_READ_TABLES_H
#define AZ_READ_TABLES_H

#include "server/compat.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"

/* Are its reads recorded, as dbmi_authz.log_reads has it?  Never the catalogs'. */
extern bool az_is_recorded(Oid table);

/* A new list of their OIDs. */
extern List *az_tables_read(const PlannedStmt *plan);

/*
 * May a parallel worker run code of users for that query?  The leader would
 * not know what that code reads, and the worker does not know who reads.
 */
extern bool az_may_read_in_workers(Query *query);

#endif							/* AZ_READ_TABLES_H */
