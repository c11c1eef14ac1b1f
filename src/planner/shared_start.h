/*-------------------------------------------------------------------------
 *
 * shared_start.h
 *	  A plan for all identities of a shape starts, for the one in force.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SHARED_START_H
#define AZ_SHARED_START_H

#include "server/compat.h"
#include "executor/execdesc.h"

#include "planner/plan_shape.h"

/* What a query is going to be told. */
typedef struct AzSharedStart
{
	MemoryContext values;		/* of the values, and of the plan that it got
								 * */
	bool		other;			/* it got another plan */
	AzPresets	presets;
} AzSharedStart;

/*
 * The query is about to start with a plan for all of that shape.  When it is
 * not right for the identity in force, it gets another plan, for all or for
 * that identity; a plan for that identity, if the identity has ended.
 */
extern void az_choose_plan(QueryDesc *query, int eflags, uint32 shape,
						   AzSharedStart *start);

/* It has started with the plan that was chosen; for_all: a plan for all. */
extern void az_tell_values(QueryDesc *query, const AzSharedStart *start, bool for_all);

/*
 * The identity that a started query is for, by the item that names its slot.
 */
extern AzToldWhom az_read_slot(const QueryDesc *query, uint32 item);

#endif							/* AZ_SHARED_START_H */
