/*-------------------------------------------------------------------------
 *
 * rule.h
 *	  A rule of object permissions: a function of a table's key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_RULE_H
#define AZ_RULE_H

#include "server/compat.h"

#include "objects/primary_key.h"

typedef enum AzRuleVerdict
{
	AZ_RULE_SAYS_TRUE,
	AZ_RULE_SAYS_FALSE,
	AZ_RULE_SAYS_NULL,
	AZ_RULE_DENIES,				/* it raised 42501, or may not be executed */
	AZ_RULE_CHANGED_HANDS,		/* it is somebody else's now, and was not asked */
	AZ_RULE_NO_ROW				/* the text is no value of the key's type */
} AzRuleVerdict;

/* A rule as a call site knows it; the rest is zero at first. */
typedef struct AzRule
{
	const char *signature;
	const char *owner;			/* when it was registered; NULL: not known */
	bool		any_owner;		/* the registry does not record it */
	Oid			rel;
	bool		over_rows;		/* asked about the rows of a query */
	MemoryContext context;		/* of its own, for what the function keeps */
	bool		resolved;
	bool		changed_hands;
	bool		executable;		/* by that role */
	Oid			role;
	FmgrInfo	function;
} AzRule;

/*
 * Why this function is no rule for tables with such a key: a sentence for
 * errdetail(), or NULL when it is one.
 */
extern const char *az_not_a_rule(Oid function, const AzPrimaryKey *key);

/* The signature by which a rule is registered. */
extern char *az_rule_signature(Oid function);

/* The function with exactly that signature, or InvalidOid. */
extern Oid	az_find_rule(const char *signature);

/* The name of the role to which it belongs. */
extern char *az_rule_owner(Oid function);

/*
 * Ask the rule about a row, with the rights of the current user and in a
 * subtransaction of its own.  Errors but 42501 propagate; F0000 when the
 * function is gone or is no longer a rule; a WARNING when it belongs to
 * somebody else than when it was registered.  *running is true while it runs.
 * *message becomes that of the denial.
 */
extern AzRuleVerdict az_ask_rule(AzRule *rule, AzPrimaryKey *key, AzRowName *row,
								  bool *running, const char **message);

#endif							/* AZ_RULE_H */
