/*-------------------------------------------------------------------------
 *
 * lint_tables.c
 *	  Tables whose policies do not bind those whom they should.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/lint_rule.h"

/* A table of the user's, and its name as SQL takes it. */
#define TABLES \
	" FROM pg_catalog.pg_class c" \
	" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace" \
	" CROSS JOIN LATERAL (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name) t" \
	" WHERE c.relnamespace OPERATOR(pg_catalog.=) ANY ($1)" \
	" AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::pg_catalog.\"char\"[])"

static const AzLintRule rules[] = {
	{"row_security_off", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.concat('table ', t.name),"
		" 'The table has policies, and row security is off: they bind nobody.',"
		" pg_catalog.concat('ALTER TABLE ', t.name, ' ENABLE ROW LEVEL SECURITY;')"
		TABLES
		" AND NOT c.relrowsecurity"
		" AND EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid OPERATOR(pg_catalog.=) c.oid)"},
};

void
az_lint_tables(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
