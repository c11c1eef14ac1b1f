/*-------------------------------------------------------------------------
 *
 * foreign.c
 *	  Servers of postgres_fdw are told who is in force (foreign_login()).
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/foreign.h"

bool
az_reaches_foreign_login(const PlannedStmt *plan)
{
	return false;
}

void
az_tell_foreign_servers(const QueryDesc *query)
{
}
