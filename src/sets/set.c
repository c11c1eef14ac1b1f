/*-------------------------------------------------------------------------
 *
 * set.c
 *	  The keys that a view shows to the identity in force.
 *
 * What was read is kept for the identity, and serves all snapshots under which
 * the tables show the same (reading.h).  A set that asks another one was read with
 * what that one had: it serves while that is the same, however often somebody
 * else's share has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/set.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "tcop/dest.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "server/asked.h"
#include "server/datum.h"
#include "server/guc.h"
#include "session/session.h"

/* Another set that was asked, and what it had. */
typedef struct Inner
{
	AzSetView  *view;
	uint64		number;
} Inner;

#define MOST_INNER	8

/*
 * Under which snapshot it was read.  The same may have been read under two, which
 * then serve in turn: that of a query, and those of a function in it.
 */
#define N_READINGS	2

typedef struct AzSetReading
{
	AzReading	reading;
	uint64		settings;		/* of the session then */
	int64		ends_at;
	int			ninner;
	Inner		inner[MOST_INNER];
} AzSetReading;

/* What is being read; sets that it asks are noted in the reading. */
typedef struct Work
{
	AzSetReading reading;
	int			level;			/* how deep it is in others */
	struct Work *outer;
} Work;

static dlist_head sets = DLIST_STATIC_INIT(sets);	/* last used first */
static Size total_size = 0;
static int	nsets = 0;
static uint64 last_number = 0;
static Work *working = NULL;

/* What is kept while no query asks it. */
#define MOST_SIZE	(64 * 1024 * 1024)
#define MOST_SETS	256

/* No set is larger, however few keys it has. */
#define LARGEST_SET	(256 * 1024 * 1024)


/* ----------------------------------------------------------------
 * Keeping
 * ----------------------------------------------------------------
 */

/* The views that it asked are in use by it. */
static void
release_reading(AzSetReading *reading)
{
	int			i;

	for (i = 0; i < reading->ninner; i++)
		reading->inner[i].view->uses--;
	memset(reading, 0, sizeof(*reading));
}

static void
forget(AzKeptSet *set)
{
	int			i;

	for (i = 0; i < N_READINGS; i++)
		release_reading(&set->readings[i]);
	dlist_delete(&set->node);
	nsets--;
	total_size -= set->size;
	set->view->uses--;
	MemoryContextDelete(set->context);
}

/* The one that was used longest ago goes first.  That one stays. */
static void
make_room(const AzKeptSet *except)
{
	dlist_node *node = dlist_is_empty(&sets) ? NULL : dlist_tail_node(&sets);

	while (node != NULL && (total_size > MOST_SIZE || nsets > MOST_SETS))
	{
		AzKeptSet	   *set = dlist_container(AzKeptSet, node, node);

		node = dlist_has_prev(&sets, node) ? dlist_prev_node(&sets, node) : NULL;
		if (set->pins == 0 && set != except)
			forget(set);
	}
}

void
az_pin_set(AzKeptSet *set)
{
	set->pins++;
}

/* Many, or large ones, may have been pinned at once. */
void
az_unpin_set(AzKeptSet *set)
{
	set->pins--;
	make_room(NULL);
}

/* What was read holds the same as this one: it is that. */
static AzKeptSet *
find_same(const AzKeptSet *made)
{
	dlist_iter	iter;

	dlist_foreach(iter, &sets)
	{
		AzKeptSet	   *set = dlist_container(AzKeptSet, node, iter.cur);

		if (set->view == made->view && set->identity == made->identity &&
			az_same_keys(set->keys, made->keys))
			return set;
	}
	return NULL;
}

static AzKeptSet *
keep(AzKeptSet *made)
{
	AzKeptSet	   *same = find_same(made);

	if (same)
	{
		MemoryContextDelete(made->context);
		dlist_move_head(&sets, &same->node);
		return same;
	}
	MemoryContextSetParent(made->context, TopMemoryContext);
	made->number = ++last_number;
	made->size = MemoryContextMemAllocated(made->context, true);
	made->view->uses++;
	dlist_push_head(&sets, &made->node);
	nsets++;
	total_size += made->size;
	make_room(made);
	return made;
}

/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

/* Where the executor sends the rows of the view. */
typedef struct Receiver
{
	DestReceiver receiver;
	AzKeySet   *keys;
	MemoryContext context;		/* of the keys */
	int64		now;			/* what has ended by then is no key */
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

/* Under the active snapshot, as the owner. */
static void
run_query(AzSetView *view, const AzKeptSet *set)
{
	Receiver	receiver = {
		.receiver = {receive, start_up, shut_down, shut_down, DestNone},
		.keys = set->keys,
		.context = set->context,
		.now = az_unix_now()
	};
	SPIExecuteOptions options = {.read_only = true, .dest = &receiver.receiver};
	AzSetOwner	caller;
	int			result;

	SPI_connect();
	az_begin_as_set_owner(view->owner, &caller);
	result = SPI_execute_plan_extended(view->plan, &options);
	if (result < 0)
		elog(ERROR, "could not read a set: %s", SPI_result_code_string(result));
	az_end_as_set_owner(&caller);
	SPI_finish();
}

/*
 * To core a conversion to text is immutable, also where a setting says how it is
 * written.
 */
static uint64
settings_of_now(void)
{
	return (uint64) (uint32) extra_float_digits << 32 | (uint64) (uint8) bytea_output << 8 |
		(uint8) IntervalStyle;
}

static void
read_within(AzSetView *view, AzKeptSet *set, Work *work)
{
	AzSetReading *reading = &work->reading;

	working = work;
	view->being_read = true;
	reading->ends_at = AZ_NEVER;
	reading->settings = settings_of_now();
	reading->reading = az_begin_reading(&view->source);
	run_query(view, set);
	if (view->unkept)
		reading->reading.epoch = 0;
}

static AzKeptSet *
make_set(AzSetView *view)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz set",
												  ALLOCSET_DEFAULT_SIZES);
	AzKeptSet	   *set = MemoryContextAllocZero(context, sizeof(AzKeptSet));

	set->view = view;
	set->identity = az_identity_serial();
	set->context = context;
	set->keys = az_make_key_set(context, view->type.kind);
	set->readings = MemoryContextAllocZero(context, N_READINGS * sizeof(AzSetReading));
	return set;
}

static void
count_reading(AzSetView *view, const AzKeptSet *set, instr_time start)
{
	instr_time	end;

	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	view->n_readings++;
	view->n_keys = az_count_keys(set->keys);
	view->microseconds += INSTR_TIME_GET_MICROSEC(end);
}

/* The view is in use meanwhile, and what was noted goes with an error. */
static void
read_safely(AzSetView *view, AzKeptSet *set, Work *work)
{
	view->uses++;
	PG_TRY();
	{
		read_within(view, set, work);
	}
	PG_CATCH();
	{
		working = work->outer;
		view->being_read = false;
		view->uses--;
		release_reading(&work->reading);
		PG_RE_THROW();
	}
	PG_END_TRY();
	working = work->outer;
	view->being_read = false;
	view->uses--;
}

static AzSetReading *
read_set(AzSetView *view, int level, AzKeptSet **set)
{
	Work		work = {.level = level, .outer = working};
	AzKeptSet  *made = make_set(view);
	AzSetReading *reading;
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	read_safely(view, made, &work);
	az_seal_key_set(made->keys);
	count_reading(view, made, start);
	*set = keep(made);
	reading = &(*set)->readings[(*set)->next_reading];
	(*set)->next_reading = ((*set)->next_reading + 1) % N_READINGS;
	release_reading(reading);
	*reading = work.reading;
	return reading;
}

/* ----------------------------------------------------------------
 * Serving
 * ----------------------------------------------------------------
 */

static AzKeptSet *resolve(AzSetView *view, int level, int64 *ends_at);

/* Have the sets that it asked what they had? */
static bool
inner_holds(const AzSetReading *reading, int level)
{
	int			i;
	int64		ends_at;

	for (i = 0; i < reading->ninner; i++)
	{
		if (resolve(reading->inner[i].view, level + 1, &ends_at)->number != reading->inner[i].number)
			return false;
	}
	return true;
}

static bool
serves(AzKeptSet *set, const AzSetReading *reading, int level)
{
	bool		holds;

	if (reading->reading.epoch == 0 ||
		reading->settings != settings_of_now() ||
		!az_is_definition_told(set->view) || !set->view->current ||
		!az_reading_serves(&reading->reading, &set->view->source) ||
		(reading->ends_at != AZ_NEVER && reading->ends_at <= az_unix_now()))
		return false;
	set->pins++;
	holds = inner_holds(reading, level);
	set->pins--;
	return holds;
}

static AzKeptSet *
find_kept(AzSetView *view, int level, int64 *ends_at)
{
	uint32		identity = az_identity_serial();
	dlist_iter	iter;
	int			i;

	dlist_foreach(iter, &sets)
	{
		AzKeptSet	   *set = dlist_container(AzKeptSet, node, iter.cur);

		if (set->view != view || set->identity != identity)
			continue;
		for (i = 0; i < N_READINGS; i++)
		{
			if (!serves(set, &set->readings[i], level))
				continue;
			*ends_at = set->readings[i].ends_at;
			dlist_move_head(&sets, &set->node);
			return set;
		}
	}
	return NULL;
}

/* Each level may be looked at by each one above it. */
#define MOST_LEVELS	16

static void
check_level(int level)
{
	check_stack_depth();
	if (level >= MOST_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
				 errmsg("sets ask each other more than %d levels deep", MOST_LEVELS)));
}

static AzKeptSet *
resolve(AzSetView *view, int level, int64 *ends_at)
{
	AzKeptSet  *set;

	az_look_at_set_view(view);
	if (view->being_read)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("infinite recursion detected in set \"%s\"", get_rel_name(view->oid)),
				 errdetail("While it was read, it was asked.")));
	check_level(level);
	set = find_kept(view, level, ends_at);
	if (set == NULL)
		*ends_at = read_set(view, level, &set)->ends_at;
	return set;
}

/* Of what is asked now. */
static int
level_of_now(void)
{
	return working ? working->level + 1 : 0;
}

/* ----------------------------------------------------------------
 * Asking
 * ----------------------------------------------------------------
 */

/* What is being read depends on that. */
static void
note_inner(Work *work, const AzKeptSet *set, int64 ends_at)
{
	AzSetReading *reading = &work->reading;
	int			i;

	reading->ends_at = Min(reading->ends_at, ends_at);
	reading->ends_at = Min(reading->ends_at, az_next_end(set->keys, az_unix_now()));
	for (i = 0; i < reading->ninner; i++)
	{
		if (reading->inner[i].view == set->view && reading->inner[i].number == set->number)
			return;
	}
	if (i == MOST_INNER)
	{
		reading->reading.epoch = 0;
		return;
	}
	reading->inner[i].view = set->view;
	reading->inner[i].number = set->number;
	set->view->uses++;
	reading->ninner++;
}

AzKeptSet *
az_find_set(AzSetView *view, int64 *ends_at)
{
	AzKeptSet	   *set;

	az_look_at_set_view(view);
	if (!az_may_ask_set(view))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for set %s", get_rel_name(view->oid)),
				 errhint("A set may be asked by who may read the view, and by everybody if the view "
						 "asks for the identity and belongs to the owner of the database.")));
	set = resolve(view, level_of_now(), ends_at);
	if (working)
		note_inner(working, set, *ends_at);
	return set;
}

/* What is asked to plan what is being read is not what it depends on. */
const AzKeptSet *
az_estimate_set(AzSetView *view)
{
	uint32		identity = az_identity_serial();
	Work	   *outer = working;
	AzKeptSet	   *set = NULL;
	int			level;
	int64		ends_at;
	AzUnder		under;
	dlist_iter	iter;

	if (identity == 0 || view->being_read)
		return NULL;
	az_look_at_set_view(view);
	if (!az_may_ask_set(view))
		return NULL;
	dlist_foreach(iter, &sets)
	{
		set = dlist_container(AzKeptSet, node, iter.cur);
		if (set->view == view && set->identity == identity)
			return set;
	}
	level = level_of_now();
	working = NULL;
	PG_TRY();
	{
		az_under_asked(&under);
		set = resolve(view, level, &ends_at);
		az_under_end(&under);
	}
	PG_FINALLY();
	{
		working = outer;
	}
	PG_END_TRY();
	return set;
}
