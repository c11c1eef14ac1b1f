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
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

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
		" pg_catalog.format('It is worked out for each query: it calls %s, and no trigger tells when that result changes.',"
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

/* ----------------------------------------------------------------
 * Functions of PostgreSQL's own, on which nothing depends in the catalogs
 * ----------------------------------------------------------------
 */

typedef struct Called
{
	Oid			changing;		/* VOLATILE */
	Oid			unsteady;		/* STABLE */
	bool		asks_session;	/* for the time, say */
} Called;

/* The planner puts its body in place of the call, and that is steady. */
static bool
is_in_sql(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		in_sql = HeapTupleIsValid(tuple) &&
		((Form_pg_proc) GETSTRUCT(tuple))->prolang == SQLlanguageId;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return in_sql;
}

static bool
note_core_function(Oid function, void *arg)
{
	Called	   *called = arg;

	if (function >= FirstUnpinnedObjectId)
		return false;
	if (func_volatile(function) == PROVOLATILE_VOLATILE)
		called->changing = function;
	else if (func_volatile(function) == PROVOLATILE_STABLE && !is_in_sql(function))
		called->unsteady = function;
	return false;
}

static bool
note_called(Node *node, void *arg)
{
	Called	   *called = arg;

	if (node == NULL)
		return false;
	(void) check_functions_in_node(node, note_core_function, called);
	called->asks_session = called->asks_session || IsA(node, SQLValueFunction);
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, note_called, called, 0);
	return expression_tree_walker(node, note_called, called);
}

/* A row: set, the query of a view that it reads. */
static void
judge_query(AzLint *lint, uint64 row)
{
	Called		called = {0};
	const char *object = psprintf("set %s", az_spi_result(row, 1));

	(void) note_called(stringToNode(az_spi_result(row, 2)), &called);
	if (OidIsValid(called.changing))
		az_find(lint, "set_not_kept", AZ_LEVEL_WARNING, object,
				psprintf("Checks that ask it raise an error: it calls %s, which is VOLATILE, and its result may change within one statement.",
						 get_func_name(called.changing)),
				"Write the view without it.");
	else if (OidIsValid(called.unsteady) || called.asks_session)
		az_find(lint, "set_calls_function", AZ_LEVEL_INFO, object,
				psprintf("It is worked out for each query: it %s%s, and no trigger tells when that result changes.",
						 OidIsValid(called.unsteady) ? "calls " : "asks for the time or the session",
						 OidIsValid(called.unsteady) ? get_func_name(called.unsteady) : ""),
				"Leave it out of the view, if it is to be kept: compare in the policy, beside the set.");
}

static void
look_at_queries(AzLint *lint, void *arg)
{
	AzSpiParams	params = {0};
	SPITupleTable *found;
	uint64		rows;
	uint64		row;

	az_spi_param(&params, OIDARRAYOID, lint->schemas);
	rows = az_spi_run(ASKED READ
					  " SELECT a.name, w.ev_action::pg_catalog.text"
					  " FROM asked a JOIN read r ON r.set OPERATOR(pg_catalog.=) a.set"
					  " JOIN pg_catalog.pg_rewrite w ON w.ev_class OPERATOR(pg_catalog.=) r.rel"
					  "  AND w.ev_type OPERATOR(pg_catalog.=) '1'"
					  " JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) r.rel"
					  "  AND c.relkind OPERATOR(pg_catalog.=) 'v'",
					  &params);
	found = SPI_tuptable;
	for (row = 0; row < rows; row++)
		judge_query(lint, row);
	SPI_freetuptable(found);
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
	az_lint_attempt(lint, "queries of sets", look_at_queries, NULL);
}
