/*-------------------------------------------------------------------------
 *
 * table_policies.h
 *	  The policies of tables, as the linter reads them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TABLE_POLICIES_H
#define AZ_TABLE_POLICIES_H

#include "server/compat.h"
#include "access/htup_details.h"
#include "nodes/primnodes.h"

#include "lint/lint.h"

typedef struct AzPolicyRead
{
	char	   *name;			/* as SQL takes it */
	bool		is_permissive;
	char		command;		/* as in pg_policy */
	List	   *roles;			/* OIDs; 0: PUBLIC */
	Node	   *using_row;		/* USING, or NULL */
	Node	   *new_row;		/* WITH CHECK, or NULL */
} AzPolicyRead;

typedef struct AzPoliciesRead
{
	Oid			table;
	char	   *name;			/* as SQL takes it, with its schema */
	char		kind;			/* relkind */
	bool		is_protected;	/* row security is on */
	List	   *policies;		/* of AzPolicyRead, by name */
} AzPoliciesRead;

/*
 * Call look() for each table with policies of the run's schemas, be its row security
 * on or off, each in an attempt and a memory context of its own.  Inside SPI_connect().
 */
typedef void (*AzLintLook) (AzLint *lint, const AzPoliciesRead *table);
extern void az_lint_each_table(AzLint *lint, AzLintLook look);

/* Those with row security alone. */
extern void az_lint_each_protected(AzLint *lint, AzLintLook look);

/* Those of any table. */
extern List *az_read_policies_of(Oid table);

/* Is the policy for that command (as in pg_policy)? */
extern bool az_is_for(const AzPolicyRead *policy, char command);

/* Does the policy bind all that the other one is for? */
extern bool az_binds_all_of(const AzPolicyRead *policy, const AzPolicyRead *other);

/* An expression that a catalog holds; NULL: none.  A new one. */
extern Node *az_read_stored(HeapTuple tuple, AttrNumber column, TupleDesc desc);

/*
 * The same expression over the columns of another table, by their names; NULL: one
 * is not there.
 */
extern Node *az_move_to_table(Node *expr, Oid from, Oid to);

/* An expression as SQL, the same under each search path. */
extern char *az_expression_text(Node *expr, Oid table);

#endif							/* AZ_TABLE_POLICIES_H */
