/*-------------------------------------------------------------------------
 *
 * counts.c
 *	  Counts of what happened.
 *
 * Each process counts in a place of its own, with plain increments: there is
 * nothing to send, to wait for or to forget at the end of a transaction, and
 * readers add the places up (counts_shared.c).
 *
 * On a machine that does not read 64 bits at once, a reader may see a torn
 * count once.  Nothing is decided by it.
 *
 *-------------------------------------------------------------------------
 */
#include "server/counts_intern.h"

#include "miscadmin.h"
#include "utils/timestamp.h"

/* Before a place is taken, and where there is none. */
static AzCounts own;
static AzCounts own_forgotten;
static TimestampTz own_since = 0;

AzCounts   *az_counts_of_session = &own;

static bool settled = false;	/* has it been decided where this process
								 * counts? */


/*
 * Counting
 */

void
az_counts_leave_place(void)
{
	az_counts_of_session = &own;
}

/*
 * The first event that is counted comes here; so do later ones, as long as
 * there is no database.
 */
static pg_noinline void
settle(void)
{
	AzCounts   *place;

	if (!OidIsValid(MyDatabaseId))
		return;
	settled = true;
	place = az_take_count_place(&own);
	if (place != NULL)
		az_counts_of_session = place;
}

void
az_count_more(AzCount what, uint64 n)
{
	if (unlikely(!settled))
		settle();
	az_counts_of_session->n[what] += n;
}

void
az_count(AzCount what)
{
	az_count_more(what, 1);
}

void
az_count_refusal(int reason)
{
	az_count(AZ_TOKENS_REFUSED);
	az_counts_of_session->refused[reason]++;
}


/*
 * Reading
 */

static void
read_own(AzCounts *counts, TimestampTz *since)
{
	*counts = own;
	az_subtract_counts(counts, &own_forgotten);
	*since = own_since != 0 ? own_since : MyStartTimestamp;
}

void
az_read_counts(Oid database, AzCounts *counts, TimestampTz *since)
{
	if (az_counts_are_shared())
		az_read_shared_counts(database, counts, since);
	else
		read_own(counts, since);
}

bool
az_reset_counts(Oid database)
{
	if (az_counts_are_shared())
		return az_reset_shared_counts(database);
	own_forgotten = own;
	own_since = GetCurrentTimestamp();
	return true;
}

Oid *
az_counted_databases(int *n)
{
	Oid		   *oids;

	if (az_counts_are_shared())
		return az_shared_counted_databases(n);
	oids = palloc(sizeof(Oid));
	oids[0] = MyDatabaseId;
	*n = 1;
	return oids;
}
