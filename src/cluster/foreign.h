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

/*
 * Such a plan is about to start, or any other.  28000 when the identity has ended, 55000
 * when it cannot be handed over, and whatever the other side says.
 */
extern void az_tell_foreign_servers(const QueryDesc *query);

/* Behind all other hooks of utility statements. */
extern void az_foreign_init(void);

#endif							/* AZ_FOREIGN_H */
