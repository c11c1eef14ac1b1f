/*-------------------------------------------------------------------------
 *
 * moment.c
 *	  Where a snapshot stands in the order in which transactions end.
 *
 * The end of a transaction either moves xmax, which is one more than the
 * latest that has ended, or removes one from those before it that still run.
 * None is ever added there, because numbers are given out in order.  So the
 * pair tells exactly which transactions have ended.
 *
 * Core leaves out the transaction that takes the snapshot, and so it would be
 * missing here, and be there again when it is prepared.
 *
 *-------------------------------------------------------------------------
 */
#include "server/moment.h"

#include "access/xact.h"
#include "lib/qunique.h"
#include "storage/procarray.h"

static int
compare_xids(const void *a, const void *b)
{
	TransactionId x = *(const TransactionId *) a;
	TransactionId y = *(const TransactionId *) b;

	return (x > y) - (x < y);
}

/*
 * While a transaction is being prepared it has two places, and a snapshot has
 * it twice.
 */
static uint32
count_distinct(const TransactionId *xids, uint32 n)
{
	TransactionId *sorted;
	uint32		distinct;

	if (n <= 1)
		return n;
	if (n == 2)
		return xids[0] == xids[1] ? 1 : 2;
	sorted = palloc(n * sizeof(TransactionId));
	memcpy(sorted, xids, n * sizeof(TransactionId));
	pg_qsort(sorted, n, sizeof(TransactionId), compare_xids);
	distinct = qunique(sorted, n, sizeof(TransactionId), compare_xids);
	pfree(sorted);
	return distinct;
}

AzMoment
az_moment_of(Snapshot snapshot)
{
	AzMoment	moment = {.xmax = snapshot->xmax};
	TransactionId own = GetTopTransactionIdIfAny();

	/* a standby knows of all transactions, but not which are parts of others */
	moment.replayed = snapshot->takenDuringRecovery;
	moment.running = moment.replayed ? (uint32) snapshot->subxcnt :
		count_distinct(snapshot->xip, snapshot->xcnt);
	if (TransactionIdIsValid(own) && TransactionIdPrecedes(own, snapshot->xmax))
		moment.running++;
	return moment;
}

AzMoment
az_moment_now(void)
{
	static SnapshotData now = {.snapshot_type = SNAPSHOT_MVCC};

	return az_moment_of(GetSnapshotData(&now));
}
