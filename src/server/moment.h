/*-------------------------------------------------------------------------
 *
 * moment.h
 *	  Where a snapshot stands in the order in which transactions end.
 *
 * What a snapshot shows of others grows with each transaction that ends, so
 * all snapshots of a server stand in one order, and each one tells its own
 * place: by the first transaction that it is too old for, and by how many
 * before that one still ran.  It does not matter which code took it, and when.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_MOMENT_H
#define AZ_MOMENT_H

#include "server/compat.h"
#include "access/transam.h"
#include "utils/snapshot.h"

typedef struct AzMoment
{
	TransactionId xmax;			/* this one and later ones had not ended */
	uint32		running;		/* nor had so many of those before it */
	bool		replayed;		/* on a standby, which counts otherwise */
} AzMoment;

/* That of an MVCC snapshot of the running transaction. */
extern AzMoment az_moment_of(Snapshot snapshot);

/* That of a snapshot that is taken now.  Some snapshot must be in use. */
extern AzMoment az_moment_now(void);

/* Has no transaction ended between the two? */
static inline bool
az_is_same_moment(const AzMoment *a, const AzMoment *b)
{
	return a->xmax == b->xmax && a->running == b->running && a->replayed == b->replayed;
}

/* Does a show all of others that b shows?  False where it cannot be told. */
static inline bool
az_is_not_before(const AzMoment *a, const AzMoment *b)
{
	if (a->replayed != b->replayed)
		return false;
	return a->xmax == b->xmax ? a->running <= b->running :
		TransactionIdFollows(a->xmax, b->xmax);
}

#endif							/* AZ_MOMENT_H */
