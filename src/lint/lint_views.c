/*-------------------------------------------------------------------------
 *
 * lint_views.c
 *	  Views that read protected tables with the rights of somebody whom policies
 *	  do not bind.
 *
 * What a view reads is read with the rights of that view's owner, or with
 * security_invoker of the role that runs the query; a view above it does not
 * count.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"
#include "lint/lint_sql.h"

/*
 * WITH views: all of them.  A set is one that policies name in a call, and do not
 * read: it runs as its owner, and is to.  So may one that asks for the identity
 * itself.
 */
#define VIEWS \
	"views AS MATERIALIZED (" \
	"SELECT c.oid, c.relkind AS kind, c.relowner AS owner, c.relnamespace AS schema," \
	" pg_catalog.format('%I', r.rolname) AS owner_name, r.rolsuper, r.rolbypassrls," \
	" pg_catalog.concat(CASE WHEN c.relkind" AZ_EQ "'m' THEN 'materialized view ' ELSE 'view ' END," \
	" pg_catalog.format('%I.%I', n.nspname, c.relname)) AS object," \
	" pg_catalog.format('%I.%I', n.nspname, c.relname) AS name," \
	" " AZ_IS_INVOKER("c") " AS is_invoker" \
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "c.relnamespace" \
	" JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "c.relowner" \
	" WHERE c.relkind" AZ_IS_ONE_OF("'v', 'm'") ")," \
	" view_reads AS MATERIALIZED (" AZ_READS("w.ev_type" AZ_EQ "'1'") ")," \
	" asking AS MATERIALIZED (" \
	"SELECT DISTINCT w.ev_class AS oid" \
	" FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d" \
	" ON d.classid" AZ_EQ "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" AZ_EQ "w.oid" \
	" AND d.refclassid" AZ_EQ "'pg_catalog.pg_proc'::pg_catalog.regclass" \
	" JOIN pg_catalog.pg_proc f ON f.oid" AZ_EQ "d.refobjid" \
	" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "f.pronamespace AND n.nspname" AZ_EQ "'authz'" \
	" WHERE w.ev_type" AZ_EQ "'1')," \
	" sets AS MATERIALIZED (" \
	"SELECT d.refobjid AS oid FROM pg_catalog.pg_depend d" \
	" WHERE d.classid" AZ_EQ "'pg_catalog.pg_policy'::pg_catalog.regclass" \
	" AND d.refclassid" AZ_EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype" AZ_EQ "'n'" \
	" GROUP BY d.refobjid HAVING pg_catalog.max(d.refobjsubid)" AZ_EQ "0)"

/* WITH shown: who else may read a view. */
#define SHOWN \
	"granted AS (" \
	"SELECT v.oid, v.owner, a.grantee FROM views v JOIN pg_catalog.pg_class c ON c.oid" AZ_EQ "v.oid" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) a WHERE a.privilege_type" AZ_EQ "ANY (ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])" \
	" UNION ALL " \
	"SELECT v.oid, v.owner, a.grantee FROM views v" \
	" JOIN pg_catalog.pg_attribute k ON k.attrelid" AZ_EQ "v.oid AND k.attacl IS NOT NULL" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(k.attacl) a WHERE a.privilege_type" AZ_EQ "ANY (ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'])" \
	"), shown AS MATERIALIZED (" \
	"SELECT g.oid, pg_catalog.string_agg(DISTINCT q.name, ', ' ORDER BY q.name) AS names" \
	" FROM granted g LEFT JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "g.grantee" \
	" CROSS JOIN LATERAL (SELECT CASE WHEN g.grantee" AZ_EQ "0 THEN 'PUBLIC'" \
	" ELSE pg_catalog.format('%I', r.rolname) END AS name) q" \
	" WHERE g.grantee" AZ_EQ "0 OR NOT (g.grantee" AZ_EQ "g.owner OR " AZ_HAS_RIGHTS("g.grantee", "g.owner") ")" \
	" GROUP BY g.oid)"

/*
 * WITH RECURSIVE leaks: the views that show rows past the policies, and the
 * tables.  A materialized view holds what policies showed to the role that
 * refreshed it, also by views that read for their reader.  And risen: those
 * with all views above them.
 */
#define LEAKS \
	"leaks AS MATERIALIZED (" \
	"SELECT v.oid, pg_catalog.string_agg(DISTINCT t.name, ', ' ORDER BY t.name) AS tables" \
	" FROM views v JOIN view_reads d ON d.oid" AZ_EQ "v.oid" \
	" LEFT JOIN shown_through i ON v.kind" AZ_EQ "'m' AND i.oid" AZ_EQ "d.read" \
	" JOIN tables t ON t.oid" AZ_EQ "COALESCE(i.read, d.read)" \
	" WHERE v.kind" AZ_EQ "'m' OR NOT v.is_invoker AND " AZ_PASSES("v", "v.owner", "t") \
	" GROUP BY v.oid), " \
	"risen (leak, oid) AS (" \
	"SELECT l.oid, l.oid FROM leaks l" \
	" UNION SELECT r.leak, d.oid FROM risen r JOIN view_reads d ON d.read" AZ_EQ "r.oid), " \
	"seen AS MATERIALIZED (" \
	"SELECT r.leak AS oid, pg_catalog.string_agg(DISTINCT s.names, ', ' ORDER BY s.names) AS names," \
	" pg_catalog.string_agg(DISTINCT v.name, ', ' ORDER BY v.name) AS views" \
	" FROM risen r JOIN shown s ON s.oid" AZ_EQ "r.oid JOIN views v ON v.oid" AZ_EQ "r.oid GROUP BY r.leak)"

#define WITH_VIEWS "WITH RECURSIVE " AZ_GUARDED ", " AZ_SHOWN_THROUGH ", " VIEWS ", " SHOWN ", " LEAKS

#define IN_SCHEMAS(relation) relation ".schema" AZ_EQ "ANY ($1)"
#define IS_OF(list, relation) "EXISTS (SELECT FROM " list " x WHERE x.oid" AZ_EQ relation ".oid)"

/* Whether a policy applies to a role, who is not PUBLIC. */
#define APPLIES(role) \
	"EXISTS (SELECT FROM pg_catalog.unnest(p.polroles) x (role) WHERE CASE WHEN " role AZ_EQ "0 THEN false" \
	" ELSE " AZ_HAS_RIGHTS(role, "x.role") " END)"

#define INVOKER "pg_catalog.format('ALTER VIEW %s SET (security_invoker = true);', v.name)"
#define AS_OWNER "with the rights of its owner, role %s, whom the policies of %s do not bind"

static const AzLintRule rules[] = {
	{"view_past_policies", AZ_LEVEL_ERROR,
		WITH_VIEWS
		" SELECT v.object, pg_catalog.format('The view reads " AS_OWNER ": %s reach all of its rows (by %s).',"
		" v.owner_name, l.tables, s.names, s.views), " INVOKER
		" FROM leaks l JOIN views v ON v.oid" AZ_EQ "l.oid JOIN seen s ON s.oid" AZ_EQ "l.oid"
		" WHERE v.kind" AZ_EQ "'v' AND " IN_SCHEMAS("v")
		" AND NOT " IS_OF("asking", "v")},

	{"view_past_policies", AZ_LEVEL_ERROR,
		WITH_VIEWS
		" SELECT v.object, pg_catalog.format('The view reads %s, which shows all rows of %s: %s reach them.', o.name, l.tables, s.names),"
		" CASE WHEN o.kind" AZ_EQ "'m' THEN pg_catalog.format('REVOKE ALL ON %s FROM %s;', v.name, s.names)"
		" ELSE pg_catalog.format('ALTER VIEW %s SET (security_invoker = true);', o.name) END"
		" FROM leaks l JOIN risen r ON r.leak" AZ_EQ "l.oid JOIN views o ON o.oid" AZ_EQ "l.oid"
		" JOIN views v ON v.oid" AZ_EQ "r.oid JOIN shown s ON s.oid" AZ_EQ "v.oid"
		" WHERE r.leak" AZ_NE "r.oid AND v.kind" AZ_EQ "'v' AND " IN_SCHEMAS("v")
		" AND NOT " IS_OF("asking", "v") " AND NOT " IS_OF("asking", "o")
		" AND NOT " IS_OF("leaks", "v")},

	{"view_past_policies", AZ_LEVEL_INFO,
		WITH_VIEWS
		" SELECT v.object, pg_catalog.format('The view reads " AS_OWNER ": a role that is granted SELECT on it sees all rows.',"
		" v.owner_name, l.tables), " INVOKER
		" FROM leaks l JOIN views v ON v.oid" AZ_EQ "l.oid"
		" WHERE v.kind" AZ_EQ "'v' AND " IN_SCHEMAS("v") " AND NOT " IS_OF("seen", "l")
		" AND NOT " IS_OF("asking", "v") " AND NOT " IS_OF("sets", "v")},

	{"view_past_policies", AZ_LEVEL_WARNING,
		WITH_VIEWS
		" SELECT v.object, pg_catalog.format('The view reads " AS_OWNER ": what it asks the identity itself alone decides what %s reach.',"
		" v.owner_name, l.tables, s.names), " INVOKER
		" FROM leaks l JOIN views v ON v.oid" AZ_EQ "l.oid JOIN seen s ON s.oid" AZ_EQ "l.oid"
		" WHERE v.kind" AZ_EQ "'v' AND " IN_SCHEMAS("v") " AND " IS_OF("asking", "v") " AND NOT " IS_OF("sets", "v")},

	{"view_past_policies", AZ_LEVEL_INFO,
		WITH_VIEWS
		" SELECT v.object, pg_catalog.format('The view is a set, and reads " AS_OWNER ": %s reach what it asks the identity for.',"
		" v.owner_name, l.tables, s.names),"
		" pg_catalog.format('REVOKE ALL ON %s FROM %s; policies ask a set of the database''s owner without.', v.name, s.names)"
		" FROM leaks l JOIN views v ON v.oid" AZ_EQ "l.oid JOIN seen s ON s.oid" AZ_EQ "l.oid"
		" WHERE v.kind" AZ_EQ "'v' AND " IN_SCHEMAS("v") " AND " IS_OF("asking", "v") " AND " IS_OF("sets", "v")},

	{"view_with_other_policies", AZ_LEVEL_WARNING,
		WITH_VIEWS
		" SELECT v.object, pg_catalog.format('The view reads %s by the policies for its owner, role %s, and for %s there are others: %s.',"
		" t.name, v.owner_name, pg_catalog.string_agg(DISTINCT q.name, ', ' ORDER BY q.name),"
		" pg_catalog.string_agg(DISTINCT pg_catalog.format('%I', p.polname), ', ' ORDER BY pg_catalog.format('%I', p.polname))), " INVOKER
		" FROM views v JOIN view_reads d ON d.oid" AZ_EQ "v.oid JOIN tables t ON t.oid" AZ_EQ "d.read"
		" JOIN pg_catalog.pg_policy p ON p.polrelid" AZ_EQ "t.oid AND p.polcmd" AZ_IS_ONE_OF("'r', '*'")
		" AND NOT 0::pg_catalog.oid" AZ_EQ "ANY (p.polroles)"
		" JOIN granted g ON g.oid" AZ_EQ "v.oid AND g.grantee" AZ_NE "v.owner"
		" LEFT JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "g.grantee"
		" CROSS JOIN LATERAL (SELECT CASE WHEN g.grantee" AZ_EQ "0 THEN 'PUBLIC'"
		" ELSE pg_catalog.format('%I', r.rolname) END AS name) q"
		" WHERE v.kind" AZ_EQ "'v' AND NOT v.is_invoker AND NOT " AZ_PASSES("v", "v.owner", "t") " AND " IN_SCHEMAS("v")
		" AND CASE WHEN p.polpermissive THEN " APPLIES("v.owner") " AND NOT " APPLIES("g.grantee")
		" ELSE " APPLIES("g.grantee") " AND NOT " APPLIES("v.owner") " END"
		" GROUP BY v.object, v.name, v.owner_name, t.name"},

	{"materialized_view", AZ_LEVEL_ERROR,
		WITH_VIEWS
		" SELECT v.object, pg_catalog.format('It holds rows of %s, which no policy limits any more: %s reach them (by %s).', l.tables, s.names, s.views),"
		" pg_catalog.format('REVOKE ALL ON %s FROM %s; -- and let them ask the table.', v.name, s.names)"
		" FROM leaks l JOIN views v ON v.oid" AZ_EQ "l.oid JOIN seen s ON s.oid" AZ_EQ "l.oid"
		" WHERE v.kind" AZ_EQ "'m' AND " IN_SCHEMAS("v")},

	{"materialized_view", AZ_LEVEL_INFO,
		WITH_VIEWS
		" SELECT v.object, pg_catalog.format('It holds rows of %s, which no policy limits any more: a role that is granted SELECT on it sees them.', l.tables),"
		" pg_catalog.format('Grant nobody SELECT on %s.', v.name)"
		" FROM leaks l JOIN views v ON v.oid" AZ_EQ "l.oid"
		" WHERE v.kind" AZ_EQ "'m' AND " IN_SCHEMAS("v") " AND NOT " IS_OF("seen", "l")},
};

void
az_lint_views(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
