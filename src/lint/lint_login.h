/*-------------------------------------------------------------------------
 *
 * lint_login.h
 *	  Is the file of trust, by which logins are verified, what this database says?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINT_LOGIN_H
#define AZ_LINT_LOGIN_H

#include "lint/lint.h"

/* For az_lint_attempt(); no table of the trust may be altered. */
extern void az_lint_login(AzLint *lint, void *arg);

#endif							/* AZ_LINT_LOGIN_H */
