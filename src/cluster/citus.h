/*-------------------------------------------------------------------------
 *
 * citus.h
 *	  The nodes of a Citus cluster are told who is in force.
 *
 * Found by the names of its scans and its setting; nothing of it is linked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CITUS_H
#define AZ_CITUS_H

#include "server/compat.h"
#include "nodes/plannodes.h"

/* Does a part of the plan run on other nodes? */
extern bool az_reaches_citus(const PlannedStmt *plan);

/*
 * Such a plan is about to start.  asks: it asks for the identity, or may.  25P01
 * outside of a transaction block, when there is somebody in force and it asks.
 */
extern void az_tell_citus(bool asks);

#endif							/* AZ_CITUS_H */
