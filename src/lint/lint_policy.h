/*-------------------------------------------------------------------------
 *
 * lint_policy.h
 *	  What the linter finds in the conditions of a table's policies.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINT_POLICY_H
#define AZ_LINT_POLICY_H

#include "lint/table_policies.h"

typedef struct AzLintTable
{
	AzLint	   *lint;
	const AzPoliciesRead *read;
	List	   *found;			/* not yet told: one for each policy and code */
} AzLintTable;

/* One condition of a policy. */
typedef struct AzLintCondition
{
	AzLintTable *table;
	const AzPolicyRead *policy;
	bool		is_check;		/* WITH CHECK */
	Node	   *expr;
} AzLintCondition;

/* Each condition of its policies. */
extern void az_each_condition(AzLintTable *table,
							  void (*look) (const AzLintCondition *condition, void *arg),
							  void *arg);

/*
 * Something is wrong with a condition.  What has the same code in the same policy
 * is one finding: with the details of all, the worst level and the first hint.
 */
extern void az_find_in_condition(const AzLintCondition *condition, const char *code,
								 AzLevel level, const char *detail, const char *hint);

/* Tell what was found. */
extern void az_tell_found(AzLintTable *table);

/*
 * A part of a condition as SQL has it, everything with its schema; cut when it
 * is long.  It must not stand within a sub-select.
 */
extern char *az_show_part(const AzLintCondition *condition, Node *part);

/* The statement that gives the policy this condition, as SQL, instead. */
extern char *az_alter_condition(const AzLintCondition *condition, const char *instead);

/* The whole condition as SQL. */
extern char *az_show_condition(const AzLintCondition *condition);

/* "USING", "WITH CHECK" */
extern const char *az_clause_name(const AzLintCondition *condition);

#endif							/* AZ_LINT_POLICY_H */
