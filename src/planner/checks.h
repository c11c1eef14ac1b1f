/*-------------------------------------------------------------------------
 *
 * checks.h
 *	  What the planner may do with each function that asks for the identity.
 *
 * There is one table, with one row for each C function behind a SQL function
 * that has our planner support.  A new function of that kind needs a row;
 * test/checks compares the table with the install script.
 *
 * A member that is left out gives the careful choice: the call stays, and its
 * plan is tied to all that an answer may depend on.  The same holds for a
 * function that has no row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CHECKS_H
#define AZ_CHECKS_H

#include "server/compat.h"

#include "planner/column_claims.h"

/* What may become of a call over constants. */
typedef enum AzCheckKind
{
	AZ_STAYS,					/* it stays a call */
	AZ_QUESTION,				/* a boolean, which decides what a plan looks like */
	AZ_VALUE					/* a value of any other type */
} AzCheckKind;

/* What an answer depends on, besides the arguments. */
typedef enum AzBasis
{
	AZ_ON_RULES,				/* what functions of users say, and all below */
	AZ_ON_GRANTS,				/* what is stored for the identity, and the token */
	AZ_ON_TOKEN
} AzBasis;

typedef struct AzCheck
{
	const char *symbol;
	AzCheckKind kind;
	AzBasis		basis;

	/*
	 * It raises for no argument at all, and is LEAKPROOF in the script.  Other
	 * functions are called while planning only with constants that they
	 * accept.
	 */
	bool		leakproof;

	/* The argument whose type it judges, or which is a path; 0: none. */
	int			value_argument;
	int			item_argument;

	/*
	 * Once the identity has ended (R2) it answers, where others raise an
	 * error.
	 */
	bool		outlives_end;

	/* It asks the set that its first argument names. */
	bool		asks_set;

	/* Its answer changes with time, for the same identity and arguments. */
	bool		changes_with_time;

	/*
	 * If the first argument is a column: what it is compared with, and whether
	 * an administrator passes without a comparison.
	 */
	AzColumnClaims claims;
	bool		or_admin;
} AzCheck;

/* The row of a C function; NULL: there is none. */
extern const AzCheck *az_find_check(const char *symbol);

/*
 * What an answer may depend on: is it an error once the identity has ended, and
 * is what is stored for the identity asked?  NULL: a function that is not in
 * the table, or was altered, may depend on anything.
 */
extern bool az_ends_with_identity(const AzCheck *check);
extern bool az_asks_grants(const AzCheck *check);

#endif							/* AZ_CHECKS_H */
