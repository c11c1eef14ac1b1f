/*-------------------------------------------------------------------------
 *
 * lint_rule.h
 *	  Faults that a query over the catalogs finds.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINT_RULE_H
#define AZ_LINT_RULE_H

#include "lint/lint.h"

/*
 * The query gives a row of three texts for each finding: object, detail, hint.
 * $1 is AzLint.schemas.  It names everything with its schema, operators too, and
 * calls nothing but PostgreSQL's own functions.
 */
typedef struct AzLintRule
{
	const char *code;
	AzLevel		level;
	const char *query;
} AzLintRule;

/* Each in an attempt of its own. */
extern void az_lint_by_rules(AzLint *lint, const AzLintRule *rules, int n);

#endif							/* AZ_LINT_RULE_H */
