/*-------------------------------------------------------------------------
 *
 * denial.c
 *	  Denials, and the line in the server's log for each.
 *
 * Declared in report.h.  This is a file of its own because the line says who
 * was denied, and that is the session's to know.
 *
 * The line is JSON in printable ASCII, so that no claim and no argument, in
 * whatever encoding, can end it, forge another or control a terminal; and it
 * is bounded, because anybody can cause denials as often as they please.
 *
 *-------------------------------------------------------------------------
 */
#include "session/denial.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "server/counts.h"
#include "server/datum.h"
#include "server/discretion.h"
#include "server/guc.h"
#include "server/log_json.h"
#include "session/session.h"

/* The most strings of one list that are logged. */
#define MAX_LOGGED_ITEMS	32

/*
 * What was asked for is what a program passed, which may be a token by
 * mistake.  Permissions have dots and capitals, too, but do not begin like a
 * token.
 */
static void
append_string(StringInfo out, const char *string, size_t len)
{
	if (string != NULL && az_begins_token(string, len) && az_holds_token(string, len))
		az_log_json_string(out, "(a token)", strlen("(a token)"), AZ_MAX_LOGGED_BYTES);
	else
		az_log_json_string(out, string, len, AZ_MAX_LOGGED_BYTES);
}

/* A text[] as a JSON array. */
static void
append_list(StringInfo out, Datum array)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	appendStringInfoChar(out, '[');
	for (i = 0; i < Min(n, MAX_LOGGED_ITEMS); i++)
	{
		text	   *value = nulls[i] ? NULL : DatumGetTextPP(values[i]);

		if (i > 0)
			appendStringInfoString(out, ", ");
		append_string(out, value ? VARDATA_ANY(value) : NULL,
					  value ? VARSIZE_ANY_EXHDR(value) : 0);
	}
	if (n > MAX_LOGGED_ITEMS)
		appendStringInfoString(out, ", \"...\"");
	appendStringInfoChar(out, ']');
}

static void
append_argument(StringInfo out, FunctionCallInfo fcinfo, int argno)
{
	Oid			type = get_fn_expr_argtype(fcinfo->flinfo, argno);
	Oid			output;
	bool		is_varlena;
	char	   *value;

	if (PG_ARGISNULL(argno) || !OidIsValid(type))
		append_string(out, NULL, 0);
	else if (type == TEXTARRAYOID)
		append_list(out, PG_GETARG_DATUM(argno));
	else
	{
		getTypeOutputInfo(type, &output, &is_varlena);
		value = OidOutputFunctionCall(output, PG_GETARG_DATUM(argno));
		append_string(out, value, strlen(value));
	}
}

char *
az_denied_arguments_json(FunctionCallInfo fcinfo, const char *name,...)
{
	StringInfoData json;
	va_list		names;
	int			argno;

	if (!az_denial_log_level)
		return NULL;
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	va_start(names, name);
	for (argno = 0; name != NULL; argno++)
	{
		az_log_json_name(&json, name);
		append_argument(&json, fcinfo, argno);
		name = va_arg(names, const char *);
	}
	va_end(names);
	appendStringInfoChar(&json, '}');
	return json.data;
}

char *
az_denied_json(const char *name, const char *value,...)
{
	StringInfoData json;
	va_list		rest;

	if (!az_denial_log_level)
		return NULL;
	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	va_start(rest, value);
	while (name != NULL)
	{
		az_log_json_name(&json, name);
		append_string(&json, value, value ? strlen(value) : 0);
		name = va_arg(rest, const char *);
		if (name != NULL)
			value = va_arg(rest, const char *);
	}
	va_end(rest);
	appendStringInfoChar(&json, '}');
	return json.data;
}

void
az_log_denial(const char *asked)
{
	const AzIdentity *id;
	StringInfoData line;

	az_count(AZ_DENIALS);
	if (!az_denial_log_level)
		return;
	id = az_in_force();
	initStringInfo(&line);
	appendStringInfoString(&line, "{\"client\": ");
	az_log_json_claim(&line, id, id ? &id->client_id : NULL);
	appendStringInfoString(&line, ", \"subject\": ");
	az_log_json_claim(&line, id, id ? &id->subject : NULL);
	if (id && az_is_simulated())
		appendStringInfoString(&line, ", \"simulated\": true");
	if (id && az_scalar_or_null(&id->actor))
	{
		appendStringInfoString(&line, ", \"actor\": ");
		az_log_json_claim(&line, id, &id->actor);
	}
	/* the name that item permissions are stored under */
	if (id && az_scalar_or_null(&id->client))
	{
		appendStringInfoString(&line, ", \"application\": ");
		az_log_json_claim(&line, id, &id->client);
	}
	appendStringInfo(&line, ", \"required\": %s}", asked ? asked : "null");

	/* the statement, or its context, may hold a token */
	ereport(LOG_SERVER_ONLY,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg_internal("access denied: %s", line.data),
			 errhidestmt(true),
			 errhidecontext(true)));
}

void
az_raise_denied_for(const char *description, const char *asked)
{
	az_log_denial(asked);
	az_note_failure(ERRCODE_INSUFFICIENT_PRIVILEGE, "insufficient_scope", description);
	az_raise(ERRCODE_INSUFFICIENT_PRIVILEGE, "access denied",
			 "insufficient_scope", description, NULL);
}

void
az_raise_weak_login(const AzStepUp *wanted, const char *description, const char *asked)
{
	az_log_denial(asked);
	az_note_step_up(wanted, description);
	az_raise_body(ERRCODE_INSUFFICIENT_PRIVILEGE, "access denied",
				  az_step_up_body(wanted, description),
				  "Log in again as acr_values and max_age say, and set the new token.");
}

void
az_raise_denied(const char *description)
{
	az_raise_denied_for(description, az_denied_json("description", description, NULL));
}
