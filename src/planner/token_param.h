/*-------------------------------------------------------------------------
 *
 * token_param.h
 *	  A token that is bound to a parameter is not made a constant of a plan.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TOKEN_PARAM_H
#define AZ_TOKEN_PARAM_H

#include "server/compat.h"
#include "nodes/params.h"

/* The parameters as the planner is to see them. */
extern ParamListInfo az_without_tokens(ParamListInfo params);

#endif							/* AZ_TOKEN_PARAM_H */
