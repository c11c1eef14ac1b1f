/*-------------------------------------------------------------------------
 *
 * lint_publications.c
 *	  Publications, which no policy limits.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"
#include "lint/lint_sql.h"

/*
 * WITH published: the table, in what way, and which columns (NULL: all).  A
 * partition goes with what lies above it.
 */
#define PUBLISHED \
	"published AS MATERIALIZED (" \
	"SELECT p.oid, c.oid AS table_oid, 'all' AS way, NULL::pg_catalog.int2[] AS columns" \
	" FROM pg_catalog.pg_publication p JOIN pg_catalog.pg_class c ON p.puballtables" \
	" AND c.relkind" AZ_IS_ONE_OF("'r', 'p'") " AND c.relpersistence" AZ_EQ "'p'" \
	" UNION ALL " \
	"SELECT s.pnpubid, c.oid, 'schema', NULL FROM pg_catalog.pg_publication_namespace s" \
	" JOIN pg_catalog.pg_class c ON c.relnamespace" AZ_EQ "s.pnnspid" \
	" AND c.relkind" AZ_IS_ONE_OF("'r', 'p'") " AND c.relpersistence" AZ_EQ "'p'" \
	" UNION ALL " \
	"SELECT r.prpubid, r.prrelid, 'table', r.prattrs::pg_catalog.int2[]" \
	" FROM pg_catalog.pg_publication_rel r)"

#define KEYS \
	"keys AS (SELECT c.oid, a.attnum FROM pg_catalog.pg_class c" \
	" JOIN pg_catalog.pg_attribute a ON a.attrelid" AZ_EQ "c.oid AND a.attname" AZ_EQ "'jwk'" \
	" WHERE c.oid" AZ_EQ "pg_catalog.to_regclass('authz.issuer_key'))"

static const AzLintRule rules[] = {
	{"keys_published", AZ_LEVEL_ERROR,
		"WITH " PUBLISHED ", " KEYS
		" SELECT DISTINCT pg_catalog.format('publication %I', p.pubname),"
		" 'Subscribers get authz.issuer_key, with the secrets that tokens are signed with.',"
		" CASE WHEN q.way" AZ_EQ "'all' THEN pg_catalog.format('DROP PUBLICATION %I; -- and make one that names its tables or schemas.', p.pubname)"
		" ELSE pg_catalog.format('ALTER PUBLICATION %I DROP %s;', p.pubname,"
		" CASE WHEN q.way" AZ_EQ "'schema' THEN 'TABLES IN SCHEMA authz' ELSE 'TABLE authz.issuer_key' END) END"
		" FROM published q JOIN keys k ON k.oid" AZ_EQ "q.table_oid"
		" JOIN pg_catalog.pg_publication p ON p.oid" AZ_EQ "q.oid"
		" WHERE q.columns IS NULL OR k.attnum" AZ_EQ "ANY (q.columns)"},

	{"protected_published", AZ_LEVEL_INFO,
		"WITH " AZ_RELATIONS ", " PUBLISHED
		" SELECT pg_catalog.format('publication %I', p.pubname),"
		" pg_catalog.format('Subscribers get all rows of tables with row security: %s.',"
		" CASE WHEN pg_catalog.count(DISTINCT t.oid) OPERATOR(pg_catalog.>) 5"
		" THEN pg_catalog.concat(pg_catalog.min(t.name), ' and ', pg_catalog.count(DISTINCT t.oid) OPERATOR(pg_catalog.-) 1, ' others')"
		" ELSE pg_catalog.string_agg(DISTINCT t.name, ', ' ORDER BY t.name) END),"
		" 'Let nobody subscribe who must not see all rows: row filters cannot ask the identity, and the subscriber needs policies of its own.'"
		" FROM published q JOIN relations t ON t.oid" AZ_EQ "q.table_oid AND t.is_protected"
		" JOIN pg_catalog.pg_publication p ON p.oid" AZ_EQ "q.oid"
		" GROUP BY p.oid, p.pubname"},
};

void
az_lint_publications(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
}
