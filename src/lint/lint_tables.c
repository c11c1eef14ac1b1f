/*-------------------------------------------------------------------------
 *
 * lint_tables.c
 *	  Tables whose policies do not bind those whom they should.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"
#include "lint/lint_sql.h"

#define HAS_POLICIES \
	"EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid" AZ_EQ "t.oid)"

/*
 * WITH owners, of tables whose policies do not bind the owner.  FORCE would not
 * bind a superuser either, nor who has BYPASSRLS.
 */
#define OWNERS \
	"owners AS MATERIALIZED (" \
	"SELECT r.oid, r.rolcanlogin AS is_login, pg_catalog.format('%I', r.rolname) AS name," \
	" (SELECT pg_catalog.min(pg_catalog.format('%I', m.rolname) COLLATE pg_catalog.\"C\")" \
	" FROM pg_catalog.pg_roles m" \
	" WHERE m.rolcanlogin AND NOT m.rolsuper AND m.oid" AZ_NE "r.oid" \
	" AND " AZ_MAY_BECOME("m.oid", "r.oid") ") AS member" \
	" FROM pg_catalog.pg_roles r" \
	" WHERE NOT r.rolsuper AND NOT r.rolbypassrls AND EXISTS (SELECT FROM relations t" \
	" WHERE t.owner" AZ_EQ "r.oid AND t.is_protected AND NOT t.is_forced))"

static const AzLintRule rules[] = {
	{"row_security_off", AZ_LEVEL_ERROR,
		"WITH " AZ_RELATIONS
		" SELECT pg_catalog.concat('table ', t.name),"
		" 'The table has policies, and row security is off: they bind nobody.',"
		" pg_catalog.concat('ALTER TABLE ', t.name, ' ENABLE ROW LEVEL SECURITY;')"
		" FROM relations t WHERE NOT t.is_protected AND " HAS_POLICIES},

	{"not_forced", AZ_LEVEL_ERROR,
		"WITH " AZ_RELATIONS ", " OWNERS
		" SELECT pg_catalog.concat('table ', t.name),"
		" pg_catalog.format('The owner, role %s, may log in, and policies do not bind it: it sees and changes all rows.', o.name),"
		" pg_catalog.concat('ALTER TABLE ', t.name, ' FORCE ROW LEVEL SECURITY;')"
		" FROM relations t JOIN owners o ON o.oid" AZ_EQ "t.owner"
		" WHERE t.is_protected AND NOT t.is_forced AND o.is_login"},

	{"not_forced", AZ_LEVEL_WARNING,
		"WITH " AZ_RELATIONS ", " OWNERS
		" SELECT pg_catalog.concat('table ', t.name),"
		" pg_catalog.format('Role %s may log in and has or takes the rights of the owner, role %s: policies do not bind it.', o.member, o.name),"
		" pg_catalog.concat('ALTER TABLE ', t.name, ' FORCE ROW LEVEL SECURITY;')"
		" FROM relations t JOIN owners o ON o.oid" AZ_EQ "t.owner"
		" WHERE t.is_protected AND NOT t.is_forced AND NOT o.is_login AND o.member IS NOT NULL"},

	{"no_policies", AZ_LEVEL_INFO,
		"WITH " AZ_RELATIONS ", " AZ_GRANTS
		" SELECT pg_catalog.concat('table ', t.name),"
		" pg_catalog.format('Row security is on and there is no policy: roles that hold privileges (%s) see no row and change none.',"
		" pg_catalog.string_agg(DISTINCT g.name, ', ' ORDER BY g.name)),"
		" pg_catalog.format('CREATE POLICY ... ON %s, or REVOKE ALL ON %s FROM %s;', t.name, t.name,"
		" pg_catalog.string_agg(DISTINCT g.name, ', ' ORDER BY g.name))"
		" FROM relations t JOIN grants g ON g.oid" AZ_EQ "t.oid"
		" WHERE t.is_protected AND NOT " HAS_POLICIES
		" GROUP BY t.oid, t.name"},
};

void
az_lint_tables(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
