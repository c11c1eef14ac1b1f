/*-------------------------------------------------------------------------
 *
 * unnamed.h
 *	  The issuer whose tokens name none (option "unnamed").
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_UNNAMED_H
#define AZ_UNNAMED_H

#include "server/compat.h"
#include "nodes/pg_list.h"

/*
 * Append its name to the list, or two names if somebody has written two into
 * the table.  The names are UTF-8, in the current context.
 */
extern List *az_add_unnamed_issuers(List *names);

#endif							/* AZ_UNNAMED_H */
