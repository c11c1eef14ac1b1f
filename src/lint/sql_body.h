/*-------------------------------------------------------------------------
 *
 * sql_body.h
 *	  What a function in SQL stands for, read and never run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SQL_BODY_H
#define AZ_SQL_BODY_H

#include "server/compat.h"
#include "nodes/primnodes.h"

/* Bodies within bodies are followed so deep: one may call itself. */
#define AZ_MAX_BODIES	5

/*
 * The expression that a call of a function in SQL stands for, with the call's
 * arguments in it, when the function is one SELECT of one value; NULL for any
 * other.  inlined: the planner puts it in the place of the call.  The body is
 * parsed as the function would, under the search path of now; where that
 * raises, it is NULL.
 */
extern Node *az_sql_body(const FuncExpr *call, bool *inlined);

/* Only the last: also true where the body could not be parsed. */
extern bool az_is_inlined(const FuncExpr *call);

/* Before all others: what is read is kept in that context, until the next time. */
extern void az_begin_sql_bodies(MemoryContext context);

#endif							/* AZ_SQL_BODY_H */
