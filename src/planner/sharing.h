/*-------------------------------------------------------------------------
 *
 * sharing.h
 *	  A plan that outlives an identity, while it is made.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHARING_H
#define AZ_SHARING_H

#include "server/compat.h"
#include "nodes/pathnodes.h"
#include "nodes/plannodes.h"

#include "planner/plan_shape.h"

/* Why a plan cannot be shared. */
typedef enum AzRefusal
{
	AZ_SHAREABLE,
	AZ_NOT_SHAREABLE,			/* the reason is in the statement */
	AZ_MANY_VALUES,				/* of the identity in force */
	AZ_DEAR						/* one for the identity alone is cheaper */
} AzRefusal;

typedef struct AzSharing
{
	AzPlanShape *shape;
	PlannerGlobal *glob;		/* of the planning; NULL: no check was met yet */
	SubPlan    *initplan;		/* whose outputs the parameters pretend to be */
	AzRefusal	refusal;
} AzSharing;

/* The outermost query around that one. */
extern PlannerInfo *az_outermost(PlannerInfo *root);

/* A check was met: the plan will have the mark of the shape. */
extern void az_share(AzSharing *sharing, PlannerInfo *root);

/* The answer as a constant. */
extern Node *az_share_answer(AzSharing *sharing, const FuncExpr *call);

/* What stands for the result of a call over constants. */
extern Node *az_share_result(AzSharing *sharing, PlannerInfo *root,
							 const FuncExpr *call);

/* What stands for a check over a column. */
extern Node *az_share_comparison(AzSharing *sharing, PlannerInfo *root,
								 const FuncExpr *call, AzColumnClaims claims,
								 const AzComparand *column, AzPlace place);

/*
 * The plan is finished: it says what it needs to be told when it starts.
 * False when it is not one that can be shared.
 */
extern bool az_finish_sharing(AzSharing *sharing, PlannedStmt *plan);

#endif							/* AZ_SHARING_H */
