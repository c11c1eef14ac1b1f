/*-------------------------------------------------------------------------
 *
 * fn_audit_seal.c
 *	  seal_audit() and prune_audit(): the chain over the record of changes.
 *
 * A transaction that is older than the oldest one running adds nothing more, so
 * what it has added is sealed, by numbers of transactions.  What another database
 * has counted came here as a whole, and is sealed as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "records/audit_event.h"
#include "records/audit_seal.h"
#include "server/arguments.h"
#include "server/spi.h"
#include "trust/admin.h"

/*
 * From so many events on a seal ends with its transaction, and beyond so many
 * bytes of marks it has none (AZ_UNMARKED_EVENTS): a seal is one row, which is
 * read as a whole.
 */
#define MANY_EVENTS		4000000
#define MANY_MARKS		(512 * 1024 * 1024)

/* The end of the chain, and what is about to be added. */
typedef struct Sealing
{
	AzSeal		seal;
	AzSum		sum;			/* of the last one */
	bool		first;			/* there is none yet */
	AzMarks		marks;
	AzEventKey	last;
	bool		full;			/* the transaction behind the last is for the next one */
	pg_cryptohash_ctx *content;
} Sealing;

static bool
take_event(const AzSealedEvent *event, void *arg)
{
	Sealing    *sealing = arg;
	AzSeal	   *seal = &sealing->seal;

	sealing->full = seal->events >= MANY_EVENTS && event->key.xid != sealing->last.xid;
	if (sealing->full)
		return false;
	az_sum_add(sealing->content, event->sum.bytes, AZ_SUM_SIZE);
	if (sealing->marks.bytes.len < MANY_MARKS)
		az_marks_add(&sealing->marks, event->key, &event->sum);
	if (seal->events == 0 || event->at > seal->last_at)
		seal->last_at = event->at;
	seal->events++;
	sealing->last = event->key;
	return true;
}

static char *
hex_of(const AzSum *sum)
{
	char	   *digits = palloc(2 * AZ_SUM_SIZE + 1);

	hex_encode((const char *) sum->bytes, AZ_SUM_SIZE, digits);
	digits[2 * AZ_SUM_SIZE] = '\0';
	return digits;
}

/* A sum that only the server's log has is out of the reach of the database's owner. */
static void
log_seal(const Sealing *sealing)
{
	ereport(LOG_SERVER_ONLY,
			(errmsg("audit seal " INT64_FORMAT " over " INT64_FORMAT " events: %s",
					sealing->seal.seal, sealing->seal.events, hex_of(&sealing->sum)),
			 errhidestmt(true),
			 errhidecontext(true)));
}

static void
put_seal(const Sealing *sealing, ReturnSetInfo *result)
{
	bytea	   *sum = palloc(VARHDRSZ + AZ_SUM_SIZE);
	Datum		values[3];
	bool		nulls[3] = {0};

	SET_VARSIZE(sum, VARHDRSZ + AZ_SUM_SIZE);
	memcpy(VARDATA(sum), sealing->sum.bytes, AZ_SUM_SIZE);
	values[0] = Int64GetDatum(sealing->seal.seal);
	values[1] = Int64GetDatum(sealing->seal.events);
	values[2] = PointerGetDatum(sum);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* The next seal, over what is not sealed of that range. */
static void
seal_range(Sealing *sealing, const AzEventRange *range, ReturnSetInfo *result)
{
	AzSeal	   *seal = &sealing->seal;

	resetStringInfo(&sealing->marks.bytes);
	sealing->marks.last = (AzEventKey) {range->from_xid, 0};
	seal->seal++;
	seal->origin = range->origin;
	seal->from_xid = range->from_xid;
	seal->events = 0;
	az_sum_begin(sealing->content);
	az_visit_events(range, take_event, sealing);
	seal->content = az_sum_end(sealing->content);
	if (sealing->marks.bytes.len >= MANY_MARKS)
		resetStringInfo(&sealing->marks.bytes);
	/* no event of an own transaction up to there can still come */
	seal->before_xid = sealing->full || range->before_xid == AZ_NO_LAST_XID ?
		sealing->last.xid + 1 : range->before_xid;
	seal->sealed_at = GetCurrentTimestamp();
	sealing->sum = az_seal_sum(sealing->content, seal, sealing->first ? NULL : &sealing->sum);
	sealing->first = false;
	az_store_seal(seal, &sealing->sum, &sealing->marks);
	log_seal(sealing);
	put_seal(sealing, result);
}

/* The oldest transaction that may still add something, with its epoch. */
static uint64
oldest_running(Snapshot snapshot)
{
	uint64		next = U64FromFullTransactionId(ReadNextFullTransactionId());
	uint64		epoch = next >> 32;

	if (snapshot->xmin > (uint32) next)
		epoch--;
	return epoch << 32 | snapshot->xmin;
}

static void
seal_origin(Sealing *sealing, int64 origin, uint64 oldest, ReturnSetInfo *result)
{
	AzEventRange range = {origin, az_sealed_before(origin),
						  origin == az_event_origin() ? oldest : AZ_NO_LAST_XID};
	AzEventKey	first;

	while (range.from_xid < range.before_xid && az_has_events(&range, &first))
	{
		seal_range(sealing, &range, result);
		range.from_xid = sealing->seal.before_xid;
	}
}

/* As of now, whatever the transaction's snapshot is. */
static void
seal_all(Snapshot snapshot, ReturnSetInfo *result)
{
	Sealing		sealing = {.first = true};
	AzStoredSeal last;
	int64		origin;
	bool		more;

	initStringInfo(&sealing.marks.bytes);
	sealing.content = az_sum_make();
	if (az_last_seal(&last))
	{
		sealing.first = false;
		sealing.seal.seal = last.seal.seal;
		sealing.sum = last.sum;
	}
	for (more = az_next_origin(NULL, &origin); more; more = az_next_origin(&origin, &origin))
		seal_origin(&sealing, origin, oldest_running(snapshot), result);
	pg_cryptohash_free(sealing.content);
}

AZ_SQL(authz_seal_audit)
{
	AzCaller	caller;
	Snapshot	snapshot;

	az_check_owns_database("seal_audit");
	PreventCommandIfReadOnly("seal_audit()");
	InitMaterializedSRF(fcinfo, 0);
	az_begin_as_owner(&caller);
	az_lock_seals();
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	PushActiveSnapshot(snapshot);
	seal_all(snapshot, (ReturnSetInfo *) fcinfo->resultinfo);
	PopActiveSnapshot();
	UnregisterSnapshot(snapshot);
	az_end_administering(&caller);
	PG_RETURN_NULL();
}


/*
 * Pruning
 */

/* The seals that end the chain's beginning: all before are pruned, or are now. */
#define MARK_OLD \
	"UPDATE authz.audit_seal SET pruned = true, marks = NULL" \
	" WHERE NOT pruned AND last_at OPERATOR(pg_catalog.<) $1" \
	" AND seal OPERATOR(pg_catalog.<) ALL (SELECT s.seal FROM authz.audit_seal s" \
	" WHERE NOT s.pruned AND s.last_at OPERATOR(pg_catalog.>=) $1)" \
	" RETURNING origin, from_xid, before_xid"

#define DELETE_OLD \
	"WITH old AS (" MARK_OLD ")" \
	" DELETE FROM authz.audit_event e USING old" \
	" WHERE e.origin OPERATOR(pg_catalog.=) old.origin" \
	" AND e.xid OPERATOR(pg_catalog.>=) old.from_xid AND e.xid OPERATOR(pg_catalog.<) old.before_xid"

AZ_SQL(authz_prune_audit)
{
	AzSpiParams	params = {0};
	AzCaller	caller;
	TimestampTz before;
	uint64		n;

	az_check_owns_database("prune_audit");
	az_arg_required(fcinfo, 0, "time");
	before = PG_GETARG_TIMESTAMPTZ(0);
	az_begin_as_owner(&caller);
	az_lock_seals();
	az_spi_param_time(&params, &before);
	n = az_spi_run(DELETE_OLD, &params);
	az_end_administering(&caller);
	PG_RETURN_INT64(n);
}
