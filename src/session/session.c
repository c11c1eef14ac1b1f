/*-------------------------------------------------------------------------
 *
 * session.c
 *	  Who this session is, for all code that asks.
 *
 * A question is answered as of the query that asks it: all parts of a running
 * query find what was found out when it started (answer.c), as long as the
 * query itself asks, and not something that a function in it evaluates.  Any
 * other question looks at the candidate again.
 *
 *-------------------------------------------------------------------------
 */
#include "session/session.h"

#include "access/parallel.h"
#include "utils/snapmgr.h"

#include "server/counts.h"
#include "server/report.h"
#include "session/handed.h"
#include "session/stopped.h"
#include "session/tied.h"

/* What the checks of the running query are based on. */
static AzAnswer running = {0};
static int	asking = 0;			/* running queries that asked a check */

/* The answers that go by the clock. */
static bool asked_of_now = false;
static int64 until = AZ_FOREVER;


/*
 * How the candidate stands
 */

/*
 * Does the running query ask, and not something that a function in it
 * evaluates?
 */
static inline bool
asked_by_query(void)
{
	return running.snapshot != NULL && ActiveSnapshotSet() &&
		GetActiveSnapshot() == running.snapshot;
}

pg_noinline AzTokenState
az_settle_for_query(AzAdoption *current)
{
	AzTokenState state = az_settle_candidate(current);

	if (asked_by_query())
		running.settled = current->settled;
	return state;
}

/*
 * The state of the candidate, if there is one; what a running query has found
 * out is not checked again.
 */
static inline AzTokenState
state_of(AzAdoption *current)
{
	AzTokenState state;

	if (current == NULL)
		return AZ_STATE_VALID;
	if (likely(running.number == current->number))
	{
		if (likely(running.settled == current->settled && asked_by_query()))
			return AZ_STATE_VALID;
		return az_settle_for_query(current);
	}
	state = az_look(current, az_unix_now());
	return state == AZ_STATE_VALID ? az_settle_for_query(current) : state;
}


/*
 * The time
 */

/* A query that has been tied is guarded. */
static inline bool
in_query(void)
{
	return running.guarded || running.untied;
}

int64
az_query_clock(void)
{
	if (asked_of_now)
		return az_unix_now();
	if (running.clock != 0)
		return running.clock;
	/* nobody was logged in when the query started: its time is now */
	if (in_query())
		return running.clock = az_unix_now();
	return az_unix_now();
}

void
az_holds_until(int64 instant)
{
	if (asked_of_now)
		until = Min(until, instant);
	else if (in_query())
		running.until = running.until == 0 ? instant : Min(running.until, instant);
}

void
az_answers_begin(void)
{
	asked_of_now = true;
	until = AZ_FOREVER;
}

int64
az_answers_end(void)
{
	asked_of_now = false;
	return until;
}


/*
 * Asking
 */

/*
 * The leader's identity is not sent to workers; an answer here could be wrong.
 */
static inline void
refuse_in_worker(void)
{
	if (unlikely(IsParallelWorker()))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("a parallel worker has no identity"),
				 errhint("A function that asks for the identity must not be marked PARALLEL SAFE.")));
}

/*
 * R2b: is it another identity than the running query is for?  Something that a
 * function in it evaluates may see that the same subject has become inactive.
 */
static inline bool
has_changed(const AzAdoption *current)
{
	if (running.serial == (current ? current->serial : 0))
		return false;
	return asked_by_query() || running.login != az_login_serial();
}

static inline const AzIdentity *
in_force(void)
{
	AzAdoption *current;
	AzTokenState state;

	refuse_in_worker();
	current = az_judged_candidate();
	az_check_stored(current);
	state = state_of(current);
	current = az_unless_inactive(current);
	if (unlikely(running.guarded) && has_changed(current))
		az_raise_changed();
	if (unlikely(state != AZ_STATE_VALID))
		az_raise_ended(current);
	return current ? az_adopted_identity(current) : NULL;
}

const AzIdentity *
az_in_force(void)
{
	return in_force();
}

/*
 * The planner meets calls and operators, but neither the operator of an "=
 * ANY" nor the function of an aggregate, a domain, a constraint.  A query that
 * asks in such a way is treated as planned for the identity in force now: that
 * identity stays, and the query does not go on for another one.  Nor does a
 * cursor that another identity opened.  A query within the query, or an
 * expression that a function evaluates on its own, does not count as this
 * query.
 */
static void
tie_query(FunctionCallInfo fcinfo)
{
	uint32		serial;

	if (!running.untied || !az_is_part_of(fcinfo, running.query))
		return;
	if (running.moved)
		az_raise_changed();
	serial = az_identity_serial();
	az_tie(running.query, serial);
	running.untied = false;
	running.guarded = true;
	running.serial = serial;
	running.login = az_login_serial();
	asking++;
}

static pg_noinline const AzIdentity *
tie_to_current(FunctionCallInfo fcinfo)
{
	const AzIdentity *id = in_force();

	tie_query(fcinfo);
	return id;
}

/* A question of the planner is not a call of a query. */
static inline void
count_call(void)
{
	if (likely(!asked_of_now))
		az_count_call();
}

const AzIdentity *
az_current_for(FunctionCallInfo fcinfo)
{
	count_call();
	if (unlikely(running.untied))
		return tie_to_current(fcinfo);
	return in_force();
}

const AzIdentity *
az_current_required_for(FunctionCallInfo fcinfo)
{
	const AzIdentity *id = az_current_for(fcinfo);

	if (id != NULL)
		return id;
	if (az_candidate() != NULL)
		az_raise_inactive();
	az_raise_anonymous();
}

AzTokenState
az_token_state(void)
{
	AzAdoption *current;

	refuse_in_worker();
	current = az_judged_candidate();
	if (current)
		return state_of(current);
	return az_was_rejected() ? AZ_STATE_REJECTED : AZ_STATE_NONE;
}

bool
az_is_simulated(void)
{
	AzAdoption *current;

	refuse_in_worker();
	current = az_judged_candidate();
	return current != NULL && current->simulated;
}

/*
 * A false answer for a refused assertion would show fewer rows instead of an
 * error.
 */
static void
check_handed(AzAdoption *current)
{
	if (likely(current == NULL || !current->asserted))
		return;
	if (current->refused)
		az_raise_ended(current);
	az_check_stored(current);
}

bool
az_is_authenticated(FunctionCallInfo fcinfo)
{
	bool		valid = az_token_state() == AZ_STATE_VALID;

	check_handed(az_candidate());
	count_call();
	tie_query(fcinfo);
	return valid && az_unless_inactive(az_candidate()) != NULL;
}

/*
 * Not within a query that is based on another identity, nor for an identity
 * whose groups must not be asked for: the executor raises that error, if it
 * asks.
 */
bool
az_may_fold(const AzAdoption *current, AzTokenState state)
{
	if (running.guarded && running.serial != az_identity_serial())
		return false;
	if (state != AZ_STATE_VALID)
		return false;
	return current == NULL || !current->identity->groups_unlisted;
}

bool
az_identity_foldable(void)
{
	AzAdoption *current = az_judged_candidate();

	return az_may_fold(current, state_of(current));
}


/*
 * The running query
 */

void
az_query_enter(AzQueryPart *part, const AzAnswer *answer)
{
	static uint64 last_part = 0;

	part->outer = running;
	part->outer_asking = asking;
	part->outer_asked = az_ask_for_query();
	asked_of_now = false;		/* an error may have left it set */
	running = *answer;
	running.part = ++last_part;
	if (answer->guarded)
		asking++;
}

void
az_query_leave(AzQueryPart *part)
{
	part->answer = running;
	running = part->outer;
	asking = part->outer_asking;
	az_ask_for(part->outer_asked);
}

void
az_planning_enter(AzQueryPart *part)
{
	part->outer = running;
	part->outer_asked = az_ask_for_plan();
	running.snapshot = NULL;
}

void
az_planning_leave(AzQueryPart *part)
{
	running.snapshot = part->outer.snapshot;
	az_ask_for(part->outer_asked);
}

void
az_question_enter(AzQueryPart *part)
{
	part->outer = running;
	part->outer_asking = asking;
	part->outer_asked = az_ask_for_query();
	asking++;
}

bool
az_query_asks(void)
{
	return asking > 0;
}

uint64
az_asking_part(void)
{
	return running.query != NULL && asked_by_query() ? running.part : 0;
}

QueryDesc *
az_asking_query(void)
{
	return asked_by_query() ? running.query : NULL;
}

/*
 * A query that is not tied to an identity finds no grants: a function in it
 * may ask for one identity, and log in another.
 */
static inline bool
keeps_grants(void)
{
	return !running.untied && asked_by_query();
}

uint32
az_query_grants(void)
{
	return running.grants != 0 && keeps_grants() ? running.grants : 0;
}

void
az_note_query_grants(uint32 grants)
{
	if (keeps_grants())
		running.grants = grants;
}
