/*-------------------------------------------------------------------------
 *
 * plans.c
 *	  Cached plans that depend on who the session is.
 *
 *-------------------------------------------------------------------------
 */
#include "session/plans.h"

#include "utils/inval.h"
#include "utils/syscache.h"

/*
 * Hash values of the rows.  One is enough, until the extension is dropped and
 * created again in the life of a session.
 */
#define MAX_WATCHED 8
static uint32 watched[MAX_WATCHED];
static int	nwatched = 0;

/* A kept plan may bear an identity; without one there is nothing to throw away. */
static bool tied = false;

static uint64 functions_epoch = 0;	/* 0: nobody has asked yet */

static void
functions_changed(Datum arg, int cache_id, uint32 hash_value)
{
	functions_epoch++;
}

/*
 * The caches are those of functions, and those from which core works out what
 * a role may do.
 */
uint64
az_functions_epoch(void)
{
	if (unlikely(functions_epoch == 0))
	{
		CacheRegisterSyscacheCallback(PROCOID, functions_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHOID, functions_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, functions_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(DATABASEOID, functions_changed, (Datum) 0);
		functions_epoch = 1;
	}
	return functions_epoch;
}

void
az_note_tied_plan(void)
{
	tied = true;
}

/* A made-up change of that row of pg_proc. */
static void
invalidate(uint32 hash)
{
	uint64		epoch = functions_epoch;

	CallSyscacheCallbacks(PROCOID, hash);

	/* for this one only, and no other change can come in between */
	functions_epoch = epoch;
}

void
az_invalidate_plans(void)
{
	int			i;

	if (!tied)
		return;
	tied = false;
	for (i = 0; i < nwatched; i++)
		invalidate(watched[i]);
}

void
az_invalidate_shared_plans(void)
{
	invalidate(AZ_SHARED_PLANS_HASH);
}

void
az_invalidate_all_plans(void)
{
	az_invalidate_plans();
	az_invalidate_shared_plans();
}

void
az_watch_function(uint32 hash)
{
	int			i;

	tied = true;
	for (i = 0; i < nwatched; i++)
	{
		if (watched[i] == hash)
			return;
	}
	if (nwatched == MAX_WATCHED)
	{
		/*
		 * the forgotten rows are no longer watched, so throw their plans away
		 * first
		 */
		az_invalidate_plans();
		nwatched = 0;
	}
	watched[nwatched++] = hash;
}
