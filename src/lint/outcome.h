/*-------------------------------------------------------------------------
 *
 * outcome.h
 *	  What an expression may come to, worked out without running it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_OUTCOME_H
#define AZ_OUTCOME_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/* A set of these; of what is no boolean, a value is "true" and "false" both. */
typedef int AzOutcome;

#define AZ_MAY_BE_TRUE	1
#define AZ_MAY_BE_FALSE	2
#define AZ_MAY_BE_NULL	4
#define AZ_A_VALUE		(AZ_MAY_BE_TRUE | AZ_MAY_BE_FALSE)
#define AZ_ANYTHING		(AZ_A_VALUE | AZ_MAY_BE_NULL)

typedef enum AzAsker
{
	AZ_NOBODY,					/* a session without a token */
	AZ_ACTOR,					/* somebody who acts for a person */
	AZ_ANYBODY					/* any user, about a row without a NULL */
} AzAsker;

/* All that the expression may come to, and perhaps more. */
extern AzOutcome az_outcome(Node *expr, AzAsker asker);

#endif							/* AZ_OUTCOME_H */
