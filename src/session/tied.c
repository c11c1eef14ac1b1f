/*-------------------------------------------------------------------------
 *
 * tied.c
 *	  Queries that asked for the identity although their plans do not say so,
 *	  or got an answer that depends on the time; and the identities that
 *	  started them.
 *
 * A cursor goes on later, so this is remembered with the query and forgotten
 * with it: the entries live in the memory of the executor's state. The plan
 * itself may be a kept one, for others to run, and is left alone.
 *
 *-------------------------------------------------------------------------
 */
#include "session/tied.h"

#include "commands/trigger.h"
#include "lib/ilist.h"
#include "nodes/execnodes.h"
#include "utils/memutils.h"

typedef struct Tie
{
	dlist_node	node;
	const EState *estate;
	uint32		started;		/* who was logged in then; 0: nobody */
	bool		tied;
	uint32		serial;
	int64		until;			/* PG_INT64_MAX: no answer ends */
	MemoryContextCallback callback;
} Tie;

static dlist_head ties = DLIST_STATIC_INIT(ties);

static void
forget(void *tie)
{
	dlist_delete(&((Tie *) tie)->node);
}

static Tie *
find_tie(const QueryDesc *query)
{
	dlist_iter	iter;

	dlist_foreach(iter, &ties)
	{
		Tie		   *tie = dlist_container(Tie, node, iter.cur);

		if (tie->estate == query->estate)
			return tie;
	}
	return NULL;
}

static Tie *
find_or_make_tie(QueryDesc *query)
{
	MemoryContext context = query->estate->es_query_cxt;
	Tie		   *tie = find_tie(query);

	if (tie != NULL)
		return tie;
	tie = MemoryContextAllocZero(context, sizeof(Tie));
	tie->estate = query->estate;
	tie->until = PG_INT64_MAX;
	tie->callback.func = forget;
	tie->callback.arg = tie;
	dlist_push_head(&ties, &tie->node);
	MemoryContextRegisterResetCallback(context, &tie->callback);
	return tie;
}

void
az_tie(QueryDesc *query, uint32 serial)
{
	Tie		   *tie = find_or_make_tie(query);

	tie->tied = true;
	tie->serial = serial;
}

bool
az_is_tied(const QueryDesc *query, uint32 *serial)
{
	const Tie  *tie = find_tie(query);

	if (tie == NULL || !tie->tied)
		return false;
	*serial = tie->serial;
	return true;
}

void
az_answered_until(QueryDesc *query, int64 until)
{
	Tie		   *tie = find_or_make_tie(query);

	tie->until = Min(tie->until, until);
}

int64
az_until_of_answers(const QueryDesc *query)
{
	const Tie  *tie = dlist_is_empty(&ties) ? NULL : find_tie(query);

	return tie == NULL ? PG_INT64_MAX : tie->until;
}

/* A query that nobody started needs no note. */
void
az_note_start(QueryDesc *query, uint32 serial)
{
	if (serial != 0)
		find_or_make_tie(query)->started = serial;
}

uint32
az_started_as(const QueryDesc *query)
{
	const Tie  *tie = find_tie(query);

	return tie == NULL ? 0 : tie->started;
}

/*
 * The executor's state that a context belongs to: every state has one of that
 * name.  PL/pgSQL has a state of its own for expressions, and so has the
 * planner when it works an expression out.
 */
static MemoryContext
state_of(MemoryContext context)
{
	while (context != NULL && strcmp(context->name, "ExecutorState") != 0)
		context = context->parent;
	return context;
}

/* Was the function looked up once for all calls, as the type cache does? */
static bool
is_kept(const FmgrInfo *function)
{
	MemoryContext context = function->fn_mcxt;

	while (context != NULL && context != CacheMemoryContext)
		context = context->parent;
	return context != NULL;
}

/*
 * A function is looked up for the state in which it is called.  Where it is
 * called without a state, or was looked up before, the memory in use tells.
 */
bool
az_is_part_of(FunctionCallInfo fcinfo, const QueryDesc *query)
{
	const FmgrInfo *function = fcinfo->flinfo;
	MemoryContext state = function ? state_of(function->fn_mcxt) : NULL;

	/* a trigger stamps each row with the identity in force by then */
	if (CALLED_AS_TRIGGER(fcinfo))
		return false;
	if (state == NULL && (function == NULL || is_kept(function)))
	{
		state = state_of(CurrentMemoryContext);
		if (state == NULL)
			return true;
	}
	return state == query->estate->es_query_cxt;
}
