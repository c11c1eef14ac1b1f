/*-------------------------------------------------------------------------
 *
 * line_identity.c
 *	  Who is logged in, behind the lines of the server's log
 *	  (dbmi_authz.log_identity).
 *
 * Core asks a hook about each report that goes to the log, whoever made it.  What
 * is put there as the detail for the log alone, the client never gets.  It is
 * what the report has for a detail, and behind that, on a line of its own, the
 * identity.
 *
 * The last such line counts.  Somebody who may run SQL may raise a report whose
 * detail looks like one: then ours follows in any case, also to say that there is
 * nobody.
 *
 * A report may come at any moment: when memory has run out, while a transaction
 * aborts, within a critical section, when the backend ends.  So nothing in here
 * raises, reads a catalog, or looks at the trust.
 *
 *-------------------------------------------------------------------------
 */
#include "session/line_identity.h"

#include "server/compat.h"

#include "storage/proc.h"
#include "utils/memutils.h"

#include "server/guc.h"
#include "server/log_json.h"
#include "session/candidate.h"
#include "session/login_line.h"

#define LABEL	"identity: "

static emit_log_hook_type prev_emit_log_hook = NULL;

static AzLogRoom room;


/*
 * Who
 */

/* NULL: nobody, or nobody knows yet. */
static const AzAdoption *
who_is_logged_in(void)
{
	const AzAdoption *current = MyProc != NULL ? az_candidate() : NULL;

	return current != NULL && current->identity != NULL ? current : NULL;
}

static const char *
end_of(const AzAdoption *current)
{
	if (current->ended != AZ_OK)
		return current->ended == AZ_EXPIRED ? "expired" : "revoked";
	return az_unix_now() >= current->identity->deadline ? "expired" : NULL;
}

/* Somebody whom simulate() made is not the one that the claims name. */
static void
append_who(StringInfo line, const AzAdoption *current)
{
	const char *end;

	if (current == NULL)
	{
		appendStringInfoString(line, "null");
		return;
	}
	if (current->simulated)
	{
		appendStringInfoString(line, "{\"simulated\": true}");
		return;
	}
	end = end_of(current);
	appendStringInfoChar(line, '{');
	az_log_json_who(line, current->identity);
	if (end)
		appendStringInfo(line, ", \"ended\": \"%s\"", end);
	if (current->inactive)
		appendStringInfoString(line, ", \"inactive\": true");
	appendStringInfoChar(line, '}');
}


/*
 * Which lines
 */

static bool
is_denial(int sqlstate)
{
	return sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE ||
		sqlstate == ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION;
}

/* The line that somebody else has logged in names that one. */
static bool
is_wanted(const ErrorData *report)
{
	if (az_tells_accepted(report->message_id))
		return false;
	return az_log_identity == AZ_IDENTITY_ALL || is_denial(report->sqlerrcode);
}

/* A report may be sent more than once. */
static bool
ends_with(const char *text, const StringInfoData *line)
{
	size_t		len = strlen(text);

	return len >= (size_t) line->len &&
		memcmp(text + len - line->len, line->data, line->len) == 0;
}


/*
 * The detail
 */

/* NULL when there is no memory for it; at the worst the identity stands alone. */
static char *
new_detail(MemoryContext context, const char *detail, const StringInfoData *line)
{
	size_t		len = detail ? strlen(detail) : 0;
	char	   *made = MemoryContextAllocExtended(context, len + 1 + line->len + 1,
												  MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);

	if (made == NULL)
		return len > 0 ? new_detail(context, NULL, line) : NULL;
	if (len > 0)
	{
		memcpy(made, detail, len);
		made[len++] = '\n';
	}
	memcpy(made + len, line->data, line->len + 1);
	return made;
}

static void
add_identity(ErrorData *report)
{
	const char *detail = report->detail_log ? report->detail_log : report->detail;
	bool		pretends = detail != NULL && strstr(detail, LABEL) != NULL;
	const AzAdoption *current;
	StringInfoData line;
	char	   *made;

	if (!pretends && !is_wanted(report))
		return;
	current = who_is_logged_in();
	if (!pretends && current == NULL)
		return;
	az_log_json_begin(&line, &room);
	appendStringInfoString(&line, LABEL);
	append_who(&line, current);
	if (report->detail_log != NULL && ends_with(report->detail_log, &line))
		return;
	made = new_detail(report->assoc_context, detail, &line);
	if (made == NULL)
		return;
	if (report->detail_log)
		pfree(report->detail_log);
	report->detail_log = made;
}

static void
emit_log(ErrorData *report)
{
	if (az_log_identity != AZ_IDENTITY_OFF)
		add_identity(report);
	if (prev_emit_log_hook)
		prev_emit_log_hook(report);
}

void
az_line_identity_init(void)
{
	prev_emit_log_hook = emit_log_hook;
	emit_log_hook = emit_log;
}
