/*-------------------------------------------------------------------------
 *
 * call_walk.h
 *	  The calls in a condition, and where each stands.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CALL_WALK_H
#define AZ_CALL_WALK_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/* What its being true does to the condition. */
typedef enum AzSide
{
	AZ_LETS_PASS,				/* it may let a row pass, never stop one */
	AZ_STOPS,					/* the other way round: it is negated */
	AZ_EITHER_SIDE
} AzSide;

typedef struct AzCallPlace
{
	AzSide		side;
	int			sublinks;		/* how many sub-selects are around it */
	bool		bare;			/* the innermost of them reads no table */
	bool		is_condition;	/* alone, or below AND and OR */
	bool		in_body;		/* of a function that the planner does not inline */
	Node	   *shown;			/* what of the policy it stands in: itself, the
								 * sub-select, or the call of a function in SQL */
} AzCallPlace;

/* The node is a FuncExpr, an OpExpr, DistinctExpr or ScalarArrayOpExpr. */
typedef void (*AzCallVisitor) (Node *node, const AzCallPlace *place, void *arg);

/* Those in functions in SQL, too: after the call of the function. */
extern void az_walk_calls(Node *condition, AzCallVisitor visit, void *arg);

#endif							/* AZ_CALL_WALK_H */
