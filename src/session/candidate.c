/*-------------------------------------------------------------------------
 *
 * candidate.c
 *	  Who is logged in.
 *
 * The identity hangs on the setting dbmi_authz.token (token_setting.c): core
 * hands us the adoption attached to its value, whichever way the setting
 * changes.
 *
 * candidate() says whose adoption counts.  Every adoption has a number that
 * only grows; a failed login raises the floor below which no number counts any
 * more, outside of any transaction, so that no rollback brings an older
 * identity back.  Where the setting has no value, the login of the connection
 * counts (base.c).  The candidate is in force, but nobody is while its subject
 * is listed as inactive.  What has been found out about an adoption stands in
 * it, so that the end of one is not forgotten when another is looked at, and a
 * rollback does not bring it back.
 *
 * Whether the token still holds is decided as of now (az_look).  What the
 * database stores for the identity is decided under the snapshot of the
 * question (az_settle_candidate), so two queries, one within the other, can
 * have different answers.
 *
 * The identity in force has a serial.  Plans that met a check carry it, and
 * the executor refuses to run them for another identity.
 *
 *-------------------------------------------------------------------------
 */
#include "session/candidate.h"

#include "access/xact.h"
#include "storage/proc.h"

#include "server/counts.h"
#include "server/guc.h"
#include "server/report.h"
#include "server/token_scope.h"
#include "session/base.h"
#include "session/candidate_intern.h"
#include "session/handed.h"
#include "session/login_line.h"
#include "session/plans.h"
#include "trust/trust.h"
#include "trust/trust_table.h"

static AzAdoption *adopted = NULL;

/* R8: a failed login leaves nobody. */
static uint64 last_number = 0;
static uint64 floor_number = 0; /* adoptions up to this one do not count */
static bool rejected = false;

static uint32 announced_serial = 0;
static void (*tell) (const AzAdoption *current) = NULL;


/*
 * Who counts
 */

/* Does the adoption count in its transaction alone, and has that ended? */
static inline bool
is_over(void)
{
	return (adopted->simulated || adopted->asserted ||
			az_scope() == AZ_SCOPE_TRANSACTION) &&
		(adopted->lxid != az_local_xid() ||
		 !LocalTransactionIdIsValid(adopted->lxid));
}

static inline AzAdoption *
candidate(void)
{
	if (az_is_handed_over())
		return az_handed_candidate(adopted != NULL && is_over() ? NULL : adopted,
								   floor_number);
	if (adopted == NULL)
		return az_base();
	if (adopted->number <= floor_number || adopted->nobody)
		return NULL;
	return is_over() ? az_base() : adopted;
}

AzAdoption *
az_candidate(void)
{
	return candidate();
}

const AzIdentity *
az_logged_in(void)
{
	const AzAdoption *current = az_judged_candidate();

	return current && !current->simulated ? current->identity : NULL;
}

/* The serial of nobody (0) as long as it is not judged. */
static inline uint32
serial_of(const AzAdoption *current)
{
	return current != NULL && !current->inactive ? current->serial : 0;
}

uint32
az_identity_serial(void)
{
	return serial_of(candidate());
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

	return current != NULL && az_awaits_judgement(current);
}

/*
 * May it turn out to be somebody?  It may if nobody has judged it, or if its
 * subject may be active again.  A plan for nobody is told of the latter only
 * if it was made when the tables of the trust had been found.
 */
static inline bool
may_become_somebody(const AzAdoption *current)
{
	return current != NULL && (az_awaits_judgement(current) || current->inactive);
}

/*
 * To be called after whatever may have changed the effective identity.  Also
 * runs while a transaction aborts: no catalog access here.
 */
void
az_identity_changed(void)
{
	const AzAdoption *current = candidate();
	uint32		serial = serial_of(current);

	if (tell)
		tell(current);
	/* then no kept plan is right */
	if (may_become_somebody(current))
		serial = PG_UINT32_MAX;
	if (serial == announced_serial)
		return;
	announced_serial = serial;
	az_invalidate_plans();
}

AzAdoption *
az_judged_candidate(void)
{
	AzAdoption *current = candidate();

	if (unlikely(current != NULL && current->identity == NULL))
		current = az_judge_candidate(current);
	return current;
}

void
az_judge_early(void)
{
	(void) az_judged_candidate();
}


/*
 * How they stand
 */

/*
 * What has ended stays ended.  For claims that nobody has signed, neither
 * clock nor trust counts.
 */
AzTokenState
az_look(AzAdoption *current, int64 now)
{
	uint64		epoch;

	if (current->ended != AZ_OK || current->simulated)
		return az_state_of(current);

	if (now >= current->identity->deadline)
	{
		current->ended = AZ_EXPIRED;
		current->inactive = false;
		az_identity_changed();
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
		az_identity_changed();
	}
	return az_state_of(current);
}

/* Look up what is stored for it, under the snapshot of the question. */
AzTokenState
az_settle_candidate(AzAdoption *current)
{
	if (current->ended == AZ_OK && az_settle(current))
		az_identity_changed();
	az_note_read_only(current);
	return az_state_of(current);
}


/*
 * Who comes into force
 */

void
az_note_accepted(const AzAdoption *judged)
{
	/* and nothing that was there before counts, as when it is set later */
	if (judged->asserted)
		az_begin_handed(judged->number - 1);
	if (judged == candidate())
		az_note_read_only(judged);
	if (judged == candidate() && !judged->asserted)
	{
		az_forget_rejection();
		az_restore_base();
	}
	az_identity_changed();
}

void
az_note_refused_login(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	az_count_refusal(reason);
	if (az_is_base(candidate()))
	{
		rejected = true;
		az_note_failure(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, info->error,
						info->description);
	}
	az_refuse_base();
	az_identity_changed();
}

void
az_adopt(AzAdoption *adoption)
{
	if (adoption == NULL)
		az_uncover_base(adopted != NULL);
	else
		az_cover_base();
	adopted = adoption;
	/* it may be replaced again before anything starts */
	az_note_read_only(adopted ? adopted : az_base());
	if (adopted && adopted->number == 0)
	{
		/* it is set now, and core does not restore an older value */
		if (adopted->asserted)
			az_begin_handed(last_number);
		adopted->number = ++last_number;
		adopted->since = GetCurrentStatementStartTimestamp();
		if (adopted->identity != NULL && !adopted->simulated && !adopted->asserted)
		{
			az_forget_rejection();
			az_restore_base();
		}
	}
	az_identity_changed();
}

/* R8: no identity adopted up to now counts again. */
static void
leave_nobody(int sqlstate, const char *error, const char *description)
{
	floor_number = ++last_number;
	az_suppress_base();
	if (adopted)
		az_forget_token(adopted);
	az_note_failure(sqlstate, error, description);
	az_identity_changed();
}

static void
reject(int sqlstate, const char *error, const char *description)
{
	rejected = true;
	leave_nobody(sqlstate, error, description);
}

/* This counts in the transaction alone; the state before is kept apart. */
void
az_reject_handed(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	az_count_refusal(reason);
	az_begin_handed(last_number);
	az_note_handed_refused(last_number + 1, reason);
	leave_nobody(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, info->error,
				 info->description);
}

void
az_reject(int sqlstate, const char *error, const char *description)
{
	az_count_refusal(AZ_OTHER_REFUSAL);
	reject(sqlstate, error, description);
}

void
az_reject_reason(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	az_count_refusal(reason);
	reject(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, info->error, info->description);
}

void
az_forget_rejection(void)
{
	rejected = false;
	az_forget_failure();
}

void
az_bring_login_back(void)
{
	az_restore_base();
	az_identity_changed();
}

bool
az_was_rejected(void)
{
	return rejected;
}

bool
az_may_be_reset(void)
{
	return adopted != NULL || rejected || az_is_suppressed();
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId mine,
					 SubTransactionId parent, void *arg)
{
	if (az_base_subtransaction_ended(event, mine, parent))
		az_identity_changed();
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
			az_handed_transaction_ended();
			az_base_transaction_ended(event != XACT_EVENT_ABORT);
			az_identity_changed();
			if (az_take_outdated())
				az_invalidate_plans();
			break;
		default:
			break;
	}
}

void
az_tell_who(void (*listener) (const AzAdoption *current))
{
	tell = listener;
}

void
az_candidate_init(void)
{
	static bool registered = false;

	az_base_init();
	az_guc_init(az_identity_changed, az_invalidate_all_plans);
	if (!registered)
	{
		RegisterXactCallback(transaction_ended, NULL);
		RegisterSubXactCallback(subtransaction_ended, NULL);
		az_only_reads_init();
	}
	registered = true;
}
