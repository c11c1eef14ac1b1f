/*-------------------------------------------------------------------------
 *
 * lint_sets.c
 *	  Sets that policies ask and that are not kept.
 *
 * authz.sets() plans the query of a set to see what it reads, and so has the planner
 * call functions of others.  Here the catalogs tell which relations it names, also
 * through views.  What it reads by way of functions is not known.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "server/spi.h"
#include "sets/watch.h"

#define DEPENDS(on, class) \
	on ".classid OPERATOR(pg_catalog.=) 'pg_catalog." class "'::pg_catalog.regclass"
#define REFERS(on, class) \
	on ".refclassid OPERATOR(pg_catalog.=) 'pg_catalog." class "'::pg_catalog.regclass"

/* The views that policies of those schemas ask by one of our functions: set, name. */
#define ASKED \
	"WITH RECURSIVE asked AS (SELECT DISTINCT v.oid AS set, pg_catalog.format('%I.%I', n.nspname, v.relname) AS name" \
	" FROM pg_catalog.pg_policy p" \
	" JOIN pg_catalog.pg_class t ON t.oid OPERATOR(pg_catalog.=) p.polrelid AND t.relnamespace OPERATOR(pg_catalog.=) ANY ($1)" \
	" JOIN pg_catalog.pg_depend d ON " DEPENDS("d", "pg_policy") " AND d.objid OPERATOR(pg_catalog.=) p.oid AND " REFERS("d", "pg_class") \
	" JOIN pg_catalog.pg_class v ON v.oid OPERATOR(pg_catalog.=) d.refobjid AND v.relkind OPERATOR(pg_catalog.=) 'v'" \
	" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) v.relnamespace" \
	" WHERE EXISTS (SELECT FROM pg_catalog.pg_depend a JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) a.refobjid" \
	"  JOIN pg_catalog.pg_namespace s ON s.oid OPERATOR(pg_catalog.=) f.pronamespace AND s.nspname OPERATOR(pg_catalog.=) 'authz'" \
	"  WHERE " DEPENDS("a", "pg_policy") " AND a.objid OPERATOR(pg_catalog.=) p.oid AND " REFERS("a", "pg_proc") \
	"  AND f.proname OPERATOR(pg_catalog.=) ANY (ARRAY['in_set', 'set_keys', 'require_in_set'])))"

/* All that they read, also through views and in children: set, rel. */
#define READ \
	", read AS (SELECT set, set AS rel FROM asked UNION SELECT r.set, x.rel FROM read r CROSS JOIN LATERAL (" \
	"  SELECT d.refobjid AS rel FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d" \
	"   ON " DEPENDS("d", "pg_rewrite") " AND d.objid OPERATOR(pg_catalog.=) w.oid AND " REFERS("d", "pg_class") \
	"   WHERE w.ev_class OPERATOR(pg_catalog.=) r.rel" \
	"  UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent OPERATOR(pg_catalog.=) r.rel) x)"

static const AzLintRule rules[] = {
	{"set_calls_function", AZ_LEVEL_INFO,
		ASKED READ
		" SELECT pg_catalog.concat('set ', a.name),"
		" pg_catalog.format('It is worked out for each query: it calls %s, and nobody tells when that returns something else.',"
		"  pg_catalog.string_agg(DISTINCT f.oid::pg_catalog.regprocedure::pg_catalog.text, ', ')),"
		" 'Write what the function does into the view, if it is to be kept.'"
		" FROM asked a JOIN read r ON r.set OPERATOR(pg_catalog.=) a.set"
		" JOIN pg_catalog.pg_rewrite w ON w.ev_class OPERATOR(pg_catalog.=) r.rel"
		" JOIN pg_catalog.pg_depend d ON " DEPENDS("d", "pg_rewrite") " AND d.objid OPERATOR(pg_catalog.=) w.oid AND " REFERS("d", "pg_proc")
		" JOIN pg_catalog.pg_proc f ON f.oid OPERATOR(pg_catalog.=) d.refobjid"
		" JOIN pg_catalog.pg_language l ON l.oid OPERATOR(pg_catalog.=) f.prolang"
		" JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) f.pronamespace AND n.nspname OPERATOR(pg_catalog.<>) 'authz'"
		" WHERE NOT (f.provolatile OPERATOR(pg_catalog.=) 'i' AND l.lanname OPERATOR(pg_catalog.=) ANY (ARRAY['c', 'internal']))"
		" GROUP BY a.name"},
};

/* Why that relation cannot be heard of, NULL where it can; *watchable: watch() helps. */
static char *
why_unheard(Oid rel, bool *watchable)
{
	Relation	relation = try_relation_open(rel, AccessShareLock);
	char	   *why = NULL;

	if (relation == NULL)
		return NULL;
	if (relation->rd_rel->relkind != RELKIND_INDEX && relation->rd_rel->relkind != RELKIND_COMPOSITE_TYPE)
		why = az_why_unwatched(relation);
	*watchable = relation->rd_rel->relkind == RELKIND_RELATION && rel >= FirstNormalObjectId;
	relation_close(relation, AccessShareLock);
	return why;
}

/* A row: set, relation, its name. */
static void
judge_relation(AzLint *lint, uint64 row)
{
	bool		watchable;
	char	   *name = az_spi_result(row, 3);
	char	   *why = why_unheard(strtoul(az_spi_result(row, 2), NULL, 10), &watchable);
	char	   *detail;

	if (why == NULL)
		return;
	detail = psprintf("It is worked out for each query: %s.", why);
	if (watchable)
		az_find(lint, "set_unwatched", AZ_LEVEL_WARNING,
				psprintf("set %s reading %s", az_spi_result(row, 1), name), detail,
				psprintf("SELECT authz.watch(%s);", quote_literal_cstr(name)));
	else
		az_find(lint, "set_not_kept", AZ_LEVEL_INFO,
				psprintf("set %s reading %s", az_spi_result(row, 1), name), detail,
				"Read a table in its place, if the set is to be kept.");
}

static void
look(AzLint *lint, void *arg)
{
	AzSpiParams	params = {0};
	uint64		rows;
	uint64		row;

	az_spi_param(&params, OIDARRAYOID, lint->schemas);
	rows = az_spi_run(ASKED READ
					  " SELECT a.name, r.rel, pg_catalog.format('%I.%I', n.nspname, c.relname)"
					  " FROM asked a JOIN read r ON r.set OPERATOR(pg_catalog.=) a.set"
					  " JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.rel"
					  " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace",
					  &params);
	for (row = 0; row < rows; row++)
		judge_relation(lint, row);
}

void
az_lint_sets(AzLint *lint)
{
	az_lint_by_rules(lint, rules, lengthof(rules));
	az_lint_attempt(lint, "sets", look, NULL);
}
