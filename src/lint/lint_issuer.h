/*-------------------------------------------------------------------------
 *
 * lint_issuer.h
 *	  An issuer that the linter looks at.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINT_ISSUER_H
#define AZ_LINT_ISSUER_H

#include "lint/lint.h"
#include "token/issuer.h"

typedef struct AzLintIssuer
{
	AzLint	   *lint;
	const char *utf8;			/* its name */
	const char *name;			/* the same as text of this database */
	const char *literal;		/* and as SQL takes it */
	const char *profile;		/* "" when its row names none */
	const AzIssuer *issuer;

	int			nkeys;			/* that can be used; set by az_lint_keys() */
	int			nsecrets;		/* of those, HMAC */
} AzLintIssuer;

/* A finding about "issuer NAME". */
extern void az_find_of_issuer(const AzLintIssuer *issuer, const char *code, AzLevel level,
							  const char *detail, const char *hint);

/* The statement that changes options of it, which are JSON. */
extern char *az_alter_issuer(const AzLintIssuer *issuer, const char *options);

#endif							/* AZ_LINT_ISSUER_H */
