/*-------------------------------------------------------------------------
 *
 * condition_arguments.c
 *	  Arguments with which a check is never true, or raises.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/condition_subjects.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"

#include "lint/call_walk.h"
#include "lint/check_call.h"
#include "items/item_path.h"
#include "server/value.h"

typedef struct Look
{
	const AzLintCondition *condition;
	const AzCallPlace *place;
	const AzCheckCall *call;
} Look;

static char *
show(const Look *look)
{
	return az_show_part(look->condition, look->place->shown);
}

/* A check that is never true lets everybody pass where it is negated. */
static AzLevel
level_of_never(const Look *look)
{
	return look->place->side == AZ_LETS_PASS ? AZ_LEVEL_WARNING : AZ_LEVEL_ERROR;
}

static void
find_never(const Look *look, const char *code, const char *why, const char *hint)
{
	az_find_in_condition(look->condition, code, level_of_never(look),
						 psprintf("%s is never true (%s): %s.", look->call->name, show(look), why),
						 hint);
}

static bool
asks_scopes(const AzCheckCall *call)
{
	return strcmp(call->name, "authz.has_scope") == 0 ||
		strcmp(call->name, "authz.has_any_scope") == 0 ||
		strcmp(call->name, "authz.has_all_scopes") == 0;
}

/* As a token's claim is split (R5). */
static bool
has_white_space(const char *text)
{
	return strpbrk(text, " \t\n\r\f\v") != NULL;
}

static void
look_at_text(const Look *look, const char *text)
{
	if (text == NULL)
		find_never(look, "null_argument", "nobody has the value NULL",
				   "Write the value that is meant.");
	else if (text[0] == '\0')
		find_never(look, "empty_argument", "nobody has the empty text",
				   "Write the value that is meant.");
	else if (asks_scopes(look->call) && has_white_space(text))
		find_never(look, "scope_with_space",
				   psprintf("a scope has no white space, and %s has", quote_literal_cstr(text)),
				   "Write has_all_scopes() or has_any_scope() with one argument for each scope.");
}

static void
look_at_item(const Look *look, const char *item)
{
	if (item && !az_is_item_path(item, strlen(item)))
		az_find_in_condition(look->condition, "malformed_item", AZ_LEVEL_ERROR,
							 psprintf("%s raises 22023 (%s): %s is not the path of an item.",
									  look->call->name, show(look), quote_literal_cstr(item)),
							 "A path has names between its dots, and none is empty.");
}

static void
look_at_texts(const Look *look, int n, Node *arg)
{
	List	   *texts;
	ListCell   *lc;
	bool		list = exprType(arg) == TEXTARRAYOID;

	if (!az_read_texts(arg, &texts))
		return;
	if (list && texts == NIL)
		az_find_in_condition(look->condition, "empty_list", AZ_LEVEL_ERROR,
							 psprintf("%s raises 22023 (%s): its list is empty.",
									  look->call->name, show(look)),
							 "Name at least one value.");
	foreach(lc, texts)
	{
		if (n == look->call->check->item_argument && lfirst(lc))
			look_at_item(look, lfirst(lc));
		else
			look_at_text(look, lfirst(lc));
	}
}

/* Does it ask about a value of a type that no claim has? */
static void
look_at_type(const Look *look, Node *arg)
{
	AzValueKind kind;
	Oid			base;

	if (!az_value_kind(exprType(arg), &kind, &base))
		az_find_in_condition(look->condition, "unsupported_type", AZ_LEVEL_ERROR,
							 psprintf("%s raises 42804 (%s): a value of type %s is not compared with a claim.",
									  look->call->name, show(look), format_type_be(exprType(arg))),
							 AZ_VALUE_TYPES_HINT);
}

/* Paths of claims: what they lead to is the token's. */
static bool
is_path(const AzCheckCall *call, int n)
{
	const char *symbol = call->check->symbol;

	return n == 1 && (strcmp(symbol, "authz_claim_is") == 0 || strstr(symbol, "_claim") != NULL);
}

static void
look_at_call(Node *node, const AzCallPlace *place, void *arg)
{
	AzCheckCall call;
	Look		look = {arg, place, &call};
	int			n;

	if (!az_read_check_call(node, &call) || call.check == NULL ||
		call.call->funcresulttype != BOOLOID)
		return;
	for (n = 1; n <= list_length(call.call->args); n++)
	{
		Node	   *argument = az_check_argument(&call, n);

		if (n == call.check->value_argument)
			look_at_type(&look, argument);
		else if (!is_path(&call, n) && !(strcmp(call.check->symbol, "authz_claim_is") == 0))
			look_at_texts(&look, n, argument);
	}
}

static void
look_at_condition(const AzLintCondition *condition, void *arg)
{
	az_walk_calls(condition->expr, look_at_call, unconstify(AzLintCondition *, condition));
}

void
az_lint_arguments(AzLintTable *table)
{
	az_each_condition(table, look_at_condition, NULL);
}
