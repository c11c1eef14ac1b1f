/*-------------------------------------------------------------------------
 *
 * conditions.h
 *	  The calls in a query for which NULL and false are the same.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CONDITIONS_H
#define AZ_CONDITIONS_H

#include "server/compat.h"
#include "nodes/parsenodes.h"

/* What the call becomes; itself, to leave it as it is. */
typedef Node *(*AzConditionMutator) (FuncExpr *call, void *context);

/*
 * Mutates, in place, the calls that stand alone, or below AND and OR, in a
 * policy's condition, a WHERE, an ON or a condition on what is written: of the
 * query, and of the sub-queries among its tables.
 */
extern void az_mutate_conditions(Query *query, AzConditionMutator mutator,
								 void *context);

/*
 * Does it read anything that a condition could be about: a table, a view or
 * sub-select, a WITH query?
 */
extern bool az_reads_table(const Query *query);

/*
 * A call may be marked as being in such a place, for code that meets it later.
 * The mark is its collation, which nothing looks at, since a boolean has none.
 */
extern void az_mark_call(FuncExpr *call);
extern bool az_is_marked(const FuncExpr *call);
extern void az_remove_mark(FuncExpr *call);

#endif							/* AZ_CONDITIONS_H */
