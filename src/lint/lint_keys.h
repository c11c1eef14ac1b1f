/*-------------------------------------------------------------------------
 *
 * lint_keys.h
 *	  The keys of an issuer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINT_KEYS_H
#define AZ_LINT_KEYS_H

#include "lint/lint_issuer.h"

/* What is wrong with them; counts them. */
extern void az_lint_keys(AzLintIssuer *issuer);

#endif							/* AZ_LINT_KEYS_H */
