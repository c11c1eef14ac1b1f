/*-------------------------------------------------------------------------
 *
 * login.c
 *	  The setting dbmi_authz.token: a raw token goes in, a label stays.
 *
 * The check hook takes a raw token, verifies it, replaces the value by a label
 * and hands the identity to core as the value's extra data; the assign hook
 * only passes the pointer on.  So transactions, savepoints, SET LOCAL, RESET
 * and DISCARD are core's own code, and the raw token is nowhere to be read
 * back.  set_token() is the same road.
 *
 *-------------------------------------------------------------------------
 */
#include "login.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "cache.h"
#include "discretion.h"
#include "guc.h"
#include "report.h"

#define TOKEN_LABEL		"token accepted"

static char *token_label;
static bool defining = false;	/* az_login_init() is defining the setting */

/* One query, one identity. */
static bool
query_runs(void)
{
	return az_guarded_depth > 0;
}

static const char *const query_runs_message =
"cannot change the identity while a query that asked for it is running";
static const char *const query_runs_hint =
"Change it in a statement of its own, before or after the query.";
static const char *const restricted_message =
"cannot change the identity within a security-restricted operation";
static const char *const restricted_hint =
"Change it outside of the index, materialized view or other code that runs with its owner's rights.";

/* Refusals that change nothing. */
void
az_check_may_change(void)
{
	if (query_runs())
		az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, query_runs_message,
				 NULL, NULL, query_runs_hint);
	if (InSecurityRestrictedOperation())
		az_raise(ERRCODE_INSUFFICIENT_PRIVILEGE, restricted_message,
				 NULL, NULL, restricted_hint);
}

/* set_config() with NULL puts the setting back and asks nobody. */
void
az_check_unchanged(const AzAnswer *answer)
{
	if (answer->guarded && answer->serial != az_identity_serial())
		az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, query_runs_message,
				 NULL, NULL, query_runs_hint);
}

static void
reject_reason(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	az_reject(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, info->error,
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
	return az_verify_token(token, len, az_unix_now(), verified);
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
judge_value(char **newval, void **extra, GucSource source)
{
	AzVerifiedToken verified;
	AzAdoption *adoption;
	AzReason	reason;
	char	   *label;
	bool		raise = !defining;

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
								NULL, NULL, AZ_SESSION_ONLY_HINT, raise);
		if (**newval == '\0')
			return true;		/* the default */
		az_reject(ERRCODE_INVALID_PARAMETER_VALUE, "invalid_request", message);
		return refuse_value(newval, ERRCODE_INVALID_PARAMETER_VALUE, message,
							NULL, NULL, AZ_SESSION_ONLY_HINT, false);
	}

	if (query_runs())
		return refuse_value(newval, ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
							query_runs_message, NULL, NULL, query_runs_hint, raise);
	if (InSecurityRestrictedOperation() && raise)
		return refuse_value(newval, ERRCODE_INSUFFICIENT_PRIVILEGE,
							restricted_message, NULL, NULL, restricted_hint, raise);

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

	adoption = az_make_adoption(verified.identity, verified.serial,
								verified.epoch);
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

static bool
check_token(char **newval, void **extra, GucSource source)
{
	AzDiscretion discretion;
	bool		accepted;

	/* a worker gets the label of its leader and is nobody */
	if (InitializingParallelWorker || IsParallelWorker())
		return true;
	az_take_token(&discretion);
	accepted = judge_value(newval, extra, source);
	az_be_free(&discretion);
	return accepted;
}

static void
assign_token(const char *newval, void *extra)
{
	AzDiscretion discretion;

	az_be_discreet(&discretion);
	az_adopt(extra);
	az_be_free(&discretion);
}

/* The label stands only while somebody is in force. */
static const char *
show_token(void)
{
	return az_identity_serial() != 0 ? TOKEN_LABEL : "";
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
	az_reject(ERRCODE_INVALID_PARAMETER_VALUE, "invalid_request", message);
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

/* Back to the default, for which core calls no check hook. */
void
az_logout(void)
{
	az_check_may_change();
	(void) set_config_option(AZ_TOKEN_SETTING, NULL, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SET, true, 0, false);
	az_forget_rejection();
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

void
az_login_init(void)
{
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
