/*-------------------------------------------------------------------------
 *
 * outcome_intern.h
 *	  Inside of outcome.c: what an expression may come to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_OUTCOME_INTERN_H
#define AZ_OUTCOME_INTERN_H

#include "lint/outcome.h"
#include "nodes/parsenodes.h"

/* What is known while an expression is worked out. */
typedef struct AzWorking
{
	AzAsker		asker;
	AzOutcome	tested;			/* by the CASE around */
	int			depth;			/* of functions in SQL */
	bool		no_rows;		/* what an aggregate is over */
} AzWorking;

static inline bool
may(AzOutcome outcome, int what)
{
	return (outcome & what) != 0;
}

static inline AzOutcome
negate(AzOutcome outcome)
{
	return (outcome & AZ_MAY_BE_NULL) |
		(may(outcome, AZ_MAY_BE_TRUE) ? AZ_MAY_BE_FALSE : 0) |
		(may(outcome, AZ_MAY_BE_FALSE) ? AZ_MAY_BE_TRUE : 0);
}

/* Of any expression. */
extern AzOutcome az_work_out(Node *node, AzWorking *working);

/* Of calls and operators. */
extern AzOutcome az_outcome_of_call(const FuncExpr *call, AzWorking *working);
extern AzOutcome az_outcome_of_operator(const OpExpr *expr, AzWorking *working);
extern AzOutcome az_outcome_of_distinct(const DistinctExpr *expr, AzWorking *working);
extern AzOutcome az_outcome_of_array_operator(const ScalarArrayOpExpr *expr, AzWorking *working);

/* Of sub-selects, and of the aggregates in them. */
extern AzOutcome az_outcome_of_sublink(const SubLink *sublink, AzWorking *working);
extern AzOutcome az_outcome_of_aggregate(const Aggref *aggregate, const AzWorking *working);

/* Is it (SELECT count(...) ...) of what has no row for certain, and so zero? */
extern bool az_is_count_of_none(Node *node, AzWorking *working);

/* May it give a row at all? */
extern bool az_query_lets_rows(const Query *query, AzWorking *working);

#endif							/* AZ_OUTCOME_INTERN_H */
