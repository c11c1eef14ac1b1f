/*-------------------------------------------------------------------------
 *
 * plan_guard.h
 *	  What a plan says about the identities that it is for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PLAN_GUARD_H
#define AZ_PLAN_GUARD_H

#include "server/compat.h"
#include "executor/execdesc.h"

typedef struct AzPlanGuard
{
	bool		guarded;		/* it met a check */
	bool		ends;			/* one that is an error once the identity has ended */
	bool		asks_grants;	/* one that depends on what is stored for it */
	bool		logs_in;		/* it takes a token */
	uint32		shape;			/* it is for all identities of that shape; 0:
								 * for one */
	uint32		slot;			/* the item that tells where the identity is
								 * kept then */
	int64		until;			/* an answer in the plan ends then, or AZ_FOREVER */
	uint32		serial;
	uint32		grants;
} AzPlanGuard;

/*
 * Raises when its items contradict each other, because what it depends on
 * changed while it was planned.
 */
extern AzPlanGuard az_read_guard(const PlannedStmt *plan);

/* The same of a query that has started, which may have asked meanwhile. */
extern AzPlanGuard az_guard_of(const QueryDesc *query);

/* 42501 unless the user may execute the checks that folding took out of it. */
extern void az_check_rights(const PlannedStmt *plan);

#endif							/* AZ_PLAN_GUARD_H */
