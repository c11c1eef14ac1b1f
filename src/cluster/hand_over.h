/*-------------------------------------------------------------------------
 *
 * hand_over.h
 *	  A plan that reaches other servers has them told who is in force.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_HAND_OVER_H
#define AZ_HAND_OVER_H

#include "server/compat.h"

/* Last of the hooks: outside of the planner's and the executor's. */
extern void az_hand_over_init(void);

#endif							/* AZ_HAND_OVER_H */
