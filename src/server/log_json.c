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
append_each(StringInfo out, const char *string, int len, AppendCodePoint append)
{
	int			utf8_len;

	/* SQL_ASCII may hold what is no UTF-8; its bytes are told one by one */
	char	   *utf8 = az_to_utf8(string, len, &utf8_len);
	const unsigned char *c = (const unsigned char *) (utf8 ? utf8 : string);
	const unsigned char *end = c + (utf8 ? utf8_len : len);

	while (c < end)
	{
		append(out, utf8 ? utf8_to_unicode(c) : *c);
		c += utf8 ? pg_utf_mblen(c) : 1;
	}
	if (utf8)
		pfree(utf8);
}

void
az_log_json_string(StringInfo out, const char *string, size_t len, int max)
{
	int			kept = (int) Min(len, (size_t) max);
	int			plain = 0;

	if (string == NULL)
	{
		appendStringInfoString(out, "null");
		return;
	}
	if (len > (size_t) max)
		kept = pg_mbcliplen(string, (int) len, max);
	while (plain < kept && is_plain(string[plain]))
		plain++;

	appendStringInfoChar(out, '"');
	if (plain == kept)
		appendBinaryStringInfo(out, string, kept);
	else
		append_each(out, string, kept, append_code_point);
	if (kept < (int) len)
		appendStringInfoString(out, "...");
	appendStringInfoChar(out, '"');
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
	if (out->len > 1)
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
