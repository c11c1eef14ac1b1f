/*-------------------------------------------------------------------------
 *
 * fn_protect.c
 *	  Policies in one line: protect() writes them, unprotect() drops them.
 *
 * What is written are ordinary policies, one for each command, that anybody
 * can read and could have written.  A command for which no rule is given gets
 * none, so PostgreSQL refuses it.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/condition.h"
#include "policies/policy.h"
#include "policies/protect_rules.h"
#include "server/arguments.h"
#include "server/own.h"
#include "server/spi.h"
#include "trust/admin.h"
#include "trust/trust_log.h"

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

/* NULL where the command has no such rows, or gets no policy. */
static char *
condition_of(const AzProtectRules *rules, AzCommand command, AzRow row)
{
	if (command == AZ_INSERT && row == AZ_ROW_THERE)
		return NULL;
	if (command != AZ_INSERT && command != AZ_UPDATE && row == AZ_ROW_NEW)
		return NULL;
	return az_protect_condition(rules, command, row);
}

static List *
add_policy(List *statements, const AzTable *table, AzCommand command,
		   const AzProtectRules *rules)
{
	char	   *using = condition_of(rules, command, AZ_ROW_THERE);
	char	   *check = condition_of(rules, command, AZ_ROW_NEW);
	const char *name = az_policy_name[command];
	StringInfoData create;

	if (using == NULL && check == NULL)
		return statements;
	initStringInfo(&create);
	appendStringInfo(&create, "CREATE POLICY %s ON %s FOR %s TO PUBLIC",
					 name, table->quoted, az_command_name[command]);
	if (using)
		appendStringInfo(&create, "\n    USING (%s)", using);
	if (check)
		appendStringInfo(&create, "\n    WITH CHECK (%s)", check);
	statements = lappend(statements, create.data);
	return lappend(statements, psprintf("COMMENT ON POLICY %s ON %s IS '%s'",
										name, table->quoted, AZ_POLICY_MARK));
}

/* "IF EXISTS", so that the text can be run on a copy that has none yet. */
static List *
drop_policies(List *statements, const AzTable *table, const AzPolicies *policies)
{
	int			command;

	for (command = 0; command < AZ_COMMANDS; command++)
	{
		if (policies->ours[command])
			statements = lappend(statements, psprintf("DROP POLICY IF EXISTS %s ON %s",
													  az_policy_name[command],
													  table->quoted));
	}
	return statements;
}

/* Row-level security comes first: at no point is more open than before. */
static List *
write_statements(const AzTable *table, const AzPolicies *policies, const AzProtectRules *rules)
{
	List	   *statements = NIL;
	int			command;

	statements = lappend(statements, psprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY",
											  table->quoted));
	statements = lappend(statements, psprintf("ALTER TABLE %s FORCE ROW LEVEL SECURITY",
											  table->quoted));
	statements = drop_policies(statements, table, policies);
	for (command = 0; command < AZ_COMMANDS; command++)
		statements = add_policy(statements, table, command, rules);
	return statements;
}

/*
 * Always as the owner of the table: event triggers need not run with the
 * rights of a superuser.
 */
static void
run_statements(const List *statements, const AzTable *table)
{
	static const AzSpiParams none;
	AzCaller	caller;
	ListCell   *lc;

	az_begin_as(table->owner, &caller);
	foreach(lc, statements)
		az_spi_run(lfirst(lc), &none);
	az_end_as(&caller);
}

/* Run them; or, if nothing is to be written, judge what would be. */
static void
write_policies(const List *statements, const AzTable *table, const AzProtectRules *rules,
			   bool dry_run)
{
	int			command;
	int			row;

	if (!dry_run)
	{
		run_statements(statements, table);
		az_check_written(table);
		return;
	}
	for (command = 0; command < AZ_COMMANDS; command++)
	{
		for (row = AZ_ROW_THERE; row <= AZ_ROW_NEW; row++)
		{
			char	   *condition = condition_of(rules, command, row);

			if (condition)
				az_check_condition(table, condition);
		}
	}
}

/* Of the columns that are compared, each once. */
static void
warn_of_missing_indexes(const AzTable *table, const AzProtectRules *rules)
{
	const AzTableColumn *columns[] = {&rules->owner, &rules->org, &rules->sets.column};
	int			i;
	int			before;

	for (i = 0; i < (int) lengthof(columns); i++)
	{
		for (before = 0; before < i; before++)
		{
			if (columns[before]->name && columns[before]->number == columns[i]->number)
				break;
		}
		if (columns[i]->name && before == i)
			az_warn_of_missing_index(table, columns[i]->number, columns[i]->name);
	}
}

static void
refuse_taken_names(const AzTable *table, const AzPolicies *policies)
{
	int			command;

	for (command = 0; command < AZ_COMMANDS; command++)
	{
		if (policies->taken[command])
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("policy \"%s\" for table \"%s\" already exists",
							az_policy_name[command], table->name),
					 errdetail("It does not bear the comment \"%s\", so it is somebody else's.",
							   AZ_POLICY_MARK),
					 errhint("Rename or drop it.")));
	}
}

AZ_SQL(authz_protect)
{
	bool		dry_run = az_is_dry_run(fcinfo);
	MemoryContext caller = CurrentMemoryContext;
	StringInfoData text;
	AzTable		table;
	AzPolicies	policies;
	AzProtectRules rules;
	List	   *statements;
	ListCell   *lc;

	az_arg_required(fcinfo, 0, "table");
	az_read_protect_rules(fcinfo, &rules);
	az_lock_table(PG_GETARG_OID(0),
				  dry_run ? AccessShareLock : AccessExclusiveLock, &table);
	az_refuse_foreign_children(&table);
	az_find_protect_columns(&rules, &table);

	SPI_connect();
	az_read_policies(&table, &policies);
	refuse_taken_names(&table, &policies);
	statements = write_statements(&table, &policies, &rules);
	write_policies(statements, &table, &rules, dry_run);
	az_look_at_catalog();
	az_warn_of_others(&table, &policies);
	az_warn_of_children(&table);
	warn_of_missing_indexes(&table, &rules);

	MemoryContextSwitchTo(caller);
	initStringInfo(&text);
	foreach(lc, statements)
		appendStringInfo(&text, "%s;\n", (char *) lfirst(lc));
	SPI_finish();
	if (!dry_run)
		az_trust_log_call("protect()", table.quoted);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(text.data, text.len));
}

AZ_SQL(authz_unprotect)
{
	AzTable		table;
	AzPolicies	policies;
	List	   *statements;
	int			n;

	az_arg_required(fcinfo, 0, "table");
	az_lock_table(PG_GETARG_OID(0), AccessExclusiveLock, &table);

	SPI_connect();
	az_read_policies(&table, &policies);
	statements = drop_policies(NIL, &table, &policies);
	n = list_length(statements);
	run_statements(statements, &table);
	SPI_finish();

	if (n > 0)
		az_trust_log_call("unprotect()", table.quoted);
	if (n > 0)
		ereport(NOTICE,
				(errmsg("row-level security of table \"%s\" stays enabled", table.name),
				 errhint("Rows that no other policy allows are hidden now.")));
	PG_RETURN_INT32(n);
}
