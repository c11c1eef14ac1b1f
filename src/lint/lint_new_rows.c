/*-------------------------------------------------------------------------
 *
 * lint_new_rows.c
 *	  Policies that let rows be written which they would not show.
 *
 * Without WITH CHECK the condition of USING holds for the new row, too; so what
 * is looked for is one that is there, and says less.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/lint.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/bitmapset.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "lint/asks.h"
#include "lint/check_call.h"
#include "lint/lint_sql.h"
#include "lint/outcome.h"
#include "lint/row_condition.h"
#include "lint/table_policies.h"
#include "server/spi.h"

/* ----------------------------------------------------------------
 * Columns
 * ----------------------------------------------------------------
 */

typedef struct Columns
{
	Bitmapset  *numbers;
	bool		all;			/* the whole row is asked for */
	Index		levels;			/* of sub-selects around */
} Columns;

static bool
add_columns(Node *node, Columns *columns)
{
	bool		done;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		const Var  *var = (const Var *) node;

		if (var->varlevelsup == columns->levels && var->varattno > 0)
			columns->numbers = bms_add_member(columns->numbers, var->varattno);
		columns->all = columns->all ||
			(var->varlevelsup == columns->levels && var->varattno == 0);
		return false;
	}
	if (!IsA(node, Query))
		return expression_tree_walker(node, add_columns, columns);
	columns->levels++;
	done = query_tree_walker((Query *) node, add_columns, columns, 0);
	columns->levels--;
	return done;
}

static void
add_compared(const AzArm *arm, Columns *columns)
{
	ListCell   *lc;

	foreach(lc, az_arms_by_identity(arm))
		(void) add_columns(((AzArm *) lfirst(lc))->operand, columns);
}

/* Those that each row which passes was compared by. */
static void
add_always_compared(const AzArm *arm, Columns *columns)
{
	ListCell   *lc;

	if (arm->kind == AZ_ARM_COMPARED)
		add_compared(arm, columns);
	if (arm->kind == AZ_ARM_ALL)
	{
		foreach(lc, arm->arms)
			add_always_compared(lfirst(lc), columns);
	}
}

/* Restrictive policies that bind all whom the policy is for check the row as well. */
static void
add_restricted(const AzPoliciesRead *table, const AzPolicyRead *policy, char command,
			   Columns *columns)
{
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzPolicyRead *other = lfirst(lc);

		if (!other->is_permissive && az_is_for(other, command) && az_binds_all_of(other, policy))
			(void) add_columns(other->new_row ? other->new_row : other->using_row, columns);
	}
}

static void
add_checked(const AzPoliciesRead *table, const AzPolicyRead *policy, char command,
			Columns *columns)
{
	(void) add_columns(policy->new_row, columns);
	add_restricted(table, policy, command, columns);
}

static bool
is_true(const Node *condition)
{
	return condition && IsA(condition, Const) && !((const Const *) condition)->constisnull &&
		DatumGetBool(((const Const *) condition)->constvalue);
}

/* ----------------------------------------------------------------
 * What else keeps a column
 * ----------------------------------------------------------------
 */

/* Others hold the privilege, and none of them on that column. */
#define NOBODY_WRITES \
	"SELECT pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 AND pg_catalog.bool_and(NOT a.covers)" \
	" FROM pg_catalog.pg_class c CROSS JOIN LATERAL (" \
	"SELECT x.grantee, x.privilege_type, true AS covers FROM pg_catalog.aclexplode(c.relacl) x" \
	" UNION ALL " \
	"SELECT x.grantee, x.privilege_type, k.attnum" AZ_EQ "$2 FROM pg_catalog.pg_attribute k" \
	" CROSS JOIN LATERAL pg_catalog.aclexplode(k.attacl) x WHERE k.attrelid" AZ_EQ "c.oid) a" \
	" WHERE c.oid" AZ_EQ "$1 AND a.privilege_type" AZ_EQ "$3 AND a.grantee" AZ_NE "c.relowner"

/* Our trigger writes the owner itself: BEFORE, for each row, on that command. */
#define STAMPED \
	"SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger t" \
	" JOIN pg_catalog.pg_proc p ON p.oid" AZ_EQ "t.tgfoid AND p.prosrc" AZ_EQ "'authz_stamp_owner'" \
	" JOIN pg_catalog.pg_attribute k ON k.attrelid" AZ_EQ "t.tgrelid AND k.attnum" AZ_EQ "$2" \
	" WHERE t.tgrelid" AZ_EQ "$1 AND t.tgenabled" AZ_NE "'D' AND t.tgenabled" AZ_NE "'R'" \
	" AND (t.tgtype OPERATOR(pg_catalog.&) CASE WHEN $3" AZ_EQ "'INSERT' THEN 4 ELSE 16 END)" AZ_NE "0" \
	" AND pg_catalog.substr(t.tgargs, 1, pg_catalog.octet_length(k.attname::pg_catalog.text) OPERATOR(pg_catalog.+) 1)" AZ_EQ \
	" (pg_catalog.convert_to(k.attname::pg_catalog.text, pg_catalog.getdatabaseencoding())" \
	" OPERATOR(pg_catalog.||) '\\x00'::pg_catalog.bytea))"

static bool
ask(const char *question, Oid table, AttrNumber number, const char *privilege)
{
	MemoryContext context = CurrentMemoryContext;
	AzSpiParams	params = {0};
	bool		yes;

	az_spi_param_oid(&params, OIDOID, table);
	az_spi_param_int2(&params, number);
	az_spi_param(&params, TEXTOID, cstring_to_text(privilege));
	(void) az_spi_run(question, &params);
	yes = strcmp(az_spi_result(0, 1), "t") == 0;
	SPI_freetuptable(SPI_tuptable);
	MemoryContextSwitchTo(context);
	return yes;
}

static bool
is_kept(Oid table, AttrNumber number, const char *privilege)
{
	return ask(NOBODY_WRITES, table, number, privilege) ||
		ask(STAMPED, table, number, privilege);
}

/* ----------------------------------------------------------------
 * Both commands
 * ----------------------------------------------------------------
 */

static const char *
name_column(Oid table, int number)
{
	return quote_identifier(get_attname(table, number, false));
}

/* May it tell one person from another?  A condition on the row alone does not. */
static bool
asks_who(Node *condition)
{
	return (az_asks(condition) & (AZ_ASKS_IDENTITY | AZ_ASKS_ELSE)) != 0;
}

static void
look_at_update(AzLint *lint, const AzPoliciesRead *table, const AzPolicyRead *policy)
{
	const AzArm *arm = az_read_condition(policy->using_row);
	Columns		compared = {0};
	Columns		always = {0};
	Columns		checked = {0};
	int			number = -1;

	add_compared(arm, &compared);
	add_always_compared(arm, &always);
	add_checked(table, policy, 'w', &checked);
	if (checked.all)
		return;
	if (!asks_who(policy->new_row))
	{
		checked = (Columns) {0};
		add_restricted(table, policy, 'w', &checked);
	}
	if (bms_overlap(compared.numbers, checked.numbers))
		compared = always;
	while ((number = bms_next_member(compared.numbers, number)) >= 0)
	{
		const char *column = name_column(table->table, number);

		if (bms_is_member(number, checked.numbers) || is_kept(table->table, number, "UPDATE"))
			continue;
		az_find(lint, "new_row_unchecked",
				is_true(policy->new_row) && checked.numbers == NULL ? AZ_LEVEL_ERROR : AZ_LEVEL_WARNING,
				psprintf("policy %s on %s, column %s", policy->name, table->name, column),
				psprintf("USING compares column %s of the row that is changed, and WITH CHECK does not compare it in the new one: a row may be moved to somebody else.", column),
				psprintf("ALTER POLICY %s ON %s WITH CHECK (%s);", policy->name, table->name,
						 az_expression_text(policy->using_row, table->table)));
	}
}

/* Does it let in what anybody writes who is logged in? */
static bool
lets_all_in(Node *condition, bool *logged_in)
{
	AzCheckCall call;

	*logged_in = az_read_check_call(condition, &call) &&
		strcmp(call.name, "authz.is_authenticated") == 0;
	return *logged_in || az_outcome(condition, AZ_ANYBODY) == AZ_MAY_BE_TRUE;
}

/*
 * Policies for a command are arms of one OR, for the rows that are changed and, by
 * itself, for what becomes of them: what one shows may pass by the WITH CHECK of
 * another, whose USING shows it nothing.
 */
static void
look_past_check(AzLint *lint, const AzPoliciesRead *table, const AzPolicyRead *policy,
				const AzPolicyRead *other)
{
	Columns		compared = {0};
	Columns		checked = {0};
	bool		logged_in;
	int			number = -1;

	if (!lets_all_in(other->new_row, &logged_in) ||
		az_outcome(other->using_row, AZ_ANYBODY) == AZ_MAY_BE_TRUE)
		return;
	add_always_compared(az_read_condition(policy->using_row), &compared);
	add_restricted(table, policy, 'w', &checked);
	while (!checked.all && (number = bms_next_member(compared.numbers, number)) >= 0)
	{
		const char *column = name_column(table->table, number);

		if (bms_is_member(number, checked.numbers) || is_kept(table->table, number, "UPDATE"))
			continue;
		az_find(lint, "new_row_unchecked", !logged_in && az_binds_all_of(other, policy) ? AZ_LEVEL_ERROR : AZ_LEVEL_WARNING,
				psprintf("policy %s on %s, column %s", other->name, table->name, column),
				psprintf("Policies for a command are joined by OR, WITH CHECK by itself: a row that policy %s shows by column %s passes by WITH CHECK of this one, and may be moved to somebody else.",
						 policy->name, column),
				psprintf("ALTER POLICY %s ON %s WITH CHECK (%s);", other->name, table->name,
						 az_expression_text(other->using_row, table->table)));
	}
}

static void
look_past_checks(AzLint *lint, const AzPoliciesRead *table, const AzPolicyRead *policy)
{
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzPolicyRead *other = lfirst(lc);

		if (other != policy && other->is_permissive && az_is_for(other, 'w') &&
			other->using_row && other->new_row &&
			(az_binds_all_of(other, policy) || az_binds_all_of(policy, other)))
			look_past_check(lint, table, policy, other);
	}
}

/*
 * What rows are shown by, where each policy that shows some compares them with the
 * identity, or lets a few see all.
 */
static void
add_shown_by(const AzPoliciesRead *table, Columns *columns)
{
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzPolicyRead *policy = lfirst(lc);

		if (!policy->is_permissive || !az_is_for(policy, 'r') || policy->using_row == NULL)
			continue;
		columns->all = columns->all || is_true(policy->using_row);
		add_compared(az_read_condition(policy->using_row), columns);
	}
}

static void
look_at_insert(AzLint *lint, const AzPoliciesRead *table, const AzPolicyRead *policy)
{
	Columns		shown = {0};
	Columns		checked = {0};
	int			number = -1;

	add_shown_by(table, &shown);
	add_checked(table, policy, 'a', &checked);
	if (shown.all || checked.all || bms_overlap(shown.numbers, checked.numbers))
		return;
	while ((number = bms_next_member(shown.numbers, number)) >= 0)
	{
		const char *column = name_column(table->table, number);

		if (is_kept(table->table, number, "INSERT"))
			continue;
		az_find(lint, "insert_unchecked", AZ_LEVEL_WARNING,
				psprintf("policy %s on %s, column %s", policy->name, table->name, column),
				psprintf("Rows are shown by column %s, and this policy lets new ones in without looking at it: anybody may write for somebody else.", column),
				psprintf("Compare %s in WITH CHECK, or let authz.stamp_owner() set it.", column));
	}
}

static void
look_at_table(AzLint *lint, const AzPoliciesRead *table)
{
	ListCell   *lc;

	foreach(lc, table->policies)
	{
		const AzPolicyRead *policy = lfirst(lc);

		if (!policy->is_permissive)
			continue;
		if (policy->using_row && az_is_for(policy, 'w'))
			look_past_checks(lint, table, policy);
		if (policy->new_row == NULL)
			continue;
		if (policy->using_row && az_is_for(policy, 'w'))
			look_at_update(lint, table, policy);
		if (policy->command == 'a' && is_true(policy->new_row))
			look_at_insert(lint, table, policy);
	}
}

void
az_lint_new_rows(AzLint *lint)
{
	az_lint_each_protected(lint, look_at_table);
}
