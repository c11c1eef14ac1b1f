/*-------------------------------------------------------------------------
 *
 * lint_others.c
 *	  Rules, functions and foreign tables that reach protected tables with the
 *	  rights of somebody whom policies do not bind.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"
#include "lint/lint_sql.h"

/* The actions of rules run with the rights of who owns the relation. */
#define RULES \
	"rules AS MATERIALIZED (" \
	"SELECT w.oid, w.ev_class AS relation, c.relowner AS owner, c.relrowsecurity AS is_on_protected," \
	" pg_catalog.format('%I', r.rolname) AS owner_name, r.rolsuper, r.rolbypassrls," \
	" pg_catalog.format('%I.%I', n.nspname, c.relname) AS name," \
	" pg_catalog.format('%I', w.rulename) AS rule_name" \
	" FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_class c ON c.oid" AZ_EQ "w.ev_class" \
	" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "c.relnamespace" \
	" JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "c.relowner" \
	" WHERE w.ev_type" AZ_NE "'1' AND c.relnamespace" AZ_EQ "ANY ($1))"

#define RULE "pg_catalog.format('rule %s on %s', r.rule_name, r.name)"
#define DROP_RULE \
	"pg_catalog.format('DROP RULE %s ON %s; -- a trigger runs with the rights of the role that writes.', r.rule_name, r.name)"

/*
 * WITH functions: SECURITY DEFINER, and called by others than the owner.  What
 * is only called by triggers reads for those who made the trigger.
 */
#define FUNCTIONS \
	"functions AS MATERIALIZED (" \
	"SELECT p.oid, CASE WHEN p.prokind" AZ_EQ "'p' THEN 'procedure' ELSE 'function' END AS kind," \
	" p.proowner AS owner, r.rolsuper, r.rolbypassrls, p.prosqlbody IS NOT NULL AS is_parsed," \
	" pg_catalog.format('%I', r.rolname) AS owner_name, p.proconfig AS config, p.prosrc AS body," \
	" pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS name" \
	" FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "p.pronamespace" \
	" JOIN pg_catalog.pg_roles r ON r.oid" AZ_EQ "p.proowner" \
	" JOIN pg_catalog.pg_language l ON l.oid" AZ_EQ "p.prolang AND l.lanname" AZ_NE "'internal' AND l.lanname" AZ_NE "'c'" \
	" WHERE p.prosecdef AND p.pronamespace" AZ_EQ "ANY ($1)" \
	" AND p.prorettype" AZ_NE "ALL (ARRAY['pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'])" \
	" AND EXISTS (SELECT FROM pg_catalog.aclexplode(COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) a" \
	" WHERE a.grantee" AZ_NE "p.proowner))"

#define WORD "\"(?:[^\"]|\"\")+\"|[[:alpha:]_\\u0080-\\uffff][[:alnum:]_$\\u0080-\\uffff]*"

/* What stands before the name of a table, or of anything in a list or a string. */
#define BEFORE_TABLE "(?:(?:from|join|into|update|table|only|using|copy|truncate|lock)\\s+|[,']\\s*)+"

/* A word as SQL means it. */
#define READ_WORD(word) \
	"CASE WHEN pg_catalog.left(" word ", 1)" AZ_EQ "'\"'" \
	" THEN pg_catalog.replace(pg_catalog.substr(" word ", 2, pg_catalog.length(" word ") OPERATOR(pg_catalog.-) 2), '\"\"', '\"')" \
	" ELSE pg_catalog.lower(" word " COLLATE pg_catalog.\"C\") END"

/*
 * WITH mentions: which tables a function names, or reads by a view that reads for
 * its reader.  Nobody parses the text of a
 * body, which might run functions of its owner: the words in it are what there
 * is, in strings too, for those may be executed.
 */
#define MENTIONS \
	"named AS MATERIALIZED (" \
	"SELECT t.oid, t.oid AS table_oid, t.schema_name, t.bare_name FROM tables t" \
	" UNION ALL " \
	"SELECT s.oid, s.read, n.nspname, c.relname FROM shown_through s JOIN pg_catalog.pg_class c ON c.oid" AZ_EQ "s.oid" \
	" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "c.relnamespace)," \
	" words AS MATERIALIZED (" \
	"SELECT DISTINCT f.oid, w.parts[1] IS NOT NULL AS is_table, " READ_WORD("w.parts[2]") " AS qualifier, " \
	READ_WORD("w.parts[3]") " AS word" \
	" FROM functions f CROSS JOIN LATERAL pg_catalog.regexp_matches(" \
	"pg_catalog.regexp_replace(pg_catalog.regexp_replace(f.body, '--[^\n]*', ' ', 'g')," \
	" '/\\*([^*]|\\*+[^*/])*\\*+/', ' ', 'g')," \
	" $re$(" BEFORE_TABLE ")?(?:(" WORD ")\\s*\\.\\s*)?(" WORD ")$re$, 'gi') w (parts) WHERE NOT f.is_parsed" \
	"), mentions AS MATERIALIZED (" \
	"SELECT f.oid, t.table_oid FROM functions f JOIN words w ON w.oid" AZ_EQ "f.oid" \
	" JOIN named t ON w.word" AZ_EQ "t.bare_name::pg_catalog.text" \
	" WHERE w.qualifier" AZ_EQ "t.schema_name::pg_catalog.text" \
	" OR w.qualifier IS NULL AND w.is_table AND NOT EXISTS (SELECT FROM pg_catalog.unnest(f.config) c (setting)" \
	" WHERE c.setting OPERATOR(pg_catalog.~~) 'search\\_path=%'" \
	" AND pg_catalog.strpos(c.setting, pg_catalog.format('%I', t.schema_name))" AZ_EQ "0)" \
	" UNION " \
	"SELECT f.oid, t.table_oid FROM functions f JOIN pg_catalog.pg_depend d" \
	" ON d.classid" AZ_EQ "'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid" AZ_EQ "f.oid" \
	" AND d.refclassid" AZ_EQ "'pg_catalog.pg_class'::pg_catalog.regclass" \
	" JOIN named t ON t.oid" AZ_EQ "d.refobjid WHERE f.is_parsed" \
	"), asking AS MATERIALIZED (" \
	"SELECT w.oid FROM words w WHERE w.qualifier" AZ_EQ "'authz'" \
	" UNION " \
	"SELECT d.objid FROM functions f JOIN pg_catalog.pg_depend d" \
	" ON d.classid" AZ_EQ "'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid" AZ_EQ "f.oid" \
	" AND d.refclassid" AZ_EQ "'pg_catalog.pg_proc'::pg_catalog.regclass" \
	" JOIN pg_catalog.pg_proc p ON p.oid" AZ_EQ "d.refobjid" \
	" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "p.pronamespace AND n.nspname" AZ_EQ "'authz')"

#define DEFINERS(condition, detail) \
	"WITH RECURSIVE " AZ_GUARDED ", " AZ_SHOWN_THROUGH ", " FUNCTIONS ", " MENTIONS \
	" SELECT pg_catalog.concat(f.kind, ' ', f.name)," \
	" pg_catalog.format('It is SECURITY DEFINER and %s %s, whose policies do not bind its owner, role %s: " detail "'," \
	" CASE WHEN f.is_parsed THEN 'reads' ELSE 'mentions' END," \
	" pg_catalog.string_agg(DISTINCT t.name, ', ' ORDER BY t.name), f.owner_name)," \
	" pg_catalog.format('ALTER ROUTINE %s SECURITY INVOKER; -- or give it to a role that policies bind, or let it ask the identity.', f.name)" \
	" FROM functions f JOIN mentions m ON m.oid" AZ_EQ "f.oid JOIN tables t ON t.oid" AZ_EQ "m.table_oid" \
	" WHERE " AZ_PASSES("f", "f.owner", "t") \
	" AND " condition " EXISTS (SELECT FROM asking a WHERE a.oid" AZ_EQ "f.oid)" \
	" GROUP BY f.oid, f.kind, f.name, f.owner_name, f.is_parsed"

/* The value of a foreign table's or server's option. */
#define OPTION(options, name) \
	"(SELECT o.option_value FROM pg_catalog.pg_options_to_table(" options ") o WHERE o.option_name" AZ_EQ "'" name "')"

/* A server that is this one, as far as it says: by no name, or by one for here. */
#define LOOPBACK \
	"(o.host IS NULL OR o.host OPERATOR(pg_catalog.~) '^(/.*|localhost|127\\..*|::1|0\\.0\\.0\\.0|)$')" \
	" AND (o.hostaddr IS NULL OR o.hostaddr OPERATOR(pg_catalog.~) '^(127\\..*|::1)$')" \
	" AND (o.port IS NULL OR o.port" AZ_EQ "pg_catalog.current_setting('port'))" \
	" AND (o.dbname IS NULL OR o.dbname" AZ_EQ "pg_catalog.current_database()::pg_catalog.text)"

static const AzLintRule rules[] = {
	{"rule_past_policies", AZ_LEVEL_WARNING,
		"WITH RECURSIVE " AZ_GUARDED ", " RULES
		" SELECT " RULE ","
		" pg_catalog.format('Its actions reach %s with the rights of role %s, who owns %s and whom policies do not bind.',"
		" pg_catalog.string_agg(DISTINCT t.name, ', ' ORDER BY t.name), r.owner_name, r.name), " DROP_RULE
		" FROM rules r JOIN pg_catalog.pg_depend d"
		" ON d.classid" AZ_EQ "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" AZ_EQ "r.oid"
		" AND d.refclassid" AZ_EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid" AZ_NE "r.relation"
		" JOIN tables t ON t.oid" AZ_EQ "d.refobjid WHERE " AZ_PASSES("r", "r.owner", "t")
		" GROUP BY r.oid, r.rule_name, r.name, r.owner_name"},

	{"rule_on_protected", AZ_LEVEL_WARNING,
		"WITH " RULES
		" SELECT " RULE ","
		" pg_catalog.format('What is written to %s, which has row security, is rewritten, and the rule''s actions run with the rights of role %s.', r.name, r.owner_name), "
		DROP_RULE
		" FROM rules r WHERE r.is_on_protected"
		" AND EXISTS (SELECT FROM pg_catalog.pg_depend d"
		" WHERE d.classid" AZ_EQ "'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid" AZ_EQ "r.oid"
		" AND d.refclassid" AZ_EQ "'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid" AZ_NE "r.relation)"},

	{"definer_past_policies", AZ_LEVEL_WARNING,
		DEFINERS("NOT", "a role that calls it goes past them.")},

	{"definer_past_policies", AZ_LEVEL_INFO,
		DEFINERS("", "what it asks the identity itself alone decides.")},

	{"foreign_table_past_policies", AZ_LEVEL_WARNING,
		"WITH RECURSIVE " AZ_GUARDED
		" SELECT pg_catalog.format('foreign table %I.%I', n.nspname, c.relname),"
		" pg_catalog.format('It leads to %s by server %I, with the rights of the server''s user, and foreign tables have no policies.', t.name, s.srvname),"
		" pg_catalog.format('DROP FOREIGN TABLE %I.%I; -- or let the server''s user be one whom policies bind, and grant nobody SELECT.', n.nspname, c.relname)"
		" FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_class c ON c.oid" AZ_EQ "f.ftrelid"
		" JOIN pg_catalog.pg_namespace n ON n.oid" AZ_EQ "c.relnamespace"
		" JOIN pg_catalog.pg_foreign_server s ON s.oid" AZ_EQ "f.ftserver"
		" CROSS JOIN LATERAL (SELECT " OPTION("f.ftoptions", "schema_name") " AS schema_name, "
		OPTION("f.ftoptions", "table_name") " AS table_name, " OPTION("s.srvoptions", "host") " AS host, "
		OPTION("s.srvoptions", "hostaddr") " AS hostaddr, " OPTION("s.srvoptions", "port") " AS port, "
		OPTION("s.srvoptions", "dbname") " AS dbname) o"
		" JOIN tables t ON t.schema_name::pg_catalog.text" AZ_EQ "COALESCE(o.schema_name, n.nspname::pg_catalog.text)"
		" AND t.bare_name::pg_catalog.text" AZ_EQ "COALESCE(o.table_name, c.relname::pg_catalog.text)"
		" WHERE c.relnamespace" AZ_EQ "ANY ($1) AND t.oid" AZ_NE "c.oid AND " LOOPBACK},
};

void
az_lint_others(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
