/*-------------------------------------------------------------------------
 *
 * log_json.c
 *	  JSON in printable ASCII, for the server's log.
 *
 *-------------------------------------------------------------------------
 */
#include "server/log_json.h"

#include "mb/pg_wchar.h"

#include "server/datum.h"
#include "server/encoding.h"

static void
append_escape(StringInfo out, unsigned int unit)
{
	appendStringInfo(out, "\\u%04x", unit);
}

static inline bool
is_plain(unsigned char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static void
append_code_point(StringInfo out, pg_wchar c)
{
	if (c == '"' || c == '\\')
		appendStringInfo(out, "\\%c", (char) c);
	else if (c >= ' ' && c <= '~')
		appendStringInfoChar(out, (char) c);
	else if (c <= 0xFFFF)
		append_escape(out, c);
	else
	{
		append_escape(out, 0xD800 + ((c - 0x10000) >> 10));
		append_escape(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
	}
}

typedef void (*AppendCodePoint) (StringInfo out, pg_wchar c);

static void
append_utf8(StringInfo out, const unsigned char *c, int len, AppendCodePoint append)
{
	const unsigned char *end = c + len;

	for (; c < end; c += pg_utf_mblen(c))
		append(out, utf8_to_unicode(c));
}

static void
append_each(StringInfo out, const char *string, int len, AppendCodePoint append)
{
	int			utf8_len;
	char	   *utf8 = az_to_utf8(string, len, &utf8_len);
	int			i;

	if (utf8)
	{
		append_utf8(out, (const unsigned char *) utf8, utf8_len, append);
		pfree(utf8);
		return;
	}
	/*
	 * SQL_ASCII may hold bytes that are not UTF-8; these are written one by
	 * one
	 */
	for (i = 0; i < len; i++)
		append(out, (unsigned char) string[i]);
}

/* Appends so many bytes at the beginning of the string, in quotation marks. */
static void
append_string(StringInfo out, const char *string, size_t len, int kept, bool is_utf8)
{
	int			plain = 0;

	while (plain < kept && is_plain(string[plain]))
		plain++;

	appendStringInfoChar(out, '"');
	if (plain == kept)
		appendBinaryStringInfo(out, string, kept);
	else if (is_utf8)
		append_utf8(out, (const unsigned char *) string, kept, append_code_point);
	else
		append_each(out, string, kept, append_code_point);
	if ((size_t) kept < len)
		appendStringInfoString(out, "...");
	appendStringInfoChar(out, '"');
}

void
az_log_json_string(StringInfo out, const char *string, size_t len, int max)
{
	if (string == NULL)
		appendStringInfoString(out, "null");
	else if (len > (size_t) max)
		append_string(out, string, len, pg_mbcliplen(string, (int) len, max), false);
	else
		append_string(out, string, len, (int) len, false);
}

void
az_log_json_utf8(StringInfo out, const char *utf8, size_t len, int max)
{
	if (utf8 == NULL)
		appendStringInfoString(out, "null");
	else if (len > (size_t) max)
		append_string(out, utf8, len, pg_encoding_mbcliplen(PG_UTF8, utf8, (int) len, max), true);
	else
		append_string(out, utf8, len, (int) len, true);
}

/* Quotation marks and backslashes are JSON's own here. */
static void
append_within(StringInfo out, pg_wchar c)
{
	if (c < ' ')
		appendStringInfoChar(out, ' ');
	else if (c == '"' || c == '\\')
		appendStringInfoChar(out, (char) c);
	else
		append_code_point(out, c);
}

void
az_log_json_value(StringInfo out, const char *json, int len)
{
	append_each(out, json, len, append_within);
}

void
az_log_json_name(StringInfo out, const char *name)
{
	if (out->len > 0 && out->data[out->len - 1] != '{')
		appendStringInfoString(out, ", ");
	az_log_json_string(out, name, strlen(name), AZ_MAX_LOGGED_BYTES);
	appendStringInfoString(out, ": ");
}

void
az_log_json_claim(StringInfo out, const AzIdentity *id, const AzNode *claim)
{
	claim = id ? az_scalar_or_null(claim) : NULL;
	az_log_json_string(out, claim ? az_node_bytes(id, claim) : NULL,
					   claim ? az_node_len(claim) : 0, AZ_MAX_LOGGED_BYTES);
}

void
az_log_json_begin(StringInfo line, AzLogRoom *room)
{
	line->data = room->bytes;
	line->maxlen = sizeof(room->bytes);
	resetStringInfo(line);
}

static void
append_signed(StringInfo out, const char *name, const AzIdentity *id, const AzNode *claim,
			  const AzNode *as_signed)
{
	bool		is_string = az_node_type(claim) == AZ_STRING;

	az_log_json_name(out, name);
	az_log_json_utf8(out, is_string ? az_node_bytes(id, as_signed) : NULL,
					 is_string ? az_node_len(as_signed) : 0, AZ_MAX_LOGGED_BYTES);
}

/* trust_subject is another claim's text where there is no "sub". */
void
az_log_json_who(StringInfo out, const AzIdentity *id)
{
	append_signed(out, "issuer", id, &id->issuer, &id->trust_issuer);
	append_signed(out, "subject", id, &id->subject, &id->trust_subject);
	append_signed(out, "actor", id, &id->actor, &id->trust_actor);
	append_signed(out, "token_id", id, &id->token_id, &id->trust_token_id);
}
