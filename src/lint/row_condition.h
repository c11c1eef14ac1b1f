/*-------------------------------------------------------------------------
 *
 * row_condition.h
 *	  A condition on rows, taken apart at AND and OR.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ROW_CONDITION_H
#define AZ_ROW_CONDITION_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

typedef enum AzArmKind
{
	AZ_ARM_ALL,					/* AND */
	AZ_ARM_ANY,					/* OR */
	AZ_ARM_GATE,				/* it asks for no column: all rows pass, or none */
	AZ_ARM_COMPARED,			/* an expression over columns, compared with a value */
	AZ_ARM_OTHER
} AzArmKind;

typedef struct AzArm
{
	AzArmKind	kind;
	List	   *arms;			/* of AzArm, for AND and OR */
	Node	   *node;			/* as the policy has it, or the body of a function in SQL */

	/* of a comparison */
	Node	   *operand;
	Oid			operator;		/* the operand stands on its left; 0: IS NULL */
	Oid			collation;
	bool		by_identity;	/* compared with what the identity says */
} AzArm;

/*
 * Functions in SQL that the planner puts the body of in place of the call are
 * looked into; nothing is evaluated.
 */
extern AzArm *az_read_condition(Node *condition);

/* All that compare with what the identity says. */
extern List *az_arms_by_identity(const AzArm *arm);

#endif							/* AZ_ROW_CONDITION_H */
