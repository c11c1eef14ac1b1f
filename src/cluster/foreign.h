/*-------------------------------------------------------------------------
 *
 * foreign.h
 *	  Tells servers of postgres_fdw who is logged in (foreign_login()).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FOREIGN_H
#define AZ_FOREIGN_H

#include "server/compat.h"
#include "executor/execdesc.h"

/*
 * A query is about to start: does its plan read or write tables of servers
 * that foreign_login() was called for?  If so, they are told who is logged in.
 * Raises 28000 when the identity has ended, 55000 when it cannot be handed
 * over, and errors of the other server.  Cheap where there are no foreign
 * tables.
 */
extern bool az_tell_foreign_servers(const QueryDesc *query);

/* The same of a statement that copies into foreign tables, or empties them. */
extern void az_tell_foreign_servers_of(const Node *statement);

/* Does a plan read or write such tables?  Tells nobody. */
extern bool az_reaches_foreign_login(const PlannedStmt *plan);

extern void az_foreign_init(void);

#endif							/* AZ_FOREIGN_H */
