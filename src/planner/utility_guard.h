/*-------------------------------------------------------------------------
 *
 * utility_guard.h
 *	  What runs without the executor keeps to the rules, too.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_UTILITY_GUARD_H
#define AZ_UTILITY_GUARD_H

#include "server/compat.h"

extern void az_utility_guard_init(void);

#endif							/* AZ_UTILITY_GUARD_H */
