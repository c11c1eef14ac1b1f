/*-------------------------------------------------------------------------
 *
 * lint_options.h
 *	  The options of an issuer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINT_OPTIONS_H
#define AZ_LINT_OPTIONS_H

#include "lint/lint_issuer.h"

/* What is wrong with them; after az_lint_keys(). */
extern void az_lint_options(const AzLintIssuer *issuer);

#endif							/* AZ_LINT_OPTIONS_H */
