/*-------------------------------------------------------------------------
 *
 * lint_conditions.c
 *	  What is wrong with the conditions of policies.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint.h"

#include "lint/condition_subjects.h"
#include "lint/lint_rule.h"

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
look_at_table(AzLint *lint, const AzPoliciesRead *read)
{
	AzLintTable table = {lint, read, NIL};
	int			i;

	for (i = 0; i < (int) lengthof(subjects); i++)
		subjects[i] (&table);
	az_tell_found(&table);
}

void
az_lint_conditions(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
	az_lint_each_table(lint, look_at_table);
}
