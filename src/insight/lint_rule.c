/*-------------------------------------------------------------------------
 *
 * lint_rule.c
 *	  Faults that a query over the catalogs finds.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/lint_rule.h"

#include "catalog/pg_type.h"

#include "server/spi.h"

static void
look_by_rule(AzLint *lint, void *arg)
{
	const AzLintRule *rule = arg;
	AzSpiParams	params = {0};
	uint64		rows;
	uint64		row;

	az_spi_param(&params, OIDARRAYOID, lint->schemas);
	rows = az_spi_run(rule->query, &params);
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
