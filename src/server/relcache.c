/*-------------------------------------------------------------------------
 *
 * relcache.c
 *	  The callbacks for when a relation may have changed.
 *
 *-------------------------------------------------------------------------
 */
#include "server/relcache.h"

static RelcacheCallbackFunction listeners[8];
static int	nlisteners = 0;

static void
tell_listeners(Datum arg, Oid rel)
{
	int			i;

	for (i = 0; i < nlisteners; i++)
		listeners[i] (arg, rel);
}

void
az_on_relcache_change(RelcacheCallbackFunction changed)
{
	if (nlisteners == lengthof(listeners))
		elog(ERROR, "too many listeners of the relation cache");
	if (nlisteners == 0)
		CacheRegisterRelcacheCallback(tell_listeners, (Datum) 0);
	listeners[nlisteners++] = changed;
}
