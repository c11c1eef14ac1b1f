/*-------------------------------------------------------------------------
 *
 * lint_own.c
 *	  The extension itself: is it as its script installed it?
 *
 * Functions in its schema are not looked at here, nor what its tables hold.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"

#include "server/own.h"
#include "server/release.h"
#include "trust/trust_table.h"
#include "utils/guc.h"

#define EXTENSION \
	" JOIN pg_catalog.pg_extension e ON e.extname OPERATOR(pg_catalog.=) 'dbmi_authz'"

/* Is that object a member of the extension? */
#define IS_MEMBER(class, oid) \
	"EXISTS (SELECT FROM pg_catalog.pg_depend m" EXTENSION \
	"  WHERE m.classid OPERATOR(pg_catalog.=) " class " AND m.objid OPERATOR(pg_catalog.=) " oid \
	"  AND m.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass" \
	"  AND m.refobjid OPERATOR(pg_catalog.=) e.oid AND m.deptype OPERATOR(pg_catalog.=) 'e')"

/* A table of ours: c. */
#define OWN_TABLES \
	" FROM pg_catalog.pg_class c" \
	" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace AND n.nspname OPERATOR(pg_catalog.=) 'authz'"
#define IS_OWN_TABLE \
	" c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p']::pg_catalog.\"char\"[])" \
	" AND " IS_MEMBER("'pg_catalog.pg_class'::pg_catalog.regclass", "c.oid")

/* Privileges on our tables and their columns that others were given: g.grantee, g.privileges. */
#define GRANTS(which) \
	" CROSS JOIN LATERAL (SELECT x.grantee," \
	"  CASE WHEN x.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'PUBLIC'" \
	"   ELSE pg_catalog.format('%I', pg_catalog.pg_get_userbyid(x.grantee)) END AS name," \
	"  pg_catalog.string_agg(DISTINCT x.privilege_type, ', ' ORDER BY x.privilege_type) AS privileges" \
	"  FROM (SELECT * FROM pg_catalog.aclexplode(c.relacl) UNION ALL" \
	"   SELECT a.* FROM pg_catalog.pg_attribute t CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a" \
	"   WHERE t.attrelid OPERATOR(pg_catalog.=) c.oid) x" \
	"  WHERE x.grantee OPERATOR(pg_catalog.<>) c.relowner" \
	"  AND x.grantee OPERATOR(pg_catalog.<>) 'pg_database_owner'::pg_catalog.regrole::pg_catalog.oid" \
	"  AND " which " GROUP BY x.grantee) g"

#define GRANTED(detail) \
	"SELECT pg_catalog.format('table authz.%I', c.relname)," \
	" pg_catalog.string_agg(pg_catalog.format(" detail ", g.name, g.privileges), ' ' ORDER BY g.name)," \
	" pg_catalog.string_agg(pg_catalog.format('REVOKE %s ON authz.%I FROM %s;', g.privileges, c.relname, g.name), ' ' ORDER BY g.name)"

static const AzLintRule rules[] = {
	{"extension_version", AZ_LEVEL_WARNING,
		"SELECT 'extension dbmi_authz',"
		" pg_catalog.format('The objects of this database have version %s, the library has version " AZ_VERSION ".', e.extversion),"
		" 'ALTER EXTENSION dbmi_authz UPDATE;  -- if the library is the older one, install the other'"
		" FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'dbmi_authz'"
		" AND e.extversion OPERATOR(pg_catalog.<>) '" AZ_VERSION "'"},
	{"extension_owner", AZ_LEVEL_WARNING,
		"SELECT 'extension dbmi_authz',"
		" pg_catalog.format('It belongs to role %s, which lacks the rights of %s, the owner of the database, and can drop it with every policy that asks it.', o.former, o.owner),"
		" pg_catalog.format('A superuser gives away all that this role owns in this database: REASSIGN OWNED BY %s TO %s;', o.former, o.owner)"
		" FROM pg_catalog.pg_extension e"
		" JOIN pg_catalog.pg_database d ON d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()"
		" CROSS JOIN LATERAL (SELECT pg_catalog.format('%I', pg_catalog.pg_get_userbyid(e.extowner)) AS former,"
		"  pg_catalog.format('%I', pg_catalog.pg_get_userbyid(d.datdba)) AS owner) o"
		" WHERE e.extname OPERATOR(pg_catalog.=) 'dbmi_authz'"
		" AND NOT pg_catalog.pg_has_role(e.extowner, d.datdba, 'MEMBER')"},
	{"schema_owner", AZ_LEVEL_ERROR,
		"SELECT 'schema authz',"
		" pg_catalog.format('It belongs to role %I, which can put functions beside those of the extension.', pg_catalog.pg_get_userbyid(n.nspowner)),"
		" 'ALTER SCHEMA authz OWNER TO pg_database_owner;'"
		" FROM pg_catalog.pg_namespace n WHERE n.nspname OPERATOR(pg_catalog.=) 'authz'"
		" AND n.nspowner OPERATOR(pg_catalog.<>) 'pg_database_owner'::pg_catalog.regrole::pg_catalog.oid"},
	{"schema_open", AZ_LEVEL_ERROR,
		"SELECT 'schema authz',"
		" pg_catalog.format('%s can create objects in it, which calls may find instead of those of the extension.', g.names),"
		" pg_catalog.format('REVOKE CREATE ON SCHEMA authz FROM %s;', g.names)"
		" FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL ("
		"  SELECT pg_catalog.string_agg(CASE WHEN a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid THEN 'PUBLIC'"
		"   ELSE pg_catalog.format('%I', pg_catalog.pg_get_userbyid(a.grantee)) END, ', ' ORDER BY a.grantee) AS names"
		"  FROM pg_catalog.aclexplode(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a"
		"  WHERE a.privilege_type OPERATOR(pg_catalog.=) 'CREATE') g"
		" WHERE n.nspname OPERATOR(pg_catalog.=) 'authz' AND g.names IS NOT NULL"},
	{"stranger_in_schema", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.concat(i.type, ' ', i.identity),"
		" 'It stands in schema authz and is not part of the extension: statements may find it instead of what they mean.',"
		" 'Drop it, or move it to another schema.'"
		" FROM pg_catalog.pg_namespace n"
		" JOIN pg_catalog.pg_depend d ON d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass"
		"  AND d.refobjid OPERATOR(pg_catalog.=) n.oid"
		" CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) i"
		" WHERE n.nspname OPERATOR(pg_catalog.=) 'authz'"
		" AND d.classid OPERATOR(pg_catalog.<>) ALL (ARRAY['pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid,"
		"  'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid,"
		/* stands in no schema */
		"  'pg_catalog.pg_publication_namespace'::pg_catalog.regclass::pg_catalog.oid])"
		" AND NOT " IS_MEMBER("d.classid", "d.objid")},
	{"trust_owner", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.format('table authz.%I', c.relname),"
		" pg_catalog.format('It belongs to role %I, which can decide whom the database believes.', pg_catalog.pg_get_userbyid(c.relowner)),"
		" pg_catalog.format('ALTER TABLE authz.%I OWNER TO pg_database_owner;', c.relname)"
		OWN_TABLES " WHERE" IS_OWN_TABLE
		" AND c.relowner OPERATOR(pg_catalog.<>) 'pg_database_owner'::pg_catalog.regrole::pg_catalog.oid"},
	{"trust_trigger_granted", AZ_LEVEL_ERROR,
		GRANTED("'%s has %s on it: its trigger would run with the rights of the administrator.'")
		OWN_TABLES GRANTS("x.privilege_type OPERATOR(pg_catalog.=) 'TRIGGER'")
		" WHERE" IS_OWN_TABLE " GROUP BY c.relname"},
	{"trust_granted", AZ_LEVEL_WARNING,
		GRANTED("'%s has %s on it; it is for the owner of the database alone.'")
		OWN_TABLES GRANTS("(x.privilege_type OPERATOR(pg_catalog.<>) ALL (ARRAY['TRIGGER', 'SELECT', 'MAINTAIN'])"
						  " OR x.privilege_type OPERATOR(pg_catalog.=) 'SELECT' AND c.relname OPERATOR(pg_catalog.=) 'issuer_key')")
		" WHERE" IS_OWN_TABLE " GROUP BY c.relname"},
	{"trust_row_security", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.format('table authz.%I', c.relname),"
		" 'Row security is off on it: a role that may SELECT from it, by pg_read_all_data too, reads all of its rows.',"
		" pg_catalog.format('ALTER TABLE authz.%I ENABLE ROW LEVEL SECURITY;', c.relname)"
		OWN_TABLES " WHERE" IS_OWN_TABLE " AND NOT c.relrowsecurity"
		" AND c.relname OPERATOR(pg_catalog.=) ANY (ARRAY['issuer_key', 'item_permission'])"},
	{"trust_policy", AZ_LEVEL_ERROR,
		"SELECT pg_catalog.format('policy %I on authz.%I', p.polname, c.relname),"
		" 'The extension has made none of that name: it may show keys or grants to others, or hide them.',"
		" pg_catalog.format('DROP POLICY %I ON authz.%I;', p.polname, c.relname)"
		OWN_TABLES " JOIN pg_catalog.pg_policy p ON p.polrelid OPERATOR(pg_catalog.=) c.oid"
		" WHERE" IS_OWN_TABLE
		" AND NOT (c.relname OPERATOR(pg_catalog.=) 'item_permission' AND p.polname OPERATOR(pg_catalog.=) 'visible')"},
	{"trust_trigger", AZ_LEVEL_WARNING,
		"SELECT pg_catalog.format('trigger %I on authz.%I', t.tgname, c.relname),"
		" 'It is not part of the extension, and can undo or refuse what administering functions write, a revocation too.',"
		" pg_catalog.format('If that is not meant: DROP TRIGGER %I ON authz.%I;', t.tgname, c.relname)"
		OWN_TABLES " JOIN pg_catalog.pg_trigger t ON t.tgrelid OPERATOR(pg_catalog.=) c.oid"
		" WHERE" IS_OWN_TABLE " AND NOT t.tgisinternal AND NOT "
		IS_MEMBER("'pg_catalog.pg_proc'::pg_catalog.regclass", "t.tgfoid")},
	{"trust_rule", AZ_LEVEL_WARNING,
		"SELECT pg_catalog.format('rule %I on authz.%I', w.rulename, c.relname),"
		" 'It is not part of the extension, and can turn what administering functions write into something else.',"
		" pg_catalog.format('DROP RULE %I ON authz.%I;', w.rulename, c.relname)"
		OWN_TABLES " JOIN pg_catalog.pg_rewrite w ON w.ev_class OPERATOR(pg_catalog.=) c.oid"
		" WHERE" IS_OWN_TABLE},
};

static void
look_at_release(AzLint *lint)
{
	int			needed = az_release_needed();

	if (needed != 0)
		az_find(lint, "known_hole", AZ_LEVEL_WARNING, "server PostgreSQL",
				psprintf("PostgreSQL %s lacks fixes that row security depends on: a query that was prepared before a role lost BYPASSRLS or a membership still shows the same rows as before (CVE-2026-14666).",
						 GetConfigOption("server_version", false, false)),
				psprintf("Update the server to PostgreSQL %d.%d or later.",
						 needed / 10000, needed % 10000));
}

/* A table that was altered counts as missing, so nobody is believed by it. */
static void
look_at_tables(AzLint *lint, void *arg)
{
	int			i;

	(void) az_tables_found();
	for (i = 0; i < AZ_N_TABLES; i++)
	{
		const char *name;
		const char *remedy;
		const char *why = az_fault_of_table(i, &name, &remedy);

		if (why)
			az_find(lint, "trust_altered", AZ_LEVEL_ERROR, psprintf("table authz.%s", name),
					psprintf("It counts as missing.  %s", why),
					remedy ? psprintf("ALTER TABLE authz.%s %s;", name, remedy) :
					"Restore it as the extension's script has it.");
	}
}

void
az_lint_own(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
	look_at_release(lint);
	az_lint_attempt(lint, "tables of schema authz", look_at_tables, NULL);
}
