/*-------------------------------------------------------------------------
 *
 * asks.h
 *	  What the value of an expression depends on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ASKS_H
#define AZ_ASKS_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/* By itself, or by the functions in SQL that it calls. */
#define AZ_ASKS_IDENTITY	1
#define AZ_ASKS_ROW			2
#define AZ_ASKS_ELSE		4	/* a table, the role, a setting, or something
								 * unknown */

/* A set of these. */
extern int	az_asks(Node *expr);

#endif							/* AZ_ASKS_H */
