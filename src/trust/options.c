/*-------------------------------------------------------------------------
 *
 * options.c
 *	  The options of an issuer, as JSON that we write.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/options.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

/*
 * Options are written as JSON in our own form: without the caller's white
 * space, and with ASCII only where the database is not UTF8, so that a claim's
 * name survives in any encoding.
 */
static void
put_string(StringInfo out, const char *string, size_t len)
{
	const unsigned char *c = (const unsigned char *) string;
	const unsigned char *end = c + len;

	appendStringInfoChar(out, '"');
	for (; c < end; c += pg_utf_mblen(c))
	{
		pg_wchar	code = utf8_to_unicode(c);

		if (code == '"' || code == '\\')
			appendStringInfoChar(out, '\\');
		if (code >= 0x10000 && GetDatabaseEncoding() != PG_UTF8)
			appendStringInfo(out, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10),
							 0xdc00 + (code & 0x3ff));
		else if (code < 0x20 || (code > 0x7e && GetDatabaseEncoding() != PG_UTF8))
			appendStringInfo(out, "\\u%04x", code);
		else
			appendBinaryStringInfo(out, (const char *) c, pg_utf_mblen(c));
	}
	appendStringInfoChar(out, '"');
}

static void put_json(StringInfo out, const AzJson *value);

static void
put_member(StringInfo out, const char *name, size_t len, const AzJson *value)
{
	if (out->data[out->len - 1] != '{')
		appendStringInfoString(out, ", ");
	put_string(out, name, len);
	appendStringInfoString(out, ": ");
	put_json(out, value);
}

static void
put_json(StringInfo out, const AzJson *value)
{
	char		number[AZ_JSON_NUMBER_MAX];
	const char *string;
	const AzJson *member;
	void	   *iter = NULL;
	size_t		len;
	size_t		i;

	switch (az_json_type(value))
	{
		case AZ_JSON_NULL:
			appendStringInfoString(out, "null");
			break;
		case AZ_JSON_FALSE:
			appendStringInfoString(out, "false");
			break;
		case AZ_JSON_TRUE:
			appendStringInfoString(out, "true");
			break;
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			len = az_json_number_text(value, number);
			appendBinaryStringInfo(out, number, len);
			break;
		case AZ_JSON_STRING:
			string = az_json_string(value, &len);
			put_string(out, string, len);
			break;
		case AZ_JSON_ARRAY:
			for (i = 0; i < az_json_count(value); i++)
			{
				appendStringInfoString(out, i == 0 ? "[" : ", ");
				put_json(out, az_json_at(value, i));
			}
			appendStringInfoString(out, i == 0 ? "[]" : "]");
			break;
		case AZ_JSON_OBJECT:
			appendStringInfoChar(out, '{');
			while ((iter = az_json_next(value, iter, &string, &len, &member)) != NULL)
				put_member(out, string, len, member);
			appendStringInfoChar(out, '}');
			break;
	}
}

void
az_append_json(StringInfo out, const AzJson *value)
{
	put_json(out, value);
}

void
az_append_json_string(StringInfo out, const char *utf8)
{
	put_string(out, utf8, strlen(utf8));
}

text *
az_merge_options(const AzJson *options, const AzJson *change)
{
	StringInfoData merged;
	const char *name;
	size_t		len;
	const AzJson *value;
	void	   *iter = NULL;

	initStringInfo(&merged);
	appendStringInfoChar(&merged, '{');
	while ((iter = az_json_next(options, iter, &name, &len, &value)) != NULL)
	{
		if (az_json_get(change, name, len) == NULL)
			put_member(&merged, name, len, value);
	}
	while ((iter = az_json_next(change, iter, &name, &len, &value)) != NULL)
	{
		if (az_json_type(value) != AZ_JSON_NULL)
			put_member(&merged, name, len, value);
	}
	appendStringInfoChar(&merged, '}');
	return cstring_to_text_with_len(merged.data, merged.len);
}
