/*-------------------------------------------------------------------------
 *
 * shown.h
 *	  A condition that was folded, as it is shown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHOWN_H
#define AZ_SHOWN_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/*
 * SQL of a condition over one table (varno 1) that az_condition_for_one() made:
 * "true" and "false", or an expression over the names of its columns, which read
 * again means the same.  NULL: none, which is true.
 */
extern char *az_shown_condition(Oid rel, Node *condition);

#endif							/* AZ_SHOWN_H */
