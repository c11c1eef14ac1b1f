/*-------------------------------------------------------------------------
 *
 * report.c
 *	  Errors about tokens and denials, and what the last one was.
 *
 *-------------------------------------------------------------------------
 */
#include "server/report.h"

#include "mb/pg_wchar.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#include "server/discretion.h"

static AzFailure last_failure;
static bool have_failure = false;

static const AzStepUp no_step_up = {.max_age = -1};

void
az_append_step_up(StringInfo object, const AzStepUp *step_up)
{
	if (*step_up->acr_values)
	{
		appendStringInfoString(object, ",\"acr_values\":");
		escape_json(object, step_up->acr_values);
	}
	if (step_up->max_age >= 0)
		appendStringInfo(object, ",\"max_age\":" INT64_FORMAT, step_up->max_age);
}

/* Without its end. */
static void
begin_body(StringInfo body, const char *error, const char *description)
{
	initStringInfo(body);
	appendStringInfoChar(body, '{');
	if (error)
	{
		appendStringInfoString(body, "\"error\":");
		escape_json(body, error);
		appendStringInfoChar(body, ',');
	}
	appendStringInfoString(body, "\"error_description\":");
	escape_json(body, description);
}

char *
az_error_body(const char *error, const char *description)
{
	StringInfoData body;

	begin_body(&body, error, description);
	appendStringInfoChar(&body, '}');
	return body.data;
}

char *
az_step_up_body(const AzStepUp *step_up, const char *description)
{
	StringInfoData body;

	begin_body(&body, AZ_STEP_UP_ERROR, description);
	az_append_step_up(&body, step_up);
	appendStringInfoChar(&body, '}');
	return body.data;
}

void
az_note_failure(int sqlstate, const char *error, const char *description)
{
	int			len = pg_mbcliplen(description, strlen(description),
								   sizeof(last_failure.description) - 1);

	memcpy(last_failure.description, description, len);
	last_failure.description[len] = '\0';
	last_failure.sqlstate = sqlstate;
	last_failure.error = error;
	last_failure.at = GetCurrentTimestamp();
	last_failure.step_up = no_step_up;
	have_failure = true;
}

void
az_note_step_up(const AzStepUp *step_up, const char *description)
{
	az_note_failure(ERRCODE_INSUFFICIENT_PRIVILEGE, AZ_STEP_UP_ERROR, description);
	last_failure.step_up = *step_up;
}

void
az_forget_failure(void)
{
	have_failure = false;
}

const AzFailure *
az_last_failure(void)
{
	return have_failure ? &last_failure : NULL;
}

/*
 * The statement and its context may hold a token (a literal in a query, in
 * PL/pgSQL's CONTEXT, in an earlier statement of the same string).  Then both
 * are left out; otherwise they tell where it happened.
 */
void
az_raise_body(int sqlstate, const char *message, const char *body, const char *hint)
{
	AzDiscretion discretion;

	if (az_token_nearby())
		az_discretion_begin(&discretion);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg_internal("%s", message),
			 body ? errdetail_internal("%s", body) : 0,
			 hint ? errhint("%s", hint) : 0));
	pg_unreachable();
}

void
az_raise(int sqlstate, const char *message, const char *error,
		 const char *description, const char *hint)
{
	az_raise_body(sqlstate, message,
				  description ? az_error_body(error, description) : NULL, hint);
}

void
az_raise_refused(AzReason reason, const char *hint)
{
	const AzReasonInfo *info = az_reason_info(reason);

	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, AZ_REFUSED_MESSAGE,
			 info->error, info->description, hint ? hint : info->hint);
}

void
az_raise_groups_unlisted(void)
{
	const AzReasonInfo *info = az_reason_info(AZ_GROUPS_UNLISTED);

	az_note_failure(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, info->error,
					info->description);
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 "token does not list the groups", info->error, info->description,
			 "The user is in more groups than the token can hold; ask for roles or permissions, or have the issuer send fewer groups.");
}

void
az_raise_anonymous(void)
{
	const char *description = "Authentication is required";

	az_note_failure(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, NULL, description);
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 "authentication is required", NULL, description,
			 "Set a token first, with set_token or with SET " AZ_TOKEN_SETTING ".");
}

void
az_raise_inactive(void)
{
	const char *description = "Subject is inactive";

	az_note_failure(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
					"invalid_token", description);
	az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
			 "subject is inactive", "invalid_token", description,
			 "Table authz.inactive_subject lists the inactive subjects.");
}

/* RFC 6750 has no error for this: a member "error" would ask for another token. */
void
az_raise_missing(const char *description)
{
	az_note_failure(ERRCODE_NO_DATA_FOUND, NULL, description);
	az_raise(ERRCODE_NO_DATA_FOUND, "object does not exist", NULL, description, NULL);
}
