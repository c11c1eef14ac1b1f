/*-------------------------------------------------------------------------
 *
 * session.c
 *	  Who this session is.
 *
 * The identity hangs on the setting dbmi_authz.token.  Its check hook takes a
 * raw token, verifies it, replaces the value by a label and hands the
 * identity to core as the value's extra data; the assign hook only stores the
 * pointer.  So transactions, savepoints, SET LOCAL, RESET and DISCARD are
 * core's own code, and the raw token is nowhere to be read back.
 *
 * effective() alone decides who is in force.  Every adoption has a number
 * that only grows; a failed login raises the floor below which no number
 * counts any more, outside of any transaction, so that no rollback brings an
 * older identity back.
 *
 * Whoever is in force has a serial.  Plans that met a check carry it, and the
 * executor refuses to run them for somebody else.
 *
 *-------------------------------------------------------------------------
 */
#include "session.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "cache.h"
#include "guc.h"
#include "plans.h"
#include "report.h"
#include "trust.h"

#define TOKEN_LABEL		"token accepted"

/* What the setting carries along: one chunk, copied and freed by core. */
typedef struct Adoption
{
	uint64		number;			/* grows with every adoption */
	uint32		serial;			/* of the identity */
	LocalTransactionId lxid;	/* the transaction that adopted it */
	AzIdentity	identity;		/* and the rest of its block */
} Adoption;

/* The setting. */
static char *token_label;
static const Adoption *adopted = NULL;
static bool defining = false;	/* _PG_init is defining it */

/* R8 */
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
} seen;

AzAnswer	az_answer = {0, false, 0};
int			az_guarded_depth = 0;

static uint32 announced_serial = 0;


/*
 * Who is in force
 */

static inline const Adoption *
effective(void)
{
	if (adopted == NULL || adopted->number <= floor_number)
		return NULL;
	if (az_token_scope == AZ_SCOPE_TRANSACTION && adopted->lxid != az_local_xid())
		return NULL;
	return adopted;
}

uint32
az_identity_serial(void)
{
	const Adoption *current = effective();

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

static int64
unix_now(void)
{
	return GetCurrentTimestamp() +
		(int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
}

/*
 * Look at the clock and, if it has changed, at the trust.  What has ended
 * stays ended.
 */
static AzTokenState
look(const Adoption *current)
{
	uint64		epoch;

	if (seen.number == current->number && seen.state != AZ_STATE_VALID)
		return seen.state;

	if (unix_now() >= current->identity.deadline)
	{
		seen.number = current->number;
		seen.state = AZ_STATE_EXPIRED;
		seen.reason = AZ_EXPIRED;
		return seen.state;
	}

	epoch = az_trust_epoch();
	if (seen.number != current->number || seen.epoch != epoch)
	{
		AzReason	reason = az_trust_still_holds(&current->identity);

		seen.number = current->number;
		seen.epoch = epoch;
		seen.reason = reason;
		seen.state = reason == AZ_OK ? AZ_STATE_VALID : AZ_STATE_REVOKED;
	}
	return seen.state;
}

/* R2 */
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

/* R2b */
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
	const Adoption *current;

	refuse_in_worker();
	current = effective();
	if (unlikely(az_answer.guarded) &&
		az_answer.serial != (current ? current->serial : 0))
		az_raise_changed();
	if (current == NULL)
		return NULL;
	if (likely(az_answer.number == current->number))
		return &current->identity;
	if (look(current) != AZ_STATE_VALID)
		raise_ended();
	return &current->identity;
}

/*
 * What the checks of a query that starts now are based on; raises when the
 * plan was made for somebody else, or "ends" with an identity that has ended.
 */
AzAnswer
az_answer_for(bool guarded, bool ends, uint32 serial)
{
	AzAnswer	answer = {0, guarded, serial};
	const Adoption *current = effective();

	if (guarded && serial != (current ? current->serial : 0))
		az_raise_changed();
	if (current)
	{
		if (look(current) == AZ_STATE_VALID)
			answer.number = current->number;
		else if (guarded && ends)
			raise_ended();
	}
	return answer;
}

const AzIdentity *
az_current_required(void)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		az_raise_anonymous();
	return id;
}

bool
az_identity_foldable(void)
{
	const Adoption *current = effective();

	if (az_answer.guarded && az_answer.serial != az_identity_serial())
		return false;
	return current == NULL || az_answer.number == current->number ||
		look(current) == AZ_STATE_VALID;
}

AzTokenState
az_token_state(void)
{
	const Adoption *current;

	refuse_in_worker();
	current = effective();
	if (current)
		return az_answer.number == current->number ? AZ_STATE_VALID : look(current);
	return rejected ? AZ_STATE_REJECTED : AZ_STATE_NONE;
}


/*
 * Logging in
 */

/* One query, one identity. */
static bool
query_runs(void)
{
	return az_guarded_depth > 0;
}

static const char *const query_runs_message =
"cannot change the identity while a query that asked for it is running";
static const char *const restricted_message =
"cannot change the identity within a security-restricted operation";

/* Refusals that change nothing. */
void
az_check_may_change(void)
{
	if (query_runs())
		az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, query_runs_message,
				 NULL, NULL, NULL);
	if (InSecurityRestrictedOperation() && !defining)
		az_raise(ERRCODE_INSUFFICIENT_PRIVILEGE, restricted_message,
				 NULL, NULL, NULL);
}

/* set_config() with NULL puts the setting back and asks nobody. */
void
az_check_unchanged(const AzAnswer *answer)
{
	if (answer->guarded && answer->serial != az_identity_serial())
		az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, query_runs_message,
				 NULL, NULL, NULL);
}

/* R8: no identity adopted up to now counts again. */
static void
reject(int sqlstate, const char *error, const char *description)
{
	floor_number = ++last_number;
	rejected = true;
	az_note_failure(sqlstate, error, description);
	identity_changed();
}

static void
reject_reason(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	reject(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, info->error,
		   info->description);
}

static inline bool
starts_with_word(const char *s, size_t len, const char *word)
{
	size_t		word_len = strlen(word);

	return len > word_len && pg_strncasecmp(s, word, word_len) == 0 &&
		s[word_len] == ' ';
}

/* Spaces around, and one "Bearer " or "JWT " in front, are no part of it. */
static void
trim(const char **token, size_t *len)
{
	const char *s = *token;
	size_t		n = *len;

	while (n > 0 && *s == ' ')
		s++, n--;
	if (starts_with_word(s, n, "Bearer"))
		s += strlen("Bearer"), n -= strlen("Bearer");
	else if (starts_with_word(s, n, "JWT"))
		s += strlen("JWT"), n -= strlen("JWT");
	while (n > 0 && *s == ' ')
		s++, n--;
	while (n > 0 && s[n - 1] == ' ')
		n--;
	*token = s;
	*len = n;
}

/* A token to a verified identity, through the backend's cache. */
static AzReason
verify(const char *token, size_t len, AzVerifiedToken *verified)
{
	trim(&token, &len);
	if (len == 0)
		return AZ_TOKEN_MISSING;
	return az_verify_token(token, len, unix_now(), verified);
}

/* The extra data for the setting, or NULL when memory ran out. */
static Adoption *
make_adoption(const AzVerifiedToken *verified)
{
	Adoption   *adoption;

	adoption = az_guc_alloc(offsetof(Adoption, identity) + verified->identity->size);
	if (adoption == NULL)
		return NULL;
	adoption->number = ++last_number;
	adoption->serial = verified->serial;
	adoption->lxid = az_local_xid();
	memcpy(&adoption->identity, verified->identity, verified->identity->size);

	/* it was verified under the trust of now */
	seen.number = adoption->number;
	seen.epoch = verified->epoch;
	seen.state = AZ_STATE_VALID;
	seen.reason = AZ_OK;
	return adoption;
}

/*
 * A failure inside the check hook.  When core would raise an error we do it
 * ourselves, because core's would bring the statement along, token included;
 * core frees the value in either case.
 */
static bool
refuse_value(char **value, int sqlstate, const char *message, const char *error,
			 const char *description, const char *hint, bool raise)
{
	explicit_bzero(*value, strlen(*value));
	if (raise)
		az_raise(sqlstate, message, error, description, hint);
	GUC_check_errcode(sqlstate);
	GUC_check_errmsg("%s", message);
	if (description)
		GUC_check_errdetail("%s", az_error_body(error, description));
	if (hint)
		GUC_check_errhint("%s", hint);
	return false;
}

static bool
check_token(char **newval, void **extra, GucSource source)
{
	AzVerifiedToken verified;
	Adoption   *adoption;
	AzReason	reason;
	char	   *label;
	bool		raise = !defining;

	/* a worker gets the label of its leader and is nobody */
	if (source == PGC_S_DEFAULT || InitializingParallelWorker || IsParallelWorker())
		return true;

	/*
	 * ALTER ROLE, ALTER DATABASE and CREATE FUNCTION try the value with
	 * PGC_S_TEST; accepted there, a raw token would lie in a catalog that
	 * everybody may read.
	 */
	if (source != PGC_S_SESSION)
	{
		const char *message = AZ_SESSION_ONLY_MESSAGE;

		if (source == PGC_S_TEST)
			return refuse_value(newval, ERRCODE_INVALID_PARAMETER_VALUE, message,
								NULL, NULL, NULL, raise);
		if (**newval == '\0')
			return true;
		reject(ERRCODE_INVALID_PARAMETER_VALUE, "invalid_request", message);
		return refuse_value(newval, ERRCODE_INVALID_PARAMETER_VALUE, message,
							NULL, NULL, NULL, false);
	}

	if (query_runs() && raise)
		return refuse_value(newval, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
							query_runs_message, NULL, NULL, NULL, raise);
	if (InSecurityRestrictedOperation() && raise)
		return refuse_value(newval, ERRCODE_INSUFFICIENT_PRIVILEGE,
							restricted_message, NULL, NULL, NULL, raise);

	reason = IsTransactionState() ?
		verify(*newval, strlen(*newval), &verified) : AZ_ISSUER_UNTRUSTED;
	if (reason != AZ_OK)
	{
		const AzReasonInfo *info = az_reason_info(reason);

		reject_reason(reason);
		return refuse_value(newval, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
							AZ_REFUSED_MESSAGE, info->error, info->description,
							info->hint, raise);
	}

	adoption = make_adoption(&verified);
	label = az_guc_alloc(sizeof(TOKEN_LABEL));
	if (adoption == NULL || label == NULL)
	{
		az_guc_free(adoption);
		az_guc_free(label);
		reject_reason(AZ_NO_MEMORY);
		return refuse_value(newval, ERRCODE_OUT_OF_MEMORY, "out of memory",
							NULL, NULL, NULL, raise);
	}
	memcpy(label, TOKEN_LABEL, sizeof(TOKEN_LABEL));
	explicit_bzero(*newval, strlen(*newval));
	az_guc_free(*newval);
	*newval = label;
	*extra = adoption;
	return true;
}

static void
assign_token(const char *newval, void *extra)
{
	adopted = extra;
	if (adopted && adopted->number == last_number)
	{
		/* a login just now, not core restoring an older value */
		rejected = false;
		az_forget_failure();
	}
	identity_changed();
}

/* The label stands only while somebody is in force. */
static const char *
show_token(void)
{
	return effective() ? TOKEN_LABEL : "";
}

/* Hand the raw token to the setting; check_token() does the rest. */
static void
set_setting(const char *token, size_t len, bool is_local)
{
	char	   *raw = pnstrdup(token, len);

	(void) set_config_option(AZ_TOKEN_SETTING, raw, PGC_USERSET, PGC_S_SESSION,
							 is_local ? GUC_ACTION_LOCAL : GUC_ACTION_SET,
							 true, 0, false);
	explicit_bzero(raw, len);
	pfree(raw);
}

static void
check_scope(bool is_local)
{
	const char *message = "a token must be set for the transaction";

	if (is_local || az_token_scope != AZ_SCOPE_TRANSACTION)
		return;
	reject(ERRCODE_INVALID_PARAMETER_VALUE, "invalid_request", message);
	az_raise(ERRCODE_INVALID_PARAMETER_VALUE, message, "invalid_request",
			 "Token must be set for the transaction",
			 "Parameter dbmi_authz.token_scope is \"transaction\": pass is_local => true, or use SET LOCAL.");
}

void
az_login(const char *token, size_t len, bool is_local)
{
	az_check_may_change();
	check_scope(is_local);
	set_setting(token, len, is_local);
}

bool
az_try_login(const char *token, size_t len, bool is_local)
{
	AzVerifiedToken verified;
	AzReason	reason;

	az_check_may_change();
	check_scope(is_local);
	reason = verify(token, len, &verified);
	if (reason != AZ_OK)
	{
		reject_reason(reason);
		return false;
	}
	set_setting(token, len, is_local);
	return true;
}

void
az_forget_rejection(void)
{
	rejected = false;
	az_forget_failure();
}

/* Back to the default, for which core calls no check hook. */
void
az_logout(void)
{
	az_check_may_change();
	(void) set_config_option(AZ_TOKEN_SETTING, NULL, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SET, true, 0, false);
	az_forget_rejection();
}

bool
az_may_be_reset(void)
{
	return adopted != NULL || rejected;
}

const AzIdentity *
az_verify_only(const char *token, size_t len)
{
	AzVerifiedToken verified;
	AzReason	reason = verify(token, len, &verified);

	if (reason != AZ_OK)
		az_raise_refused(reason);
	return verified.identity;
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

	/*
	 * A value that was set before the library was loaded is judged now; a bad
	 * one gives a warning.  Interrupts are held: an error half-way would leave
	 * a library behind that cannot be loaded again.
	 */
	HOLD_INTERRUPTS();
	defining = true;
	DefineCustomStringVariable(AZ_TOKEN_SETTING,
							   "The signed token of this session.",
							   "Reading it gives a label, never the token.",
							   &token_label,
							   "",
							   PGC_USERSET,
							   GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							   check_token, assign_token, show_token);
	defining = false;
	RESUME_INTERRUPTS();
	MarkGUCPrefixReserved("dbmi_authz");
}
