/*-------------------------------------------------------------------------
 *
 * lint_children.c
 *	  Partitions and inheritance children of protected tables.
 *
 * A query that names the parent is bound by the parent's policies alone, one that
 * names the child by the child's.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/lint_rule.h"
#include "insight/lint_sql.h"

/*
 * WITH RECURSIVE children, of any schema, each with the first of the protected
 * tables above it.
 */
#define CHILDREN \
	"below (oid, top) AS (" \
	"SELECT i.inhrelid, t.oid FROM relations t" \
	" JOIN pg_catalog.pg_inherits i ON i.inhparent" AZ_EQ "t.oid WHERE t.is_protected" \
	" UNION SELECT i.inhrelid, b.top FROM below b" \
	" JOIN pg_catalog.pg_inherits i ON i.inhparent" AZ_EQ "b.oid" \
	"), children AS MATERIALIZED (" \
	"SELECT c.oid, c.relkind AS kind, c.relrowsecurity AS is_protected, c.relowner AS owner, c.relacl AS acl," \
	" pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, pg_catalog.min(t.name COLLATE pg_catalog.\"C\") AS parent" \
	" FROM below b JOIN pg_catalog.pg_class c ON c.oid" AZ_EQ "b.oid" \
	" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "c.relnamespace" \
	" JOIN relations t ON t.oid" AZ_EQ "b.top" \
	" GROUP BY c.oid, c.relkind, c.relrowsecurity, c.relowner, c.relacl, n.nspname, c.relname)"

/* WITH reached: those that others than the owner may read or change directly. */
#define REACHED \
	"granted AS (" \
	"SELECT c.oid, c.owner, a.grantee, a.privilege_type AS privilege" \
	" FROM children c CROSS JOIN LATERAL pg_catalog.aclexplode(c.acl) a" \
	" UNION ALL " \
	"SELECT c.oid, c.owner, a.grantee, a.privilege_type FROM children c" \
	" JOIN pg_catalog.pg_attribute k ON k.attrelid" AZ_EQ "c.oid" \
	" AND k.attacl IS NOT NULL AND NOT k.attisdropped" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(k.attacl) a" \
	"), pairs AS MATERIALIZED (" \
	"SELECT p.grantee, p.owner FROM (SELECT DISTINCT g.grantee, g.owner FROM granted g) p" \
	" WHERE p.grantee" AZ_EQ "0 OR NOT (p.grantee" AZ_EQ "p.owner OR " AZ_HAS_RIGHTS("p.grantee", "p.owner") ")" \
	"), reached AS MATERIALIZED (" \
	"SELECT g.oid, pg_catalog.string_agg(DISTINCT q.name, ', ' ORDER BY q.name) AS names" \
	" FROM granted g JOIN pairs p ON p.grantee" AZ_EQ "g.grantee AND p.owner" AZ_EQ "g.owner" \
	" LEFT JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "g.grantee" \
	" CROSS JOIN LATERAL (SELECT CASE WHEN g.grantee" AZ_EQ "0 THEN 'PUBLIC'" \
	" ELSE pg_catalog.format('%I', r.rolname) END AS name) q" \
	" WHERE g.privilege" AZ_EQ "ANY (ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])" \
	" GROUP BY g.oid)"

static const AzLintRule rules[] = {
	{"child_without_row_security", AZ_LEVEL_ERROR,
		"WITH RECURSIVE " AZ_RELATIONS ", " CHILDREN ", " REACHED
		" SELECT pg_catalog.format('table %s', c.name),"
		" pg_catalog.format('Policies of table %s do not bind who names this table, a part of it, and it has no row security: %s may do so.', c.parent, r.names),"
		" CASE WHEN c.kind" AZ_EQ "'f'"
		" THEN pg_catalog.format('REVOKE ALL ON %s FROM %s;', c.name, r.names)"
		" ELSE pg_catalog.format('REVOKE ALL ON %s FROM %s; or ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', c.name, r.names, c.name) END"
		" FROM children c JOIN reached r ON r.oid" AZ_EQ "c.oid WHERE NOT c.is_protected"},

	{"foreign_partition", AZ_LEVEL_ERROR,
		"WITH RECURSIVE " AZ_RELATIONS ", " CHILDREN
		" SELECT pg_catalog.format('foreign table %s', c.name),"
		" pg_catalog.format('It is a part of table %s, which has row security: PostgreSQL does not enforce WITH CHECK on rows that go there.', c.parent),"
		" pg_catalog.format('Detach it, or REVOKE INSERT, UPDATE ON %s from those whom policies bind.', c.parent)"
		" FROM children c WHERE c.kind" AZ_EQ "'f'"},
};

void
az_lint_children(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
