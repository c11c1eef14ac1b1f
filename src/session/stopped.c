/*-------------------------------------------------------------------------
 *
 * stopped.c
 *	  Errors that stop a query that no longer has an answer.
 *
 *-------------------------------------------------------------------------
 */
#include "session/stopped.h"

#include "server/counts.h"
#include "server/report.h"
#include "session/base.h"
#include "session/plans.h"

/* Until another one is handed over, or the transaction ends. */
static void
raise_handed_refused(const AzAdoption *refused)
{
	const AzReasonInfo *info = az_reason_info(refused->ended);

	if (refused->ended == AZ_TOKEN_MISSING)
		az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
				 "an identity of the session itself does not count along with one that another server hands over",
				 "invalid_token", "Identity was handed over in a subtransaction that was rolled back",
				 "Hand it over again, or nobody by SET LOCAL dbmi_authz.token TO DEFAULT, or begin another transaction.");
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, AZ_HANDED_REFUSED_MESSAGE,
			 info->error, info->description, info->hint);
}

/* R2: an identity that has ended is an error. */
void
az_raise_ended(const AzAdoption *ended)
{
	AzReason	reason = ended->ended;
	const AzReasonInfo *info = az_reason_info(reason);
	const char *message = "token is no longer trusted";
	const char *description = "Token is no longer trusted";
	const char *hint = "The issuer, its options or its keys have changed; set a token again.";

	if (ended->refused)
	{
		az_count(AZ_STOPPED_28000);
		raise_handed_refused(ended);
	}
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
	if (az_is_base(ended))
		hint = "It is the token that the connection was opened with: connect again with a new one, or set one.";
	az_count(AZ_STOPPED_28000);
	az_note_failure(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
					"invalid_token", description);
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, message,
			 "invalid_token", description, hint);
}

/* R2b: one query, one identity. */
void
az_raise_changed(void)
{
	az_count(AZ_STOPPED_28000);
	/* the next try plans again */
	az_note_tied_plan();
	az_invalidate_plans();
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 "identity has changed since the query was planned",
			 "invalid_token", "Identity has changed since the query was planned",
			 "A cursor or a query of a SQL function keeps the identity under which it was planned.  "
			 "In a function that sets a token and then reads, use PL/pgSQL.");
}

/* The same for an answer that depends on the time. */
void
az_raise_outdated(void)
{
	az_count(AZ_STOPPED_28000);
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 "an answer has changed with time since the query was planned",
			 "invalid_token", "An answer has changed with time since the query was planned",
			 "Run the query again.");
}
