/*-------------------------------------------------------------------------
 *
 * wording.h
 *	  Expressions and names, in lines that people read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_WORDING_H
#define AZ_WORDING_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/* Palloc'd: what would break the line, or hide in it, is written as an escape. */
extern char *az_one_line(const char *text);

/* The same for a value: in quotes unless it is one plain word. */
extern char *az_quote_value(const char *value, size_t len);

/*
 * A condition over the columns of the table (varno 1) as SQL, on one line; "true"
 * and "false" of a constant, NULL being false.  Of a long list of values no more
 * than these.
 */
#define AZ_MOST_VALUES	10
extern char *az_condition_in_short(Oid rel, Node *condition);

/* What a call comes to, in the same way; of a constant the value alone, without type and collation. */
extern char *az_result_in_short(Oid rel, Node *result);

/* A call as a user would write it: has_scope('admin'). */
extern char *az_call_text(Oid rel, const FuncExpr *call);

#endif							/* AZ_WORDING_H */
