/*-------------------------------------------------------------------------
 *
 * tied.c
 *	  Queries that asked for the identity though their plans do not say so.
 *
 * A cursor goes on later, so this is remembered with the query, and is
 * forgotten with it: the entries live in the memory of the executor's state.
 * The plan itself may be a kept one, for others to run, and is left alone.
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
	uint32		serial;
	MemoryContextCallback callback;
} Tie;

static dlist_head ties = DLIST_STATIC_INIT(ties);

static void
forget(void *tie)
{
	dlist_delete(&((Tie *) tie)->node);
}

void
az_tie(QueryDesc *query, uint32 serial)
{
	MemoryContext context = query->estate->es_query_cxt;
	Tie		   *tie = MemoryContextAllocZero(context, sizeof(Tie));

	tie->estate = query->estate;
	tie->serial = serial;
	tie->callback.func = forget;
	tie->callback.arg = tie;
	dlist_push_head(&ties, &tie->node);
	MemoryContextRegisterResetCallback(context, &tie->callback);
}

bool
az_is_tied(const QueryDesc *query, uint32 *serial)
{
	dlist_iter	iter;

	dlist_foreach(iter, &ties)
	{
		const Tie  *tie = dlist_container(Tie, node, iter.cur);

		if (tie->estate == query->estate)
		{
			*serial = tie->serial;
			return true;
		}
	}
	return false;
}

/*
 * Every query is noted, so this costs no memory of its own.  A state that is
 * gone leaves its note until the next one at its place, or at another place of
 * the same slot, starts.
 */
#define N_STARTS	1024

static struct
{
	const EState *estate;
	uint32		serial;
}			starts[N_STARTS];

static inline uint32
slot_of(const EState *estate)
{
	return ((uintptr_t) estate / MAXIMUM_ALIGNOF) % N_STARTS;
}

void
az_note_start(const QueryDesc *query, uint32 serial)
{
	uint32		slot = slot_of(query->estate);

	starts[slot].estate = query->estate;
	starts[slot].serial = serial;
}

bool
az_started_as(const QueryDesc *query, uint32 *serial)
{
	uint32		slot = slot_of(query->estate);

	*serial = starts[slot].serial;
	return starts[slot].estate == query->estate;
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

/* Was the function looked up once and for all, as the type cache does? */
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
 * called without, or was looked up before, the memory in use tells.
 */
bool
az_is_part_of(FunctionCallInfo fcinfo, const QueryDesc *query)
{
	const FmgrInfo *function = fcinfo->flinfo;
	MemoryContext state = function ? state_of(function->fn_mcxt) : NULL;

	/* a trigger stamps each row for whoever is in force by then */
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
