/*-------------------------------------------------------------------------
 *
 * fn_audit_verify.c
 *	  verify_audit(): has anybody changed what was sealed?
 *
 * The sums say whether; the marks of a seal, which the sums cover through the
 * events, say which event was the first.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/transam.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "records/audit_event.h"
#include "records/audit_seal.h"
#include "server/arguments.h"
#include "server/spi.h"
#include "trust/admin.h"

/* What is found of one seal; the first. */
typedef struct Fault
{
	const char *what;			/* NULL: nothing */
	AzEventKey	key;
} Fault;

typedef struct Verification
{
	ReturnSetInfo *result;
	pg_cryptohash_ctx *context;
	int64		last;			/* the number of the seal before; 0: none */
	AzSum		stored;			/* its sum as the table has it, */
	AzSum		found;			/* and as it was found to be */
	bool		unlinked;		/* the one before is missing */
	bool		unpruned;		/* there is one whose events are there */
} Verification;

/* Of a seal whose events are read. */
typedef struct Reading
{
	AzSeal		seal;			/* as it is found to be */
	pg_cryptohash_ctx *content;
	bool		marked;
	AzMarks		marks;
	bool		more;			/* there is another mark, */
	AzMark		mark;			/* this one */
	Fault		fault;
} Reading;

/* Adds a row to the result; key NULL: the fault is not about one event. */
static void
report(Verification *all, const char *what, int64 seal, int64 origin, const AzEventKey *key)
{
	Datum		values[5] = {0};
	bool		nulls[5] = {false, seal == 0, key == NULL, key == NULL, key == NULL};

	values[0] = CStringGetTextDatum(what);
	values[1] = Int64GetDatum(seal);
	values[2] = Int64GetDatum(origin);
	if (key)
	{
		values[3] = UInt64GetDatum(key->xid);
		values[4] = Int64GetDatum(key->number);
	}
	tuplestore_putvalues(all->result->setResult, all->result->setDesc, values, nulls);
}

static void
note(Reading *reading, const char *what, AzEventKey key)
{
	if (reading->fault.what == NULL)
	{
		reading->fault.what = what;
		reading->fault.key = key;
	}
}

static void
next_mark(Reading *reading)
{
	reading->more = az_marks_next(&reading->marks, &reading->mark);
}

static void
compare_with_marks(Reading *reading, const AzSealedEvent *event)
{
	while (reading->more && az_compare_keys(reading->mark.key, event->key) < 0)
	{
		note(reading, "event removed", reading->mark.key);
		next_mark(reading);
	}
	if (!reading->more || az_compare_keys(reading->mark.key, event->key) != 0)
	{
		note(reading, "event added", event->key);
		return;
	}
	if (memcmp(reading->mark.start, event->sum.bytes, AZ_MARK_BYTES) != 0)
		note(reading, "event changed", event->key);
	next_mark(reading);
}

static bool
read_event(const AzSealedEvent *event, void *arg)
{
	Reading    *reading = arg;

	if (reading->marked)
		compare_with_marks(reading, event);
	az_sum_add(reading->content, event->sum.bytes, AZ_SUM_SIZE);
	if (reading->seal.events == 0 || event->at > reading->seal.last_at)
		reading->seal.last_at = event->at;
	reading->seal.events++;
	return true;
}

static void
begin_marks(Reading *reading, bytea *marks)
{
	if (marks == NULL)
	{
		note(reading, "seal changed", (AzEventKey) {0});
		return;
	}
	/* a seal of very many events has none */
	reading->marked = VARSIZE_ANY_EXHDR(marks) > 0 || reading->seal.events < AZ_UNMARKED_EVENTS;
	reading->marks.bytes.data = VARDATA_ANY(marks);
	reading->marks.bytes.len = VARSIZE_ANY_EXHDR(marks);
	reading->marks.last.xid = reading->seal.from_xid;
	next_mark(reading);
}

static void
read_events(Reading *reading, const AzStoredSeal *stored)
{
	AzEventRange range = {stored->seal.origin, stored->seal.from_xid, stored->seal.before_xid};

	reading->seal = stored->seal;
	begin_marks(reading, stored->marks);
	reading->seal.events = 0;
	az_sum_begin(reading->content);
	az_visit_events(&range, read_event, reading);
	reading->seal.content = az_sum_end(reading->content);
	if (reading->marked && reading->more)
		note(reading, "event removed", reading->mark.key);
	if (reading->marked && reading->marks.at < reading->marks.bytes.len)
		note(reading, "seal changed", (AzEventKey) {0});
}

/* Of a pruned seal the sum alone can be looked at, and that nothing is there. */
static void
read_pruned(Verification *all, Reading *reading, const AzStoredSeal *stored)
{
	AzEventRange range = {stored->seal.origin, stored->seal.from_xid, stored->seal.before_xid};
	AzEventKey	first;

	reading->seal = stored->seal;
	if (az_has_events(&range, &first))
		note(reading, "event added", first);
	else if (all->unpruned || stored->marks)
		/* prune_audit() begins at the beginning */
		reading->fault.what = "seal changed";
}

/*
 * Is the sum that of what was found, behind the seal before as it is stored, or as
 * it should be stored?  Where that is missing nobody can tell.
 */
static bool
has_sum(Verification *all, const AzSeal *seal, const AzSum *sum)
{
	AzSum		computed = az_seal_sum(all->context, seal, all->last ? &all->found : NULL);

	all->found = computed;
	if (memcmp(&computed, sum, sizeof(computed)) == 0)
		return true;
	if (all->unlinked)
		return true;
	computed = az_seal_sum(all->context, seal, all->last ? &all->stored : NULL);
	return memcmp(&computed, sum, sizeof(computed)) == 0;
}

static bool
is_all_same(const AzStoredSeal *stored, const Reading *reading)
{
	const AzSeal *seal = &stored->seal;

	return !stored->broken && seal->events == reading->seal.events &&
		seal->last_at == reading->seal.last_at &&
		memcmp(&seal->content, &reading->seal.content, AZ_SUM_SIZE) == 0;
}

static void
verify_seal(Verification *all, const AzStoredSeal *stored)
{
	Reading		reading = {.content = all->context};
	bool		whole;

	if (stored->pruned)
		read_pruned(all, &reading, stored);
	else
		read_events(&reading, stored);
	whole = has_sum(all, &reading.seal, &stored->sum) && is_all_same(stored, &reading);
	/* if all its events are right, its marks are wrong */
	if (whole && !stored->pruned && reading.fault.what != NULL)
		reading.fault = (Fault) {"seal changed", {0}};
	if (!whole && reading.fault.what == NULL)
		reading.fault.what = "seal changed";
	if (reading.fault.what != NULL)
		report(all, reading.fault.what, stored->seal.seal, stored->seal.origin,
			   reading.fault.key.xid != 0 ? &reading.fault.key : NULL);
	all->unpruned = all->unpruned || !stored->pruned;
}

/* last_sum: NULL, or that of the seal last_seal as somebody kept it. */
static void
verify_chain(Verification *all, int64 last_seal, const bytea *last_sum)
{
	AzStoredSeal stored;
	bool		met = last_sum == NULL;

	while (az_next_seal(all->last, &stored))
	{
		all->unlinked = stored.seal.seal != all->last + 1;
		if (all->unlinked)
			report(all, "seal removed", all->last + 1, 0, NULL);
		verify_seal(all, &stored);
		if (last_sum && stored.seal.seal == last_seal)
		{
			met = true;
			if (VARSIZE_ANY_EXHDR(last_sum) != AZ_SUM_SIZE ||
				memcmp(VARDATA_ANY(last_sum), &stored.sum, AZ_SUM_SIZE) != 0)
				report(all, "sum differs", last_seal, stored.seal.origin, NULL);
		}
		all->stored = stored.sum;
		all->last = stored.seal.seal;
		if (stored.marks)
			pfree(stored.marks);
	}
	if (!met)
		report(all, "seal removed", last_seal, 0, NULL);
}

/* What no range finds, because somebody took a constraint away first. */
static bool
has_nameless_event(void)
{
	AzSpiParams none = {0};

	return az_spi_run("SELECT FROM authz.audit_event e"
					  " WHERE e.origin IS NULL OR e.xid IS NULL OR e.number IS NULL LIMIT 1", &none) > 0;
}

/* Nobody has begun such a transaction. */
static void
verify_rest(Verification *all)
{
	AzEventRange range = {az_event_origin(), U64FromFullTransactionId(ReadNextFullTransactionId()), AZ_NO_LAST_XID};
	AzEventKey	first;

	if (az_has_events(&range, &first))
		report(all, "event added", 0, range.origin, &first);
	if (has_nameless_event())
		report(all, "event added", 0, range.origin, NULL);
}

AZ_SQL(authz_verify_audit)
{
	Verification all = {0};
	AzCaller	caller;

	az_check_owns_database("verify_audit");
	if (PG_ARGISNULL(0) != PG_ARGISNULL(1))
		az_raise_misuse("number and sum of the last seal go together", "Pass both, as seal_audit() gave them, or neither.");
	InitMaterializedSRF(fcinfo, 0);
	all.result = (ReturnSetInfo *) fcinfo->resultinfo;
	all.context = az_sum_make();
	az_begin_as_owner(&caller);
	verify_chain(&all, PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0),
				 PG_ARGISNULL(1) ? NULL : PG_GETARG_BYTEA_PP(1));
	verify_rest(&all);
	pg_cryptohash_free(all.context);
	az_end_administering(&caller);
	PG_RETURN_NULL();
}
