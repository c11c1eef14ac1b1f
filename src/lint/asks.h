/*-------------------------------------------------------------------------
 *
 * asks.h
 *	  What an expression goes by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ASKS_H
#define AZ_ASKS_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/* In itself, and in the functions in SQL that it calls. */
#define AZ_ASKS_IDENTITY	1
#define AZ_ASKS_ROW			2
#define AZ_ASKS_ELSE		4	/* a table, the role, a setting, or nobody knows */

/* Of these. */
extern int	az_asks(Node *expr);

#endif							/* AZ_ASKS_H */
