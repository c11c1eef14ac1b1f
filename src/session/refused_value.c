/*-------------------------------------------------------------------------
 *
 * refused_value.c
 *	  A value of the setting dbmi_authz.token that is not taken.
 *
 *-------------------------------------------------------------------------
 */
#include "session/refused_value.h"

#include "session/presented.h"
#include "session/token_setting.h"

/*
 * A failure inside the check hook.  When core would raise an error we do it
 * ourselves, because core's would bring the statement along, token included;
 * core frees the value in either case.
 */
bool
az_refuse_value(char **value, int sqlstate, const char *message, const char *error,
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

/* R8 holds also for a value that could not be taken for want of memory. */
bool
az_refuse_for_memory(char **value, bool raise)
{
	az_refuse_login_for(*value, strlen(*value), AZ_NO_MEMORY);
	return az_refuse_value(value, ERRCODE_OUT_OF_MEMORY, "out of memory",
						   NULL, NULL, NULL, raise);
}

/*
 * R8: nobody is in force then, and the query is not finished for the identity
 * before.
 */
bool
az_refuse_reader(char **value, const AzNoChange *why)
{
	az_refuse_login(*value, strlen(*value), why->sqlstate, "invalid_request", why->message);
	return az_refuse_value(value, why->sqlstate, why->message, "invalid_request",
						   "Actor only reads, and a query that writes is running",
						   why->hint, true);
}

/*
 * The value does not come from the session itself.  ALTER ROLE, ALTER DATABASE
 * and CREATE FUNCTION try the value with PGC_S_TEST; accepted there, a raw
 * token would lie in a catalog that everybody may read.  A value that a
 * session brings along when it starts is a failed login.  One in the
 * configuration file is not: the file is read again, and its values are only
 * checked, while somebody is logged in.
 */
bool
az_refuse_source(char **value, GucSource source)
{
	const char *message = AZ_SESSION_ONLY_MESSAGE;

	if (source == PGC_S_TEST)
		return az_refuse_value(value, ERRCODE_INVALID_PARAMETER_VALUE, message,
							   NULL, NULL, AZ_SESSION_ONLY_HINT, true);
	if (source > PGC_S_FILE)
		az_refuse_login(*value, strlen(*value), ERRCODE_INVALID_PARAMETER_VALUE,
						"invalid_request", message);
	return az_refuse_value(value, ERRCODE_INVALID_PARAMETER_VALUE, message,
						   NULL, NULL, AZ_SESSION_ONLY_HINT, false);
}
