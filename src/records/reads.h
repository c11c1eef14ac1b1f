/*-------------------------------------------------------------------------
 *
 * reads.h
 *	  The record of reads (dbmi_authz.log_reads): a line in the server's log for
 *	  each statement of a client that has read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_READS_H
#define AZ_READS_H

#include "server/compat.h"

/* Install the hooks, around those of the planner's room.  Raises nothing. */
extern void az_reads_init(void);

#endif							/* AZ_READS_H */
