/*-------------------------------------------------------------------------
 *
 * plans.h
 *	  Cached plans that depend on who the session is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PLANS_H
#define AZ_PLANS_H

#include "server/compat.h"
#include "port/pg_bitutils.h"

/*
 * Marks a plan as made for one identity: a PlanInvalItem of a cache that does
 * not exist, with the identity's serial for a hash value.  Core copies it
 * along and never matches it.
 */
#define AZ_GUARD_CACHE_ID	(-0x415A)

/* The same where the plan asks only for what never raises. */
#define AZ_GUARD_SERIAL_CACHE_ID	(-0x415B)

/*
 * The same with the number of what is stored for the identity (grants.c),
 * where the plan asks for that.
 */
#define AZ_GUARD_GRANTS_CACHE_ID	(-0x415C)

/*
 * A check that folding may have taken out of the plan, with the OID of its
 * function for a hash value: the role that runs the plan needs EXECUTE on it.
 */
#define AZ_GUARD_EXECUTE_CACHE_ID	(-0x415D)

/* Nothing more is to be folded in the plan that is being made. */
#define AZ_GUARD_UNFOLDED_CACHE_ID	(-0x415E)

/* The plan takes a token. */
#define AZ_GUARD_LOGIN_CACHE_ID	(-0x415F)

/* The plan is for all identities of the shape with that number. */
#define AZ_GUARD_SHAPE_CACHE_ID	(-0x4160)

/*
 * What such a plan says about itself: the parameter in which an execution
 * keeps its identity, and what its checks ask, as with the marks above.
 */
#define AZ_GUARD_SLOT_CACHE_ID	(-0x4161)
#define AZ_SLOT_ITEM(slot, ends, asks_grants) \
	((uint32) (slot) << 2 | ((ends) ? 1 : 0) | ((asks_grants) ? 2 : 0))
#define AZ_SLOT_OF(item)		((int) ((item) >> 2))
#define AZ_SLOT_ENDS(item)		(((item) & 1) != 0)
#define AZ_SLOT_GRANTS(item)	(((item) & 2) != 0)

/*
 * An answer that folding has put into the plan holds until then, in seconds
 * since 1970.  Only in plans that are used once.
 */
#define AZ_GUARD_UNTIL_CACHE_ID	(-0x4162)

/*
 * The plan was made for a set of about that many keys: the last bits of the OID of
 * its view, and the power of two.
 */
#define AZ_GUARD_SET_SIZE_CACHE_ID	(-0x4163)
#define AZ_SET_OF_SIZE(item)	((item) >> 6)
#define AZ_SIZE_OF_SET(item)	((item) & 63)

static inline uint32
az_set_size_item(Oid view, uint32 n)
{
	return view << 6 | (uint32) pg_leftmost_one_pos32(n + 1);
}

/* Is it the same set, and eight times as large or as small? */
static inline bool
az_is_other_size(uint32 item, uint32 now)
{
	return AZ_SET_OF_SIZE(item) == AZ_SET_OF_SIZE(now) &&
		abs((int) AZ_SIZE_OF_SET(item) - (int) AZ_SIZE_OF_SET(now)) >= 3;
}

/*
 * The plan reaches other servers (cluster/), with AZ_REACHES_* for a hash value; a
 * plan for all never does.
 */
#define AZ_GUARD_REACH_CACHE_ID	(-0x4164)
#define AZ_REACHES_CITUS		1	/* nodes of Citus */
#define AZ_REACHES_CITUS_ASKING	2	/* and it asks for the identity, or may */
#define AZ_REACHES_UNCHECKED	8	/* nodes of Citus, by COPY into a table with policies */

/*
 * Shared plans do not end with an identity, so they do not depend on the row
 * that the others depend on.  This is the hash value of a row of pg_proc that
 * they are made to depend on instead.
 */
#define AZ_SHARED_PLANS_HASH	0x415A5348

/*
 * Plans that met a check depend on a row of pg_proc; remember which, by its hash
 * value in PROCOID.
 */
extern void az_watch_function(uint32 hash);

/*
 * Note that a plan that met a check is about to run, or was refused; it may be
 * a kept one. One that was being made while the identity changed was not found
 * by az_invalidate_plans().
 */
extern void az_note_tied_plan(void);

/*
 * Throw those plans away, in this backend only.  This walks all plans that the
 * backend keeps, so it does nothing where none was tied since the last time.
 * No catalog access: also runs while a transaction aborts.
 */
extern void az_invalidate_plans(void);

/* Throw the plans away that are shared, in this backend only.  As above. */
extern void az_invalidate_shared_plans(void);

/* Throw both away: from now on the planner treats checks differently. */
extern void az_invalidate_all_plans(void);

/*
 * Grows, from 1, whenever a function may have changed in the catalogs, or what
 * a role may do; not by az_invalidate_plans().
 */
extern uint64 az_functions_epoch(void);

#endif							/* AZ_PLANS_H */
