/*-------------------------------------------------------------------------
 *
 * outcome_query.c
 *	  What sub-selects may come to.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/outcome_intern.h"

#include "access/transam.h"
#include "parser/parse_relation.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

#include "lint/check_call.h"
#include "planner/comparand.h"

/* Of ours, does it list what somebody has, and so nothing for nobody? */
static bool
lists_for_somebody(const char *name)
{
	static const char *const names[] = {"authz.orgs", "authz.managed_items",
	"authz.item_permissions", "authz.object_permissions"};
	int			i;

	for (i = 0; i < (int) lengthof(names); i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* Does a function that returns a set return an empty one for certain? */
static bool
returns_none(const Node *node, AzWorking *working)
{
	const FuncExpr *call = (const FuncExpr *) node;
	AzCheckCall check;
	ListCell   *lc;

	if (node == NULL || !IsA(node, FuncExpr) || !call->funcretset)
		return false;
	if (az_read_check_call(node, &check))
		return working->asker == AZ_NOBODY && lists_for_somebody(check.name);
	foreach(lc, func_strict(call->funcid) ? call->args : NIL)
	{
		if (az_work_out(lfirst(lc), working) == AZ_MAY_BE_NULL)
			return true;
	}
	return false;
}

static bool
entry_lets_rows(const Query *query, int index, AzWorking *working)
{
	const RangeTblEntry *entry = rt_fetch(index, query->rtable);

	if (entry->rtekind == RTE_FUNCTION && list_length(entry->functions) == 1)
		return !returns_none(linitial_node(RangeTblFunction, entry->functions)->funcexpr, working);
	return entry->rtekind != RTE_SUBQUERY || az_query_lets_rows(entry->subquery, working);
}

static bool
condition_lets_rows(Node *condition, AzWorking *working)
{
	return condition == NULL || may(az_work_out(condition, working), AZ_MAY_BE_TRUE);
}

/* May a row come through the conditions of these tables? */
static bool
lets_rows(Node *node, const Query *query, AzWorking *working)
{
	ListCell   *lc;

	if (IsA(node, RangeTblRef))
		return entry_lets_rows(query, ((RangeTblRef *) node)->rtindex, working);
	if (IsA(node, FromExpr))
	{
		foreach(lc, ((FromExpr *) node)->fromlist)
		{
			if (!lets_rows(lfirst(lc), query, working))
				return false;
		}
		return condition_lets_rows(((FromExpr *) node)->quals, working);
	}
	if (IsA(node, JoinExpr) && ((JoinExpr *) node)->jointype == JOIN_INNER)
		return lets_rows(((JoinExpr *) node)->larg, query, working) &&
			lets_rows(((JoinExpr *) node)->rarg, query, working) &&
			condition_lets_rows(((JoinExpr *) node)->quals, working);
	return true;
}

static bool
set_lets_rows(Node *node, const Query *query, AzWorking *working)
{
	SetOperationStmt *set = (SetOperationStmt *) node;

	if (IsA(node, RangeTblRef))
		return entry_lets_rows(query, ((RangeTblRef *) node)->rtindex, working);
	switch (set->op)
	{
		case SETOP_UNION:
			return set_lets_rows(set->larg, query, working) ||
				set_lets_rows(set->rarg, query, working);
		case SETOP_INTERSECT:
			return set_lets_rows(set->larg, query, working) &&
				set_lets_rows(set->rarg, query, working);
		default:
			return set_lets_rows(set->larg, query, working);
	}
}

bool
az_query_lets_rows(const Query *query, AzWorking *working)
{
	if (query->commandType != CMD_SELECT || query->jointree == NULL || query->groupingSets ||
		(query->hasAggs && query->groupClause == NIL))
		return true;
	if (query->setOperations)
		return set_lets_rows(query->setOperations, query, working);
	if (query->hasTargetSRFs && list_length(query->targetList) == 1 &&
		returns_none((Node *) linitial_node(TargetEntry, query->targetList)->expr, working))
		return false;
	return lets_rows((Node *) query->jointree, query, working) &&
		condition_lets_rows(query->havingQual, working);
}

/* One row for each of its tables' that its condition lets through. */
static bool
is_plain(const Query *query)
{
	return query->commandType == CMD_SELECT && !query->hasAggs && query->groupClause == NIL &&
		query->groupingSets == NIL && query->setOperations == NULL &&
		query->havingQual == NULL && !query->hasTargetSRFs &&
		query->limitCount == NULL && query->limitOffset == NULL;
}

/* Is it certain that there is a row? */
static bool
has_row(const Query *query, AzWorking *working)
{
	return is_plain(query) && query->jointree->fromlist == NIL &&
		(query->jointree->quals == NULL ||
		 az_work_out(query->jointree->quals, working) == AZ_MAY_BE_TRUE);
}

/* One row, whatever its tables have. */
static bool
is_one_aggregated(const Query *query)
{
	return query->hasAggs && query->groupClause == NIL && query->groupingSets == NIL &&
		query->havingQual == NULL && query->setOperations == NULL &&
		query->limitCount == NULL && query->limitOffset == NULL && !query->hasTargetSRFs;
}

static AzOutcome
of_aggregated(const Query *query, AzWorking *working)
{
	bool		around = working->no_rows;
	AzOutcome	outcome;

	working->no_rows = !lets_rows((Node *) query->jointree, query, working);
	outcome = az_work_out((Node *) linitial_node(TargetEntry, query->targetList)->expr, working);
	working->no_rows = around;
	return outcome;
}

/* Over no rows, core's own are NULL, but for those that count. */
AzOutcome
az_outcome_of_aggregate(const Aggref *aggregate, const AzWorking *working)
{
	char	   *name = working->no_rows && aggregate->agglevelsup == 0 &&
		aggregate->aggfnoid < FirstUnpinnedObjectId ? get_func_name(aggregate->aggfnoid) : NULL;

	return name && strstr(name, "count") == NULL ? AZ_MAY_BE_NULL : AZ_ANYTHING;
}

bool
az_is_count_of_none(Node *node, AzWorking *working)
{
	const Query *query;
	Node	   *counted;

	if (!IsA(node, SubLink) || ((SubLink *) node)->subLinkType != EXPR_SUBLINK)
		return false;
	query = (const Query *) ((SubLink *) node)->subselect;
	counted = (Node *) linitial_node(TargetEntry, query->targetList)->expr;
	return is_one_aggregated(query) && IsA(counted, Aggref) &&
		((Aggref *) counted)->aggfnoid < FirstUnpinnedObjectId &&
		strcmp(get_func_name(((Aggref *) counted)->aggfnoid), "count") == 0 &&
		!lets_rows((Node *) query->jointree, query, working);
}

static bool shows_only_null(const Query *query, int column, AzWorking *working);

static bool
set_shows_only_null(Node *node, const Query *query, int column, AzWorking *working)
{
	SetOperationStmt *set = (SetOperationStmt *) node;

	if (IsA(node, RangeTblRef))
		return !entry_lets_rows(query, ((RangeTblRef *) node)->rtindex, working) ||
			shows_only_null(rt_fetch(((RangeTblRef *) node)->rtindex, query->rtable)->subquery,
							column, working);
	switch (set->op)
	{
		case SETOP_UNION:
			return set_shows_only_null(set->larg, query, column, working) &&
				set_shows_only_null(set->rarg, query, column, working);
		case SETOP_INTERSECT:
			return set_shows_only_null(set->larg, query, column, working) ||
				set_shows_only_null(set->rarg, query, column, working);
		default:
			return set_shows_only_null(set->larg, query, column, working);
	}
}

/* Is the column, by its number, NULL in each row? */
static bool
shows_only_null(const Query *query, int column, AzWorking *working)
{
	TargetEntry *entry = get_tle_by_resno(query->targetList, column);

	if (query->commandType != CMD_SELECT || query->hasAggs || query->groupingSets)
		return false;
	if (query->setOperations)
		return set_shows_only_null(query->setOperations, query, column, working);
	return entry && az_work_out((Node *) entry->expr, working) == AZ_MAY_BE_NULL;
}

/* Does the comparison of IN or ANY meet NULL in each row, and so is never true? */
static bool
compares_null(Node *test, const Query *query, AzWorking *working)
{
	const OpExpr *expr = (const OpExpr *) test;
	Node	   *right;
	ListCell   *lc;

	foreach(lc, IsA(test, BoolExpr) && ((BoolExpr *) test)->boolop == AND_EXPR ?
			((BoolExpr *) test)->args : NIL)
	{
		if (compares_null(lfirst(lc), query, working))
			return true;
	}
	if (!IsA(test, OpExpr) || list_length(expr->args) != 2 ||
		!func_strict(get_opcode(expr->opno)))
		return false;
	right = az_without_relabels(lsecond(expr->args));
	return az_work_out(linitial(expr->args), working) == AZ_MAY_BE_NULL ||
		(IsA(right, Param) && ((Param *) right)->paramkind == PARAM_SUBLINK &&
		 shows_only_null(query, ((Param *) right)->paramid, working));
}

static AzOutcome
of_any(const SubLink *sublink, AzWorking *working)
{
	const Query *query = (const Query *) sublink->subselect;

	if (!az_query_lets_rows(query, working))
		return AZ_MAY_BE_FALSE;
	if (!compares_null(sublink->testexpr, query, working))
		return AZ_ANYTHING;
	return IsA(sublink->testexpr, OpExpr) && has_row(query, working) ?
		AZ_MAY_BE_NULL : AZ_MAY_BE_NULL | AZ_MAY_BE_FALSE;
}

AzOutcome
az_outcome_of_sublink(const SubLink *sublink, AzWorking *working)
{
	const Query *query = (const Query *) sublink->subselect;
	bool		rows = az_query_lets_rows(query, working);
	AzOutcome	none;

	switch (sublink->subLinkType)
	{
		case EXISTS_SUBLINK:
			return (rows ? AZ_MAY_BE_TRUE : 0) | (has_row(query, working) ? 0 : AZ_MAY_BE_FALSE);
		case ANY_SUBLINK:
			return of_any(sublink, working);
		case ALL_SUBLINK:
			return rows ? AZ_ANYTHING : AZ_MAY_BE_TRUE;
		case EXPR_SUBLINK:
			if (is_one_aggregated(query))
				return of_aggregated(query, working);
			if (!rows)
				return AZ_MAY_BE_NULL;
			if (!is_plain(query))
				return AZ_ANYTHING;
			none = has_row(query, working) ? 0 : AZ_MAY_BE_NULL;
			return none | az_work_out((Node *) linitial_node(TargetEntry, query->targetList)->expr, working);
		default:
			return AZ_ANYTHING;
	}
}

