/*-------------------------------------------------------------------------
 *
 * conditions.c
 *	  The calls in a query for which NULL and false are the same.
 *
 * A row passes when its condition is true.  That holds for the condition as a
 * whole and for the arms of AND and OR; not below NOT, IS NULL, CASE or a call.
 * An outer join above makes no difference: the condition decides which rows it
 * sees.
 *
 * Queries without a table are left alone, and so are those with grouping sets,
 * as everywhere (planner_support.c).
 *
 *-------------------------------------------------------------------------
 */
#include "planner/conditions.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"

typedef struct Mutation
{
	AzConditionMutator mutator;
	void	   *context;
} Mutation;

static Node *mutate(Node *condition, const Mutation *mutation);

/* Does the arm decide, whatever those behind it say? */
static bool
decides(const Node *arm, BoolExprType connective)
{
	const Const *constant = (const Const *) arm;

	return IsA(arm, Const) && !constant->constisnull &&
		DatumGetBool(constant->constvalue) == (connective == OR_EXPR);
}

/*
 * Leave out the arms after one that decides; the planner does not look at them
 * either.
 */
static void
mutate_arms(BoolExpr *condition, const Mutation *mutation)
{
	ListCell   *lc;

	foreach(lc, condition->args)
	{
		lfirst(lc) = mutate(lfirst(lc), mutation);
		if (decides(lfirst(lc), condition->boolop))
			break;
	}
}

static Node *
mutate(Node *condition, const Mutation *mutation)
{
	ListCell   *lc;

	if (condition == NULL)
		return NULL;
	switch (nodeTag(condition))
	{
		case T_FuncExpr:
			return mutation->mutator((FuncExpr *) condition, mutation->context);
		case T_List:
			foreach(lc, (List *) condition)
				lfirst(lc) = mutate(lfirst(lc), mutation);
			break;
		case T_BoolExpr:
			if (((BoolExpr *) condition)->boolop != NOT_EXPR)
				mutate_arms((BoolExpr *) condition, mutation);
			break;
		default:
			break;
	}
	return condition;
}

static void
mutate_joins(Node *node, const Mutation *mutation)
{
	ListCell   *lc;

	if (IsA(node, FromExpr))
	{
		FromExpr   *from = (FromExpr *) node;

		foreach(lc, from->fromlist)
			mutate_joins(lfirst(lc), mutation);
		from->quals = mutate(from->quals, mutation);
	}
	else if (IsA(node, JoinExpr))
	{
		JoinExpr   *join = (JoinExpr *) node;

		mutate_joins(join->larg, mutation);
		mutate_joins(join->rarg, mutation);
		join->quals = mutate(join->quals, mutation);
	}
}

static void mutate_query(Query *query, const Mutation *mutation);

static void
mutate_tables(Query *query, const Mutation *mutation)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *entry = lfirst_node(RangeTblEntry, lc);

		if (entry->rtekind == RTE_SUBQUERY && entry->subquery)
			mutate_query(entry->subquery, mutation);
		(void) mutate((Node *) entry->securityQuals, mutation);
	}
}

static void
mutate_query(Query *query, const Mutation *mutation)
{
	ListCell   *lc;

	mutate_tables(query, mutation);
	foreach(lc, query->cteList)
	{
		Node	   *cte = lfirst_node(CommonTableExpr, lc)->ctequery;

		if (IsA(cte, Query))
			mutate_query((Query *) cte, mutation);
	}
	if (query->groupingSets != NIL || !az_reads_table(query))
		return;
	foreach(lc, query->withCheckOptions)
	{
		WithCheckOption *option = lfirst_node(WithCheckOption, lc);

		option->qual = mutate(option->qual, mutation);
	}
	if (query->jointree)
		mutate_joins((Node *) query->jointree, mutation);
}

bool
az_reads_table(const Query *query)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		switch (lfirst_node(RangeTblEntry, lc)->rtekind)
		{
			case RTE_RELATION:
			case RTE_SUBQUERY:	/* a view, when it could not be merged */
			case RTE_CTE:
				return true;
			default:
				break;
		}
	}
	return false;
}

void
az_mutate_conditions(Query *query, AzConditionMutator mutator, void *context)
{
	Mutation	mutation = {mutator, context};

	mutate_query(query, &mutation);
}

void
az_mark_call(FuncExpr *call)
{
	call->funccollid = C_COLLATION_OID;
}

bool
az_is_marked(const FuncExpr *call)
{
	return call->funcresulttype == BOOLOID && OidIsValid(call->funccollid);
}

void
az_remove_mark(FuncExpr *call)
{
	call->funccollid = InvalidOid;
}
