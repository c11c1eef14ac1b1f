/*-------------------------------------------------------------------------
 *
 * revocation.c
 *	  Is a token, its subject, actor or session revoked?
 *
 * There may be many such rows and each backend needs few of them, so they are
 * looked up by index, as last committed; whether there are any at all is
 * remembered until the table changes.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/revocation.h"

#include "access/htup_details.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "server/datum.h"
#include "trust/trust_table.h"

/*
 * Is there no row at all?  That is usual, and then nothing is looked up.  A
 * table that cannot be read does not count as empty.
 */
static bool
is_empty(void)
{
	static bool known = false;
	static uint64 known_epoch;	/* as of then: */
	static bool any;
	uint64		epoch = az_table_epoch(AZ_TABLE_REVOCATION);
	AzRows		rows;

	if (!known || known_epoch != epoch)
	{
		/* an error half-way leaves it unknown */
		known = false;
		if (az_begin_rows(&rows, AZ_TABLE_REVOCATION, NULL, NULL, 0))
		{
			any = az_next_row(&rows) != NULL;
			known_epoch = epoch;
			known = true;
		}
		az_end_rows(&rows);
	}
	return known && !any;
}

/*
 * Microseconds since 1970 of a timestamp, which counts from 2000.  Infinity is
 * the greatest number, minus infinity the least.
 */
static int64
unix_time(TimestampTz at)
{
	if (at < PG_INT64_MIN + AZ_EPOCH_SHIFT)
		return PG_INT64_MIN;
	if (at > PG_INT64_MAX - AZ_EPOCH_SHIFT)
		return PG_INT64_MAX;
	return at + AZ_EPOCH_SHIFT;
}

/*
 * Does a row revoke that?  If it cannot be read, everything counts as revoked.
 */
static bool
find_revocation(const char *issuer, const char *kind, const char *value, int64 issued)
{
	static const AttrNumber columns[] = {
		Revocation_issuer, Revocation_kind, Revocation_value
	};
	const char *texts[] = {issuer, kind, value};
	AzRows		rows;
	HeapTuple	tuple;
	bool		found;

	found = !az_begin_rows(&rows, AZ_TABLE_REVOCATION, columns, texts, lengthof(texts));
	while (!found && HeapTupleIsValid(tuple = az_next_row(&rows)))
	{
		bool		isnull;
		Datum		before = heap_getattr(tuple, Revocation_issued_before,
										  RelationGetDescr(rows.rel), &isnull);

		found = isnull || issued == AZ_TIME_NONE ||
			issued <= unix_time(DatumGetTimestampTz(before));
	}
	az_end_rows(&rows);
	return found;
}

static bool
hits(const AzRevocable *what)
{
	return (what->token_id &&
			find_revocation(what->issuer, "token", what->token_id, 0)) ||
		(what->session_id &&
		 find_revocation(what->issuer, "session", what->session_id, 0)) ||
		(what->actor &&
		 find_revocation(what->issuer, "actor", what->actor, 0)) ||
		(what->subject &&
		 find_revocation(what->issuer, "subject", what->subject, what->issued));
}

bool
az_is_revoked(void *arg, const AzRevocable *what)
{
	AzLookUp	look_up;
	bool		answer;

	if (is_empty())
		return false;
	az_begin_look_up(&look_up);
	answer = hits(what);
	az_end_look_up(&look_up);
	return answer;
}
