/*-------------------------------------------------------------------------
 *
 * condition_subjects.h
 *	  What the linter looks for in the conditions of a table's policies.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CONDITION_SUBJECTS_H
#define AZ_CONDITION_SUBJECTS_H

#include "lint/lint_policy.h"

/* Does a table let somebody in who should stay outside? */
extern void az_lint_open(AzLintTable *table);

/* Values by which a policy denies access, and which a ceiling takes away. */
extern void az_lint_against_ceilings(AzLintTable *table);

/* Checks that stay calls, and why. */
extern void az_lint_folding(AzLintTable *table);

/* Functions and operators that are not what they seem, or cost something. */
extern void az_lint_called(AzLintTable *table);

/* Arguments with which a check is never true, or raises. */
extern void az_lint_arguments(AzLintTable *table);

#endif							/* AZ_CONDITION_SUBJECTS_H */
