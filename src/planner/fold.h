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
#include "nodes/pathnodes.h"

#include "planner/checks.h"
#include "planner/comparand.h"
#include "planner/sharing.h"
#include "token/identity.h"

/* What the arguments of a call allow. */
typedef enum AzForm
{
	AZ_OVER_CONSTANTS,			/* its answer is a constant */
	AZ_OVER_COLUMN,				/* it is a comparison, where the type has one */
	AZ_NO_FORM					/* it stays a call */
} AzForm;

/* check: that of the called function, of which all arguments are there. */
extern AzForm az_form_of(const FuncExpr *call, const AzCheck *check);

/*
 * The expression, or NULL to leave the call as it is.  Never raises on data.
 * check: that of the called function, of which all arguments are there.  id
 * NULL: nobody.  The caller has tied the plan to that identity.
 *
 * until: when the answer ends, in microseconds since 1970, AZ_FOREVER for
 * nearly all.  NULL: what changes with time stays a call.
 */
extern Node *az_fold(FuncExpr *call, const AzCheck *check, const AzIdentity *id,
					 AzPlace place, int64 *until);

/* The same in a plan that outlives the identity in force. */
extern Node *az_fold_shared(FuncExpr *call, const AzCheck *check,
							AzSharing *sharing, PlannerInfo *root, AzPlace place);

#endif							/* AZ_FOLD_H */
