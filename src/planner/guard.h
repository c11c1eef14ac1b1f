/*-------------------------------------------------------------------------
 *
 * guard.h
 *	  A query runs for the identity it was planned for, or not at all.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_GUARD_H
#define AZ_GUARD_H

#include "server/compat.h"

extern void az_guard_init(void);

#endif							/* AZ_GUARD_H */
