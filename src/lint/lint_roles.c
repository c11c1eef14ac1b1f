/*-------------------------------------------------------------------------
 *
 * lint_roles.c
 *	  Roles that log in and that row security does not hold.
 *
 * The bootstrap superuser is none of them: every server has it.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"

/* The OID of the owner of this database. */
#define DATABASE_OWNER \
	"(SELECT d.datdba FROM pg_catalog.pg_database d" \
	" WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())"

/* A role that may connect to this database, and its name as SQL takes it. */
#define LOGINS \
	" FROM pg_catalog.pg_roles r" \
	" CROSS JOIN LATERAL (SELECT pg_catalog.format('%I', r.rolname) AS name) q" \
	" WHERE r.rolcanlogin AND pg_catalog.has_database_privilege(r.oid," \
	"  (SELECT d.oid FROM pg_catalog.pg_database d" \
	"   WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()), 'CONNECT')"
#define PLAIN_LOGINS	LOGINS " AND NOT r.rolsuper"

/* May r become that role, or act with its rights without becoming it? */
#define MAY_BECOME(role)	"pg_catalog.pg_has_role(r.oid, " role ", " AZ_MAY_SET_ROLE ")"
#define HAS_RIGHTS_OF(role) \
	"(" MAY_BECOME(role) " OR pg_catalog.pg_has_role(r.oid, " role ", 'USAGE'))"

/* A table with row security on. */
#define PROTECTED \
	" FROM pg_catalog.pg_class c" \
	" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace" \
	" WHERE c.relnamespace OPERATOR(pg_catalog.=) ANY ($1) AND c.relrowsecurity" \
	" AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::pg_catalog.\"char\"[])"

/* The first one that the role may read or write, if any: t.name. */
#define FIRST_REACHED(role) \
	" LATERAL (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name" PROTECTED \
	"  AND (pg_catalog.has_any_column_privilege(" role ", c.oid, 'SELECT, INSERT, UPDATE')" \
	"   OR pg_catalog.has_table_privilege(" role ", c.oid, 'DELETE, TRUNCATE'))" \
	"  ORDER BY n.nspname, c.relname LIMIT 1) t"

/* Behind a REVOKE. */
#define BY_WAY	"  -- where it is a member by way of another role, from that one."

/* The logins that PLAIN_LOGINS has, joined first. */
#define WITH_LOGINS	"WITH r AS MATERIALIZED (SELECT r.oid, r.rolbypassrls, r.rolreplication, q.name" PLAIN_LOGINS ") "

static const AzLintRule rules[] = {
	{"superuser", AZ_LEVEL_INFO,
		"SELECT pg_catalog.concat('role ', q.name),"
		" 'It logs in as a superuser: no policy binds it, and it reads every key.',"
		" pg_catalog.format('Let applications log in as another role.  If it need not be one: ALTER ROLE %s NOSUPERUSER;', q.name)"
		LOGINS " AND r.rolsuper AND r.oid OPERATOR(pg_catalog.<>) 10::pg_catalog.oid"},
	{"superuser", AZ_LEVEL_WARNING,
		WITH_LOGINS "SELECT pg_catalog.concat('role ', r.name),"
		" pg_catalog.format('It logs in, and can become a superuser by SET ROLE %I.', s.rolname),"
		" pg_catalog.format('REVOKE %I FROM %s;" BY_WAY "', s.rolname, r.name)"
		" FROM r JOIN LATERAL (SELECT s.rolname FROM pg_catalog.pg_roles s"
		"  WHERE s.rolsuper AND " MAY_BECOME("s.oid") " ORDER BY s.rolname LIMIT 1) s ON true"},
	{"bypassrls", AZ_LEVEL_ERROR,
		WITH_LOGINS "SELECT pg_catalog.concat('role ', r.name),"
		" pg_catalog.format('It logs in with BYPASSRLS and has privileges on protected tables, such as %s: no policy binds it.', t.name),"
		" pg_catalog.format('ALTER ROLE %s NOBYPASSRLS;', r.name)"
		" FROM r CROSS JOIN" FIRST_REACHED("r.oid") " WHERE r.rolbypassrls"},
	{"bypassrls", AZ_LEVEL_ERROR,
		WITH_LOGINS "SELECT pg_catalog.concat('role ', r.name),"
		" pg_catalog.format('It logs in and can become %I, which has BYPASSRLS and privileges on protected tables, such as %s.', b.rolname, t.name),"
		" pg_catalog.format('REVOKE %I FROM %s;" BY_WAY "', b.rolname, r.name)"
		" FROM r JOIN LATERAL (SELECT b.oid, b.rolname FROM pg_catalog.pg_roles b"
		"  WHERE b.rolbypassrls AND NOT b.rolsuper AND b.oid OPERATOR(pg_catalog.<>) r.oid AND " MAY_BECOME("b.oid")
		"  ORDER BY b.rolname) b ON true CROSS JOIN" FIRST_REACHED("b.oid") " WHERE NOT r.rolbypassrls"},
	{"createrole", AZ_LEVEL_WARNING,
		"SELECT pg_catalog.concat('role ', q.name),"
		" 'It logs in with CREATEROLE: before PostgreSQL 16 it may make itself a member of any role that is no superuser, the owners of tables among them.',"
		" pg_catalog.format('ALTER ROLE %s NOCREATEROLE;', q.name)"
		PLAIN_LOGINS " AND r.rolcreaterole AND " AZ_CREATEROLE_GRANTS_ALL},
	{"createrole", AZ_LEVEL_INFO,
		"SELECT pg_catalog.concat('role ', q.name),"
		" 'It logs in with CREATEROLE: it may make itself a member of the roles that it administers.',"
		" pg_catalog.format('If it need not make roles: ALTER ROLE %s NOCREATEROLE;', q.name)"
		PLAIN_LOGINS " AND r.rolcreaterole AND NOT " AZ_CREATEROLE_GRANTS_ALL},
	{"replication", AZ_LEVEL_WARNING,
		WITH_LOGINS "SELECT pg_catalog.concat('role ', r.name),"
		" pg_catalog.format('It logs in with REPLICATION, with which it reads all that is written, and has privileges on protected tables, such as %s.', t.name),"
		" pg_catalog.format('ALTER ROLE %s NOREPLICATION;', r.name)"
		" FROM r CROSS JOIN" FIRST_REACHED("r.oid") " WHERE r.rolreplication"},
	{"replication", AZ_LEVEL_INFO,
		WITH_LOGINS "SELECT pg_catalog.concat('role ', r.name),"
		" 'It logs in with REPLICATION: it can read all that is in the server, keys and rows.',"
		" pg_catalog.format('Let nothing but a standby or a backup log in as it.  If it need not replicate: ALTER ROLE %s NOREPLICATION;', r.name)"
		" FROM r LEFT JOIN" FIRST_REACHED("r.oid") " ON true WHERE r.rolreplication AND t.name IS NULL"},
	{"server_files", AZ_LEVEL_WARNING,
		WITH_LOGINS "SELECT pg_catalog.concat('role ', r.name),"
		" pg_catalog.format('It logs in and has the rights of %s: it reaches the files of the server, where all rows and keys are.', s.names),"
		" pg_catalog.format('REVOKE %s FROM %s;" BY_WAY "', s.names, r.name)"
		" FROM r CROSS JOIN LATERAL (SELECT pg_catalog.string_agg(s.rolname, ', ' ORDER BY s.rolname) AS names"
		"  FROM pg_catalog.pg_roles s WHERE s.rolname OPERATOR(pg_catalog.=) ANY"
		"   (ARRAY['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'])"
		"  AND " HAS_RIGHTS_OF("s.oid") ") s WHERE s.names IS NOT NULL"},
	{"member_of_owner", AZ_LEVEL_WARNING,
		WITH_LOGINS "SELECT pg_catalog.concat('role ', r.name),"
		" pg_catalog.format('It logs in and has, or can take, the rights of %s, to which protected tables belong: it can change their policies, or pass them.', o.names),"
		" pg_catalog.format('REVOKE %s FROM %s;" BY_WAY "', o.names, r.name)"
		" FROM r CROSS JOIN LATERAL (SELECT pg_catalog.string_agg(pg_catalog.format('%I', o.rolname), ', ' ORDER BY o.rolname) AS names"
		"  FROM pg_catalog.pg_roles o WHERE o.oid OPERATOR(pg_catalog.<>) r.oid AND NOT o.rolsuper"
		"  AND o.oid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT DISTINCT c.relowner" PROTECTED "))"
		"  AND NOT (o.rolname OPERATOR(pg_catalog.=) 'pg_database_owner' AND r.oid OPERATOR(pg_catalog.=) " DATABASE_OWNER ")"
		"  AND " HAS_RIGHTS_OF("o.oid") ") o WHERE o.names IS NOT NULL"},
	{"member_of_database_owner", AZ_LEVEL_WARNING,
		WITH_LOGINS "SELECT pg_catalog.concat('role ', r.name),"
		" pg_catalog.format('It logs in and has, or can take, the rights of %I, the owner of the database: it can say whose tokens are believed.', o.rolname),"
		" pg_catalog.format('REVOKE %I FROM %s;" BY_WAY "', o.rolname, r.name)"
		" FROM r CROSS JOIN pg_catalog.pg_roles o"
		" WHERE o.oid OPERATOR(pg_catalog.=) " DATABASE_OWNER " AND NOT o.rolsuper"
		" AND o.oid OPERATOR(pg_catalog.<>) r.oid AND " HAS_RIGHTS_OF("o.oid")},
	{"policy_binds_nobody", AZ_LEVEL_WARNING,
		"SELECT pg_catalog.format('policy %I on %I.%I', p.polname, n.nspname, c.relname),"
		" pg_catalog.format('It is for role %I, which %s: no policy binds that one.', r.rolname,"
		"  CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'has BYPASSRLS' END),"
		" pg_catalog.format('ALTER ROLE %I %s;', r.rolname, CASE WHEN r.rolsuper THEN 'NOSUPERUSER' ELSE 'NOBYPASSRLS' END)"
		" FROM pg_catalog.pg_policy p"
		" JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) ANY (p.polroles) AND (r.rolsuper OR r.rolbypassrls)"
		" JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) p.polrelid"
		" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
		" WHERE c.relnamespace OPERATOR(pg_catalog.=) ANY ($1)"},
};

void
az_lint_roles(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
