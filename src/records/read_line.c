/*-------------------------------------------------------------------------
 *
 * read_line.c
 *	  What a line of the record of reads says.
 *
 *-------------------------------------------------------------------------
 */
#include "records/read_line.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "server/log_json.h"

/* Two names of 63 quotation marks each, and a dot, quoted. */
#define MAX_TABLE_BYTES		(4 * NAMEDATALEN)

static void
append_table(StringInfo out, Oid table)
{
	char	   *schema = get_namespace_name(get_rel_namespace(table));
	char	   *name = get_rel_name(table);
	char	   *qualified;

	if (schema == NULL || name == NULL)
		return;
	qualified = quote_qualified_identifier(schema, name);
	if (out->len > 0)
		appendStringInfoString(out, ", ");
	az_log_json_string(out, qualified, strlen(qualified), MAX_TABLE_BYTES);
	pfree(qualified);
	pfree(schema);
	pfree(name);
}

void
az_read_name_tables(AzRead *read, const List *tables, bool nested)
{
	MemoryContext old = MemoryContextSwitchTo(read->context);
	ListCell   *lc;

	foreach(lc, tables)
	{
		Oid			table = lfirst_oid(lc);
		List	  **oids = nested ? &read->nested_oids : &read->table_oids;

		if (list_member_oid(*oids, table))
			continue;
		append_table(nested ? &read->nested : &read->tables, table);
		*oids = lappend_oid(*oids, table);
	}
	MemoryContextSwitchTo(old);
}


/*
 * How much
 */

/* appendStringInfo() takes several times as long, and this is for each statement. */
static void
append_number(StringInfo out, int64 number)
{
	char		digits[MAXINT8LEN + 1];

	appendBinaryStringInfo(out, digits, pg_lltoa(number, digits));
}

static void
append_duration(StringInfo out, TimestampTz microseconds)
{
	char		digits[4];

	microseconds = Max(microseconds, 0);
	appendStringInfoString(out, ", \"duration_ms\": ");
	append_number(out, microseconds / 1000);
	appendStringInfoChar(out, '.');
	appendBinaryStringInfo(out, digits, pg_ultostr_zeropad(digits, microseconds % 1000, 3) - digits);
	appendStringInfoChar(out, '}');
}

void
az_read_write_line(const AzRead *read)
{
	StringInfoData line;

	initStringInfo(&line);
	appendStringInfoString(&line, "read: {");
	appendBinaryStringInfo(&line, read->who.data, read->who.len);
	appendStringInfoString(&line, ", \"command\": \"");
	appendStringInfoString(&line, read->command);
	appendStringInfoString(&line, "\", \"tables\": [");
	appendBinaryStringInfo(&line, read->tables.data, read->tables.len);
	appendStringInfoString(&line, "], \"nested_tables\": [");
	appendBinaryStringInfo(&line, read->nested.data, read->nested.len);
	appendStringInfoString(&line, "], \"rows\": ");
	append_number(&line, (int64) read->rows);
	appendStringInfoString(&line, ", \"query_id\": ");
	if (read->query_id != 0)
		append_number(&line, (int64) read->query_id);
	else
		appendStringInfoString(&line, "null");
	appendStringInfoString(&line, read->runs ? ", \"failed\": true" : ", \"failed\": false");
	append_duration(&line, GetCurrentTimestamp() - read->start);

	/* the statement, or its context, may hold a token */
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("%s", line.data),
			 errhidestmt(true),
			 errhidecontext(true)));
	pfree(line.data);
}
