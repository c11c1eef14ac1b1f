/*-------------------------------------------------------------------------
 *
 * state_code.c
 *	  Of a state: functions, operators, types and the rules of object permissions.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/state.h"

#define NAMED(oid, type)	oid "::pg_catalog." type "::pg_catalog.text COLLATE pg_catalog.\"C\""

#define ROLE(oid) \
	"CASE WHEN " oid " OPERATOR(pg_catalog.=) 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(" oid ")) END"

/*
 * All rules: that a permission has one on another table is an answer, too.
 */
static const AzStateSection sections[] = {
	{"functions",
	"SELECT 0::pg_catalog.oid, " NAMED("p.oid", "regprocedure") " AS name, " ROLE("p.proowner") " AS owner, l.lanname::pg_catalog.text AS language,"
	" CASE WHEN p.provolatile OPERATOR(pg_catalog.=) 'i' THEN 'immutable' WHEN p.provolatile OPERATOR(pg_catalog.=) 's' THEN 'stable' ELSE 'volatile' END AS volatility,"
	" p.prosecdef AS security_definer, p.proisstrict AS strict, p.proleakproof AS leakproof,"
	" pg_catalog.pg_get_function_identity_arguments(p.oid) AS arguments, p.proargdefaults AS defaults, pg_catalog.pg_get_function_result(p.oid) AS result,"
	" CASE WHEN p.proconfig IS NOT NULL"
	" THEN ARRAY(SELECT s.setting COLLATE pg_catalog.\"C\" FROM pg_catalog.unnest(p.proconfig) s(setting) ORDER BY 1) END AS settings,"
	" p.probin AS library, CASE WHEN p.prosqlbody IS NULL THEN p.prosrc END AS source, p.prosqlbody AS body,"
	" CASE WHEN a.aggfnoid IS NOT NULL THEN pg_catalog.concat_ws(' ', a.aggtransfn::pg_catalog.regprocedure, a.aggfinalfn::pg_catalog.regprocedure,"
	" a.aggtranstype::pg_catalog.regtype, a.agginitval) END AS aggregate,"
	" ARRAY(SELECT DISTINCT " ROLE("g.grantee") " COLLATE pg_catalog.\"C\""
	" FROM (SELECT x.grantee, pg_catalog.bool_or(x.grantee OPERATOR(pg_catalog.=) 0) OVER () AND x.grantee OPERATOR(pg_catalog.<>) 0 AS covered"
	" FROM pg_catalog.aclexplode(COALESCE(p.proacl, pg_catalog.acldefault('f', p.proowner))) x) g"
	" WHERE NOT g.covered ORDER BY 1) AS roles"
	" FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) p.prolang"
	" LEFT JOIN pg_catalog.pg_aggregate a ON a.aggfnoid::pg_catalog.oid OPERATOR(pg_catalog.=) p.oid"
	" WHERE p.oid OPERATOR(pg_catalog.=) ANY ($5) ORDER BY 2"},
	{"operators",
	"SELECT " NAMED("o.oid", "regoperator") " AS name, " NAMED("o.oprcode", "regprocedure") " AS function,"
	" CASE WHEN o.oprcom OPERATOR(pg_catalog.<>) 0::pg_catalog.oid THEN " NAMED("o.oprcom", "regoperator") " END AS commutator,"
	" CASE WHEN o.oprnegate OPERATOR(pg_catalog.<>) 0::pg_catalog.oid THEN " NAMED("o.oprnegate", "regoperator") " END AS negator"
	" FROM pg_catalog.pg_operator o WHERE o.oid OPERATOR(pg_catalog.=) ANY ($7) ORDER BY 1"},
	{"types",
	"SELECT " NAMED("t.oid", "regtype") " AS name,"
	" CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod) END AS base, t.typnotnull AS not_null,"
	" CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'e'"
	" THEN ARRAY(SELECT e.enumlabel::pg_catalog.text FROM pg_catalog.pg_enum e WHERE e.enumtypid OPERATOR(pg_catalog.=) t.oid ORDER BY e.enumsortorder) END AS labels,"
	" CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'c' THEN ARRAY(SELECT pg_catalog.concat(pg_catalog.quote_ident(a.attname), ' ', pg_catalog.format_type(a.atttypid, a.atttypmod))"
	" FROM pg_catalog.pg_attribute a WHERE a.attrelid OPERATOR(pg_catalog.=) t.typrelid AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped ORDER BY a.attnum)"
	" END AS columns,"
	" CASE WHEN t.typtype OPERATOR(pg_catalog.=) 'b' THEN pg_catalog.concat_ws(' ', t.typinput::pg_catalog.regprocedure, t.typoutput::pg_catalog.regprocedure) END AS input_output"
	" FROM pg_catalog.pg_type t WHERE t.oid OPERATOR(pg_catalog.=) ANY ($6) AND t.typelem OPERATOR(pg_catalog.=) 0::pg_catalog.oid ORDER BY 1"},
	{"collations",
	"SELECT " NAMED("c.oid", "regcollation") " AS name,"
	" (SELECT pg_catalog.json_object_agg(v.key, v.value ORDER BY v.key COLLATE pg_catalog.\"C\") FROM pg_catalog.jsonb_each(pg_catalog.to_jsonb(c)) v"
	" WHERE v.key OPERATOR(pg_catalog.<>) ALL (ARRAY['oid', 'collname', 'collnamespace', 'collowner', 'collversion', 'collencoding'])) AS definition"
	" FROM pg_catalog.pg_collation c WHERE c.oid OPERATOR(pg_catalog.=) ANY ($8) ORDER BY 1"},
	{"object_rules",
	"SELECT a.rel::pg_catalog.regclass::pg_catalog.text COLLATE pg_catalog.\"C\" AS relation, a.perm COLLATE pg_catalog.\"C\" AS permission, a.kind COLLATE pg_catalog.\"C\" AS kind,"
	" a.rule AS function, pg_catalog.quote_ident(a.rule_owner) AS owner"
	" FROM authz.object_access a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.rel::pg_catalog.oid"
	" ORDER BY 1, 2, 3"},
};

void
az_state_code(AzState *state)
{
	az_write_sections(state, sections, lengthof(sections));
}
