/*-------------------------------------------------------------------------
 *
 * fold.h
 *	  What a call means for the identity in force, as an expression without
 *	  calls.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FOLD_H
#define AZ_FOLD_H

#include "planner/checks.h"
#include "server/compat.h"
#include "token/identity.h"
#include "nodes/primnodes.h"

/*
 * The expression, or NULL to leave the call as it is.  Never raises on data.
 * check: that of the called function; id NULL: nobody.  The caller has tied
 * the plan to that identity.
 */
extern Node *az_fold(FuncExpr *call, const AzCheck *check, const AzIdentity *id);

#endif							/* AZ_FOLD_H */
