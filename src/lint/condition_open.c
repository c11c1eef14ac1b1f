/*-------------------------------------------------------------------------
 *
 * condition_open.c
 *	  Does a table let somebody in who should stay outside?
 *
 * Two questions.  Does a condition hold for everybody?  And does one hold for a
 * session without a token because of what it asks of the identity: a check is
 * false for nobody, so its negation is true (R1)?  For the second one the
 * condition is taken apart at AND, OR and NOT.  A part that asks the identity
 * and that nobody passes is found, unless nobody passes what stands beside it.
 * So, where nothing is found, nobody sees a row that not everybody sees.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/condition_subjects.h"

#include "catalog/pg_authid.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/rls.h"

#include "lint/asks.h"
#include "lint/check_call.h"
#include "lint/outcome.h"
#include "lint/sql_body.h"

/*
 * Which policies hold beside one another
 */

/* Of a command, as pg_policy writes it; checked: of the rows that it writes. */
typedef struct Deed
{
	char		command;
	bool		checked;
	const char *words;
} Deed;

static const Deed deeds[] = {
	{'r', false, "SELECT"},
	{'a', true, "INSERT"},
	{'w', false, "UPDATE"},
	{'w', true, "UPDATE, new rows"},
	{'d', false, "DELETE"},
};

/* What a policy says to it; NULL: nothing. */
static Node *
said_to(const AzPolicyRead *policy, const Deed *deed)
{
	if (!az_is_for(policy, deed->command))
		return NULL;
	return deed->checked && policy->new_row ? policy->new_row : policy->using_row;
}

typedef bool (*Narrows) (Node *expr);

/* Is there another restrictive policy of which that holds? */
static bool
is_narrowed(const AzLintCondition *condition, const Deed *deed, Narrows narrows)
{
	ListCell   *lc;

	foreach(lc, condition->table->read->policies)
	{
		const AzPolicyRead *policy = lfirst(lc);
		Node	   *said = said_to(policy, deed);

		if (!policy->is_permissive && policy != condition->policy && said &&
			az_binds_all_of(policy, condition->policy) && narrows(said))
			return true;
	}
	return false;
}

/* The deeds that the condition decides, and that nothing narrows, in words; NULL: none. */
static char *
open_deeds(const AzLintCondition *condition, Narrows narrows)
{
	StringInfoData words;
	int			i;

	initStringInfo(&words);
	for (i = 0; i < (int) lengthof(deeds); i++)
	{
		if (said_to(condition->policy, &deeds[i]) == condition->expr &&
			!is_narrowed(condition, &deeds[i], narrows))
			appendStringInfo(&words, "%s%s", words.len > 0 ? ", " : "", deeds[i].words);
	}
	return words.len > 0 ? words.data : NULL;
}

/*
 * Conditions that hold for everybody
 */

static bool
is_always_true(Node *expr)
{
	return az_outcome(expr, AZ_ANYBODY) == AZ_MAY_BE_TRUE;
}

/* Does it ask something of somebody or of something? */
static bool
asks(Node *expr)
{
	return !is_always_true(expr) && az_asks(expr) != 0;
}

static bool
is_for_public(const AzPolicyRead *policy)
{
	return list_member_oid(policy->roles, InvalidOid);
}

/* Nothing can be read or changed by it: rows come in. */
static bool
only_inserts(const AzPolicyRead *policy)
{
	return policy->command == 'a';
}

/* Rows of one owner, say, become somebody else's. */
static bool
only_new_rows(const AzLintCondition *condition)
{
	return condition->is_check && condition->policy->using_row &&
		!is_always_true(condition->policy->using_row);
}

static void
find_always_true(const AzLintCondition *condition, const char *deeds_open)
{
	bool		new_rows = only_new_rows(condition);
	AzLevel		level = only_inserts(condition->policy) ? AZ_LEVEL_INFO :
		is_for_public(condition->policy) && !new_rows ? AZ_LEVEL_ERROR : AZ_LEVEL_WARNING;

	/* which column of a row that is changed nothing checks is another question */
	if (!new_rows || condition->policy->command == '*')
		az_find_in_condition(condition, "always_true", level,
							 psprintf("%s (%s) is true for every row and for everybody, also without a token: %s.",
									  az_clause_name(condition),
									  az_show_part(condition, condition->expr), deeds_open),
							 psprintf("Name in the condition who may, or put a restrictive policy beside it: %s",
									  az_alter_condition(condition, "authz.is_authenticated()")));
}

static void
find_asks_nothing(const AzLintCondition *condition, const char *deeds_open)
{
	az_find_in_condition(condition, "asks_nothing",
						 only_inserts(condition->policy) ? AZ_LEVEL_INFO : AZ_LEVEL_WARNING,
						 psprintf("%s (%s) asks neither who the user is nor which row it is: %s.",
								  az_clause_name(condition),
								  az_show_part(condition, condition->expr), deeds_open),
						 psprintf("Name in the condition who may: %s",
								  az_alter_condition(condition, "authz.is_authenticated()")));
}

/* Is it is_authenticated(), and nothing else? */
static bool
is_authenticated(const Node *expr)
{
	AzCheckCall call;

	return az_read_check_call(expr, &call) &&
		strcmp(call.name, "authz.is_authenticated") == 0;
}

static void
find_any_user(const AzLintCondition *condition, const char *deeds_open)
{
	az_find_in_condition(condition, "any_user_writes", AZ_LEVEL_INFO,
						 psprintf("Everybody who is logged in may do this with every row: %s.", deeds_open),
						 psprintf("If that is not meant: %s",
								  az_alter_condition(condition, "authz.is_authenticated() AND authz.has_scope('...')")));
}

static void
look_for_wide(const AzLintCondition *condition)
{
	const AzPolicyRead *policy = condition->policy;
	char	   *deeds_open = open_deeds(condition, asks);

	if (!policy->is_permissive)
	{
		if (is_always_true(condition->expr))
			az_find_in_condition(condition, "restricts_nothing", AZ_LEVEL_WARNING,
								 psprintf("The policy is restrictive, and %s is true for every row.",
										  az_clause_name(condition)),
								 "Say what it is to restrict, or drop it.");
		return;
	}
	if (deeds_open == NULL)
		return;
	if (is_always_true(condition->expr))
		find_always_true(condition, deeds_open);
	else if (is_for_public(policy) && az_asks(condition->expr) == 0 &&
			 (az_outcome(condition->expr, AZ_ANYBODY) & AZ_MAY_BE_TRUE) != 0)
		find_asks_nothing(condition, deeds_open);
	else if (policy->command != 'r' && is_authenticated(condition->expr))
		find_any_user(condition, deeds_open);
}

/*
 * Conditions that hold for nobody, because they ask who it is
 */

static bool
keeps_nobody_out(Node *expr)
{
	return (az_outcome(expr, AZ_NOBODY) & AZ_MAY_BE_TRUE) == 0;
}

static bool
may_be(Node *expr, bool wanted)
{
	return (az_outcome(expr, AZ_NOBODY) & (wanted ? AZ_MAY_BE_TRUE : AZ_MAY_BE_FALSE)) != 0;
}

typedef struct Search
{
	const AzLintCondition *condition;
	Node	   *shown;			/* the call whose body this is, or NULL */
	int			depth;
} Search;

static void
find_negated(const Search *search, Node *part, bool wanted)
{
	const AzLintCondition *condition = search->condition;
	char	   *shown = az_show_part(condition, search->shown ? search->shown : part);
	char	   *instead = psprintf("authz.is_authenticated() AND %s", az_show_condition(condition));

	if (is_authenticated(part) && !wanted)
		az_find_in_condition(condition, "only_without_token", AZ_LEVEL_WARNING,
							 psprintf("%s lets a session pass because it has no token: it asks that %s is false.",
									  az_clause_name(condition), shown),
							 "If that is not meant, drop this part of the condition.");
	else
		az_find_in_condition(condition, "negated_check", AZ_LEVEL_ERROR,
							 psprintf("%s lets a session without a token pass: for nobody, %s may be %s.",
									  az_clause_name(condition), shown, wanted ? "true" : "false"),
							 az_alter_condition(condition, instead));
}

static bool
reads_protected(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
	{
		const RangeTblEntry *entry = (RangeTblEntry *) node;

		return entry->rtekind == RTE_RELATION &&
			check_enable_rls(entry->relid, ROLE_PG_DATABASE_OWNER, true) != RLS_NONE;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, reads_protected, arg, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, reads_protected, arg);
}

static void
find_in_part(const Search *search, Node *part, bool wanted)
{
	int			asked = az_asks(part);

	if ((asked & AZ_ASKS_IDENTITY) != 0)
		find_negated(search, part, wanted);
	else if (!wanted && IsA(part, SubLink) && reads_protected(part, NULL))
		az_find_in_condition(search->condition, "negated_protected_table", AZ_LEVEL_WARNING,
							 psprintf("%s lets a row pass where a sub-select finds none, and policies decide what it finds: the less somebody may see there, the more here.",
									  az_clause_name(search->condition)),
							 "Put authz.is_authenticated() AND before it, and see that the policies of the other table show everybody the rows that count.");
}

static void search_part(Search *search, Node *part, bool wanted);

/*
 * The arms must all be what is wanted (AND true, OR false), or one of them.  In the
 * first case an arm that nobody passes guards those beside it.
 */
static void
search_arms(Search *search, const BoolExpr *expr, bool wanted)
{
	bool		all = (expr->boolop == AND_EXPR) == wanted;
	ListCell   *lc;

	foreach(lc, expr->args)
	{
		if (all && !may_be(lfirst(lc), wanted))
			return;
	}
	foreach(lc, expr->args)
		search_part(search, lfirst(lc), wanted);
}

static void
search_body(Search *search, FuncExpr *call, Node *body, bool wanted)
{
	Node	   *around = search->shown;

	if (around == NULL)
		search->shown = (Node *) call;
	search->depth++;
	search_part(search, body, wanted);
	search->depth--;
	search->shown = around;
}

static void
search_part(Search *search, Node *part, bool wanted)
{
	Node	   *body;
	bool		inlined;

	check_stack_depth();
	CHECK_FOR_INTERRUPTS();
	if (!may_be(part, wanted))
		return;
	if (IsA(part, BoolExpr) && ((BoolExpr *) part)->boolop == NOT_EXPR)
		search_part(search, linitial(((BoolExpr *) part)->args), !wanted);
	else if (IsA(part, BoolExpr))
		search_arms(search, (BoolExpr *) part, wanted);
	else if (IsA(part, FuncExpr) && search->depth < AZ_MAX_BODIES &&
			 (body = az_sql_body((FuncExpr *) part, &inlined)) != NULL)
		search_body(search, (FuncExpr *) part, body, wanted);
	else
		find_in_part(search, part, wanted);
}

static void
look_for_negated(const AzLintCondition *condition)
{
	Search		search = {condition, NULL, 0};

	if (may_be(condition->expr, true) && open_deeds(condition, keeps_nobody_out) != NULL)
		search_part(&search, condition->expr, true);
}

static void
look_at_condition(const AzLintCondition *condition, void *arg)
{
	look_for_wide(condition);
	look_for_negated(condition);
}

void
az_lint_open(AzLintTable *table)
{
	az_each_condition(table, look_at_condition, NULL);
}
