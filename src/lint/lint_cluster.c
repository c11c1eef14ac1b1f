/*-------------------------------------------------------------------------
 *
 * lint_cluster.c
 *	  What servers of a cluster tell each other: the role that they come as, and the
 *	  keys that they sign with.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"

#include "utils/timestamp.h"

#include "server/encoding.h"
#include "trust/cluster_key_table.h"

#define YEAR	((int64) 365 * USECS_PER_DAY)

/*
 * Every value of the setting that a session of this database may get: s.object, and
 * s.value, a name.  The first one is that of the session which calls.
 */
#define CLUSTER_ROLES \
	" FROM (SELECT 'setting dbmi_authz.cluster_role' AS object," \
	"  pg_catalog.current_setting('dbmi_authz.cluster_role', true) AS value" \
	" UNION SELECT CASE WHEN c.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'setting dbmi_authz.cluster_role'" \
	"  ELSE pg_catalog.format('setting dbmi_authz.cluster_role of role %I', pg_catalog.pg_get_userbyid(c.setrole)) END," \
	"  pg_catalog.substr(g.line, pg_catalog.strpos(g.line, '=') OPERATOR(pg_catalog.+) 1)" \
	"  FROM pg_catalog.pg_db_role_setting c CROSS JOIN LATERAL pg_catalog.unnest(c.setconfig) g (line)" \
	"  WHERE (c.setdatabase OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR c.setdatabase OPERATOR(pg_catalog.=)" \
	"   (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))" \
	"  AND pg_catalog.starts_with(g.line, 'dbmi_authz.cluster_role=')) s"
#define IS_SET	" WHERE s.value OPERATOR(pg_catalog.<>) ''"

static const AzLintRule rules[] = {
	{"cluster_role_missing", AZ_LEVEL_WARNING,
		"SELECT s.object, pg_catalog.format('There is no role %I, so nobody can hand an identity over.', s.value),"
		" pg_catalog.format('CREATE ROLE %I LOGIN;  -- or name the role that the other servers connect as', s.value)"
		CLUSTER_ROLES IS_SET
		" AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) s.value)"},
	{"cluster_role_privileged", AZ_LEVEL_ERROR,
		"SELECT s.object,"
		" pg_catalog.format('Role %I %s: no policy binds the connections on which identities are handed over.', s.value,"
		"  CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'has BYPASSRLS' END),"
		" pg_catalog.format('Have the other servers connect as an ordinary role, or ALTER ROLE %I NOSUPERUSER NOBYPASSRLS;', s.value)"
		CLUSTER_ROLES " JOIN pg_catalog.pg_roles r ON r.rolname OPERATOR(pg_catalog.=) s.value"
		" AND (r.rolsuper OR r.rolbypassrls)" IS_SET},
	{"cluster_role_predefined", AZ_LEVEL_WARNING,
		"SELECT s.object,"
		" pg_catalog.format('Role %I comes with PostgreSQL: roles that have it for another reason can hand identities over.', s.value),"
		" 'Make a role for this alone, and grant it to those that other servers connect as.'"
		CLUSTER_ROLES IS_SET " AND pg_catalog.starts_with(s.value, 'pg_')"},
	{"cluster_role_of_role", AZ_LEVEL_WARNING,
		"SELECT s.object, 'Some sessions take identities from other servers, and others do not.',"
		" 'Set it for the database or for the server, and RESET it for the role.'"
		CLUSTER_ROLES IS_SET " AND s.object OPERATOR(pg_catalog.<>) 'setting dbmi_authz.cluster_role'"},
	{"cluster_role_member", AZ_LEVEL_INFO,
		"SELECT pg_catalog.format('role %I', m.rolname),"
		" pg_catalog.format('It logs in and is a member of %I: its connections take identities that are signed by a cluster key.', s.value),"
		" pg_catalog.format('If it is no other server: REVOKE %I FROM %I;', s.value, m.rolname)"
		CLUSTER_ROLES " JOIN pg_catalog.pg_roles r ON r.rolname OPERATOR(pg_catalog.=) s.value"
		" JOIN pg_catalog.pg_roles m ON m.rolcanlogin AND NOT m.rolsuper AND m.oid OPERATOR(pg_catalog.<>) r.oid"
		"  AND pg_catalog.pg_has_role(m.oid, r.oid, 'MEMBER')" IS_SET},
};

/* Every server has one way or another to lose a key in a year. */
static void
look_at_keys(AzLint *lint, void *arg)
{
	AzRows		rows;
	AzClusterKeyRow row;

	az_begin_cluster_keys(&rows);
	while (az_next_cluster_key(&rows, &row))
	{
		char	   *name = row.kid ? az_from_utf8(row.kid) : NULL;

		if (name && GetCurrentTimestamp() - row.added_at > YEAR)
			az_find(lint, "cluster_key_old", AZ_LEVEL_INFO, psprintf("cluster key %s", name),
					"It was added more than a year ago.",
					"Add another one on the server that signs, spread the trust, and drop this one (doc/how-to/clusters/cluster-keys.md).");
	}
	az_end_rows(&rows);
}

void
az_lint_cluster(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
	az_lint_attempt(lint, "cluster keys", look_at_keys, NULL);
}
