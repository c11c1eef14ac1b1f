/*-------------------------------------------------------------------------
 *
 * printed_condition.c
 *	  Does one condition let no row through that another one hides?
 *
 * In the order false, NULL, true an AND is the least of its arms, an OR the
 * greatest, and NOT turns the order round.  az_implies() asks whether a is never
 * greater than b, so it holds for NULLs, too.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/printed_condition.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

/* Behind what begins here and may hold parentheses: a quoted text, or a character. */
static const char *
skip_one(const char *at)
{
	char		quote = *at;

	if (quote != '\'' && quote != '"')
		return at + 1;
	at = strchr(at + 1, quote);
	return at ? at + 1 : "";
}

/* Where the parenthesis that opens here is closed; NULL: nowhere. */
static const char *
find_close(const char *at)
{
	int			depth = 0;

	while (*at)
	{
		if (*at == '(' || *at == '[')
			depth++;
		else if ((*at == ')' || *at == ']') && --depth == 0)
			return at;
		at = skip_one(at);
	}
	return NULL;
}

/* The parts between a word that stands outside of all parentheses. */
static List *
split(const char *text, const char *word)
{
	List	   *parts = NIL;
	size_t		len = strlen(word);
	const char *start = text;
	const char *at = text;

	while (*at)
	{
		if (*at == '(' || *at == '[')
		{
			at = find_close(at);
			if (at == NULL)
				return NIL;
			at++;
		}
		else if (strncmp(at, word, len) == 0)
		{
			parts = lappend(parts, pnstrdup(start, at - start));
			at += len;
			start = at;
		}
		else
			at = skip_one(at);
	}
	return parts == NIL ? NIL : lappend(parts, pstrdup(start));
}

static AzCondition *
make_condition(AzConnective connective, const char *text, List *parts)
{
	AzCondition *condition = palloc0(sizeof(*condition));
	ListCell   *lc;

	condition->connective = connective;
	condition->text = text;
	foreach(lc, parts)
		condition->arms = lappend(condition->arms, az_read_printed_condition(lfirst(lc)));
	return condition;
}

AzCondition *
az_read_printed_condition(const char *text)
{
	const char *close = *text == '(' ? find_close(text) : NULL;
	const char *inside;
	List	   *ands;
	List	   *ors;

	check_stack_depth();
	if (close == NULL || close[1] != '\0')
		return make_condition(AZ_ATOM, text, NIL);
	inside = pnstrdup(text + 1, close - text - 1);
	ands = split(inside, " AND ");
	ors = split(inside, " OR ");
	if (ands != NIL && ors == NIL)
		return make_condition(AZ_AND, inside, ands);
	if (ors != NIL && ands == NIL)
		return make_condition(AZ_OR, inside, ors);
	if (ors == NIL && strncmp(inside, "NOT ", 4) == 0)
		return make_condition(AZ_NOT, inside, list_make1(unconstify(char *, inside + 4)));
	if (*inside == '(' && find_close(inside) && find_close(inside)[1] == '\0')
		return az_read_printed_condition(inside);
	return make_condition(AZ_ATOM, inside, NIL);
}

/* ----------------------------------------------------------------
 * Implication
 * ----------------------------------------------------------------
 */

/* More steps than a policy that somebody wrote could need. */
#define MAX_STEPS	100000

static bool implies(const AzCondition *a, const AzCondition *b, int *steps);

/* Does a imply one of these, or all of them? */
static bool
implies_arms(const AzCondition *a, const List *arms, bool all, int *steps)
{
	ListCell   *lc;

	foreach(lc, arms)
	{
		if (implies(a, lfirst(lc), steps) != all)
			return !all;
	}
	return all;
}

/* Is b implied by one of these, or by all of them? */
static bool
arms_imply(const List *arms, bool all, const AzCondition *b, int *steps)
{
	ListCell   *lc;

	foreach(lc, arms)
	{
		if (implies(lfirst(lc), b, steps) != all)
			return !all;
	}
	return all;
}

static bool
implies(const AzCondition *a, const AzCondition *b, int *steps)
{
	check_stack_depth();
	if (--*steps < 0)
		return false;
	if (strcmp(a->text, b->text) == 0 || strcmp(a->text, "false") == 0 ||
		strcmp(b->text, "true") == 0)
		return true;
	if (a->connective == AZ_OR)
		return arms_imply(a->arms, true, b, steps);
	if (b->connective == AZ_AND)
		return implies_arms(a, b->arms, true, steps);
	if (a->connective == AZ_NOT && b->connective == AZ_NOT)
		return implies(linitial(b->arms), linitial(a->arms), steps);
	return (a->connective == AZ_AND && arms_imply(a->arms, false, b, steps)) ||
		(b->connective == AZ_OR && implies_arms(a, b->arms, false, steps));
}

bool
az_implies(const AzCondition *a, const AzCondition *b)
{
	int			steps = MAX_STEPS;

	return implies(a, b, &steps);
}

/* ----------------------------------------------------------------
 * In words
 * ----------------------------------------------------------------
 */

/* The arms under that connective: without it the condition is the only one. */
static List *
arms_of(const AzCondition *condition, AzConnective connective)
{
	return condition->connective == connective ? condition->arms :
		list_make1(unconstify(AzCondition *, condition));
}

static bool
has_arm(const List *arms, const AzCondition *arm)
{
	ListCell   *lc;

	foreach(lc, arms)
	{
		if (strcmp(((AzCondition *) lfirst(lc))->text, arm->text) == 0)
			return true;
	}
	return false;
}

/* "OR x OR y" of the arms that the other one has not. */
static char *
print_missing(const List *arms, const List *others, const char *word)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, arms)
	{
		const AzCondition *arm = lfirst(lc);

		if (!has_arm(others, arm))
			appendStringInfo(&text, "%s%s (%s)", text.len ? " " : "", word, arm->text);
	}
	return text.data;
}

char *
az_describe_change(const AzCondition *before, const AzCondition *after)
{
	AzConnective connective;

	for (connective = AZ_AND; connective <= AZ_OR; connective++)
	{
		const char *word = connective == AZ_AND ? "AND" : "OR";
		const List *old = arms_of(before, connective);
		const List *new = arms_of(after, connective);
		char	   *dropped = print_missing(old, new, word);
		char	   *added = print_missing(new, old, word);

		if (*dropped == '\0' && *added != '\0')
			return psprintf("%s was added", added);
		if (*added == '\0' && *dropped != '\0')
			return psprintf("%s was dropped", dropped);
	}
	return psprintf("(%s) became (%s)", before->text, after->text);
}
