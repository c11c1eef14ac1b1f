/*-------------------------------------------------------------------------
 *
 * set_read.c
 *	  The rows of a view become keys.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/set_intern.h"

#include "executor/spi.h"
#include "executor/tuptable.h"
#include "tcop/dest.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "server/datum.h"
#include "server/guc.h"
#include "session/session.h"

/* No set is larger, however few keys it has. */
#define LARGEST_SET	(256 * 1024 * 1024)

/* Where the executor sends the rows of the view. */
typedef struct Receiver
{
	DestReceiver receiver;
	AzKeySet   *keys;
	MemoryContext context;		/* of the keys */
	int64		now;			/* a row that has ended by then is not a key */
} Receiver;

static int64
end_of(TupleTableSlot *slot)
{
	TimestampTz until;

	if (slot->tts_tupleDescriptor->natts < 2 || slot->tts_isnull[1])
		return AZ_NEVER;
	until = DatumGetTimestampTz(slot->tts_values[1]);
	if (TIMESTAMP_IS_NOEND(until))
		return AZ_NEVER;
	return TIMESTAMP_IS_NOBEGIN(until) ? PG_INT64_MIN : until + AZ_EPOCH_SHIFT;
}

/* Its memory is looked at now and then: that takes longer. */
static void
check_size(const Receiver *receiver)
{
	uint32		n = az_count_keys(receiver->keys);

	if (n > (uint32) az_max_set_size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a set has more than %d keys", az_max_set_size),
				 errhint("Let the view show fewer keys, or raise dbmi_authz.max_set_size.")));
	if (n % 256 == 0 && MemoryContextMemAllocated(receiver->context, true) > LARGEST_SET)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a set is larger than %d MB", LARGEST_SET / (1024 * 1024)),
				 errhint("Let the view show fewer or shorter keys.")));
}

static bool
receive(TupleTableSlot *slot, DestReceiver *destination)
{
	Receiver   *receiver = (Receiver *) destination;
	int64		until;

	slot_getallattrs(slot);
	until = end_of(slot);
	if (slot->tts_isnull[0] || until <= receiver->now)
		return true;
	az_add_key(receiver->keys, slot->tts_values[0], until);
	check_size(receiver);
	return true;
}

static void
start_up(DestReceiver *destination, int operation, TupleDesc desc)
{
}

static void
shut_down(DestReceiver *destination)
{
}

void
az_read_keys(AzSetView *view, const AzKeptSet *set)
{
	Receiver	receiver = {
		.receiver = {receive, start_up, shut_down, shut_down, DestNone},
		.keys = set->keys,
		.context = set->context,
		.now = az_unix_now()
	};
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver.receiver};
	AzCaller	caller;
	int			result;

	SPI_connect();
	az_begin_as_set_owner(view->owner, &caller);
	result = SPI_execute_plan_extended(view->plan, &options);
	if (result < 0)
		elog(ERROR, "could not read a set: %s", SPI_result_code_string(result));
	az_end_as(&caller);
	SPI_finish();
}
