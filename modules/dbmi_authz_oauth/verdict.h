/*-------------------------------------------------------------------------
 *
 * verdict.h
 *	  May the bearer of a token log in with a role?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_VERDICT_H
#define AZ_VERDICT_H

#include "server/compat.h"
#include "libpq/libpq-be.h"

typedef struct AzVerdict
{
	const char *why;			/* a sentence, for the log; NULL: yes */
	const char *hint;			/* what to do about it; NULL: nothing to say */
	char	   *system_user;	/* if yes: the name that pg_ident.conf has for
								 * the token's holder */
} AzVerdict;

/*
 * Raises what is about memory, and what the catalogs raise.  Nothing in the
 * verdict is a byte of a token that was refused.
 */
extern void az_judge_login(const Port *port, const char *token, const char *role,
						   AzVerdict *verdict);

#endif							/* AZ_VERDICT_H */
