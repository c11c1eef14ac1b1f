/*-------------------------------------------------------------------------
 *
 * unnamed.c
 *	  The issuer whose tokens name none (option "unnamed").
 *
 * No index finds it, so all issuers are searched, and after a change again
 * when a token without "iss" arrives.  There is at most one, because
 * add_issuer() and alter_issuer() accept no second; if somebody has written
 * two into the table, every such token is ambiguous.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/unnamed.h"

#include "utils/memutils.h"

#include "trust/issuer_cache.h"
#include "trust/issuer_read.h"

#define ENOUGH_NAMES	2

static struct
{
	MemoryContext context;
	uint64		looked;			/* az_issuers_epoch() when it was read; 0:
								 * never */
	char	   *names[ENOUGH_NAMES];
	int			n;
} kept;

/* Build completely, then swap. */
static void
keep_names(const List *read, uint64 epoch)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz unnamed",
												  ALLOCSET_SMALL_SIZES);
	char	   *names[ENOUGH_NAMES];
	int			n = 0;
	const ListCell *lc;

	foreach(lc, read)
	{
		if (lfirst(lc) && n < ENOUGH_NAMES)
			names[n++] = MemoryContextStrdup(context, lfirst(lc));
	}

	if (kept.context)
		MemoryContextDelete(kept.context);
	MemoryContextSetParent(context, TopMemoryContext);
	kept.context = context;
	memcpy(kept.names, names, sizeof(names[0]) * n);
	kept.n = n;
	kept.looked = epoch;
}

List *
az_add_unnamed_issuers(List *names)
{
	uint64		epoch = az_issuers_epoch();
	int			i;

	if (kept.looked != epoch)
		keep_names(az_read_unnamed(), epoch);
	for (i = 0; i < kept.n; i++)
		names = lappend(names, pstrdup(kept.names[i]));
	return names;
}
