/*-------------------------------------------------------------------------
 *
 * line_identity.c
 *	  Who is logged in, behind the lines of the server's log
 *	  (dbmi_authz.log_identity).
 *
 * Core calls a hook for each report that goes to the log, whatever code made
 * it.  The client never gets the detail for the log alone, so that is where
 * the identity goes: behind the report's own detail, on a line of its own.
 *
 * The last such line counts.  Somebody who may run SQL may raise a report
 * whose detail looks like one: then ours follows in any case, also to say that
 * nobody is logged in.  Nor can a report with the words of a line of ours pass
 * for one.
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

#include "server/discretion.h"
#include "server/guc.h"
#include "server/log_json.h"
#include "session/candidate.h"

#define LABEL		"identity: "
#define IMITATION	"not written by dbmi_authz"

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

/* A simulated identity is not the person that the claims name. */
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
 * Lines of ours
 */

/* How our lines begin, and the files that write them. */
static const struct
{
	const char *begin;
	const char *file;
}			records[] = {
	{"login accepted: ", "login_line.c"},
	{"login refused: ", "login_line.c"},
	{"login lines left out: ", "login_line.c"},
	{"access denied: ", "denial.c"},
	{"read: ", "read_line.c"},
	{"trust: ", "trust_log_line.c"},
	{"audit seal ", "fn_audit_seal.c"},
	{"identity simulated: ", "simulation.c"},
	{"access reviewed: ", "simulation.c"}
};

static bool
is_from(const ErrorData *report, const char *file)
{
	return report->filename != NULL && strcmp(report->filename, file) == 0;
}

/*
 * A function in SQL may raise whatever it likes, but core tells where it is
 * raised. People who search the log overlook white space in front.
 */
static bool
imitates(const ErrorData *report)
{
	const char *message = report->message ? report->message : "";
	int			i;

	message += strspn(message, " \t\r\n\f\v");
	for (i = 0; i < (int) lengthof(records); i++)
	{
		if (strncmp(message, records[i].begin, strlen(records[i].begin)) == 0)
			return !is_from(report, records[i].file);
	}
	return false;
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

/*
 * A line about a login names the identity that logs in, and not the one
 * before.
 */
static bool
is_wanted(const ErrorData *report)
{
	if (az_log_identity == AZ_IDENTITY_OFF || is_from(report, "login_line.c"))
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

/* NULL when there is no memory for it; at worst the identity stands alone. */
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

/* Might the detail be taken for one that names the identity? */
static inline bool
pretends(const char *detail)
{
	return az_log_identity != AZ_IDENTITY_OFF && detail != NULL &&
		strstr(detail, LABEL) != NULL;
}

/* What is added behind the detail; empty: nothing is. */
static void
compose(StringInfo line, const ErrorData *report, const char *detail)
{
	const AzAdoption *current = who_is_logged_in();

	az_log_json_begin(line, &room);
	if (imitates(report))
		appendStringInfoString(line, IMITATION);
	if (pretends(detail) || (current != NULL && is_wanted(report)))
	{
		if (line->len > 0)
			appendStringInfoChar(line, '\n');
		appendStringInfoString(line, LABEL);
		append_who(line, current);
	}
}

static void
add_detail(ErrorData *report)
{
	const char *detail = report->detail_log ? report->detail_log : report->detail;
	StringInfoData line;
	char	   *made;

	compose(&line, report, detail);
	if (line.len == 0 ||
		(report->detail_log != NULL && ends_with(report->detail_log, &line)))
		return;
	made = new_detail(report->assoc_context, detail, &line);
	if (made == NULL)
		return;
	if (report->detail_log)
		pfree(report->detail_log);
	report->detail_log = made;
}

/*
 * The login of the connection may be taken only now, and where there is no
 * memory for that, core logs a report within this one; such a report goes as
 * it is.
 */
static void
emit_log(ErrorData *report)
{
	static bool within = false;

	az_cover_report(report);
	if (!within)
	{
		within = true;
		add_detail(report);
		within = false;
	}
	if (prev_emit_log_hook)
		prev_emit_log_hook(report);
}

void
az_line_identity_init(void)
{
	prev_emit_log_hook = emit_log_hook;
	emit_log_hook = emit_log;
}
