/*-------------------------------------------------------------------------
 *
 * lint_policy.c
 *	  A table's policies, and what the linter finds in their conditions.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint_policy.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_policy.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

/* So much of an expression is shown. */
#define MAX_SHOWN	300

/* So many findings of one code in one policy are told in detail. */
#define MAX_DETAILS	4

typedef struct Found
{
	const AzLintPolicy *policy;
	const char *code;
	AzLevel		level;
	List	   *details;
	const char *hint;
} Found;

/*
 * Reading
 */

static Node *
read_expression(HeapTuple tuple, AttrNumber column, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(value));
}

static List *
read_roles(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	ArrayType  *array = DatumGetArrayTypeP(heap_getattr(tuple, Anum_pg_policy_polroles, desc, &isnull));
	List	   *roles = NIL;
	int			i;

	for (i = 0; i < ARR_DIMS(array)[0]; i++)
		roles = lappend_oid(roles, ((Oid *) ARR_DATA_PTR(array))[i]);
	return roles;
}

static AzLintPolicy *
read_policy(HeapTuple tuple, TupleDesc desc)
{
	Form_pg_policy form = (Form_pg_policy) GETSTRUCT(tuple);
	AzLintPolicy *policy = palloc(sizeof(*policy));

	policy->name = pstrdup(NameStr(form->polname));
	policy->permissive = form->polpermissive;
	policy->command = form->polcmd;
	policy->roles = read_roles(tuple, desc);
	policy->using = read_expression(tuple, Anum_pg_policy_polqual, desc);
	policy->check = read_expression(tuple, Anum_pg_policy_polwithcheck, desc);
	return policy;
}

void
az_read_lint_policies(AzLintTable *table)
{
	Relation	rel = table_open(PolicyRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_policy_polrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(table->oid));
	scan = systable_beginscan(rel, PolicyPolrelidPolnameIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		table->policies = lappend(table->policies, read_policy(tuple, RelationGetDescr(rel)));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

void
az_each_condition(AzLintTable *table,
				  void (*look) (const AzLintCondition *condition, void *arg), void *arg)
{
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzLintPolicy *policy = lfirst(lc);
		AzLintCondition using = {table, policy, false, policy->using};
		AzLintCondition check = {table, policy, true, policy->check};

		if (policy->using)
			look(&using, arg);
		if (policy->check)
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
				psprintf("policy %s on %s", quote_identifier(found->policy->name), table->name),
				text.data, found->hint);
	}
}

/*
 * As SQL
 */

static char *
deparse(Oid rel, Node *expr)
{
	int			nest_level = NewGUCNestLevel();
	char	   *text;

	/* whatever the path of the session: the same, and the schema is written */
	(void) set_config_option("search_path", "pg_catalog", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	text = deparse_expression(expr, deparse_context_for(get_rel_name(rel), rel), false, false);
	AtEOXact_GUC(true, nest_level);
	return text;
}

char *
az_show_part(const AzLintCondition *condition, Node *part)
{
	char	   *text = deparse(condition->table->oid, part);
	int			len = strlen(text);

	if (len <= MAX_SHOWN)
		return text;
	text[pg_mbcliplen(text, len, MAX_SHOWN)] = '\0';
	return psprintf("%s ...", text);
}

char *
az_show_condition(const AzLintCondition *condition)
{
	return deparse(condition->table->oid, condition->expr);
}

const char *
az_clause_name(const AzLintCondition *condition)
{
	return condition->is_check ? "WITH CHECK" : "USING";
}

char *
az_alter_condition(const AzLintCondition *condition, const char *instead)
{
	return psprintf("ALTER POLICY %s ON %s %s (%s);", quote_identifier(condition->policy->name),
					condition->table->name, az_clause_name(condition), instead);
}
