/*-------------------------------------------------------------------------
 *
 * lint_rule.c
 *	  Faults that a query over the catalogs finds.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_rule.h"

#include "catalog/pg_type.h"

#include "server/setting.h"
#include "server/spi.h"

/*
 * Nobody has statistics of what WITH makes: the planner takes it for one row, and
 * would read it once for each row of another one.  What it is then made to avoid
 * looks costly enough to be compiled, or to be done by several processes.
 */
static uint64
run(AzLint *lint, const char *query)
{
	int			level = NewGUCNestLevel();
	AzSpiParams	params = {0};
	uint64		rows;

	az_set_within_level("enable_nestloop", "off");
	az_set_within_level("jit", "off");
	az_set_within_level("max_parallel_workers_per_gather", "0");
	az_spi_param(&params, OIDARRAYOID, lint->schemas);
	rows = az_spi_run(query, &params);
	AtEOXact_GUC(true, level);
	return rows;
}

static void
look_by_rule(AzLint *lint, void *arg)
{
	const AzLintRule *rule = arg;
	uint64		rows = run(lint, rule->query);
	uint64		row;

	for (row = 0; row < rows; row++)
		az_find(lint, rule->code, rule->level, az_spi_result(row, 1),
				az_spi_result(row, 2), az_spi_result(row, 3));
}

void
az_lint_by_rules(AzLint *lint, const AzLintRule *rules, int n)
{
	int			i;

	for (i = 0; i < n; i++)
		az_lint_attempt(lint, psprintf("rule %s", rules[i].code), look_by_rule,
						unconstify(AzLintRule *, &rules[i]));
}
