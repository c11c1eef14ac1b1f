/*-------------------------------------------------------------------------
 *
 * state_tables.c
 *	  Of a state: relations, and what hangs on them.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/state.h"

#define IS_TABLE \
	"c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'p', 'f']::pg_catalog.\"char\"[])"
#define NAME(oid)	oid "::pg_catalog.regclass::pg_catalog.text COLLATE pg_catalog.\"C\""

/* Is an option of a view on? */
#define OPTION(name) \
	"EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) o" \
	" WHERE o.option_name OPERATOR(pg_catalog.=) '" name "' AND o.option_value::pg_catalog.bool)"

#define COMMANDS \
	"CASE WHEN p.polcmd OPERATOR(pg_catalog.=) 'r' THEN 'SELECT' WHEN p.polcmd OPERATOR(pg_catalog.=) 'a' THEN 'INSERT'" \
	" WHEN p.polcmd OPERATOR(pg_catalog.=) 'w' THEN 'UPDATE' WHEN p.polcmd OPERATOR(pg_catalog.=) 'd' THEN 'DELETE' ELSE 'ALL' END"

/* PUBLIC is no role's name: one of that name is quoted. */
#define ROLE(oid) \
	"CASE WHEN " oid " OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(" oid ")) END"

/* A constraint may be one that is not enforced, from 18 on, and decides nothing. */
#define IS_ENFORCED(constraint) \
	"COALESCE((pg_catalog.to_jsonb(" constraint ") OPERATOR(pg_catalog.->>) 'conenforced')::pg_catalog.bool, true)"

static const AzStateSection sections[] = {
	{"relations",
	"SELECT c.oid, " NAME("c.oid") " AS name,"
	" CASE WHEN c.oid OPERATOR(pg_catalog.=) $1 THEN 'asked for' WHEN c.oid OPERATOR(pg_catalog.=) ANY ($2) THEN 'child'"
	" WHEN c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['v', 'm']::pg_catalog.\"char\"[]) AND c.oid OPERATOR(pg_catalog.=) ANY ($3) THEN 'view'"
	" WHEN c.oid OPERATOR(pg_catalog.=) ANY ($3) THEN 'parent' ELSE 'read' END AS way,"
	" CASE WHEN c.relkind OPERATOR(pg_catalog.=) 'v' THEN 'view' WHEN c.relkind OPERATOR(pg_catalog.=) 'm' THEN 'materialized view'"
	" WHEN c.relkind OPERATOR(pg_catalog.=) 'f' THEN 'foreign table' ELSE 'table' END AS kind,"
	" " ROLE("c.relowner") " AS owner, c.relrowsecurity AS row_security, c.relforcerowsecurity AS forced,"
	" " OPTION("security_invoker") " AS security_invoker, " OPTION("security_barrier") " AS security_barrier,"
	" (SELECT o.option_value FROM pg_catalog.pg_options_to_table(c.reloptions) o WHERE o.option_name OPERATOR(pg_catalog.=) 'check_option') AS check_option,"
	" (SELECT s.srvname::pg_catalog.text FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_foreign_server s ON s.oid OPERATOR(pg_catalog.=) f.ftserver"
	" WHERE f.ftrelid OPERATOR(pg_catalog.=) c.oid) AS server,"
	" w.ev_action AS query"
	" FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_rewrite w ON w.ev_class OPERATOR(pg_catalog.=) c.oid AND w.ev_type OPERATOR(pg_catalog.=) '1' AND NOT " IS_TABLE
	" WHERE c.oid OPERATOR(pg_catalog.=) ANY ($4) ORDER BY 2"},
	{"inheritance",
	"SELECT " NAME("i.inhrelid") " AS child, " NAME("i.inhparent") " AS parent"
	" FROM pg_catalog.pg_inherits i WHERE i.inhrelid OPERATOR(pg_catalog.=) ANY ($4) AND i.inhparent OPERATOR(pg_catalog.=) ANY ($4)"
	" ORDER BY 1, 2"},
	{"columns",
	"SELECT c.oid, " NAME("c.oid") " AS relation, a.attname::pg_catalog.text COLLATE pg_catalog.\"C\" AS name,"
	" pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,"
	" CASE WHEN a.attcollation OPERATOR(pg_catalog.<>) t.typcollation THEN a.attcollation::pg_catalog.regcollation::pg_catalog.text END AS collation,"
	" CASE WHEN a.attgenerated OPERATOR(pg_catalog.<>) '' THEN 'generated' WHEN a.attidentity OPERATOR(pg_catalog.<>) '' THEN 'identity' END AS filled,"
	" d.adbin AS expression"
	" FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped"
	" JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid"
	" LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid OPERATOR(pg_catalog.=) c.oid AND d.adnum OPERATOR(pg_catalog.=) a.attnum"
	" WHERE c.oid OPERATOR(pg_catalog.=) ANY ($4) AND (" IS_TABLE " OR d.adbin IS NOT NULL) ORDER BY 2, 3"},
	{"policies",
	"SELECT p.polrelid, " NAME("p.polrelid") " AS relation, p.polname::pg_catalog.text COLLATE pg_catalog.\"C\" AS name, " COMMANDS " AS command,"
	" p.polpermissive AS permissive,"
	" ARRAY(SELECT " ROLE("r.role") " COLLATE pg_catalog.\"C\" AS role FROM pg_catalog.unnest(p.polroles) r(role) ORDER BY 1) AS roles,"
	" p.polqual AS \"using\", p.polwithcheck AS \"check\""
	" FROM pg_catalog.pg_policy p WHERE p.polrelid OPERATOR(pg_catalog.=) ANY ($4) ORDER BY 2, 3"},
	{"grants",
	"SELECT " NAME("c.oid") " AS relation, a.name COLLATE pg_catalog.\"C\" AS \"column\", g.role COLLATE pg_catalog.\"C\" AS role,"
	" pg_catalog.array_agg(DISTINCT g.privilege_type COLLATE pg_catalog.\"C\") AS privileges"
	" FROM pg_catalog.pg_class c CROSS JOIN LATERAL ("
	" SELECT NULL::pg_catalog.text AS name, COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner)) AS acl"
	" UNION ALL SELECT a.attname::pg_catalog.text, a.attacl FROM pg_catalog.pg_attribute a"
	" WHERE a.attrelid OPERATOR(pg_catalog.=) c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped) a"
	" CROSS JOIN LATERAL (SELECT " ROLE("x.grantee") " AS role, x.privilege_type FROM pg_catalog.aclexplode(a.acl) x) g"
	" WHERE c.oid OPERATOR(pg_catalog.=) ANY ($4) GROUP BY c.oid, a.name, g.role ORDER BY 1, 2 NULLS FIRST, 3"},
	{"schemas",
	"SELECT DISTINCT pg_catalog.quote_ident(n.nspname) COLLATE pg_catalog.\"C\" AS name, u.role COLLATE pg_catalog.\"C\" AS role"
	" FROM (SELECT c.relnamespace AS oid FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) ANY ($4)"
	" UNION SELECT p.pronamespace FROM pg_catalog.pg_proc p WHERE p.oid OPERATOR(pg_catalog.=) ANY ($5)) s"
	" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) s.oid"
	" CROSS JOIN LATERAL (SELECT " ROLE("g.grantee") " AS role,"
	" pg_catalog.bool_or(g.grantee OPERATOR(pg_catalog.=) 0) OVER () AND g.grantee OPERATOR(pg_catalog.<>) 0 AS covered"
	" FROM pg_catalog.aclexplode(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) g"
	" WHERE g.privilege_type OPERATOR(pg_catalog.=) 'USAGE') u"
	" WHERE NOT u.covered ORDER BY 1, 2"},
	{"triggers",
	"SELECT t.tgrelid, " NAME("t.tgrelid") " AS relation, t.tgname::pg_catalog.text COLLATE pg_catalog.\"C\" AS name,"
	" CASE WHEN t.tgenabled OPERATOR(pg_catalog.=) 'O' THEN NULL ELSE t.tgenabled::pg_catalog.text END AS enabled,"
	" CASE WHEN t.tgtype OPERATOR(pg_catalog.&) 2 OPERATOR(pg_catalog.<>) 0 THEN 'BEFORE' WHEN t.tgtype OPERATOR(pg_catalog.&) 64 OPERATOR(pg_catalog.<>) 0 THEN 'INSTEAD OF' ELSE 'AFTER' END AS fires,"
	" CASE WHEN t.tgtype OPERATOR(pg_catalog.&) 1 OPERATOR(pg_catalog.=) 0 THEN 'STATEMENT' END AS level,"
	" pg_catalog.array_remove(ARRAY[CASE WHEN t.tgtype OPERATOR(pg_catalog.&) 4 OPERATOR(pg_catalog.<>) 0 THEN 'INSERT' END, CASE WHEN t.tgtype OPERATOR(pg_catalog.&) 8 OPERATOR(pg_catalog.<>) 0 THEN 'DELETE' END,"
	" CASE WHEN t.tgtype OPERATOR(pg_catalog.&) 16 OPERATOR(pg_catalog.<>) 0 THEN 'UPDATE' END, CASE WHEN t.tgtype OPERATOR(pg_catalog.&) 32 OPERATOR(pg_catalog.<>) 0 THEN 'TRUNCATE' END], NULL) AS commands,"
	" ARRAY(SELECT a.attname::pg_catalog.text COLLATE pg_catalog.\"C\" FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) t.tgrelid"
	" AND a.attnum OPERATOR(pg_catalog.=) ANY (t.tgattr::pg_catalog.int2[]) ORDER BY 1) AS columns,"
	" t.tgqual AS \"when\", t.tgfoid::pg_catalog.regprocedure::pg_catalog.text AS function, pg_catalog.encode(t.tgargs, 'escape') AS arguments"
	" FROM pg_catalog.pg_trigger t WHERE t.tgrelid OPERATOR(pg_catalog.=) ANY ($4) AND " AZ_STATE_TRIGGER " ORDER BY 2, 3"},
	{"rewrite_rules",
	"SELECT w.ev_class, " NAME("w.ev_class") " AS relation, w.rulename::pg_catalog.text COLLATE pg_catalog.\"C\" AS name,"
	" CASE WHEN w.ev_enabled OPERATOR(pg_catalog.=) 'O' THEN NULL ELSE w.ev_enabled::pg_catalog.text END AS enabled,"
	" CASE WHEN w.ev_type OPERATOR(pg_catalog.=) '2' THEN 'UPDATE' WHEN w.ev_type OPERATOR(pg_catalog.=) '3' THEN 'INSERT' ELSE 'DELETE' END AS command,"
	" w.is_instead AS instead, CASE WHEN w.ev_qual::pg_catalog.text OPERATOR(pg_catalog.<>) '<>' THEN w.ev_qual END AS \"when\", 0::pg_catalog.oid, w.ev_action AS action"
	" FROM pg_catalog.pg_rewrite w WHERE w.ev_class OPERATOR(pg_catalog.=) ANY ($4) AND w.ev_type OPERATOR(pg_catalog.<>) '1' ORDER BY 2, 3"},
	{"constraints",
	"SELECT c.conrelid, CASE WHEN c.conrelid OPERATOR(pg_catalog.<>) 0::pg_catalog.oid THEN " NAME("c.conrelid") " ELSE c.contypid::pg_catalog.regtype::pg_catalog.text END COLLATE pg_catalog.\"C\" AS object,"
	" c.conname::pg_catalog.text COLLATE pg_catalog.\"C\" AS name, c.conbin AS expression,"
	" CASE WHEN c.contype OPERATOR(pg_catalog.=) 'f' THEN pg_catalog.pg_get_constraintdef(c.oid, false) END AS definition"
	" FROM pg_catalog.pg_constraint c"
	" WHERE c.contype OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'f']::pg_catalog.\"char\"[])"
	" AND " IS_ENFORCED("c")
	" AND (c.conrelid OPERATOR(pg_catalog.=) ANY ($4) OR c.contypid OPERATOR(pg_catalog.=) ANY ($6))"
	" ORDER BY 2, 3"},
};

void
az_state_tables(AzState *state)
{
	az_write_sections(state, sections, lengthof(sections));
}
