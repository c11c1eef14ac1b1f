/*-------------------------------------------------------------------------
 *
 * shown.h
 *	  Expressions and conditions of a table, as they are shown.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHOWN_H
#define AZ_SHOWN_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/*
 * SQL of an expression over one table (varno 1), which read again means the same:
 * core leaves collations out.
 */
extern char *az_shown_expression(Oid rel, Node *expr);

/*
 * SQL of a condition over one table (varno 1) that az_condition_for_one() made:
 * "true" and "false", NULL being false, or an expression over the names of its
 * columns.  NULL: none, which is true.
 */
extern char *az_shown_condition(Oid rel, Node *condition);

#endif							/* AZ_SHOWN_H */
