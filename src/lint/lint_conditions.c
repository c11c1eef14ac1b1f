/*-------------------------------------------------------------------------
 *
 * lint_conditions.c
 *	  What is wrong with the conditions of policies.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "lint/condition_subjects.h"
#include "lint/lint_rule.h"
#include "lint/sql_body.h"
#include "server/spi.h"

static const AzLintRule rules[] = {
	{"foreign_function", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.concat('function ', p.oid::pg_catalog.regprocedure),"
		" 'The function stands in schema authz and is not the extension''s: calls may find it instead of the extension''s own.',"
		" pg_catalog.concat('DROP ROUTINE ', p.oid::pg_catalog.regprocedure, ';')"
		" FROM pg_catalog.pg_proc p"
		" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace"
		" JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang"
		" WHERE n.nspname OPERATOR(pg_catalog.=) 'authz'"
		" AND NOT (l.lanname OPERATOR(pg_catalog.=) 'c' AND EXISTS (SELECT FROM pg_catalog.pg_depend d"
		" JOIN pg_catalog.pg_extension e ON e.oid OPERATOR(pg_catalog.=) d.refobjid"
		" WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass"
		" AND d.objid OPERATOR(pg_catalog.=) p.oid AND d.deptype OPERATOR(pg_catalog.=) 'e'"
		" AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass"
		" AND e.extname OPERATOR(pg_catalog.=) 'dbmi_authz'))"},

	/*
	 * Behind a policy that is left as a condition, only what is LEAKPROOF is
	 * asked before it, so only that searches an index.
	 */
	{"operator_not_leakproof", AZ_LEVEL_INFO,
		"SELECT pg_catalog.format('index %I.%I', n.nspname, i.relname),"
		" pg_catalog.format('The table %I.%I has policies, and operators of the index are not LEAKPROOF: %s."
		" Where a policy is left as a condition, a search by them does not use the index.', tn.nspname, t.relname,"
		" pg_catalog.string_agg(DISTINCT o.oprcode::pg_catalog.regprocedure::pg_catalog.text, ', ')),"
		" 'Where users search by it, have the column as a type whose \"=\" is LEAKPROOF (text, uuid, integer, bigint, timestamptz); or have a superuser mark the operator''s function LEAKPROOF, if it neither raises on its arguments nor tells of them.'"
		" FROM pg_catalog.pg_class t"
		" JOIN pg_catalog.pg_namespace tn ON tn.oid OPERATOR(pg_catalog.=) t.relnamespace"
		" JOIN pg_catalog.pg_index x ON x.indrelid OPERATOR(pg_catalog.=) t.oid"
		" JOIN pg_catalog.pg_class i ON i.oid OPERATOR(pg_catalog.=) x.indexrelid"
		" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) i.relnamespace"
		" JOIN pg_catalog.pg_am m ON m.oid OPERATOR(pg_catalog.=) i.relam"
		" CROSS JOIN LATERAL pg_catalog.unnest(x.indclass) k (opclass)"
		" JOIN pg_catalog.pg_opclass c ON c.oid OPERATOR(pg_catalog.=) k.opclass"
		" JOIN pg_catalog.pg_amop a ON a.amopfamily OPERATOR(pg_catalog.=) c.opcfamily"
		" AND a.amoplefttype OPERATOR(pg_catalog.=) c.opcintype AND a.amoppurpose OPERATOR(pg_catalog.=) 's'"
		" AND (m.amname OPERATOR(pg_catalog.<>) 'btree' OR (a.amopstrategy OPERATOR(pg_catalog.=) 3"
		" AND a.amoprighttype OPERATOR(pg_catalog.=) c.opcintype))"
		" JOIN pg_catalog.pg_operator o ON o.oid OPERATOR(pg_catalog.=) a.amopopr"
		" JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) o.oprcode"
		" WHERE t.relnamespace OPERATOR(pg_catalog.=) ANY ($1) AND t.relrowsecurity"
		" AND NOT p.proleakproof"
		" AND EXISTS (SELECT FROM pg_catalog.pg_policy q WHERE q.polrelid OPERATOR(pg_catalog.=) t.oid)"
		" GROUP BY n.nspname, i.relname, tn.nspname, t.relname"},
};

static void (*const subjects[]) (AzLintTable *table) = {
	az_lint_open,
	az_lint_against_ceilings,
	az_lint_folding,
	az_lint_called,
	az_lint_arguments,
};

static void
look_at_table(AzLint *lint, void *arg)
{
	AzLintTable *table = arg;
	int			i;

	table->policies = NIL;
	table->found = NIL;
	az_read_lint_policies(table);
	for (i = 0; i < (int) lengthof(subjects); i++)
		subjects[i] (table);
	az_tell_found(table);
}

/* What is read of one goes before the next. */
static void
look_at_tables(AzLint *lint, const Oid *tables, char **names, uint64 n)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz linted table",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	uint64		i;

	for (i = 0; i < n; i++)
	{
		AzLintTable table = {lint, tables[i], names[i], NIL, NIL};

		CHECK_FOR_INTERRUPTS();
		az_lint_attempt(lint, psprintf("table %s", names[i]), look_at_table, &table);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

static void
look_at_policies(AzLint *lint)
{
	AzSpiParams params = {0};
	uint64		n;
	uint64		i;
	Oid		   *tables;
	char	  **names;

	az_spi_param(&params, OIDARRAYOID, lint->schemas);
	n = az_spi_run("SELECT c.oid::pg_catalog.text, pg_catalog.format('%I.%I', n.nspname, c.relname)"
				   " FROM pg_catalog.pg_class c"
				   " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
				   " WHERE c.relnamespace OPERATOR(pg_catalog.=) ANY ($1)"
				   " AND EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid OPERATOR(pg_catalog.=) c.oid)",
				   &params);
	tables = palloc(sizeof(Oid) * (n + 1));
	names = palloc(sizeof(char *) * (n + 1));
	for (i = 0; i < n; i++)
	{
		tables[i] = strtoul(az_spi_result(i, 1), NULL, 10);
		names[i] = az_spi_result(i, 2);
	}
	SPI_freetuptable(SPI_tuptable);
	look_at_tables(lint, tables, names, n);
}

void
az_lint_conditions(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
	az_begin_sql_bodies(lint->context);
	look_at_policies(lint);
}
