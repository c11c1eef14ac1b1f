/*-------------------------------------------------------------------------
 *
 * login.c
 *	  A token in, an identity for the session: the ways that functions use.
 *
 *-------------------------------------------------------------------------
 */
#include "session/login.h"

#include "server/guc.h"
#include "server/report.h"
#include "server/token_scope.h"
#include "session/change.h"
#include "session/presented.h"
#include "session/token_setting.h"

static void
check_scope(const char *token, size_t len, bool is_local)
{
	const char *message = "a token must be set for the transaction";
	const char *hint = "Parameter dbmi_authz.token_scope is \"transaction\": pass is_local => true, or use SET LOCAL.";

	if (is_local || az_scope() != AZ_SCOPE_TRANSACTION)
		return;
	if (az_is_of_citus())
		hint = "The application_name of the connection begins with \"" AZ_CITUS_APPLICATIONS "\", as those that Citus opens and keeps: pass is_local => true, or use SET LOCAL.";
	az_refuse_login(token, len, ERRCODE_INVALID_PARAMETER_VALUE, "invalid_request", message);
	az_raise(ERRCODE_INVALID_PARAMETER_VALUE, message, "invalid_request",
			 "Token must be set for the transaction",
			 hint);
}

static void
check_may_log_in(const char *token, size_t len, bool is_local)
{
	const AzNoChange *no_change = az_why_no_change();

	if (no_change != NULL)
	{
		az_tell_refused(token, len, no_change->sqlstate, NULL, no_change->message);
		az_raise_no_change(no_change);
	}
	check_scope(token, len, is_local);
}

void
az_login(const char *token, size_t len, bool is_local)
{
	check_may_log_in(token, len, is_local);
	az_set_token_setting(token, len, is_local);
}

bool
az_try_login(const char *token, size_t len, bool is_local)
{
	AzVerifiedToken verified;
	AzReason	reason;

	check_may_log_in(token, len, is_local);
	reason = az_verify_login(token, len, &verified);
	if (reason != AZ_OK)
	{
		az_refuse_login_for(token, len, reason);
		return false;
	}
	az_set_token_setting(token, len, is_local);
	return true;
}

void
az_adopt_simulated(const AzVerifiedToken *simulated)
{
	az_check_may_change();
	az_set_simulated(simulated);
}

void
az_logout(void)
{
	az_check_may_change();
	az_clear_token_setting();
	az_forget_rejection();
}

const AzIdentity *
az_verify_only(const char *token, size_t len)
{
	AzVerifiedToken verified;
	AzReason	reason = az_verify_presented(token, len, &verified);

	if (reason != AZ_OK)
		az_raise_refused(reason, verified.hint);
	return verified.identity;
}
