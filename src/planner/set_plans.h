/*-------------------------------------------------------------------------
 *
 * set_plans.h
 *	  What the planner is told about in_set(): how many rows, and by which
 *	  index.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SET_PLANS_H
#define AZ_SET_PLANS_H

#include "server/compat.h"
#include "nodes/supportnodes.h"

#include "sets/calls.h"

/* What a function is to a set that calls it (sets/calls.h). */
extern AzCallKind az_kind_of_call(Oid function);

/* The share of rows; false: nothing is known about it. */
extern bool az_estimate_in_set(SupportRequestSelectivity *request);

/*
 * column = ANY (set_keys(set)) for the call, where an index of the column begins
 * with it and is worth using.
 */
extern List *az_index_in_set(SupportRequestIndexCondition *request);

#endif							/* AZ_SET_PLANS_H */
