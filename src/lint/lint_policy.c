/*-------------------------------------------------------------------------
 *
 * lint_policy.c
 *	  What the linter finds in the conditions of a table's policies.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_policy.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

/* So much of an expression is shown. */
#define MAX_SHOWN	300

/* So many findings of one code in one policy are told in detail. */
#define MAX_DETAILS	4

typedef struct Found
{
	const AzPolicyRead *policy;
	const char *code;
	AzLevel		level;
	List	   *details;
	const char *hint;
} Found;

void
az_each_condition(AzLintTable *table,
				  void (*look) (const AzLintCondition *condition, void *arg), void *arg)
{
	ListCell   *lc;

	foreach(lc, table->read->policies)
	{
		const AzPolicyRead *policy = lfirst(lc);
		AzLintCondition using = {table, policy, false, policy->using_row};
		AzLintCondition check = {table, policy, true, policy->new_row};

		if (policy->using_row)
			look(&using, arg);
		if (policy->new_row)
			look(&check, arg);
	}
}

/*
 * Telling
 */

static Found *
find_found(const AzLintCondition *condition, const char *code)
{
	ListCell   *lc;

	foreach(lc, condition->table->found)
	{
		Found	   *found = lfirst(lc);

		if (found->policy == condition->policy && strcmp(found->code, code) == 0)
			return found;
	}
	return NULL;
}

static bool
is_told(const Found *found, const char *detail)
{
	ListCell   *lc;

	foreach(lc, found->details)
	{
		if (strcmp(lfirst(lc), detail) == 0)
			return true;
	}
	return false;
}

void
az_find_in_condition(const AzLintCondition *condition, const char *code, AzLevel level,
					 const char *detail, const char *hint)
{
	Found	   *found = find_found(condition, code);

	if (found == NULL)
	{
		found = palloc0(sizeof(*found));
		found->policy = condition->policy;
		found->code = code;
		found->level = level;
		found->hint = hint;
		condition->table->found = lappend(condition->table->found, found);
	}
	found->level = Min(found->level, level);
	if (!is_told(found, detail) && list_length(found->details) < MAX_DETAILS)
		found->details = lappend(found->details, unconstify(char *, detail));
}

void
az_tell_found(AzLintTable *table)
{
	ListCell   *lc;
	ListCell   *detail;

	foreach(lc, table->found)
	{
		const Found *found = lfirst(lc);
		StringInfoData text;

		initStringInfo(&text);
		foreach(detail, found->details)
			appendStringInfo(&text, "%s%s", text.len > 0 ? " " : "", (char *) lfirst(detail));
		az_find(table->lint, found->code, found->level,
				psprintf("policy %s on %s", found->policy->name, table->read->name),
				text.data, found->hint);
	}
}

/*
 * As SQL
 */

char *
az_show_part(const AzLintCondition *condition, Node *part)
{
	char	   *text = az_expression_text(part, condition->table->read->table);
	int			len = strlen(text);

	if (len <= MAX_SHOWN)
		return text;
	text[pg_mbcliplen(text, len, MAX_SHOWN)] = '\0';
	return psprintf("%s ...", text);
}

char *
az_show_condition(const AzLintCondition *condition)
{
	return az_expression_text(condition->expr, condition->table->read->table);
}

const char *
az_clause_name(const AzLintCondition *condition)
{
	return condition->is_check ? "WITH CHECK" : "USING";
}

char *
az_alter_condition(const AzLintCondition *condition, const char *instead)
{
	return psprintf("ALTER POLICY %s ON %s %s (%s);", condition->policy->name,
					condition->table->read->name, az_clause_name(condition), instead);
}
