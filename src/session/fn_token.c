/*-------------------------------------------------------------------------
 *
 * fn_token.c
 *	  SQL functions of the session: they take a token, and tell the state.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "server/datum.h"
#include "server/discretion.h"
#include "server/guc.h"
#include "server/report.h"
#include "session/login.h"
#include "session/session.h"

/* What may stand around a token: a prefix, spaces. */
#define TOKEN_SURROUNDINGS	1024

/*
 * The token argument; NULL counts as empty.  If it is far too large, only as
 * much is fetched as is needed to refuse it.
 */
static const char *
token_argument(FunctionCallInfo fcinfo, size_t *len)
{
	Size		limit = (Size) az_max_token_size + TOKEN_SURROUNDINGS;
	Datum		datum = PG_GETARG_DATUM(0);
	struct varlena *token;

	*len = 0;
	if (PG_ARGISNULL(0))
		return "";
	if (toast_raw_datum_size(datum) - VARHDRSZ <= limit)
		token = PG_DETOAST_DATUM_PACKED(datum);
	else
		token = PG_DETOAST_DATUM_SLICE(datum, 0, limit + 1);
	*len = VARSIZE_ANY_EXHDR(token);
	return VARDATA_ANY(token);
}

/* NULL for is_local means the default. */
static bool
local_argument(FunctionCallInfo fcinfo)
{
	return !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
}

AZ_SQL(authz_set_token)
{
	AzDiscretion discretion;
	const char *token;
	size_t		len;

	az_take_token(&discretion);
	token = token_argument(fcinfo, &len);
	az_hide_pieces(token, len);
	az_login(token, len, local_argument(fcinfo));
	az_discretion_end(&discretion);
	PG_RETURN_VOID();
}

AZ_SQL(authz_try_set_token)
{
	AzDiscretion discretion;
	const char *token;
	size_t		len;
	bool		accepted;

	az_take_token(&discretion);
	token = token_argument(fcinfo, &len);
	az_hide_pieces(token, len);
	accepted = az_try_login(token, len, local_argument(fcinfo));
	az_discretion_end(&discretion);
	PG_RETURN_BOOL(accepted);
}

AZ_SQL(authz_clear_token)
{
	az_logout();
	PG_RETURN_VOID();
}

AZ_SQL(authz_verify_token)
{
	AzDiscretion discretion;
	const char *token;
	size_t		len;
	const AzIdentity *id;
	Datum		claims;

	az_take_token(&discretion);
	token = token_argument(fcinfo, &len);
	az_hide_pieces(token, len);
	id = az_verify_only(token, len);
	claims = az_jsonb_datum(id, &id->claims);
	az_discretion_end(&discretion);
	PG_RETURN_DATUM(claims);
}

AZ_SQL(authz_token_state)
{
	static const char *const names[] = {
		[AZ_STATE_NONE] = "none",
		[AZ_STATE_VALID] = "valid",
		[AZ_STATE_EXPIRED] = "expired",
		[AZ_STATE_REVOKED] = "revoked",
		[AZ_STATE_REJECTED] = "rejected"
	};

	PG_RETURN_TEXT_P(cstring_to_text(names[az_token_state()]));
}

AZ_SQL(authz_is_authenticated)
{
	PG_RETURN_BOOL(az_is_authenticated(fcinfo));
}

AZ_SQL(authz_require_authenticated)
{
	(void) az_current_required();
	PG_RETURN_VOID();
}

AZ_SQL(authz_expires_at)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(az_expiry_of(id->expires));
}

AZ_SQL(authz_last_error)
{
	const AzFailure *failure;
	StringInfoData json;
	char		at[MAXDATELEN + 1];

	az_judge_early();
	failure = az_last_failure();
	if (failure == NULL)
		PG_RETURN_NULL();
	initStringInfo(&json);
	appendStringInfoString(&json, "{\"error\":");
	if (failure->error)
		escape_json(&json, failure->error);
	else
		appendStringInfoString(&json, "null");
	appendStringInfoString(&json, ",\"error_description\":");
	escape_json(&json, failure->description);
	appendStringInfo(&json, ",\"sqlstate\":\"%s\",\"at\":",
					 unpack_sql_state(failure->sqlstate));
	JsonEncodeDateTime(at, TimestampTzGetDatum(failure->at), TIMESTAMPTZOID, NULL);
	escape_json(&json, at);
	az_append_step_up(&json, &failure->step_up);
	appendStringInfoChar(&json, '}');
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data)));
}

/* RFC 6750, 3: quoted-string without quote and backslash. */
static void
append_quoted(StringInfo out, const char *name, const char *value)
{
	appendStringInfo(out, ", %s=\"", name);
	for (; *value; value++)
	{
		if (*value >= ' ' && *value <= '~' && *value != '"' && *value != '\\')
			appendStringInfoChar(out, *value);
		else
			appendStringInfoChar(out, '?');
	}
	appendStringInfoChar(out, '"');
}

AZ_SQL(authz_www_authenticate)
{
	const AzFailure *failure;
	StringInfoData challenge;

	az_judge_early();
	failure = az_last_failure();

	/* another token would not help here */
	if (failure == NULL || failure->sqlstate == ERRCODE_NO_DATA_FOUND)
		PG_RETURN_NULL();
	initStringInfo(&challenge);
	appendStringInfoString(&challenge, "Bearer realm=\"authz\"");
	if (failure->error)
	{
		append_quoted(&challenge, "error", failure->error);
		append_quoted(&challenge, "error_description", failure->description);
	}
	if (*failure->step_up.acr_values)
		append_quoted(&challenge, "acr_values", failure->step_up.acr_values);
	if (failure->step_up.max_age >= 0)
		append_quoted(&challenge, "max_age", psprintf(INT64_FORMAT, failure->step_up.max_age));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(challenge.data, challenge.len));
}
