/*-------------------------------------------------------------------------
 *
 * judged.c
 *	  A token that waited is judged: one that was set before the library was
 *	  loaded, or that the connection was opened with.
 *
 *-------------------------------------------------------------------------
 */
#include "session/candidate_intern.h"

#include "commands/extension.h"

#include "server/counts.h"
#include "server/discretion.h"
#include "server/guc.h"
#include "server/report.h"
#include "session/base.h"
#include "session/login_line.h"
#include "trust/trust_table.h"

/* The error that core would raise for a value that it does not take. */
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
 * The login of the connection is refused; until now it was the candidate, so
 * no other identity is removed.
 */
static void
refuse(AzAdoption *current, AzReason reason)
{
	/*
	 * before the login ends: where the line cannot be written, it is judged
	 * again
	 */
	az_log_login_refused_for(current->bytes, current->token_len, reason);
	az_forget_token(current);
	if (az_is_base(current))
		az_note_refused_login(reason);
	else
		az_reject_reason(reason);
	warn_refused(reason);
}

/* The first question raises the error. */
static AzAdoption *
refuse_handed(AzAdoption *current, AzReason reason)
{
	az_log_login_refused_for(current->bytes, current->token_len, reason);
	az_reject_handed(reason);
	return az_candidate();
}

/* A token that was set before the library was loaded passes no check hook. */
static bool
refuse_other_subject(const AzAdoption *current)
{
	if (az_is_base(current) || az_may_log_in(current->identity))
		return false;
	az_reject(ERRCODE_INSUFFICIENT_PRIVILEGE, "invalid_request", AZ_OTHER_SUBJECT_MESSAGE);
	az_log_login_refused(NULL, 0, ERRCODE_INSUFFICIENT_PRIVILEGE, "invalid_request",
						 AZ_OTHER_SUBJECT_MESSAGE);
	ereport(WARNING,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg(AZ_OTHER_SUBJECT_MESSAGE),
			 errhint(AZ_OTHER_SUBJECT_HINT)));
	return true;
}

static AzAdoption *
judge_discreetly(AzAdoption *current)
{
	bool		is_handed = az_is_handed(current);
	AzReason	reason = az_judge(current);

	if (reason != AZ_OK && is_handed)
		return refuse_handed(current, reason);
	if (reason != AZ_OK)
		refuse(current, reason);
	else if (!refuse_other_subject(current))
	{
		az_count(AZ_TOKENS_ACCEPTED);
		az_note_accepted(current);
		az_log_login_accepted(current->identity);
		return current;
	}
	return NULL;
}

/*
 * The login of the connection waits also while the extension is not installed
 * or is being installed: until then it is nobody, and no error says so.
 */
pg_noinline AzAdoption *
az_judge_candidate(AzAdoption *current)
{
	AzDiscretion discretion;

	if (current->refused)
		return current;
	if (az_is_base(current) && (creating_extension || !az_tables_found()))
		return NULL;
	if (!az_is_base(current))
		az_judge_login();
	az_take_token(&discretion);
	current = judge_discreetly(current);
	az_discretion_end(&discretion);
	return current;
}

void
az_judge_login(void)
{
	AzAdoption *login = az_login_identity == AZ_LOGIN_ONLY ? az_login_of_connection() : NULL;

	if (login != NULL && login->identity == NULL)
		(void) az_judge_candidate(login);
}
