/*-------------------------------------------------------------------------
 *
 * citus.c
 *	  The nodes of a Citus cluster are told who is in force.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/citus.h"

bool
az_reaches_citus(const PlannedStmt *plan)
{
	return false;
}

void
az_tell_citus(bool asks)
{
}
