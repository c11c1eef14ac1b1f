/*-------------------------------------------------------------------------
 *
 * only_reads.c
 *	  Transactions of actors that may only read.
 *
 * Core's own variable is set, as in any read-only transaction, so core refuses
 * all that it refuses there.  But core also puts it back: at the end of a
 * subtransaction, by SET TRANSACTION, and at the end of a function with a SET
 * clause.  Most code that reads the variable starts a query or a statement,
 * and guard.c sets it again before that.  Sequences and large objects read it
 * in the midst of an expression, so the variable must never be wrong while any
 * code of users runs.
 *
 *-------------------------------------------------------------------------
 */
#include "session/only_reads.h"

#include "access/xact.h"
#include "nodes/memnodes.h"
#include "storage/proc.h"
#include "utils/memutils.h"

#include "trust/trust_log.h"

static LocalTransactionId only_reads_in = InvalidLocalTransactionId;
static int	writing = 0;		/* queries and statements that write, and run */

static fmgr_hook_type prev_fmgr_hook = NULL;


bool
az_only_reads(void)
{
	return LocalTransactionIdIsValid(only_reads_in) &&
		only_reads_in == az_local_xid();
}

void
az_keep_reading(void)
{
	if (az_only_reads())
		XactReadOnly = true;
}

void
az_only_read(void)
{
	/* what records a change belongs to it */
	if (!IsTransactionState() || az_trust_log_writes())
		return;
	if (!az_only_reads())
		az_reset_read_only_to(true);
	only_reads_in = az_local_xid();
	XactReadOnly = true;
}

void
az_only_read_enter(AzOnlyRead *outer)
{
	outer->only_reads_in = only_reads_in;
	outer->read_only = XactReadOnly;
	az_only_read();
}

void
az_only_read_leave(const AzOnlyRead *outer)
{
	only_reads_in = outer->only_reads_in;
	XactReadOnly = outer->read_only || az_only_reads();
	if (!az_only_reads())
		az_reset_read_only_to(false);
}

int
az_write_enter(bool writes)
{
	int			outer = writing;

	if (writes)
		writing++;
	return outer;
}

void
az_write_leave(int outer)
{
	writing = outer;
}

bool
az_is_writing(void)
{
	return writing > 0;
}

/* ---- the end of a subtransaction ---- */

/*
 * Core puts its variable back after all callbacks.  What it does next is to look
 * whether the memory of a subtransaction that was committed is empty, and to
 * delete that of one that was rolled back; both go by the methods of the memory.
 */
static const MemoryContextMethods *usual = NULL;
static MemoryContextMethods ending;

static bool
is_empty(MemoryContext context)
{
	context->methods = usual;
	az_keep_reading();
	return usual->is_empty(context);
}

static void
delete_context(MemoryContext context)
{
	context->methods = usual;
	az_keep_reading();
	usual->delete_context(context);
}

/* Core assumes that memory with children is not empty, and does not check. */
static void
hand_children_on(MemoryContext context)
{
	while (context->firstchild != NULL)
		MemoryContextSetParent(context->firstchild, context->parent);
}

/* All subtransactions have the same kind of memory. */
static void
await_end(MemoryContext context)
{
	if (usual == NULL)
	{
		usual = context->methods;
		ending = *usual;
		ending.is_empty = is_empty;
		ending.delete_context = delete_context;
	}
	Assert(context->methods == usual || context->methods == &ending);
	context->methods = &ending;
}

static void
subtransaction_ends(SubXactEvent event, SubTransactionId mine,
					SubTransactionId parent, void *arg)
{
	if (!az_only_reads())
		return;
	if (event == SUBXACT_EVENT_COMMIT_SUB)
		hand_children_on(CurTransactionContext);
	if (event == SUBXACT_EVENT_COMMIT_SUB || event == SUBXACT_EVENT_ABORT_SUB)
		await_end(CurTransactionContext);
}

static void
transaction_ended(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			if (LocalTransactionIdIsValid(only_reads_in))
				az_reset_read_only_to(false);
			only_reads_in = InvalidLocalTransactionId;
			break;
		default:
			break;
	}
}

/* ---- the end of a function with a SET clause ---- */

static void
function_calls(FmgrHookEventType event, FmgrInfo *function, Datum *private)
{
	if (prev_fmgr_hook)
		prev_fmgr_hook(event, function, private);
	if (event == FHET_END)
		az_keep_reading();
}

void
az_only_reads_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ends, NULL);

	/*
	 * last, where nothing can raise an error: a hook that was chained to
	 * itself would never end
	 */
	if (AZ_READ_ONLY_IS_SAVED)
	{
		prev_fmgr_hook = fmgr_hook;
		fmgr_hook = function_calls;
	}
}
