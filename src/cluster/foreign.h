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
 * A query is about to start: does its plan read or write tables of servers that
 * foreign_login() was called for?  Then they have been told.  28000 when the identity
 * has ended, 55000 when it cannot be handed over, and whatever the other side says.
 * Cheap where there are no foreign tables.
 */
extern bool az_tell_foreign_servers(const QueryDesc *query);

/* The same of a statement that copies into foreign tables, or empties them. */
extern void az_tell_foreign_servers_of(const Node *statement);

/* Does a plan read or write such tables?  Tells nobody. */
extern bool az_reaches_foreign_login(const PlannedStmt *plan);

extern void az_foreign_init(void);

#endif							/* AZ_FOREIGN_H */
