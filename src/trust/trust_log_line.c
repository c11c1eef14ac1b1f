/*-------------------------------------------------------------------------
 *
 * trust_log_line.c
 *	  The record of the trust in the server's log.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust_log_line.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "server/discretion.h"
#include "server/guc.h"
#include "server/log_json.h"

/* A longer row is not in the line; the table has it. */
#define MAX_ROW_BYTES	8192

/* As the entry binds them. */
static const char *const members[] = {
	"relation", "command", "rows", "old_row", "new_row", "session_role", "role",
	"issuer", "subject", "actor", "token_id", "replicated"
};

/* As it returns them. */
static const char *const returned[] = {
	"at", "transaction", "client_address", "application"
};

/*
 * A value that the owner of the database has written may be anything, even a
 * token by mistake.
 */
static void
append_text(StringInfo out, const char *value, int len)
{
	if (value != NULL && az_holds_token(value, len))
		az_log_json_string(out, "(a token)", strlen("(a token)"), AZ_MAX_LOGGED_BYTES);
	else
		az_log_json_string(out, value, len, AZ_MAX_LOGGED_BYTES);
}

/*
 * Append JSON as it is, but with characters escaped that are not printable
 * ASCII; these are within strings, or white space.
 */
static void
append_json(StringInfo out, const char *json, int len)
{
	if (az_holds_token(json, len) || len > MAX_ROW_BYTES)
	{
		az_log_json_string(out, "(in the table)", strlen("(in the table)"), AZ_MAX_LOGGED_BYTES);
		return;
	}
	az_log_json_value(out, json, len);
}

static void
append_value(StringInfo out, const AzSpiParams *params, int i)
{
	Datum		value = params->value[i];

	if (params->isnull[i] == 'n')
		appendStringInfoString(out, "null");
	else if (params->type[i] == INT8OID)
		appendStringInfo(out, INT64_FORMAT, DatumGetInt64(value));
	else if (params->type[i] == BOOLOID)
		appendStringInfoString(out, DatumGetBool(value) ? "true" : "false");
	else
	{
		text	   *datum = DatumGetTextPP(value);

		(params->type[i] == JSONOID ? append_json : append_text)
			(out, VARDATA_ANY(datum), VARSIZE_ANY_EXHDR(datum));
	}
}

void
az_trust_log_line(const AzSpiParams *params)
{
	StringInfoData line;
	int			i;

	if (!az_log_trust)
		return;
	initStringInfo(&line);
	appendStringInfoChar(&line, '{');
	for (i = 0; i < (int) lengthof(members); i++)
	{
		az_log_json_name(&line, members[i]);
		append_value(&line, params, i);
	}
	for (i = 0; i < (int) lengthof(returned); i++)
	{
		char	   *value = az_spi_result_or_null(0, i + 1);

		az_log_json_name(&line, returned[i]);
		append_text(&line, value, value ? strlen(value) : 0);
	}
	appendStringInfoChar(&line, '}');

	/* the statement, or its context, may hold a key or a token */
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("trust: %s", line.data),
			 errhidestmt(true),
			 errhidecontext(true)));
	pfree(line.data);
}
