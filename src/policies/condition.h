/*-------------------------------------------------------------------------
 *
 * condition.h
 *	  What the conditions and views that we write have become.
 *
 * A name with its schema is looked up all the same: where somebody else's
 * function or type of that name fits better than ours, it is taken.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CONDITION_H
#define AZ_CONDITION_H

#include "policies/policy.h"
#include "server/compat.h"

/*
 * 55000 unless our policies of that table consist of nothing but the
 * extension's own functions; or would, with that condition.
 */
extern void az_check_written(const AzTable *table);
extern void az_check_condition(const AzTable *table, const char *condition);

/*
 * 55000 when the query of that view calls what is neither PostgreSQL's own nor
 * ours, or compares by another operator than the type's equality.
 */
extern void az_check_view(Oid view);

/* The same of a query that is to become the view of that name. */
extern void az_check_query(const char *view, const char *query);

#endif							/* AZ_CONDITION_H */
