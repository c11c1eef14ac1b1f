/*-------------------------------------------------------------------------
 *
 * lint_grants.c
 *	  Privileges that no policy limits.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"
#include "lint/lint_sql.h"

/*
 * Who gave it, where that was not the owner but somebody with GRANT OPTION: REVOKE
 * by the owner would not find it.  And whether the role gave it to others.
 */
#define SOURCE(privilege) \
	"SELECT pg_catalog.min(pg_catalog.format('%I', w.rolname)) FILTER (WHERE x.grantee" AZ_EQ "g.grantee) AS grantor," \
	" pg_catalog.bool_or(x.grantor" AZ_EQ "g.grantee) AS gave" \
	" FROM pg_catalog.aclexplode(CASE WHEN g.number" AZ_EQ "0 THEN t.acl ELSE (SELECT c.attacl FROM pg_catalog.pg_attribute c" \
	" WHERE c.attrelid" AZ_EQ "g.oid AND c.attnum" AZ_EQ "g.number) END) x" \
	" JOIN pg_catalog.pg_roles w ON w.oid" AZ_EQ "x.grantor" \
	" WHERE x.privilege_type" AZ_EQ "'" privilege "' AND x.grantor" AZ_NE "t.owner"

/*
 * On a protected table, of a role that logs in, or whose rights somebody who logs
 * in has or can get.
 */
#define GRANTED(privilege, detail) \
	"WITH " AZ_RELATIONS ", " AZ_GRANTS_OF("'" privilege "'") \
	", used AS MATERIALIZED (" \
	"SELECT u.grantee FROM (SELECT DISTINCT g.grantee, g.is_login FROM grants g) u" \
	" WHERE u.is_login OR EXISTS (SELECT FROM pg_catalog.pg_roles m" \
	" WHERE m.rolcanlogin AND NOT m.rolsuper AND " AZ_MAY_BECOME("m.oid", "u.grantee") "))" \
	" SELECT DISTINCT pg_catalog.format('table %s, role %s', t.name, g.name)," \
	" pg_catalog.format('Role %s holds " privilege ": " detail "', g.name)," \
	" pg_catalog.format('REVOKE %s" privilege "%s ON %s FROM %s%s;'," \
	" CASE WHEN s.grantor IS NOT NULL THEN 'GRANT OPTION FOR ' END," \
	" CASE WHEN g.number" AZ_EQ "0 THEN '' ELSE" \
	" pg_catalog.format(' (%I)', (SELECT c.attname FROM pg_catalog.pg_attribute c" \
	" WHERE c.attrelid" AZ_EQ "g.oid AND c.attnum" AZ_EQ "g.number)) END, t.name, COALESCE(s.grantor, g.name)," \
	" CASE WHEN s.grantor IS NOT NULL OR s.gave THEN ' CASCADE' END)" \
	" FROM relations t JOIN grants g ON g.oid" AZ_EQ "t.oid JOIN used u ON u.grantee" AZ_EQ "g.grantee" \
	" LEFT JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "g.grantee" \
	" CROSS JOIN LATERAL (" SOURCE(privilege) ") s" \
	" WHERE t.is_protected AND r.rolsuper IS NOT TRUE"

/*
 * Tables beside protected ones, in the same schema: an ordinary schema is left
 * alone.  What lies below a protected table is told by lint_children.c.
 */
#define OPEN_TABLES \
	"WITH RECURSIVE " AZ_RELATIONS ", " AZ_GRANTS_OF("'SELECT'") \
	", below AS (SELECT t.oid FROM relations t WHERE t.is_protected" \
	" UNION SELECT i.inhrelid FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent" AZ_EQ "b.oid)" \
	" SELECT pg_catalog.concat('table ', t.name)," \
	" pg_catalog.format('The table has no row security, beside tables that have: those who hold SELECT (%s) read all rows.'," \
	" pg_catalog.string_agg(DISTINCT g.name, ', ' ORDER BY g.name))," \
	" pg_catalog.concat('ALTER TABLE ', t.name, ' ENABLE ROW LEVEL SECURITY; -- and policies, or pass the fingerprint in \"ignore\" where everybody may read it.')" \
	" FROM relations t JOIN grants g ON g.oid" AZ_EQ "t.oid" \
	" WHERE t.kind" AZ_IS_ONE_OF("'r', 'p'") " AND NOT t.is_protected" \
	" AND t.schema" AZ_EQ "ANY (SELECT o.schema FROM relations o WHERE o.is_protected)" \
	" AND NOT EXISTS (SELECT FROM below b WHERE b.oid" AZ_EQ "t.oid)" \
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid" AZ_EQ "t.oid)" \
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d" \
	" WHERE d.classid" AZ_EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid" AZ_EQ "t.oid" \
	" AND d.deptype" AZ_EQ "'e')" \
	" GROUP BY t.oid, t.name"

static const AzLintRule rules[] = {
	{"truncate_granted", AZ_LEVEL_ERROR,
		GRANTED("TRUNCATE", "no policy limits it, and it removes all rows.")},
	{"trigger_granted", AZ_LEVEL_ERROR,
		GRANTED("TRIGGER", "its triggers see and change the rows of others, with the rights of those who write.")},
	{"references_granted", AZ_LEVEL_WARNING,
		GRANTED("REFERENCES", "a foreign key tells which keys there are, also in hidden rows.")},
	{"open_table", AZ_LEVEL_INFO, OPEN_TABLES},
};

void
az_lint_grants(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
