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
 * but nobody while its subject is listed as inactive.
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
#include "utils/timestamp.h"

#include "server/guc.h"
#include "server/report.h"
#include "session/plans.h"
#include "trust/trust.h"
#include "trust/trust_table.h"

static const AzAdoption *adopted = NULL;

/* R8: a failed login leaves nobody. */
static uint64 last_number = 0;
static uint64 floor_number = 0; /* adoptions up to this one do not count */
static bool rejected = false;

/* How the identity stood when it was last looked at. */
static struct
{
	uint64		number;			/* of the adoption; 0: never looked */
	uint64		epoch;			/* of the trust */
	AzTokenState state;			/* once ended, an adoption stays so */
	AzReason	reason;
	bool		inactive;		/* its subject is, at the moment */
} seen;

AzAnswer	az_answer = {0, false, 0, 0};
int			az_guarded_depth = 0;

static uint32 announced_serial = 0;


/*
 * Who is in force
 */

static inline const AzAdoption *
candidate(void)
{
	if (adopted == NULL || adopted->number <= floor_number)
		return NULL;
	if (az_token_scope == AZ_SCOPE_TRANSACTION && adopted->lxid != az_local_xid())
		return NULL;
	return adopted;
}

static inline const AzAdoption *
unless_inactive(const AzAdoption *current)
{
	if (current != NULL && seen.number == current->number && seen.inactive)
		return NULL;
	return current;
}

static inline const AzAdoption *
effective(void)
{
	return unless_inactive(candidate());
}

uint32
az_identity_serial(void)
{
	const AzAdoption *current = effective();

	return current ? current->serial : 0;
}

/*
 * To be called after whatever may have changed the effective identity.  Also
 * runs while a transaction aborts: no catalog access here.
 */
static void
identity_changed(void)
{
	uint32		serial = az_identity_serial();

	if (serial == announced_serial)
		return;
	announced_serial = serial;
	az_invalidate_plans();
}

int64
az_unix_now(void)
{
	return GetCurrentTimestamp() +
		(int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

/*
 * Look at the clock and, if it has changed, at the trust.  What has ended
 * stays ended; an inactive subject may become active again.
 */
static AzTokenState
look(const AzAdoption *current)
{
	uint64		epoch;

	if (seen.number == current->number && seen.state != AZ_STATE_VALID)
		return seen.state;

	if (az_unix_now() >= current->identity.deadline)
	{
		seen.number = current->number;
		seen.state = AZ_STATE_EXPIRED;
		seen.reason = AZ_EXPIRED;
		seen.inactive = false;
		identity_changed();
		return seen.state;
	}

	epoch = az_trust_epoch();
	if (seen.number != current->number || seen.epoch != epoch)
	{
		AzReason	reason = az_trust_still_holds(&current->identity);
		bool		inactive = reason == AZ_OK &&
			az_subject_is_inactive(&current->identity);

		seen.number = current->number;
		seen.epoch = epoch;
		seen.reason = reason;
		seen.state = reason == AZ_OK ? AZ_STATE_VALID : AZ_STATE_REVOKED;
		seen.inactive = inactive;
		identity_changed();
	}
	return seen.state;
}

/*
 * How the candidate stands, if there is one; what a running query has settled
 * is not looked at again.
 */
static inline AzTokenState
state_of(const AzAdoption *current)
{
	if (current == NULL || az_answer.number == current->number)
		return AZ_STATE_VALID;
	return look(current);
}

/* R2: an identity that has ended is an error. */
static void
raise_ended(void)
{
	const AzReasonInfo *info = az_reason_info(seen.reason);
	const char *message = "token is no longer trusted";
	const char *description = "Token is no longer trusted";

	if (seen.reason == AZ_EXPIRED)
	{
		message = "token has expired";
		description = info->description;
	}
	else if (seen.reason == AZ_REVOKED)
	{
		message = "token was revoked";
		description = info->description;
	}
	az_note_failure(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
					"invalid_token", description);
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, message,
			 "invalid_token", description, NULL);
}

/* R2b: one query, one identity. */
void
az_raise_changed(void)
{
	/* the next try plans anew */
	az_invalidate_plans();
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 "identity has changed since the query was planned",
			 "invalid_token", "Identity has changed since the query was planned",
			 "A cursor or a query of a SQL function keeps the identity under which it was planned.  "
			 "In a function that sets a token and then reads, use PL/pgSQL.");
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

const AzIdentity *
az_current(void)
{
	const AzAdoption *current;
	AzTokenState state;

	refuse_in_worker();
	current = candidate();
	state = state_of(current);
	current = unless_inactive(current);
	if (unlikely(az_answer.guarded) &&
		az_answer.serial != (current ? current->serial : 0))
		az_raise_changed();
	if (unlikely(state != AZ_STATE_VALID))
		raise_ended();
	return current ? &current->identity : NULL;
}

/*
 * What the checks of a query that starts now are based on; raises when the
 * plan was made for somebody else, or "ends" with an identity that has ended.
 */
AzAnswer
az_answer_for(bool guarded, bool ends, uint32 serial)
{
	AzAnswer	answer = {0, guarded, serial, 0};
	const AzAdoption *current = candidate();
	AzTokenState state = current ? look(current) : AZ_STATE_VALID;

	current = unless_inactive(current);
	if (guarded && serial != (current ? current->serial : 0))
		az_raise_changed();
	if (state != AZ_STATE_VALID)
	{
		if (guarded && ends)
			raise_ended();
	}
	else if (current)
		answer.number = current->number;
	return answer;
}

const AzIdentity *
az_current_required(void)
{
	const AzIdentity *id = az_current();

	if (id != NULL)
		return id;
	if (candidate() != NULL)
		az_raise_inactive();
	az_raise_anonymous();
}

bool
az_identity_foldable(void)
{
	AzTokenState state = state_of(candidate());

	if (az_answer.guarded && az_answer.serial != az_identity_serial())
		return false;
	return state == AZ_STATE_VALID;
}

AzTokenState
az_token_state(void)
{
	const AzAdoption *current;

	refuse_in_worker();
	current = candidate();
	if (current)
		return state_of(current);
	return rejected ? AZ_STATE_REJECTED : AZ_STATE_NONE;
}

bool
az_is_authenticated(void)
{
	return az_token_state() == AZ_STATE_VALID && effective() != NULL;
}


/*
 * Who comes into force
 */

AzAdoption *
az_make_adoption(const AzIdentity *id, uint32 serial, uint64 epoch)
{
	bool		inactive = az_subject_is_inactive(id);
	AzAdoption *adoption;

	adoption = az_guc_alloc(offsetof(AzAdoption, identity) + id->size);
	if (adoption == NULL)
		return NULL;
	adoption->number = ++last_number;
	adoption->serial = serial;
	adoption->lxid = az_local_xid();
	memcpy(&adoption->identity, id, id->size);

	/* it was verified just now */
	seen.number = adoption->number;
	seen.epoch = epoch;
	seen.state = AZ_STATE_VALID;
	seen.reason = AZ_OK;
	seen.inactive = inactive;
	return adoption;
}

void
az_adopt(const AzAdoption *adoption)
{
	adopted = adoption;
	if (adopted && adopted->number == last_number)
	{
		/* a login just now, not core restoring an older value */
		rejected = false;
		az_forget_failure();
	}
	identity_changed();
}

/* R8: no identity adopted up to now counts again. */
void
az_reject(int sqlstate, const char *error, const char *description)
{
	floor_number = ++last_number;
	rejected = true;
	az_note_failure(sqlstate, error, description);
	identity_changed();
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
 * whether or not core touches the setting then.
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
			break;
		default:
			break;
	}
}

void
az_session_init(void)
{
	az_guc_init(identity_changed, az_invalidate_plans);
	RegisterXactCallback(transaction_ended, NULL);
}
