/*-------------------------------------------------------------------------
 *
 * outcome_query.c
 *	  What sub-selects may come to.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/outcome_intern.h"

#include "access/transam.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"

static bool
entry_lets_rows(const Query *query, int index, AzWorking *working)
{
	const RangeTblEntry *entry = rt_fetch(index, query->rtable);

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
			return rows ? AZ_ANYTHING : AZ_MAY_BE_FALSE;
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

