/*-------------------------------------------------------------------------
 *
 * audit_event.c
 *	  A row of authz.audit_event.
 *
 * Nobody waits for anybody: events are numbered within their transaction, and
 * no counter is shared.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_event.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

#include "server/own.h"
#include "trust/admin.h"

static const struct
{
	const char *name;
	Oid			type;
}			columns[AZ_N_EVENT_COLUMNS] = {
	{"origin", INT8OID},
	{"xid", XID8OID},
	{"number", INT8OID},
	{"at", TIMESTAMPTZOID},
	{"issuer", TEXTOID},
	{"subject", TEXTOID},
	{"actor", TEXTOID},
	{"token_id", TEXTOID},
	{"login", TEXTOID},
	{"role", TEXTOID},
	{"session_role", TEXTOID},
	{"client", INETOID},
	{"relation", TEXTOID},
	{"command", TEXTOID},
	{"key", JSONBOID},
	{"columns", TEXTARRAYOID},
	{"old_values", JSONBOID},
	{"new_values", JSONBOID},
};

void
az_event_init(AzEvent *event)
{
	memset(event->values, 0, sizeof(event->values));
	memset(event->nulls, true, sizeof(event->nulls));
}

void
az_event_set_text(AzEvent *event, AzEventColumn column, const char *value)
{
	if (value != NULL)
		az_event_set(event, column, CStringGetTextDatum(value));
}

int64
az_event_origin(void)
{
	/* odd, so that no two databases of a cluster are the same */
	return (int64) (GetSystemIdentifier() ^ (uint64) MyDatabaseId * UINT64CONST(0x9E3779B97F4A7C15));
}

/* Within the transaction; what a savepoint took back leaves a gap. */
static int64
next_number(FullTransactionId xid)
{
	static FullTransactionId counted;
	static int64 number;

	if (!FullTransactionIdEquals(xid, counted))
	{
		counted = xid;
		number = 0;
	}
	return ++number;
}

/* Columns behind ours stay empty. */
static bool
is_as_made(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	if (rel->rd_rel->relkind != RELKIND_RELATION || desc->natts < AZ_N_EVENT_COLUMNS)
		return false;
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (i >= AZ_N_EVENT_COLUMNS ? column->attnotnull && !column->attisdropped :
			column->attisdropped || column->atttypid != columns[i].type || column->attgenerated != '\0' ||
			strcmp(NameStr(column->attname), columns[i].name) != 0)
			return false;
	}
	return true;
}

static Relation
open_table(void)
{
	Oid			oid = get_relname_relid("audit_event", get_namespace_oid(AZ_SCHEMA, true));
	Relation	rel = OidIsValid(oid) ? table_open(oid, RowExclusiveLock) : NULL;

	if (rel == NULL || !is_as_made(rel))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("table \"%s.%s\" is not as the extension made it", AZ_SCHEMA, "audit_event"),
				 errdetail("A change that cannot be recorded is refused."),
				 errhint("Give its columns their names, order and types again.")));
	return rel;
}

/* What core does for a plain table, but for triggers. */
static void
insert(Relation rel, const AzEvent *event)
{
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *result = makeNode(ResultRelInfo);
	TupleTableSlot *slot = table_slot_create(rel, NULL);

	InitResultRelInfo(result, rel, 1, NULL, 0);
	ExecOpenIndices(result, false);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, event->values, sizeof(event->values));
	memset(slot->tts_isnull, true, sizeof(bool) * RelationGetDescr(rel)->natts);
	memcpy(slot->tts_isnull, event->nulls, sizeof(event->nulls));
	ExecStoreVirtualTuple(slot);
	simple_table_tuple_insert(rel, slot);
	if (result->ri_NumIndices > 0)
		(void) ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL
									 AZ_ONLY_SUMMARIZING);
	ExecCloseIndices(result);
	ExecDropSingleTupleTableSlot(slot);
	FreeExecutorState(estate);
}

void
az_event_record(AzEvent *event)
{
	FullTransactionId xid = GetTopFullTransactionId();
	AzCaller	caller;
	Relation	rel;

	az_begin_as(ROLE_PG_DATABASE_OWNER, &caller);
	rel = open_table();
	az_event_set(event, Event_origin, Int64GetDatum(az_event_origin()));
	az_event_set(event, Event_xid, FullTransactionIdGetDatum(xid));
	az_event_set(event, Event_number, Int64GetDatum(next_number(xid)));
	az_event_set(event, Event_at, TimestampTzGetDatum(GetCurrentTimestamp()));
	insert(rel, event);
	table_close(rel, NoLock);
	az_end_as(&caller);
}
