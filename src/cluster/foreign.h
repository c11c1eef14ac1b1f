/*-------------------------------------------------------------------------
 *
 * foreign.h
 *	  Servers of postgres_fdw are told who is in force (foreign_login()).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FOREIGN_H
#define AZ_FOREIGN_H

#include "server/compat.h"
#include "executor/execdesc.h"

/*
 * Does the plan read or write tables of a foreign server that foreign_login() was
 * called for?  Asked of each plan that starts: cheap where there are no foreign tables.
 */
extern bool az_reaches_foreign_login(const PlannedStmt *plan);

/* Such a plan is about to start. */
extern void az_tell_foreign_servers(const QueryDesc *query);

#endif							/* AZ_FOREIGN_H */
