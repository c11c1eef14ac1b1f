/*-------------------------------------------------------------------------
 *
 * lint_issuer.c
 *	  An issuer that the linter looks at.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_issuer.h"

void
az_find_of_issuer(const AzLintIssuer *issuer, const char *code, AzLevel level,
				  const char *detail, const char *hint)
{
	az_find(issuer->lint, code, level, psprintf("issuer %s", issuer->name), detail, hint);
}

char *
az_alter_issuer(const AzLintIssuer *issuer, const char *options)
{
	return psprintf("SELECT authz.alter_issuer(%s, '%s');", issuer->literal, options);
}
