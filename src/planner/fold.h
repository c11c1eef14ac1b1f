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

#include "server/compat.h"
#include "token/identity.h"
#include "nodes/primnodes.h"

/*
 * The expression, or NULL to leave the call as it is.  symbol: the called C
 * function; id NULL: nobody.  The caller has tied the plan to that identity.
 */
extern Node *az_fold(FuncExpr *call, const char *symbol, const AzIdentity *id);

/* Does that C function compare its first argument with the identity? */
extern bool az_is_column_check(const char *symbol);

#endif							/* AZ_FOLD_H */
