/*-------------------------------------------------------------------------
 *
 * login_line.c
 *	  The line in the server's log for a login (dbmi_authz.log_logins).
 *
 * Anybody may present anything, as often as they please.  So the line is JSON
 * in printable ASCII, each member is bounded, and so is the number of lines.
 * For a token that was refused it names issuer and key as the token has them,
 * so that administrators know whom to ask; unless these look like a piece of a
 * token themselves.
 *
 * The line is put together in memory that is there, so that nothing raises while
 * the parsed token waits to be freed.
 *
 *-------------------------------------------------------------------------
 */
#include "session/login_line.h"

#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"

#include "server/discretion.h"
#include "server/guc.h"
#include "server/log_json.h"
#include "token/unverified.h"
#include "token/verify.h"

/* The most bytes that are logged of a value that nobody has signed. */
#define MAX_UNVERIFIED_BYTES	64

/* A run of so many characters of the token cannot be a coincidence. */
#define PIECE_OF_TOKEN		8

static AzLogRoom room;


/*
 * How many lines
 */

/* The current second, by a clock that nobody sets, and its lines. */
static uint64 second_began = 0;
static int	written = 0;

/* Lines that were due and not written, since the last that was. */
static uint64 accepted_left_out = 0;
static uint64 refused_left_out = 0;

static uint64
monotonic_now(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return INSTR_TIME_GET_MICROSEC(now);
}

static bool
may_be_written(void)
{
	uint64		now = monotonic_now();

	if (now - second_began >= USECS_PER_SEC)
	{
		second_began = now;
		written = 0;
	}
	if (az_log_rate != 0 && written >= az_log_rate)
		return false;
	written++;
	return true;
}

static void
append_left_out(StringInfo line)
{
	appendStringInfo(line, "{\"accepted\": " UINT64_FORMAT ", \"refused\": " UINT64_FORMAT "}",
					 accepted_left_out, refused_left_out);
}

/* A session may end before it logs in again. */
static void
tell_at_exit(int code, Datum arg)
{
	StringInfoData line;

	if (accepted_left_out == 0 && refused_left_out == 0)
		return;
	az_log_json_begin(&line, &room);
	append_left_out(&line);
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("login lines left out: %s", line.data),
			 errhidestmt(true),
			 errhidecontext(true)));
}

/* Is a line due, and may it be written?  If not, it is counted. */
static bool
begin_line(StringInfo line, bool is_due, uint64 *left_out)
{
	static bool at_exit = false;

	if (!is_due)
		return false;
	if (may_be_written())
	{
		az_log_json_begin(line, &room);
		appendStringInfoChar(line, '{');
		return true;
	}
	(*left_out)++;
	if (!at_exit)
		before_shmem_exit(tell_at_exit, (Datum) 0);
	at_exit = true;
	return false;
}

static void
end_line(StringInfo line)
{
	if (accepted_left_out != 0 || refused_left_out != 0)
	{
		az_log_json_name(line, "left_out");
		append_left_out(line);
	}
	appendStringInfoChar(line, '}');
	accepted_left_out = refused_left_out = 0;
}


/*
 * What a token says of itself
 */

/*
 * Does the part of the text that would be shown have a piece of the token as
 * it came?
 */
static bool
shares_piece(const char *text, size_t len, const char *token, size_t token_len)
{
	size_t		shown = Min(len, MAX_UNVERIFIED_BYTES);
	size_t		at;

	for (at = 0; at + PIECE_OF_TOKEN <= shown; at++)
	{
		if (memmem(token, token_len, text + at, PIECE_OF_TOKEN) != NULL)
			return true;
	}
	return false;
}

static void
append_unverified(StringInfo line, const char *name, const char *text, size_t len,
				  const char *token, size_t token_len)
{
	az_log_json_name(line, name);
	if (text != NULL &&
		(az_begins_token(text, len) || az_holds_token(text, len) ||
		 shares_piece(text, len, token, token_len)))
		az_log_json_utf8(line, "(a token)", strlen("(a token)"), MAX_UNVERIFIED_BYTES);
	else
		az_log_json_utf8(line, text, len, MAX_UNVERIFIED_BYTES);
}

/* Nothing in here raises an error, because the line has room. */
static void
append_claims(StringInfo line, const char *token, size_t len)
{
	AzUnverified claims;

	if (token == NULL || len > (size_t) az_max_token_size)
		return;
	len = az_token_length(token, len);
	if (az_read_unverified(token, len, &claims))
	{
		az_log_json_name(line, "unverified");
		appendStringInfoChar(line, '{');
		append_unverified(line, "iss", claims.iss, claims.iss_len, token, len);
		append_unverified(line, "kid", claims.kid, claims.kid_len, token, len);
		appendStringInfoChar(line, '}');
	}
	az_free_unverified(&claims);
}


/*
 * The lines
 */

void
az_log_login_accepted(const AzIdentity *id)
{
	StringInfoData line;

	if (!begin_line(&line, az_logs_accepted(), &accepted_left_out))
		return;
	az_log_json_who(&line, id);
	if (id->asserted)
	{
		az_log_json_name(&line, "handed_over");
		appendStringInfoString(&line, "true");
	}
	end_line(&line);

	HOLD_INTERRUPTS();
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("login accepted: %s", line.data),
			 errhidestmt(true),
			 errhidecontext(true)));
	RESUME_INTERRUPTS();
}

void
az_log_login_refused(const char *token, size_t len, int sqlstate, const char *error,
					 const char *description)
{
	StringInfoData line;

	if (!begin_line(&line, az_log_logins != AZ_LOGINS_OFF, &refused_left_out))
		return;
	az_log_json_name(&line, "error");
	az_log_json_utf8(&line, error, error ? strlen(error) : 0, AZ_MAX_LOGGED_BYTES);
	az_log_json_name(&line, "reason");
	az_log_json_utf8(&line, description, strlen(description), AZ_MAX_LOGGED_BYTES);
	append_claims(&line, token, len);
	end_line(&line);

	HOLD_INTERRUPTS();
	ereport(LOG_SERVER_ONLY,
			(errcode(sqlstate),
			 errmsg_internal("login refused: %s", line.data),
			 errhidestmt(true),
			 errhidecontext(true)));
	RESUME_INTERRUPTS();
}

void
az_log_login_refused_for(const char *token, size_t len, AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	az_log_login_refused(token, len, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
						 info->error, info->description);
}
