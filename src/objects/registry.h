/*-------------------------------------------------------------------------
 *
 * registry.h
 *	  Which rules are registered for object permissions, under the snapshot that
 *	  is asked under.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REGISTRY_H
#define AZ_REGISTRY_H

#include "server/compat.h"
#include "nodes/pg_list.h"

typedef enum AzRuleKind
{
	AZ_RULE_USER,
	AZ_RULE_GROUP,
	AZ_N_RULE_KINDS
} AzRuleKind;

/* As the column "kind" has them. */
extern const char *const az_rule_kinds[AZ_N_RULE_KINDS];

typedef struct AzRegistered
{
	char	   *rules[AZ_N_RULE_KINDS]; /* signatures; NULL: none of that kind */
	char	   *owners[AZ_N_RULE_KINDS];	/* role names; NULL: not recorded */
	bool		here;			/* a rule is registered for this table */
	bool		elsewhere;		/* the permission has a rule on another one */
} AzRegistered;

/*
 * What is registered for a permission on a table; the strings belong to the
 * caller.  F0000 when the registry cannot be read: nothing then may count as
 * not registered.
 */
extern void az_find_registered(const char *perm, size_t len, Oid rel,
							   AzRegistered *found);

/* The permissions that have a rule on that table: text, the caller's. */
extern List *az_registered_for(Oid rel);

/*
 * Does the registry say whose functions the rules are?  False: its table is
 * that of 1.0, so it does not matter.
 */
extern bool az_registry_has_owners(void);

/*
 * Grows whenever a table, a function or a role may have changed, or something
 * else is registered under the snapshot that is asked under: what was found out
 * about a rule holds as long as this stands still.  F0000 as above.
 */
extern uint64 az_registry_generation(void);

extern void az_registry_init(void);

#endif							/* AZ_REGISTRY_H */
