/*-------------------------------------------------------------------------
 *
 * lint_sql.h
 *	  Parts of the queries of rules.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINT_SQL_H
#define AZ_LINT_SQL_H

#include "server/compat.h"

#define AZ_EQ	" OPERATOR(pg_catalog.=) "
#define AZ_NE	" OPERATOR(pg_catalog.<>) "

/* Is it one of these kinds?  A literal of one letter each: "'r', 'p'". */
#define AZ_IS_ONE_OF(letters) " OPERATOR(pg_catalog.=) ANY (ARRAY[" letters "]::pg_catalog.\"char\"[])"

/* Has the role the rights of the other one; can it get them? */
#define AZ_HAS_RIGHTS(role, other) "pg_catalog.pg_has_role(" role ", " other ", 'USAGE')"
#define AZ_MAY_BECOME(role, other) "pg_catalog.pg_has_role(" role ", " other ", " AZ_MEMBERSHIP ")"

/*
 * WITH relations: those of the user's schemas, of all kinds that hold rows.
 */
#define AZ_RELATIONS \
	"relations AS MATERIALIZED (" \
	"SELECT c.oid, c.relkind AS kind, c.relowner AS owner, c.relacl AS acl," \
	" c.relrowsecurity AS is_protected, c.relforcerowsecurity AS is_forced," \
	" n.nspname AS schema_name, c.relname AS bare_name, n.oid AS schema," \
	" pg_catalog.format('%I.%I', n.nspname, c.relname) AS name" \
	" FROM pg_catalog.pg_class c" \
	" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "c.relnamespace" \
	" WHERE c.relnamespace" AZ_EQ "ANY ($1)" \
	" AND c.relkind" AZ_IS_ONE_OF("'r', 'p', 'f', 'v', 'm'") ")"

/*
 * WITH grants, after relations: which of these privileges others than the owner,
 * and those who have the owner's rights anyway, hold on them or on a column.
 */
#define AZ_GRANTS AZ_GRANTS_OF("'SELECT', 'INSERT', 'UPDATE', 'DELETE'")
#define AZ_GRANTS_OF(privileges) \
	"granted AS (" \
	"SELECT t.oid, t.owner, a.grantee, a.privilege_type AS privilege, 0::pg_catalog.int2 AS number" \
	" FROM relations t CROSS JOIN LATERAL pg_catalog.aclexplode(t.acl) a" \
	" WHERE a.grantee" AZ_NE "t.owner AND a.privilege_type" AZ_EQ "ANY (ARRAY[" privileges "])" \
	" UNION ALL " \
	"SELECT t.oid, t.owner, a.grantee, a.privilege_type, c.attnum" \
	" FROM relations t" \
	" JOIN pg_catalog.pg_attribute c ON c.attrelid" AZ_EQ "t.oid" \
	" AND c.attacl IS NOT NULL AND NOT c.attisdropped" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(c.attacl) a" \
	" WHERE a.grantee" AZ_NE "t.owner AND a.privilege_type" AZ_EQ "ANY (ARRAY[" privileges "])" \
	"), with_owners_rights AS MATERIALIZED (" \
	"SELECT p.grantee, p.owner FROM (SELECT DISTINCT g.grantee, g.owner FROM granted g) p" \
	" WHERE p.grantee" AZ_NE "0" \
	" AND " AZ_HAS_RIGHTS("p.grantee", "p.owner") \
	"), grants AS MATERIALIZED (" \
	"SELECT g.oid, g.grantee, g.privilege, g.number," \
	" CASE WHEN g.grantee" AZ_EQ "0 THEN 'PUBLIC' ELSE pg_catalog.format('%I', r.rolname) END AS name," \
	" (g.grantee" AZ_EQ "0 OR r.rolcanlogin) AS is_login" \
	" FROM granted g LEFT JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "g.grantee" \
	" WHERE NOT EXISTS (SELECT FROM with_owners_rights o" \
	" WHERE o.grantee" AZ_EQ "g.grantee AND o.owner" AZ_EQ "g.owner))"

/*
 * WITH RECURSIVE guarded, protected tables of any schema and what lies below
 * them; and unbound, who passes the policies of which.
 */
#define AZ_GUARDED \
	"guarded (oid, is_forced) AS (" \
	"SELECT c.oid, c.relforcerowsecurity FROM pg_catalog.pg_class c WHERE c.relrowsecurity" \
	" UNION SELECT c.oid, false FROM guarded g" \
	" JOIN pg_catalog.pg_inherits i ON i.inhparent" AZ_EQ "g.oid" \
	" JOIN pg_catalog.pg_class c ON c.oid" AZ_EQ "i.inhrelid WHERE NOT c.relrowsecurity" \
	"), tables AS MATERIALIZED (" \
	"SELECT g.oid, g.is_forced, c.relrowsecurity AS is_protected, c.relowner AS owner," \
	" n.nspname AS schema_name, c.relname AS bare_name," \
	" pg_catalog.format('%I.%I', n.nspname, c.relname) AS name" \
	" FROM guarded g JOIN pg_catalog.pg_class c ON c.oid" AZ_EQ "g.oid" \
	" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "c.relnamespace)"

#define AZ_PASSES(role, oid, table) \
	"(" role ".rolsuper OR " role ".rolbypassrls OR NOT " table ".is_protected" \
	" OR NOT " table ".is_forced AND " AZ_HAS_RIGHTS(oid, table ".owner") ")"

/* What the rules of relations read: those of SELECT are the views. */
#define AZ_READS(condition) \
	"SELECT DISTINCT w.ev_class AS oid, d.refobjid AS read" \
	" FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d" \
	" ON d.classid" AZ_EQ "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" AZ_EQ "w.oid" \
	" AND d.refclassid" AZ_EQ "'pg_catalog.pg_class'::pg_catalog.regclass" \
	" WHERE d.refobjid" AZ_NE "w.ev_class AND " condition

/*
 * WITH RECURSIVE shown_through, after tables: security_invoker views, and the
 * protected tables that a role that reads them reads, also by other such
 * views.
 */
#define AZ_SHOWN_THROUGH \
	"shown_through (oid, read) AS (" \
	"SELECT w.ev_class, d.refobjid FROM pg_catalog.pg_rewrite w" \
	" JOIN pg_catalog.pg_class v ON v.oid" AZ_EQ "w.ev_class AND v.relkind" AZ_EQ "'v'" \
	" JOIN pg_catalog.pg_depend d ON d.classid" AZ_EQ "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" AZ_EQ "w.oid" \
	" AND d.refclassid" AZ_EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid" AZ_NE "w.ev_class" \
	" JOIN tables t ON t.oid" AZ_EQ "d.refobjid" \
	" WHERE w.ev_type" AZ_EQ "'1' AND " AZ_IS_INVOKER("v") \
	" UNION SELECT w.ev_class, s.read FROM shown_through s" \
	" JOIN pg_catalog.pg_depend d ON d.classid" AZ_EQ "'pg_catalog.pg_rewrite'::pg_catalog.regclass" \
	" AND d.refclassid" AZ_EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid" AZ_EQ "s.oid" \
	" JOIN pg_catalog.pg_rewrite w ON w.oid" AZ_EQ "d.objid AND w.ev_type" AZ_EQ "'1'" \
	" JOIN pg_catalog.pg_class v ON v.oid" AZ_EQ "w.ev_class AND v.relkind" AZ_EQ "'v'" \
	" WHERE " AZ_IS_INVOKER("v") ")"

#define AZ_IS_INVOKER(view) \
	"EXISTS (SELECT FROM pg_catalog.pg_options_to_table(" view ".reloptions) o" \
	" WHERE o.option_name" AZ_EQ "'security_invoker' AND o.option_value::pg_catalog.bool)"

#endif							/* AZ_LINT_SQL_H */
