/*-------------------------------------------------------------------------
 *
 * lint_commands.c
 *	  Commands that a role holds, and that no policy lets through.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"
#include "lint/lint_sql.h"

#define COMMANDS \
	"commands (name, letter) AS (VALUES ('SELECT', 'r'::pg_catalog.\"char\")," \
	" ('INSERT', 'a'::pg_catalog.\"char\"), ('UPDATE', 'w'::pg_catalog.\"char\")," \
	" ('DELETE', 'd'::pg_catalog.\"char\"))"

/* WITH policies, one row for each command that a policy is for. */
#define POLICIES \
	"policies AS MATERIALIZED (" \
	"SELECT p.polrelid AS oid, c.name AS command, p.polpermissive AS is_permissive," \
	" p.polroles AS roles, p.polcmd" AZ_EQ "c.letter AS names_it" \
	" FROM relations t JOIN pg_catalog.pg_policy p ON p.polrelid" AZ_EQ "t.oid" \
	" JOIN commands c ON p.polcmd" AZ_EQ "c.letter OR p.polcmd" AZ_EQ "'*'" \
	" WHERE t.is_protected)"

/*
 * A restrictive policy names the command; one for all of them may be there to limit
 * what is let through of others.
 */
#define ONLY_RESTRICTIVE \
	"only_restrictive AS MATERIALIZED (" \
	"SELECT p.oid, p.command FROM policies p GROUP BY p.oid, p.command" \
	" HAVING NOT pg_catalog.bool_or(p.is_permissive) AND pg_catalog.bool_or(p.names_it))," \
	" none_permissive AS MATERIALIZED (" \
	"SELECT p.oid, pg_catalog.string_agg(DISTINCT p.command, ', ' ORDER BY p.command) AS commands" \
	" FROM policies p GROUP BY p.oid HAVING NOT pg_catalog.bool_or(p.is_permissive))"

/*
 * WITH passing: which grantees reach rows by some policy, per command.  Who does not
 * log in does when each does who logs in with the grantee's rights.
 */
#define PASSING \
	"pairs AS (" \
	"SELECT DISTINCT g.grantee, g.is_login, r.role" \
	" FROM grants g JOIN policies p ON p.oid" AZ_EQ "g.oid" \
	" CROSS JOIN LATERAL pg_catalog.unnest(p.roles) r (role)" \
	"), users AS MATERIALIZED (" \
	"SELECT g.grantee, m.oid AS role FROM (SELECT DISTINCT p.grantee FROM pairs p" \
	" WHERE NOT p.is_login) g JOIN pg_catalog.pg_roles m ON m.rolcanlogin AND NOT m.rolsuper" \
	" AND NOT m.rolbypassrls AND " AZ_HAS_RIGHTS("m.oid", "g.grantee") \
	"), covered AS MATERIALIZED (" \
	"SELECT p.grantee, p.role FROM pairs p WHERE CASE" \
	" WHEN p.role" AZ_EQ "0 THEN true WHEN p.grantee" AZ_EQ "0 THEN false" \
	" ELSE " AZ_HAS_RIGHTS("p.grantee", "p.role") " END" \
	"), covered_users AS MATERIALIZED (" \
	"SELECT p.grantee, p.role, u.role AS user_oid FROM pairs p JOIN users u ON u.grantee" AZ_EQ "p.grantee" \
	" WHERE p.role" AZ_NE "0 AND " AZ_HAS_RIGHTS("u.role", "p.role") \
	"), passing AS MATERIALIZED (" \
	"SELECT p.oid, p.command, k.grantee" \
	" FROM policies p CROSS JOIN LATERAL pg_catalog.unnest(p.roles) x (role)" \
	" JOIN covered k ON k.role" AZ_EQ "x.role WHERE p.is_permissive" \
	" UNION " \
	"SELECT p.oid, p.command, k.grantee" \
	" FROM policies p CROSS JOIN LATERAL pg_catalog.unnest(p.roles) x (role)" \
	" JOIN covered_users k ON k.role" AZ_EQ "x.role WHERE p.is_permissive" \
	" GROUP BY p.oid, p.command, k.grantee HAVING pg_catalog.count(DISTINCT k.user_oid)" AZ_EQ \
	"(SELECT pg_catalog.count(*) FROM users u WHERE u.grantee" AZ_EQ "k.grantee))"

static const AzLintRule rules[] = {
	{"only_restrictive", AZ_LEVEL_WARNING,
		"WITH " AZ_RELATIONS ", " COMMANDS ", " POLICIES ", " ONLY_RESTRICTIVE
		" SELECT pg_catalog.format('table %s, command %s', t.name, o.command),"
		" pg_catalog.format('All policies for %s are restrictive: they only take rows away, and no other one shows any, so nobody passes.', o.command),"
		" pg_catalog.format('CREATE POLICY ... ON %s FOR %s, a permissive one; the restrictive ones then limit it.', t.name, o.command)"
		" FROM relations t JOIN only_restrictive o ON o.oid" AZ_EQ "t.oid"
		" WHERE NOT EXISTS (SELECT FROM none_permissive n WHERE n.oid" AZ_EQ "t.oid)"},

	{"only_restrictive", AZ_LEVEL_WARNING,
		"WITH " AZ_RELATIONS ", " COMMANDS ", " POLICIES ", " ONLY_RESTRICTIVE
		" SELECT pg_catalog.concat('table ', t.name),"
		" pg_catalog.format('All policies are restrictive (for %s): they only take rows away, and no other one shows any, so nobody passes.', n.commands),"
		" pg_catalog.format('CREATE POLICY ... ON %s, a permissive one; the restrictive ones then limit it.', t.name)"
		" FROM relations t JOIN none_permissive n ON n.oid" AZ_EQ "t.oid"},

	{"no_policy_for_command", AZ_LEVEL_INFO,
		"WITH " AZ_RELATIONS ", " AZ_GRANTS ", " COMMANDS ", " POLICIES ", "
		ONLY_RESTRICTIVE ", " PASSING
		" SELECT DISTINCT pg_catalog.format('table %s, role %s, command %s', t.name, g.name, c.name),"
		" pg_catalog.format('Role %s holds %s, and no policy for it applies to the role: it reaches no row.', g.name, c.name),"
		" pg_catalog.format('CREATE POLICY ... ON %s FOR %s TO %s, or REVOKE %s ON %s FROM %s;',"
		" t.name, c.name, g.name, c.name, t.name, g.name)"
		" FROM relations t JOIN grants g ON g.oid" AZ_EQ "t.oid"
		" JOIN commands c ON c.name" AZ_EQ "g.privilege"
		" LEFT JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "g.grantee"
		" WHERE t.is_protected AND r.rolsuper IS NOT TRUE AND r.rolbypassrls IS NOT TRUE"
		" AND EXISTS (SELECT FROM policies p WHERE p.oid" AZ_EQ "t.oid AND p.is_permissive)"
		" AND NOT EXISTS (SELECT FROM only_restrictive o"
		" WHERE o.oid" AZ_EQ "t.oid AND o.command" AZ_EQ "c.name)"
		" AND NOT EXISTS (SELECT FROM passing p WHERE p.oid" AZ_EQ "t.oid"
		" AND p.command" AZ_EQ "c.name AND p.grantee" AZ_EQ "g.grantee)"},
};

void
az_lint_commands(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
