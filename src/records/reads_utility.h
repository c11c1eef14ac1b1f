/*-------------------------------------------------------------------------
 *
 * reads_utility.h
 *	  The record of reads: utility statements.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_READS_UTILITY_H
#define AZ_READS_UTILITY_H

#include "server/compat.h"

/* Install the hook.  Raises nothing. */
extern void az_reads_utility_init(void);

#endif							/* AZ_READS_UTILITY_H */
