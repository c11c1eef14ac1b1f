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
	AZ_ANYBODY					/* whoever asks, about a row without a NULL */
} AzAsker;

/* All that the expression may come to, and perhaps more. */
extern AzOutcome az_outcome(Node *expr, AzAsker asker);

/* What an expression goes by, in itself and in the functions that it calls. */
#define AZ_ASKS_IDENTITY	1
#define AZ_ASKS_ROW			2
#define AZ_ASKS_ELSE		4	/* a table, the role, a setting, or nobody knows */

extern int	az_asks(Node *expr);

#endif							/* AZ_OUTCOME_H */
