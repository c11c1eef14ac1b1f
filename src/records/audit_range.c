/*-------------------------------------------------------------------------
 *
 * audit_range.c
 *	  The events of some transactions, in order.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_range.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define BATCH	1000

#define IN_RANGE \
	" FROM authz.audit_event e WHERE e.origin OPERATOR(pg_catalog.=) $1" \
	" AND e.xid OPERATOR(pg_catalog.>=) $2 AND e.xid OPERATOR(pg_catalog.<) $3" \
	" ORDER BY e.xid, e.number"

/* As AzEventColumn has them, whatever has become of the table. */
#define COLUMNS \
	"SELECT " \
	"e.origin::pg_catalog.int8, e.xid::pg_catalog.xid8, e.number::pg_catalog.int8, " \
	"e.at::pg_catalog.timestamptz, e.issuer::pg_catalog.text, " \
	"e.subject::pg_catalog.text, e.actor::pg_catalog.text, " \
	"e.token_id::pg_catalog.text, e.login::pg_catalog.text, e.role::pg_catalog.text, " \
	"e.session_role::pg_catalog.text, e.client::pg_catalog.inet, " \
	"e.relation::pg_catalog.text, e.command::pg_catalog.text, e.key::pg_catalog.jsonb, " \
	"e.columns::pg_catalog._text, e.old_values::pg_catalog.jsonb, " \
	"e.new_values::pg_catalog.jsonb"

static Portal
open_cursor(const char *query, const AzEventRange *range)
{
	Oid			types[] = {INT8OID, XID8OID, XID8OID};
	Datum		values[] = {Int64GetDatum(range->origin), UInt64GetDatum(range->from_xid),
							UInt64GetDatum(range->before_xid)};

	return SPI_cursor_open_with_args(NULL, query, lengthof(types), types, values, NULL,
									 true, CURSOR_OPT_NO_SCROLL);
}

int64
az_result_int8(uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	if (isnull)
		elog(ERROR, "unexpected null");
	return DatumGetInt64(value);
}

/* What is computed for one event goes with the context that is current. */
static void
read_event(uint64 row, pg_cryptohash_ctx *context, AzSealedEvent *event)
{
	StringInfoData bytes;

	initStringInfo(&bytes);
	event->key.xid = (uint64) az_result_int8(row, 2);
	event->key.number = az_result_int8(row, 3);
	event->at = az_result_int8(row, 4);
	az_event_bytes(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, &bytes);
	az_sum_begin(context);
	az_sum_add(context, bytes.data, bytes.len);
	event->sum = az_sum_end(context);
}

void
az_visit_events(const AzEventRange *range, AzEventVisitor visit, void *arg)
{
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz event",
											  ALLOCSET_DEFAULT_SIZES);
	pg_cryptohash_ctx *context = az_sum_make();
	Portal		cursor = open_cursor(COLUMNS IN_RANGE, range);
	bool		more = true;

	while (more)
	{
		uint64		row;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(cursor, true, BATCH);
		for (row = 0; more && row < SPI_processed; row++)
		{
			MemoryContext old = MemoryContextSwitchTo(one);
			AzSealedEvent event;

			read_event(row, context, &event);
			MemoryContextSwitchTo(old);
			MemoryContextReset(one);
			more = visit(&event, arg);
		}
		more = more && SPI_processed > 0;
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(cursor);
	pg_cryptohash_free(context);
	MemoryContextDelete(one);
}

bool
az_has_events(const AzEventRange *range, AzEventKey *first)
{
	Portal		cursor = open_cursor("SELECT e.xid::pg_catalog.xid8, e.number::pg_catalog.int8" IN_RANGE " LIMIT 1", range);
	bool		has;

	SPI_cursor_fetch(cursor, true, 1);
	has = SPI_processed > 0;
	if (has)
	{
		first->xid = (uint64) az_result_int8(0, 1);
		first->number = az_result_int8(0, 2);
	}
	SPI_freetuptable(SPI_tuptable);
	SPI_cursor_close(cursor);
	return has;
}

bool
az_next_origin(const int64 *after, int64 *origin)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(after ? *after : 0)};
	Portal		cursor;
	bool		has;

	cursor = SPI_cursor_open_with_args(NULL, after == NULL ?
									   "SELECT e.origin::pg_catalog.int8 FROM authz.audit_event e ORDER BY e.origin LIMIT 1" :
									   "SELECT e.origin::pg_catalog.int8 FROM authz.audit_event e"
									   " WHERE e.origin OPERATOR(pg_catalog.>) $1 ORDER BY e.origin LIMIT 1",
									   after ? 1 : 0, types, values, NULL, true, CURSOR_OPT_NO_SCROLL);
	SPI_cursor_fetch(cursor, true, 1);
	has = SPI_processed > 0;
	if (has)
		*origin = az_result_int8(0, 1);
	SPI_freetuptable(SPI_tuptable);
	SPI_cursor_close(cursor);
	return has;
}
