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
 * created anew in the life of a session.
 */
#define MAX_WATCHED 8
static uint32 watched[MAX_WATCHED];
static int	nwatched = 0;

void
az_invalidate_plans(void)
{
	int			i;

	for (i = 0; i < nwatched; i++)
		CallSyscacheCallbacks(PROCOID, watched[i]);
}

void
az_watch_function(Oid function)
{
	uint32		hash = GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(function));
	int			i;

	for (i = 0; i < nwatched; i++)
	{
		if (watched[i] == hash)
			return;
	}
	if (nwatched == MAX_WATCHED)
	{
		/* whatever depends on the forgotten ones must not stay behind */
		az_invalidate_plans();
		nwatched = 0;
	}
	watched[nwatched++] = hash;
}
