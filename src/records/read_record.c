/*-------------------------------------------------------------------------
 *
 * read_record.c
 *	  A line of the record of reads that is due, from the first table on.
 *
 *-------------------------------------------------------------------------
 */
#include "records/read_record.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/memutils.h"

#include "records/read_line.h"
#include "records/read_who.h"
#include "session/candidate.h"

static dlist_head pending = DLIST_STATIC_INIT(pending);

/* What functions read while the next statement is planned, or started. */
static AzRead *waiting = NULL;


/*
 * Who and what of
 */

static void
look_who(AzRead *read)
{
	resetStringInfo(&read->who);
	az_append_reader(&read->who);
	read->serial = az_login_serial();
}

void
az_read_runs(AzRead *read, QueryDesc *sends)
{
	read->runs = true;
	read->counted = sends ? sends->estate : NULL;
	read->seen = 0;
	read->stores = sends && sends->dest->mydest == DestTuplestore;
}

static void
count_rows(AzRead *read)
{
	if (read->counted == NULL)
		return;
	read->rows += read->counted->es_processed - read->seen;
	read->seen = read->counted->es_processed;
}

void
az_read_stops(AzRead *read)
{
	count_rows(read);
	read->counted = NULL;
	read->runs = false;
}

/* What core had put aside, to be sent when all is there, is not sent. */
static void
count_rows_of_failed(AzRead *read)
{
	if (!read->stores)
		count_rows(read);
	read->counted = NULL;
}

void
az_read_fails(AzRead *read)
{
	count_rows_of_failed(read);
	read->runs = true;
	read->is_left = true;
}


/*
 * The line
 */

static void
write_line(AzRead *read)
{
	if (read->runs)
		count_rows_of_failed(read);
	az_read_write_line(read);
}

/* Nobody cancels a statement between the line and the note that it is written. */
static void
tell(AzRead *read)
{
	bool		due = read->has_read &&
	(read->table_oids != NIL || read->nested_oids != NIL);

	if (!due)
		return;
	HOLD_INTERRUPTS();
	read->has_read = false;
	write_line(read);
	RESUME_INTERRUPTS();
}

/* While memory is freed, or the backend ends: an error would lead nowhere. */
static void
tell_quietly(AzRead *read)
{
	MemoryContext old = CurrentMemoryContext;

	PG_TRY();
	{
		MemoryContextSwitchTo(read->context);
		tell(read);
	}
	PG_CATCH();
	{
		FlushErrorState();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);
}

void
az_read_look_who(AzRead *read)
{
	if (read->serial == az_login_serial())
		return;
	count_rows(read);
	if (read->has_read)
	{
		bool		runs = read->runs;

		read->runs = false;
		tell(read);
		read->runs = runs;
		read->rows = 0;
		resetStringInfo(&read->nested);
		list_free(read->nested_oids);
		read->nested_oids = NIL;
		/* the rest of the query is yet to come */
		read->has_read = runs;
		read->start = GetCurrentTimestamp();
	}
	look_who(read);
}


/*
 * From the first table to the line
 */

static void
forget(AzRead *read)
{
	dlist_delete(&read->node);
	MemoryContextDelete(read->context);
}

static void
tell_at_exit(int code, Datum arg)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pending)
	{
		AzRead	   *read = dlist_container(AzRead, node, iter.cur);

		/* a utility statement is under way */
		if (read->query == NULL)
			read->runs = true;
		tell_quietly(read);
	}
}

/* What nobody else tells. */
static void
tell_rest(void)
{
	dlist_mutable_iter iter;

	waiting = NULL;
	dlist_foreach_modify(iter, &pending)
	{
		AzRead	   *read = dlist_container(AzRead, node, iter.cur);

		if (!read->is_left)
			continue;
		tell_quietly(read);
		forget(read);
	}
}

static void
transaction_ends(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
		tell_rest();
}

static void
subtransaction_ends(SubXactEvent event, SubTransactionId mine, SubTransactionId parent,
					void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		tell_rest();
}

/* A statement whose backend is terminated is not ended by anybody. */
static void
listen(void)
{
	static bool at_exit = false;
	static bool at_end = false;
	static bool at_end_of_part = false;

	if (!at_exit)
		before_shmem_exit(tell_at_exit, (Datum) 0);
	at_exit = true;
	if (!at_end)
		RegisterXactCallback(transaction_ends, NULL);
	at_end = true;
	if (!at_end_of_part)
		RegisterSubXactCallback(subtransaction_ends, NULL);
	at_end_of_part = true;
}

AzRead *
az_read_new(const char *command, uint64 query_id)
{
	MemoryContext context;
	MemoryContext old;
	AzRead	   *read;

	listen();
	/* until it is complete, an error takes it along */
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz read",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	read = palloc0(sizeof(AzRead));
	read->context = context;
	read->start = GetCurrentTimestamp();
	read->command = command;
	read->query_id = query_id;
	initStringInfo(&read->who);
	initStringInfo(&read->tables);
	initStringInfo(&read->nested);
	look_who(read);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, TopMemoryContext);
	dlist_push_head(&pending, &read->node);
	return read;
}

AzRead *
az_read_waiting(void)
{
	if (waiting == NULL)
	{
		waiting = az_read_new("PLAN", 0);
		waiting->is_left = true;
	}
	return waiting;
}

bool
az_read_is_waiting(void)
{
	return waiting != NULL;
}

AzRead *
az_read_take_waiting(void)
{
	AzRead	   *read = waiting;

	waiting = NULL;
	if (read)
		read->is_left = false;
	return read;
}

static void
query_is_gone(void *arg)
{
	AzRead	   *read = arg;

	if (read->held != NULL)
		return;
	tell_quietly(read);
	forget(read);
}

AzRead *
az_read_attach(AzRead *read, const QueryDesc *query)
{
	MemoryContext context = query->estate->es_query_cxt;
	MemoryContextCallback *callback = MemoryContextAlloc(context, sizeof(*callback));

	callback->func = query_is_gone;
	callback->arg = read;
	MemoryContextRegisterResetCallback(context, callback);
	read->query = query;
	return read;
}

static void
cursor_is_gone(void *arg)
{
	tell_quietly(arg);
	forget(arg);
}

void
az_read_hold(AzRead *read, Portal portal)
{
	MemoryContextCallback *callback =
	MemoryContextAlloc(portal->portalContext, sizeof(*callback));

	callback->func = cursor_is_gone;
	callback->arg = read;
	MemoryContextRegisterResetCallback(portal->portalContext, callback);
	read->held = portal;
}

AzRead *
az_read_of_query(const QueryDesc *query)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pending)
	{
		AzRead	   *read = dlist_container(AzRead, node, iter.cur);

		if (read->query == query && read->held == NULL)
			return read;
	}
	return NULL;
}

AzRead *
az_read_of_held(const PortalData *portal)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pending)
	{
		AzRead	   *read = dlist_container(AzRead, node, iter.cur);

		if (read->held == portal)
			return read;
	}
	return NULL;
}

void
az_read_tell(AzRead *read)
{
	tell(read);
	if (read->query == NULL)
		forget(read);
}

bool
az_reads_pending(void)
{
	return !dlist_is_empty(&pending);
}
