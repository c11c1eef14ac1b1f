/*-------------------------------------------------------------------------
 *
 * token_param.h
 *	  A token that is bound to a parameter is no constant of a plan.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TOKEN_PARAM_H
#define AZ_TOKEN_PARAM_H

#include "server/compat.h"

extern void az_token_param_init(void);

#endif							/* AZ_TOKEN_PARAM_H */
