/*-------------------------------------------------------------------------
 *
 * fn_sharing_view.c
 *	  sharing_view() writes the view of a set, and what makes it fast.
 *
 * What is written is an ordinary view that its owner can read, change and drop,
 * with no tie to this function.  Unlike protect() this runs as the caller, to
 * whom the view will belong: it is read with the rights of its owner.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/condition.h"
#include "policies/policy.h"
#include "policies/sharing_query.h"
#include "policies/sharing_rules.h"
#include "policies/sharing_tables.h"
#include "server/own.h"
#include "server/spi.h"
#include "trust/trust_log.h"

#include "catalog/namespace.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef struct View
{
	Oid			schema;
	const char *name;
	const char *quoted;			/* with its schema */
	const char *query;
} View;

/* What CREATE VIEW would say, and what it would not. */
static void
find_view(const AzSharingRules *rules, View *view)
{
	AzSharingTable main = az_sharing_table_of(az_sharing_key(rules));

	view->name = rules->view_name;
	view->schema = rules->view_schema ? get_namespace_oid(rules->view_schema, false) :
		get_rel_namespace(rules->table[main].oid);
	if (view->schema == get_namespace_oid(AZ_SCHEMA, true))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: schema \"%s\" belongs to the extension", AZ_SCHEMA)));
	if (OidIsValid(get_relname_relid(view->name, view->schema)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_TABLE),
				 errmsg("relation \"%s\" already exists", view->name),
				 errhint("Give the view another name, or drop that one.")));
	view->quoted = quote_qualified_identifier(get_namespace_name_or_temp(view->schema),
											  view->name);
	view->query = az_sharing_query(rules);
}

/* What one can ask the set for. */
static char *
describe(const AzSharingRules *rules)
{
	static const char *const what[] = {
		"Teams that the user is a member of",
		"What is shared with the user",
		"Folders that are shared with the user, and those in them"
	};
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, what[rules->shape]);
	if (rules->enough)
		appendStringInfo(&text, ", at level \"%s\" or above", (char *) linitial(rules->enough));
	appendStringInfoString(&text, "; a set for authz.in_set().");
	return text.data;
}

/* Two roles may be played by one table, or by one column. */
static List *
add_once(List *statements, char *statement)
{
	ListCell   *lc;

	foreach(lc, statements)
	{
		if (strcmp(lfirst(lc), statement) == 0)
			return statements;
	}
	return lappend(statements, statement);
}

/* For the columns by which the query finds rows, each once. */
static List *
add_indexes(List *statements, const AzSharingRules *rules)
{
	static const AzSharingColumn sought[] = {
		AZ_FOLDER_PARENT, AZ_SHARE_SUBJECT, AZ_SHARE_TEAM, AZ_MEMBER_SUBJECT, AZ_SUBTEAM
	};
	int			i;

	for (i = 0; i < (int) lengthof(sought); i++)
	{
		const AzTableColumn *column = &rules->column[sought[i]];
		const AzTable *table = &rules->table[az_sharing_table_of(sought[i])];

		if (column->name && !az_has_index(table, column->number))
			statements = add_once(statements, psprintf("CREATE INDEX ON %s (%s)",
													   table->quoted, column->quoted));
	}
	return statements;
}

static List *
add_watches(List *statements, const AzSharingRules *rules)
{
	int			i;

	for (i = 0; i < AZ_SHARING_TABLES; i++)
	{
		if (rules->given[i])
			statements = add_once(statements, psprintf("SELECT authz.watch(%s::pg_catalog.regclass)",
													   quote_literal_cstr(rules->table[i].quoted)));
	}
	return statements;
}

static List *
write_statements(const AzSharingRules *rules, const View *view)
{
	List	   *statements = NIL;

	statements = lappend(statements, psprintf("CREATE VIEW %s AS\n%s", view->quoted, view->query));
	statements = lappend(statements, psprintf("COMMENT ON VIEW %s IS %s", view->quoted,
											  quote_literal_cstr(describe(rules))));
	statements = add_indexes(statements, rules);
	return add_watches(statements, rules);
}

/* Run them; or, if nothing is to be written, judge what would be. */
static void
run_statements(const List *statements, const View *view, bool dry_run)
{
	static const AzSpiParams none;
	ListCell   *lc;

	if (dry_run)
	{
		az_check_query(view->name, view->query);
		return;
	}
	foreach(lc, statements)
	{
		az_spi_run(lfirst(lc), &none);
		if (lc == list_head(statements))
			az_check_view(get_relname_relid(view->name, view->schema));
	}
}

/*
 * A comment: which table has such keys is for the user to know.  None for a name
 * whose second line would be no comment.
 */
static void
append_policy(StringInfo text, const AzSharingRules *rules, const View *view)
{
	static const char *const column[] = {"team_id", "id", "folder_id"};

	if (strpbrk(view->quoted, "\r\n"))
		return;
	appendStringInfo(text, "-- A policy that asks it, for a table that has such keys:\n"
					 "-- CREATE POLICY shared ON ... FOR SELECT USING (authz.in_set(%s, %s));\n",
					 quote_literal_cstr(view->quoted), column[rules->shape]);
}

AZ_SQL(authz_sharing_view)
{
	MemoryContext caller = CurrentMemoryContext;
	StringInfoData text;
	AzSharingRules rules;
	View		view;
	List	   *statements;
	ListCell   *lc;

	az_read_sharing_rules(fcinfo, &rules);
	az_find_sharing_tables(&rules, rules.dry_run ? AccessShareLock : ShareRowExclusiveLock);
	find_view(&rules, &view);

	SPI_connect();
	statements = write_statements(&rules, &view);
	run_statements(statements, &view, rules.dry_run);
	az_look_at_catalog();

	MemoryContextSwitchTo(caller);
	initStringInfo(&text);
	foreach(lc, statements)
		appendStringInfo(&text, "%s;\n", (char *) lfirst(lc));
	append_policy(&text, &rules, &view);
	SPI_finish();
	if (!rules.dry_run)
		az_trust_log_call("sharing_view()", view.quoted);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text.data, text.len));
}
