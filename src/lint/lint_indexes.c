/*-------------------------------------------------------------------------
 *
 * lint_indexes.c
 *	  Columns that policies compare, and no index serves.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint.h"

#include "access/attnum.h"
#include "access/table.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "lint/row_condition.h"
#include "lint/serving_index.h"
#include "lint/table_policies.h"
#include "planner/comparand.h"

/* A condition of a table that is looked at. */
typedef struct Subject
{
	AzLint	   *lint;
	const AzPoliciesRead *table;
	const AzPolicyRead *policy;
	const AzArm *arm;
} Subject;

static void
compare_what_is_stored(AzArm *arm, Relation rel)
{
	ListCell   *lc;

	if (arm->operand)
		arm->operand = az_expand_generated(arm->operand, rel);
	foreach(lc, arm->arms)
		compare_what_is_stored(lfirst(lc), rel);
}

/*
 * Of the rows that it shows.  A check is folded over the column, and what that is
 * made of takes its place afterwards.
 */
static AzArm *
read_using(const AzPoliciesRead *table, const AzPolicyRead *policy)
{
	Relation	rel = table_open(table->table, AccessShareLock);
	AzArm	   *arm = az_read_condition(policy->using_row);

	compare_what_is_stored(arm, rel);
	table_close(rel, AccessShareLock);
	return arm;
}

/* The first column, or the expression in parentheses; what the object says of it. */
static char *
describe_operand(const Subject *subject, Node *operand, char **object)
{
	Oid			table = subject->table->table;
	char	   *text;

	operand = az_without_relabels(operand);
	if (IsA(operand, Var) && ((Var *) operand)->varattno > 0)
	{
		text = unconstify(char *, quote_identifier(get_attname(table, ((Var *) operand)->varattno, false)));
		*object = psprintf("column %s", text);
		return text;
	}
	text = az_expression_text(operand, table);
	*object = psprintf("expression %s", text);
	return psprintf("(%s)", text);
}

static char *
qualified_name(Oid table)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
									  get_rel_name(table));
}

static void
find_missing(const Subject *subject, const AzArm *arm, bool is_in_or, Oid missing)
{
	char	   *what;
	char	   *operand = describe_operand(subject, arm->operand, &what);
	const char *where = missing == subject->table->table ? "" :
		psprintf(" in its part %s", qualified_name(missing));

	az_find(subject->lint, "no_index", AZ_LEVEL_WARNING,
			psprintf("policy %s on %s, %s", subject->policy->name, subject->table->name, what),
			psprintf(is_in_or ?
					 "It stands under OR, and no index%s begins with it: all rows are read, whatever serves the other arms." :
					 "The policy compares it, and no index%s begins with it: all rows are read to find those that it shows.",
					 where),
			psprintf("CREATE INDEX ON %s (%s);", qualified_name(missing), operand));
}

/* What another kind of condition costs is not a question of indexes. */
static void
look_at_arm(const Subject *subject, const AzArm *arm, List *known, bool is_in_or)
{
	Oid			missing = InvalidOid;
	ListCell   *lc;

	if (arm->kind == AZ_ARM_GATE || az_is_served(subject->table->table, arm, known, &missing))
		return;
	switch (arm->kind)
	{
		case AZ_ARM_ALL:
			known = list_concat_copy(known, arm->arms);

			/* FALLTHROUGH */
		case AZ_ARM_ANY:
			foreach(lc, arm->arms)
				look_at_arm(subject, lfirst(lc), known,
							is_in_or || (arm->kind == AZ_ARM_ANY && az_arms_by_identity(subject->arm) != NIL));
			break;
		case AZ_ARM_COMPARED:
			if (arm->by_identity || is_in_or)
				find_missing(subject, arm, is_in_or, missing);
			break;
		default:
			break;
	}
}

/* A restrictive policy by whose index all rows are found that the policy is about. */
static bool
is_served_by_others(const AzPoliciesRead *table, const AzPolicyRead *policy)
{
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzPolicyRead *other = lfirst(lc);
		const AzArm *arm;

		if (other == policy || other->is_permissive || other->using_row == NULL ||
			!az_is_for(other, policy->command) ||
			!az_binds_all_of(other, policy))
			continue;
		arm = read_using(table, other);
		if (arm->kind != AZ_ARM_GATE && az_is_served(table->table, arm, NIL, NULL))
			return true;
	}
	return false;
}

/* A restrictive one is served where all that let rows through are. */
static bool
is_limited_by_others(const AzPoliciesRead *table, const AzPolicyRead *policy)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzPolicyRead *other = lfirst(lc);
		const AzArm *arm;

		if (!other->is_permissive || other->using_row == NULL ||
			!(other->command == '*' || policy->command == '*' || other->command == policy->command))
			continue;
		arm = read_using(table, other);
		if (arm->kind == AZ_ARM_GATE || !az_is_served(table->table, arm, NIL, NULL))
			return false;
		any = true;
	}
	return any;
}

/* Permissive policies for the same command are arms of one OR. */
static bool
is_beside_identity(const AzPoliciesRead *table, const AzPolicyRead *policy)
{
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzPolicyRead *other = lfirst(lc);

		if (other != policy && other->is_permissive && other->using_row &&
			(other->command == '*' || policy->command == '*' || other->command == policy->command) &&
			(az_binds_all_of(other, policy) || az_binds_all_of(policy, other)) &&
			az_arms_by_identity(read_using(table, other)) != NIL)
			return true;
	}
	return false;
}

static void
look_at_table(AzLint *lint, const AzPoliciesRead *table)
{
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzPolicyRead *policy = lfirst(lc);
		Subject		subject = {lint, table, policy, NULL};

		if (policy->using_row == NULL)
			continue;
		subject.arm = read_using(table, policy);
		if (az_is_served(table->table, subject.arm, NIL, NULL) ||
			is_served_by_others(table, policy) ||
			(!policy->is_permissive && is_limited_by_others(table, policy)))
			continue;
		if (az_arms_by_identity(subject.arm) != NIL)
			look_at_arm(&subject, subject.arm, NIL, false);
		else if (policy->is_permissive && is_beside_identity(table, policy))
			look_at_arm(&subject, subject.arm, NIL, true);
	}
}

void
az_lint_indexes(AzLint *lint)
{
	az_lint_each_protected(lint, look_at_table);
}
