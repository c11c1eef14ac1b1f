/*-------------------------------------------------------------------------
 *
 * condition_folding.c
 *	  Checks that stay calls, and why.
 *
 * What folds is what the planner says (fold.h); the arguments are taken as they
 * are going to be, when core has simplified them.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/condition_subjects.h"

#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"

#include "lint/call_walk.h"
#include "lint/check_call.h"
#include "planner/comparand.h"
#include "planner/fold.h"
#include "server/value.h"

static void
find_call(const AzLintCondition *condition, const AzCallPlace *place, const AzCheckCall *call,
		  AzLevel level, const char *reason, const char *hint)
{
	az_find_in_condition(condition, "check_not_folded", level,
						 psprintf("%s is called for each row (%s): %s.", call->name,
								  az_show_part(condition, place->shown), reason), hint);
}

/*
 * Arguments
 */

static const char *
why_not_constant(Node *arg)
{
	if (contain_var_clause(arg))
		return "depends on the row";
	if (contain_subplans(arg))
		return "is a sub-select";
	return "is worked out again in each query";
}

/* The first argument, from "first", that the planner does not know; 0: none. */
static int
first_unknown(const AzCheckCall *planned, int first)
{
	int			n;

	for (n = first; n <= list_length(planned->call->args); n++)
	{
		if (!IsA(az_check_argument(planned, n), Const))
			return n;
	}
	return 0;
}

/* Of a check that compares its first argument with claims. */
static void
find_uncompared(const AzLintCondition *condition, const AzCallPlace *place,
				const AzCheckCall *call)
{
	Node	   *arg = az_check_argument(call, 1);
	char	   *type = format_type_be(exprType(arg));
	AzValueKind kind;
	Oid			base;

	/* what raises is found elsewhere */
	if (!az_value_kind(exprType(arg), &kind, &base))
		return;
	if (IsA(az_without_relabels(arg), Var))
		find_call(condition, place, call, AZ_LEVEL_WARNING,
				  psprintf("a column of type %s is not compared in a way that an index serves", type),
				  "Have the column as text, uuid, smallint, integer or bigint.");
	else
		find_call(condition, place, call, AZ_LEVEL_WARNING,
				  psprintf("its first argument is %s and no column",
						   contain_var_clause(arg) ? "an expression over a column" : why_not_constant(arg)),
				  "Compare the column itself: store in it what the claim says, in a generated column, say.");
}

static void
find_unfolded(const AzLintCondition *condition, const AzCallPlace *place,
			  const AzCheckCall *call, const AzCheckCall *planned)
{
	bool		compares = call->check->claims != NULL;
	int			n = first_unknown(planned, compares ? 2 : 1);

	if (n == 0)
	{
		if (compares)
			find_uncompared(condition, place, call);
		return;
	}
	find_call(condition, place, call,
			  contain_var_clause(az_check_argument(call, n)) ? AZ_LEVEL_INFO : AZ_LEVEL_WARNING,
			  psprintf("argument %d %s", n, why_not_constant(az_check_argument(call, n))),
			  "Where the argument can be a constant, make it one; otherwise put what few rows pass before it.");
}

/*
 * Calls
 */

/* As the planner is going to see it. */
static AzCheckCall
plan_call(const AzCheckCall *call)
{
	AzCheckCall planned = *call;
	bool		known;
	ListCell   *lc;

	planned.call = copyObject(call->call);
	foreach(lc, planned.call->args)
		lfirst(lc) = az_planned_argument(lfirst(lc), &known);
	return planned;
}

/* It folds; does a comparison of a column come of it that no index serves? */
static void
look_at_folded(const AzLintCondition *condition, const AzCallPlace *place,
			   const AzCheckCall *call, const AzCheckCall *planned)
{
	AzComparand column;

	if (az_form_of(planned->call, call->check) != AZ_OVER_COLUMN)
		return;
	if (!az_describe_comparand(az_check_argument(planned, 1), &column))
		find_uncompared(condition, place, call);
	else if (!place->is_condition)
		az_find_in_condition(condition, "check_without_index", AZ_LEVEL_INFO,
							 psprintf("%s compares a column below something other than AND and OR: no index serves %s.",
									  call->name, az_show_part(condition, place->shown)),
							 "Where rows are to be found by it, write it with AND and OR alone.");
}

static void
look_for_folding(const AzLintCondition *condition, const AzCallPlace *place,
				 const AzCheckCall *call)
{
	AzCheckCall planned = plan_call(call);

	if (call->check == NULL)
		find_call(condition, place, call, AZ_LEVEL_WARNING,
				  "the function was altered, and the planner takes nothing for granted about it",
				  "Make it again what the extension made: STABLE, not STRICT, SECURITY INVOKER, with no SET.");
	else if (call->check->basis == AZ_ON_RULES)
		find_call(condition, place, call, AZ_LEVEL_INFO,
				  "rules of object permissions decide, and those are functions",
				  "Put what few rows pass before it; or have protect() write the policies.");
	else if (call->check->kind == AZ_STAYS)
		return;
	else if (az_form_of(planned.call, call->check) == AZ_NO_FORM)
		find_unfolded(condition, place, call, &planned);
	else
		look_at_folded(condition, place, call, &planned);
}

/*
 * Sub-selects
 */

static void
look_for_sublink(const AzLintCondition *condition, const AzCallPlace *place,
				 const AzCheckCall *call)
{
	if (place->sublinks == 0)
		return;
	if (place->bare)
		az_find_in_condition(condition, "check_in_subselect", AZ_LEVEL_WARNING,
							 psprintf("%s stands in a sub-select: %s. The planner does not look into one, so an OR with it uses no index.",
									  call->name, az_show_part(condition, place->shown)),
							 psprintf("Write %s(...) without SELECT around it.", call->name));
	else
		az_find_in_condition(condition, "check_in_subselect", AZ_LEVEL_INFO,
							 psprintf("%s stands in a sub-select over a table: the sub-select runs for each query, or for each row.",
									  call->name),
							 "A view of the keys, asked by authz.in_set(), is read once and found by index.");
}

static void
look_at_call(Node *node, const AzCallPlace *place, void *arg)
{
	AzCheckCall call;

	if (!az_read_check_call(node, &call))
		return;
	look_for_sublink(arg, place, &call);

	/* what has our planner support, or had it; this one never had */
	if (call.check || (call.call->funcresulttype == BOOLOID &&
					   strcmp(call.name, "authz.is_simulated") != 0))
		look_for_folding(arg, place, &call);
}

static void
look_at_condition(const AzLintCondition *condition, void *arg)
{
	az_walk_calls(condition->expr, look_at_call, unconstify(AzLintCondition *, condition));
}

void
az_lint_folding(AzLintTable *table)
{
	az_each_condition(table, look_at_condition, NULL);
}
