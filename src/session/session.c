/*-------------------------------------------------------------------------
 *
 * session.c
 *	  Who this session is.
 *
 * The identity hangs on the setting dbmi_authz.token (login.c): core hands us
 * the adoption that its value stands for, at every road that a setting goes.
 *
 * candidate() says whose adoption counts.  Every adoption has a number that
 * only grows; a failed login raises the floor below which no number counts any
 * more, outside of any transaction, so that no rollback brings an older
 * identity back.  effective() alone decides who is in force: the candidate,
 * but nobody while its subject is listed as inactive.  What has been found out
 * about an adoption stands in it, so that one that has ended is not forgotten
 * for another, and does not come back with a rollback.
 *
 * Whether the token still holds is a question of now (look).  What the database
 * stores for the identity is one of the snapshot that is asked under (settle),
 * and so two queries, one within the other, can have different answers.
 *
 * Whoever is in force has a serial.  Plans that met a check carry it, and the
 * executor refuses to run them for somebody else.
 *
 *-------------------------------------------------------------------------
 */
#include "session/session.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"

#include "server/discretion.h"
#include "server/guc.h"
#include "server/report.h"
#include "session/only_reads.h"
#include "session/plans.h"
#include "session/tied.h"
#include "trust/trust.h"
#include "trust/trust_table.h"

static AzAdoption *adopted = NULL;

/* R8: a failed login leaves nobody. */
static uint64 last_number = 0;
static uint64 floor_number = 0; /* adoptions up to this one do not count */
static bool rejected = false;

/* What the checks of the running query are based on. */
static AzAnswer running = {0};
static int	asking = 0;			/* running queries that asked a check */

static uint32 announced_serial = 0;

/* The last look at the clock, and the answers that go by it. */
static int64 looked_at = 0;
static bool asked_of_now = false;
static int64 until = AZ_FOREVER;


/*
 * Who is in force
 */

static inline AzAdoption *
candidate(void)
{
	if (adopted == NULL || adopted->number <= floor_number)
		return NULL;
	if (az_token_scope == AZ_SCOPE_TRANSACTION &&
		(adopted->lxid != az_local_xid() ||
		 !LocalTransactionIdIsValid(adopted->lxid)))
		return NULL;
	return adopted;
}

static inline AzAdoption *
unless_inactive(AzAdoption *current)
{
	return current != NULL && current->inactive ? NULL : current;
}

static inline AzAdoption *
effective(void)
{
	return unless_inactive(candidate());
}

uint32
az_identity_serial(void)
{
	const AzAdoption *current = effective();

	/* nobody as long as it is not judged */
	return current ? current->serial : 0;
}

uint32
az_login_serial(void)
{
	const AzAdoption *current = candidate();

	return current ? current->signed_serial : 0;
}

bool
az_is_unjudged(void)
{
	const AzAdoption *current = candidate();

	return current != NULL && current->identity == NULL;
}

/*
 * To be called after whatever may have changed the effective identity.  Also
 * runs while a transaction aborts: no catalog access here.
 */
static void
identity_changed(void)
{
	uint32		serial = az_identity_serial();

	/* may turn out to be anybody: then no kept plan is the right one */
	if (az_is_unjudged())
		serial = PG_UINT32_MAX;
	if (serial == announced_serial)
		return;
	announced_serial = serial;
	az_invalidate_plans();
}

/* Also of one that has ended since, or whose subject is inactive. */
static inline void
note_read_only(const AzAdoption *current)
{
	if (current != NULL && current->read_only)
		az_only_read();
}

/* What core would say of a value that it does not take. */
static void
warn_refused(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	ereport(WARNING,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg_internal("%s", AZ_REFUSED_MESSAGE),
			 errdetail_internal("%s", az_error_body(info->error, info->description)),
			 info->hint ? errhint("%s", info->hint) : 0));
}

/*
 * The candidate of a token that nobody has judged: itself, or nobody.  The
 * statement that asks may be the one that has set it, too.
 */
static AzAdoption *
judge(AzAdoption *current)
{
	AzDiscretion discretion;
	AzReason	reason;

	az_take_token(&discretion);
	reason = az_judge(current);
	if (reason == AZ_OK)
	{
		note_read_only(current);
		rejected = false;
		az_forget_failure();
		identity_changed();
	}
	else
	{
		az_reject_reason(reason);
		warn_refused(reason);
		current = NULL;
	}
	az_discretion_end(&discretion);
	return current;
}

/* The candidate, for a question; what waits to be judged is. */
static inline AzAdoption *
judged_candidate(void)
{
	AzAdoption *current = candidate();

	if (unlikely(current != NULL && current->identity == NULL))
		current = judge(current);
	return current;
}

void
az_judge_early(void)
{
	(void) judged_candidate();
}

static inline AzTokenState
state_by(const AzAdoption *current)
{
	if (current->ended == AZ_OK)
		return AZ_STATE_VALID;
	return current->ended == AZ_EXPIRED ? AZ_STATE_EXPIRED : AZ_STATE_REVOKED;
}

/*
 * Look at the clock and, if it has changed, at the trust.  What has ended
 * stays ended; an inactive subject may become active again.
 */
static AzTokenState
look(AzAdoption *current)
{
	uint64		epoch;

	looked_at = az_unix_now();
	if (current->ended != AZ_OK)
		return state_by(current);

	if (looked_at >= current->identity->deadline)
	{
		current->ended = AZ_EXPIRED;
		current->inactive = false;
		identity_changed();
		return AZ_STATE_EXPIRED;
	}

	epoch = az_trust_epoch();
	if (current->epoch != epoch)
	{
		AzReason	reason = az_trust_still_holds(current->identity);

		current->epoch = epoch;
		current->ended = reason;
		if (reason != AZ_OK)
			current->inactive = false;
		identity_changed();
	}
	return state_by(current);
}

/* Is it the running query that asks, and not what a function in it evaluates? */
static inline bool
query_asks(void)
{
	return running.snapshot != NULL && ActiveSnapshotSet() &&
		GetActiveSnapshot() == running.snapshot;
}

/* What is stored for it, under the snapshot that is asked under. */
static pg_noinline AzTokenState
settle(AzAdoption *current)
{
	if (current->ended == AZ_OK && az_settle(current))
		identity_changed();
	note_read_only(current);
	if (query_asks())
		running.settled = current->settled;
	return state_by(current);
}

/*
 * How the candidate stands, if there is one; what a running query has found out
 * is not looked at again.
 */
static inline AzTokenState
state_of(AzAdoption *current)
{
	AzTokenState state;

	if (current == NULL)
		return AZ_STATE_VALID;
	if (likely(running.number == current->number))
	{
		if (likely(running.settled == current->settled && query_asks()))
			return AZ_STATE_VALID;
		return settle(current);
	}
	state = look(current);
	return state == AZ_STATE_VALID ? settle(current) : state;
}

/* R2: an identity that has ended is an error. */
static void
raise_ended(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);
	const char *message = "token is no longer trusted";
	const char *description = "Token is no longer trusted";
	const char *hint = "The issuer, its options or its keys have changed; set a token again.";

	if (reason == AZ_EXPIRED)
	{
		message = "token has expired";
		description = info->description;
		hint = info->hint;
	}
	else if (reason == AZ_REVOKED)
	{
		message = "token was revoked";
		description = info->description;
		hint = info->hint;
	}
	az_note_failure(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
					"invalid_token", description);
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, message,
			 "invalid_token", description, hint);
}

/* R2b: one query, one identity. */
void
az_raise_changed(void)
{
	/* the next try plans anew */
	az_note_tied_plan();
	az_invalidate_plans();
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 "identity has changed since the query was planned",
			 "invalid_token", "Identity has changed since the query was planned",
			 "A cursor or a query of a SQL function keeps the identity under which it was planned.  "
			 "In a function that sets a token and then reads, use PL/pgSQL.");
}

/* The same for an answer that goes by the time. */
void
az_raise_outdated(void)
{
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 "an answer has changed with time since the query was planned",
			 "invalid_token", "An answer has changed with time since the query was planned",
			 "Run the query again.");
}

/* A query that has been tied is guarded. */
static inline bool
in_query(void)
{
	return running.guarded || running.untied != NULL;
}

int64
az_query_clock(void)
{
	if (asked_of_now)
		return az_unix_now();
	if (running.clock != 0)
		return running.clock;
	/* nobody was there when the query started: from now on it is this late */
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

/* The leader's identity does not travel; an answer here could be wrong. */
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
 * R2b: is it somebody else than the running query is for?  What a function in it
 * evaluates may see that the same subject has become inactive.
 */
static inline bool
has_changed(const AzAdoption *current)
{
	if (running.serial == (current ? current->serial : 0))
		return false;
	return query_asks() || running.login != az_login_serial();
}

static inline const AzIdentity *
in_force(void)
{
	AzAdoption *current;
	AzTokenState state;

	refuse_in_worker();
	current = judged_candidate();
	state = state_of(current);
	current = unless_inactive(current);
	if (unlikely(running.guarded) && has_changed(current))
		az_raise_changed();
	if (unlikely(state != AZ_STATE_VALID))
		raise_ended(current->ended);
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
 * asks by such a way is as good as planned for whoever is in force now: they
 * stay, and it does not go on for another one.  Nor does a cursor that was
 * opened by another one.  A query within the query, or an expression that a
 * function evaluates on its own, is not this query.
 */
static void
tie_query(FunctionCallInfo fcinfo)
{
	uint32		serial;

	if (running.untied == NULL || !az_is_part_of(fcinfo, running.untied))
		return;
	if (running.moved)
		az_raise_changed();
	serial = az_identity_serial();
	az_tie(running.untied, serial);
	running.untied = NULL;
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

const AzIdentity *
az_current_for(FunctionCallInfo fcinfo)
{
	if (unlikely(running.untied != NULL))
		return tie_to_current(fcinfo);
	return in_force();
}

/*
 * What the checks of a query that starts now are based on; raises when the
 * plan was made for somebody else, or "ends" with an identity that has ended.
 * A query that met no check does not judge what waits for a question; but that
 * an actor only reads is noticed by any query, whatever it does then.
 */
AzAnswer
az_answer_for(bool guarded, bool ends, uint32 serial)
{
	AzAnswer	answer = {.guarded = guarded, .serial = serial};
	AzAdoption *current = guarded ? judged_candidate() : candidate();

	answer.snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : NULL;
	answer.login = az_login_serial();
	if (current != NULL && current->identity == NULL)
		return answer;
	if (current != NULL)
	{
		(void) look(current);
		answer.clock = looked_at;
	}
	if (current != NULL && (guarded || current->limited != NULL))
	{
		(void) settle(current);
		answer.settled = current->settled;
	}
	if (guarded && serial != az_identity_serial())
		az_raise_changed();
	if (current == NULL)
		return answer;
	if (current->ended == AZ_OK)
		answer.number = current->number;
	else if (guarded && ends)
		raise_ended(current->ended);
	return answer;
}

static void
settle_under(AzAdoption *current, Snapshot snapshot)
{
	AzAskedFor	outer = az_ask_for_query();
	AzUnder		under;

	PG_TRY();
	{
		az_under(&under, snapshot);
		(void) settle(current);
		az_under_end(&under);
	}
	PG_FINALLY();
	{
		az_ask_for(outer);
	}
	PG_END_TRY();
}

/*
 * A query within it may have seen something else stored for the same identity.
 */
bool
az_answer_holds(const AzAnswer *answer)
{
	AzAdoption *current = candidate();

	if (current != NULL && current->identity != NULL &&
		current->settled != answer->settled)
		settle_under(current, answer->snapshot);
	return answer->serial == az_identity_serial();
}

void
az_query_enter(AzQueryPart *part, const AzAnswer *answer)
{
	part->outer = running;
	part->outer_asking = asking;
	part->outer_asked = az_ask_for_query();
	asked_of_now = false;		/* an error may have left it */
	running = *answer;
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

/*
 * One that nobody is tied to finds none: a function in it may ask for one
 * identity, and log in another.
 */
static inline bool
keeps_grants(void)
{
	return running.untied == NULL && query_asks();
}

uint32
az_query_grants(void)
{
	return keeps_grants() ? running.grants : 0;
}

void
az_note_query_grants(uint32 grants)
{
	if (keeps_grants())
		running.grants = grants;
}

const AzIdentity *
az_current_required_for(FunctionCallInfo fcinfo)
{
	const AzIdentity *id = az_current_for(fcinfo);

	if (id != NULL)
		return id;
	if (candidate() != NULL)
		az_raise_inactive();
	az_raise_anonymous();
}

/*
 * Not within a query that is based on somebody else, nor for one whose groups
 * must not be asked for: that is told by the executor, if it comes to ask.
 */
static bool
is_foldable(const AzAdoption *current, AzTokenState state)
{
	if (running.guarded && running.serial != az_identity_serial())
		return false;
	if (current != NULL && current->identity->groups_unlisted)
		return false;
	return state == AZ_STATE_VALID;
}

bool
az_identity_foldable(void)
{
	AzAdoption *current = judged_candidate();

	return is_foldable(current, state_of(current));
}

bool
az_may_start(AzAnswer *answer)
{
	AzAdoption *current = judged_candidate();
	AzTokenState state = current ? look(current) : AZ_STATE_VALID;

	*answer = (AzAnswer) {.login = az_login_serial(), .snapshot = GetActiveSnapshot()};
	if (current != NULL && state == AZ_STATE_VALID)
	{
		state = settle(current);
		answer->settled = current->settled;
	}
	if (current != NULL && current->ended == AZ_OK)
		answer->number = current->number;
	return is_foldable(unless_inactive(current), state);
}

AzTokenState
az_token_state(void)
{
	AzAdoption *current;

	refuse_in_worker();
	current = judged_candidate();
	if (current)
		return state_of(current);
	return rejected ? AZ_STATE_REJECTED : AZ_STATE_NONE;
}

bool
az_is_authenticated(FunctionCallInfo fcinfo)
{
	bool		valid = az_token_state() == AZ_STATE_VALID;

	tie_query(fcinfo);
	return valid && effective() != NULL;
}


void
az_enforce_read_only(bool writes)
{
	AzAdoption *current;

	if (IsParallelWorker() || !IsTransactionState())
		return;
	current = writes ? judged_candidate() : candidate();
	if (writes && current != NULL && current->limited != NULL)
		(void) state_of(current);
	note_read_only(current);
	az_keep_reading();
}

void
az_enforce_read_only_of_now(void)
{
	AzAdoption *current = candidate();

	/* nothing writes in parallel mode, which also refuses a new snapshot */
	if (IsInParallelMode() || IsParallelWorker() || current == NULL ||
		current->identity == NULL || current->limited == NULL)
		return;
	settle_under(current, IsolationUsesXactSnapshot() ? GetTransactionSnapshot() :
				 GetLatestSnapshot());
}


/*
 * Who comes into force
 */

void
az_adopt(AzAdoption *adoption)
{
	adopted = adoption;
	/* it may be gone again before anything starts */
	note_read_only(adopted);
	if (adopted && adopted->number == 0)
	{
		/* now, and not core restoring an older value */
		adopted->number = ++last_number;
		if (adopted->identity != NULL)
		{
			rejected = false;
			az_forget_failure();
		}
	}
	identity_changed();
}

/* R8: no identity adopted up to now counts again. */
void
az_reject(int sqlstate, const char *error, const char *description)
{
	floor_number = ++last_number;
	rejected = true;
	if (adopted)
		az_forget_token(adopted);
	az_note_failure(sqlstate, error, description);
	identity_changed();
}

void
az_reject_reason(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	az_reject(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, info->error,
			  info->description);
}

void
az_forget_rejection(void)
{
	rejected = false;
	az_forget_failure();
}

bool
az_may_be_reset(void)
{
	return adopted != NULL || rejected;
}

/*
 * An identity of one transaction stops to count when the transaction ends,
 * whether or not core touches the setting then.  So do plans that were made by
 * what an old snapshot showed.
 */
static void
transaction_ended(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			identity_changed();
			if (az_take_outdated())
				az_invalidate_plans();
			break;
		default:
			break;
	}
}

void
az_session_init(void)
{
	static bool registered = false;

	az_guc_init(identity_changed, az_invalidate_all_plans);
	if (!registered)
	{
		RegisterXactCallback(transaction_ended, NULL);
		az_only_reads_init();
	}
	registered = true;
}
