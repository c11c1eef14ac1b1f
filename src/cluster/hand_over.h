/*-------------------------------------------------------------------------
 *
 * hand_over.h
 *	  Before a plan reaches other servers, they are told who is logged in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_HAND_OVER_H
#define AZ_HAND_OVER_H

#include "server/compat.h"

/* Last of the hooks: outside of the planner's and the executor's. */
extern void az_hand_over_init(void);

#endif							/* AZ_HAND_OVER_H */
