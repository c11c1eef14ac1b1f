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
#include "sets/set_intern.h"

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "server/asked.h"
#include "session/session.h"

/* What is being read; sets that it asks are noted in the reading. */
typedef struct Work
{
	AzSetReading reading;
	int			level;			/* how deep it is in others */
	struct Work *outer;
} Work;

static Work *working = NULL;


/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

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
	az_read_keys(view, set);
	if (view->unkept)
		reading->reading.epoch = 0;
}

static AzKeptSet *
make_set(AzSetView *view)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz set",
												  ALLOCSET_DEFAULT_SIZES);
	AzKeptSet  *set = MemoryContextAllocZero(context, sizeof(AzKeptSet));

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
		az_release_reading(&work->reading);
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
	*set = az_keep_set(made);
	reading = &(*set)->readings[(*set)->next_reading];
	(*set)->next_reading = ((*set)->next_reading + 1) % N_READINGS;
	az_release_reading(reading);
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

	dlist_foreach(iter, az_kept_sets())
	{
		AzKeptSet  *set = dlist_container(AzKeptSet, node, iter.cur);

		if (set->view != view || set->identity != identity)
			continue;
		for (i = 0; i < N_READINGS; i++)
		{
			if (!serves(set, &set->readings[i], level))
				continue;
			*ends_at = set->readings[i].ends_at;
			dlist_move_head(az_kept_sets(), &set->node);
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
				 errdetail("It was asked while it was being read.")));
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
	AzKeptSet  *set;

	az_look_at_set_view(view);
	if (!az_may_ask_set(view))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for set %s", get_rel_name(view->oid)),
				 errhint("A set may be asked by roles that may read the view, and by everybody if the view "
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
	AzKeptSet  *set = NULL;
	int			level;
	int64		ends_at;
	AzUnder		under;
	dlist_iter	iter;

	if (identity == 0 || view->being_read)
		return NULL;
	az_look_at_set_view(view);
	if (!az_may_ask_set(view))
		return NULL;
	dlist_foreach(iter, az_kept_sets())
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
