/*-------------------------------------------------------------------------
 *
 * revocation.c
 *	  Is a token, its subject or its session revoked?
 *
 * There may be many revocations and each backend needs few of them, so they
 * are looked up in the table's index; whether there are any at all is
 * remembered until the table changes.
 *
 *-------------------------------------------------------------------------
 */
#include "trust_table.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "encoding.h"

static AzCacheState state = AZ_CACHE_NEEDS_REBUILD;
static bool any_revocation = false;
static Oid	primary_key = InvalidOid;

void
az_revocations_changed(void)
{
	state = AZ_CACHE_NEEDS_REBUILD;
}

/* Microseconds since 1970 of a timestamp, which counts from 2000. */
static int64
unix_time(TimestampTz at)
{
	const int64 shift = (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		USECS_PER_DAY;

	if (TIMESTAMP_IS_NOBEGIN(at) || at < PG_INT64_MIN + shift)
		return PG_INT64_MIN;
	if (TIMESTAMP_IS_NOEND(at) || at > PG_INT64_MAX - shift)
		return PG_INT64_MAX;
	return at + shift;
}

/* The row of one revocation, if it stands and hits. */
static bool
find_revocation(Relation rel, const char *issuer, const char *kind,
				const char *value, int64 issued)
{
	char	   *server_issuer = az_from_utf8(issuer);
	char	   *server_value = az_from_utf8(value);
	ScanKeyData key[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	/* what has no form in this encoding was never stored */
	if (server_issuer == NULL || server_value == NULL)
		return false;
	ScanKeyEntryInitialize(&key[0], 0, Revocation_issuer, BTEqualStrategyNumber,
						   TEXTOID, C_COLLATION_OID, F_TEXTEQ,
						   CStringGetTextDatum(server_issuer));
	ScanKeyEntryInitialize(&key[1], 0, Revocation_kind, BTEqualStrategyNumber,
						   TEXTOID, C_COLLATION_OID, F_TEXTEQ,
						   CStringGetTextDatum(kind));
	ScanKeyEntryInitialize(&key[2], 0, Revocation_value, BTEqualStrategyNumber,
						   TEXTOID, C_COLLATION_OID, F_TEXTEQ,
						   CStringGetTextDatum(server_value));
	scan = systable_beginscan(rel, primary_key, OidIsValid(primary_key),
							  NULL, 3, key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		before = heap_getattr(tuple, Revocation_issued_before,
										  RelationGetDescr(rel), &isnull);

		found = isnull || issued == AZ_TIME_NONE ||
			issued <= unix_time(DatumGetTimestampTz(before));
	}
	systable_endscan(scan);
	return found;
}

/* Is there a revocation at all?  Mostly not, and then nothing is looked up. */
static void
probe_revocations(Relation rel)
{
	SysScanDesc scan;

	state = AZ_CACHE_REBUILD_STARTED;
	list_free(RelationGetIndexList(rel));
	primary_key = rel->rd_pkindex;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	any_revocation = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	if (state == AZ_CACHE_REBUILD_STARTED)
		state = AZ_CACHE_VALID;
}

bool
az_is_revoked(void *arg, const AzRevocable *what)
{
	MemoryContext context;
	MemoryContext old;
	Relation	rel;
	bool		revoked;

	if (state == AZ_CACHE_VALID && !any_revocation)
		return false;
	rel = az_open_table(AZ_TABLE_REVOCATION);
	if (rel == NULL)
		return true;			/* nothing can be said, so nobody is believed */
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz revocation",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	if (state != AZ_CACHE_VALID)
		probe_revocations(rel);
	revoked = any_revocation &&
		((what->token_id &&
		  find_revocation(rel, what->issuer, "token", what->token_id, 0)) ||
		 (what->session_id &&
		  find_revocation(rel, what->issuer, "session", what->session_id, 0)) ||
		 (what->subject &&
		  find_revocation(rel, what->issuer, "subject", what->subject,
						  what->issued)));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	table_close(rel, AccessShareLock);
	return revoked;
}
