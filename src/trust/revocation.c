/*-------------------------------------------------------------------------
 *
 * revocation.c
 *	  Is a token, its subject or its session revoked?  Is its subject
 *	  inactive?
 *
 * There may be many such rows and each backend needs few of them, so they are
 * looked up in the table's index; whether there are any at all is remembered
 * until the table changes.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust_table.h"

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

#include "server/encoding.h"

/* What is known of a table that rows are looked up in. */
typedef struct Lookup
{
	AzCatalog		table;
	AzCacheState state;
	bool		any;			/* it has rows */
	Oid			primary_key;
} Lookup;

static Lookup revocations = {.table = AZ_TABLE_REVOCATION};
static Lookup inactive = {.table = AZ_TABLE_INACTIVE};

void
az_lookup_changed(AzCatalog table)
{
	Lookup	   *lookup = table == AZ_TABLE_REVOCATION ? &revocations : &inactive;

	lookup->state = AZ_CACHE_NEEDS_REBUILD;
}

/* Is there a row at all?  Mostly not, and then nothing is looked up. */
static void
probe(Lookup *lookup, Relation rel)
{
	SysScanDesc scan;

	lookup->state = AZ_CACHE_REBUILD_STARTED;
	list_free(RelationGetIndexList(rel));
	lookup->primary_key = rel->rd_pkindex;
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	lookup->any = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	if (lookup->state == AZ_CACHE_REBUILD_STARTED)
		lookup->state = AZ_CACHE_VALID;
}

static inline bool
is_known_empty(const Lookup *lookup)
{
	return lookup->state == AZ_CACHE_VALID && !lookup->any;
}

/*
 * Look for rows with these texts (UTF-8) in their first columns, all of them
 * of the primary key; the scan of a text that has no form in this encoding,
 * so was never stored, is NULL.
 */
static SysScanDesc
begin_lookup(const Lookup *lookup, Relation rel, const char *const *texts, int n)
{
	ScanKeyData key[3];
	int			i;

	Assert(n <= (int) lengthof(key));
	for (i = 0; i < n; i++)
	{
		char	   *text = az_from_utf8(texts[i]);

		if (text == NULL)
			return NULL;
		ScanKeyEntryInitialize(&key[i], 0, i + 1, BTEqualStrategyNumber,
							   TEXTOID, C_COLLATION_OID, F_TEXTEQ,
							   CStringGetTextDatum(text));
	}
	return systable_beginscan(rel, lookup->primary_key,
							  OidIsValid(lookup->primary_key), NULL, n, key);
}

/*
 * Microseconds since 1970 of a timestamp, which counts from 2000.  Infinity is
 * the greatest number, minus infinity the least.
 */
static int64
unix_time(TimestampTz at)
{
	const int64 shift = (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) *
		USECS_PER_DAY;

	if (at < PG_INT64_MIN + shift)
		return PG_INT64_MIN;
	if (at > PG_INT64_MAX - shift)
		return PG_INT64_MAX;
	return at + shift;
}

/* The row of one revocation, if it stands and hits. */
static bool
find_revocation(Relation rel, const char *issuer, const char *kind,
				const char *value, int64 issued)
{
	const char *texts[] = {issuer, kind, value};
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	StaticAssertStmt(Revocation_issuer == 1 && Revocation_kind == 2 &&
					 Revocation_value == 3, "the columns of the primary key");
	scan = begin_lookup(&revocations, rel, texts, lengthof(texts));
	if (scan == NULL)
		return false;
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

static bool
hits(Relation rel, const void *arg)
{
	const AzRevocable *what = arg;

	return (what->token_id &&
			find_revocation(rel, what->issuer, "token", what->token_id, 0)) ||
		(what->session_id &&
		 find_revocation(rel, what->issuer, "session", what->session_id, 0)) ||
		(what->subject &&
		 find_revocation(rel, what->issuer, "subject", what->subject,
						 what->issued));
}

/* arg: issuer and subject */
static bool
lists(Relation rel, const void *arg)
{
	SysScanDesc scan = begin_lookup(&inactive, rel, arg, 2);
	bool		found;

	StaticAssertStmt(Inactive_issuer == 1 && Inactive_subject == 2,
					 "the columns of the primary key");
	if (scan == NULL)
		return false;
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	return found;
}

/* Ask the table; what cannot be read says the worst of everybody. */
static bool
ask(Lookup *lookup, bool (*question) (Relation rel, const void *arg),
	const void *arg)
{
	MemoryContext context;
	MemoryContext old;
	Relation	rel;
	bool		answer;

	if (is_known_empty(lookup))
		return false;
	rel = az_open_table(lookup->table);
	if (rel == NULL)
		return true;
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz lookup",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	if (lookup->state != AZ_CACHE_VALID)
		probe(lookup, rel);
	answer = lookup->any && question(rel, arg);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	table_close(rel, AccessShareLock);
	return answer;
}

bool
az_is_revoked(void *arg, const AzRevocable *what)
{
	return ask(&revocations, hits, what);
}

bool
az_is_listed_inactive(const char *issuer, const char *subject)
{
	const char *texts[] = {issuer, subject};

	return ask(&inactive, lists, texts);
}
