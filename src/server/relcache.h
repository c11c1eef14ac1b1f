/*-------------------------------------------------------------------------
 *
 * relcache.h
 *	  The callbacks for when a relation may have changed.
 *
 * Core has ten places for all libraries of a backend, of which Citus takes
 * five.  So all of ours share one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_RELCACHE_H
#define AZ_RELCACHE_H

#include "server/compat.h"
#include "utils/inval.h"

/* As CacheRegisterRelcacheCallback(), with 0 for the argument. */
extern void az_on_relcache_change(RelcacheCallbackFunction changed);

#endif							/* AZ_RELCACHE_H */
