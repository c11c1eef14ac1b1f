/*-------------------------------------------------------------------------
 *
 * plan_items.h
 *	  What a plan says about the checks that it met.
 *
 * A plan bears this as PlanInvalItems, which core copies along with it.  Those
 * of our own (session/plans.h) are matched by nothing in core.  "items" and
 * "relations" are the lists of a plan that is being made (PlannerGlobal) or is
 * finished (PlannedStmt).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PLAN_ITEMS_H
#define AZ_PLAN_ITEMS_H

#include "server/compat.h"
#include "nodes/plannodes.h"

/* False when it is there already. */
extern bool az_add_item(List **items, int cache_id, uint32 value);

/* The first of that kind; NULL: there is none. */
extern const PlanInvalItem *az_find_item(const List *items, int cache_id);

/* Was a check met when it was planned? */
extern bool az_met_check(const List *items);

/* A kept plan ends when the function of that hash value in PROCOID changes. */
extern void az_depend_on_function(List **items, uint32 hash);

/*
 * Tie the plan to an identity, by its serial.  support: the hash value of the
 * function by which a change of identity finds kept plans.  ends: it met a
 * check that raises an error once the identity has ended.  A kept plan also
 * ends with a change of the tables, so that it is made again before it is
 * compared.
 */
extern void az_tie_to_identity(List **items, List **relations, uint32 support,
							   bool ends, uint32 serial);

/* The same for what is stored for the identity. */
extern void az_tie_to_grants(List **items, List **relations, uint32 grants);

/* An answer in the plan ends then, in microseconds since 1970. */
extern void az_tie_to_time(List **items, int64 until);

#endif							/* AZ_PLAN_ITEMS_H */
