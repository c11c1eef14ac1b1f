/*-------------------------------------------------------------------------
 *
 * discretion.c
 *	  What a report must not contain, and where a token is visible.
 *
 * When a report is about to be sent, it calls the error contexts, the
 * innermost first.  So a context of ours that hides all those around it
 * removes them from every report in there, and can mark it, no matter what
 * code raises it, at which level, and whether it goes to the log or the
 * client.
 *
 *-------------------------------------------------------------------------
 */
#include "server/discretion.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* Two parts of a token with a dot between them have at least so many characters. */
#define SHORTEST_LEFT	16
#define SHORTEST_RIGHT	8

/* It is not necessary to look at more characters. */
#define LONGEST_LOOK	64

/* The message of the client in which a token was last taken. */
static TimestampTz taken_at = DT_NOBEGIN;

/* ----------------------------------------------------------------
 * Reports
 * ----------------------------------------------------------------
 */

/*
 * The violation of a constraint that somebody added to one of our tables would
 * be described by the whole row.
 */
static void
hide(void *arg)
{
	errhidestmt(true);
	errhidecontext(true);
	if (ERRCODE_TO_CATEGORY(geterrcode()) == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION)
		errdetail("The row is not shown, it may hold a secret.");
}

void
az_discretion_begin(AzDiscretion *discretion)
{
	discretion->outer = error_context_stack;
	discretion->callback.previous = NULL;
	discretion->callback.callback = hide;
	discretion->callback.arg = NULL;
	error_context_stack = &discretion->callback;
}

void
az_discretion_end(const AzDiscretion *discretion)
{
	error_context_stack = discretion->outer;
}

/* ----------------------------------------------------------------
 * What a token looks like
 * ----------------------------------------------------------------
 */

static inline bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

/* RFC 4648, 5 */
static inline bool
is_base64url(char c)
{
	return is_upper(c) || is_lower(c) || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

/*
 * How many characters of base64url stand there, in the direction of step?
 * None, unless capitals and small letters are among them: names in SQL are
 * mostly of one case, JSON and signatures never are.
 */
static int
part_length(const char *bytes, ssize_t at, ssize_t end, int step)
{
	bool		upper = false;
	bool		lower = false;
	int			n;

	for (n = 0; at != end && n < LONGEST_LOOK && is_base64url(bytes[at]); at += step)
	{
		upper = upper || is_upper(bytes[at]);
		lower = lower || is_lower(bytes[at]);
		n++;
	}
	return upper && lower ? n : 0;
}

/*
 * The next dot, at or behind "from", that stands between two parts of a
 * token; -1: none.
 */
static ssize_t
find_token(const char *bytes, ssize_t from, ssize_t len)
{
	const char *dot;

	for (; from < len && (dot = memchr(bytes + from, '.', len - from)) != NULL; from++)
	{
		from = dot - bytes;
		if (part_length(bytes, from + 1, len, 1) >= SHORTEST_RIGHT &&
			part_length(bytes, from - 1, -1, -1) >= SHORTEST_LEFT)
			return from;
	}
	return -1;
}

bool
az_holds_token(const char *bytes, size_t len)
{
	return find_token(bytes, 0, len) >= 0;
}

bool
az_begins_token(const char *bytes, size_t len)
{
	/* {" and { ", and { with an end of line behind it */
	static const char *const begins[] = {"eyJ", "eyAi", "ewogI", "ewoJ", "ew0K"};
	int			i;

	for (i = 0; i < (int) lengthof(begins); i++)
	{
		if (memmem(bytes, len, begins[i], strlen(begins[i])) != NULL)
			return true;
	}
	return false;
}

/* A run of so many characters of a token in a text cannot be a coincidence. */
#define PIECE	16

/*
 * Does the text hold a piece of the token, where the statement puts it
 * together?  Names and words are mostly shorter, and of one case.
 */
static bool
holds_piece(const char *text, const char *token, size_t len)
{
	const char *end = text + strlen(text);
	const char *run;
	const char *at;

	for (run = text; end - run >= PIECE; run = at + 1)
	{
		for (at = run; is_base64url(*at); at++)
		{
			if ((at + 1 - run) % PIECE == 0 &&
				part_length(at + 1 - PIECE, 0, PIECE, 1) == PIECE &&
				memmem(token, len, at + 1 - PIECE, PIECE) != NULL)
				return true;
		}
	}
	return false;
}

/*
 * Overwrite all that belongs to a token.  Other extensions read the text once
 * more to find its constants, and must find the same words: comments and
 * operators remain, and none is added.
 */
static void
cover_tokens(char *bytes, ssize_t len)
{
	ssize_t		at = 0;

	while ((at = find_token(bytes, at, len)) >= 0)
	{
		ssize_t		begin = at;

		while (begin > 0 && (is_base64url(bytes[begin - 1]) || bytes[begin - 1] == '.'))
			begin--;
		for (at = begin; at < len && (is_base64url(bytes[at]) || bytes[at] == '.'); at++)
		{
			if (bytes[at] != '.' && bytes[at] != '-')
				bytes[at] = 'x';
		}
	}
}

/* ----------------------------------------------------------------
 * The statement
 * ----------------------------------------------------------------
 */

/* What pg_stat_activity shows, and the report of a deadlock or a crash. */
static void
cover_activity(void)
{
	volatile PgBackendStatus *status = MyBEEntry;

	if (status == NULL)
		return;
	PGSTAT_BEGIN_WRITE_ACTIVITY(status);
	cover_tokens(status->st_activity_raw,
				 strnlen(status->st_activity_raw, pgstat_track_activity_query_size - 1));
	PGSTAT_END_WRITE_ACTIVITY(status);
}

/*
 * Replace the statement that reports of the server show by a copy without
 * tokens.  The copy lives as long as the client's message; where there is no
 * memory context for messages, there is no client.
 */
static const char *covered = NULL;	/* what stands in its place now, */
static const char *uncovered = NULL;	/* of that text; or NULL */
static TimestampTz covered_at = DT_NOBEGIN;

static void
cover_statement(void)
{
	char	   *copy;
	size_t		len;

	if (debug_query_string == NULL || MessageContext == NULL ||
		(debug_query_string == covered &&
		 covered_at == GetCurrentStatementStartTimestamp()))
		return;
	len = strlen(debug_query_string);
	uncovered = NULL;
	if (az_holds_token(debug_query_string, len))
	{
		copy = MemoryContextAllocExtended(MessageContext, len + 1,
										  MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
		if (copy == NULL)
			return;
		memcpy(copy, debug_query_string, len + 1);
		cover_tokens(copy, len);
		uncovered = debug_query_string;
		debug_query_string = copy;
		cover_activity();
	}
	covered = debug_query_string;
	covered_at = GetCurrentStatementStartTimestamp();
}

/* A worker has its leader's text, and no message of a client. */
void
az_cover_worker(void)
{
	if (debug_query_string != NULL &&
		az_begins_token(debug_query_string, strlen(debug_query_string)))
		cover_activity();
}

void
az_take_token(AzDiscretion *discretion)
{
	az_discretion_begin(discretion);
	taken_at = GetCurrentStatementStartTimestamp();
	cover_statement();
}

/* A constant: it needs no memory, and differs from any later text. */
static const char hidden[] = "<a statement with a token>";

static void
hide_activity(void)
{
	volatile PgBackendStatus *status = MyBEEntry;

	if (status == NULL)
		return;
	PGSTAT_BEGIN_WRITE_ACTIVITY(status);
	strlcpy(status->st_activity_raw, hidden, pgstat_track_activity_query_size);
	PGSTAT_END_WRITE_ACTIVITY(status);
}

void
az_hide_pieces(const char *token, size_t len)
{
	if (debug_query_string == NULL || !holds_piece(debug_query_string, token, len))
		return;
	debug_query_string = hidden;
	hide_activity();
}

/* ----------------------------------------------------------------
 * What other extensions keep of the statement
 * ----------------------------------------------------------------
 */

const char *
az_without_token_text(const char *text)
{
	size_t		len;
	char	   *copy;

	if (text == NULL)
		return text;
	/* core hands the client's whole text to each statement in it */
	if (text == uncovered && debug_query_string == covered &&
		covered_at == GetCurrentStatementStartTimestamp())
		return covered;
	len = strlen(text);
	if (!az_holds_token(text, len) || !az_begins_token(text, len))
		return text;
	/* core has a copy of it, where the client has bound the statement */
	if (debug_query_string != NULL && strcmp(text, debug_query_string) == 0)
	{
		cover_statement();
		return debug_query_string;
	}
	copy = MemoryContextStrdup(PortalContext ? PortalContext : CurrentMemoryContext, text);
	cover_tokens(copy, len);
	return copy;
}

static void
cover_text(char *text)
{
	size_t		len = text ? strlen(text) : 0;

	if (len > 0 && az_begins_token(text, len))
		cover_tokens(text, len);
}

/*
 * The text of an error goes to the client, too, which may need it as it is.
 * The same holds for messages that a function in PL/pgSQL or PL/Perl has for
 * the client.
 */
static bool
is_answer(const ErrorData *report)
{
	return report->elevel >= ERROR ||
		(report->output_to_client && report->filename != NULL &&
		 strncmp(report->filename, "pl", 2) == 0);
}

void
az_cover_report(ErrorData *report)
{
	const char *statement = report->hide_stmt ? NULL : debug_query_string;

	if (statement != NULL && CritSectionCount == 0 &&
		az_begins_token(statement, strlen(statement)))
		cover_statement();
	cover_text(report->context);
	cover_text(report->internalquery);
	if (is_answer(report))
		return;
	cover_text(report->message);
	cover_text(report->detail);
	cover_text(report->detail_log);
}

/* Does it say that it logs somebody in? */
static bool
names_login(const char *text)
{
	static const char *const names[] = {"set_token", "verify_token", "dbmi_authz.token"};
	int			i;

	for (; *text; text++)
	{
		for (i = 0; i < (int) lengthof(names); i++)
		{
			if (pg_strncasecmp(text, names[i], strlen(names[i])) == 0)
				return true;
		}
	}
	return false;
}

static bool
is_suspect(const char *text)
{
	return text != NULL && (az_holds_token(text, strlen(text)) || names_login(text));
}

/*
 * A token that was taken in another spelling, put together or decoded by the
 * statement, is not to be recognized in it.  But then it was taken in the
 * same message of the client.
 */
bool
az_token_nearby(void)
{
	return taken_at == GetCurrentStatementStartTimestamp() ||
		is_suspect(debug_query_string) ||
		(error_context_stack != NULL && is_suspect(GetErrorContextStack()));
}
