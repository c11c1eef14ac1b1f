/*-------------------------------------------------------------------------
 *
 * served.c
 *	  Does an index serve a condition?
 *
 *-------------------------------------------------------------------------
 */
#include "insight/served.h"

#include "access/amapi.h"
#include "access/genam.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "planner/comparand.h"

/* The first column or expression of an index, and how it compares. */
typedef struct Key
{
	Node	   *expr;
	Oid			family;
	Oid			collation;
	bool		lists;			/* it takes = ANY */
	bool		nulls;			/* it takes IS NULL */
} Key;

static bool
is_key(Node *node, const Key *key)
{
	return equal(az_without_relabels(node), key->expr);
}

/* Is it the same for all rows? */
static bool
is_given(Node *node)
{
	return !contain_var_clause(node) && !contain_volatile_functions(node) &&
		!contain_subplans(node);
}

static bool
compares(Oid operator, Oid collation, const Key *key)
{
	return OidIsValid(operator) && op_in_opfamily(operator, key->family) &&
		(!OidIsValid(key->collation) || key->collation == collation);
}

static bool
serves_operator(const OpExpr *clause, const Key *key)
{
	Node	   *left;
	Node	   *right;

	if (list_length(clause->args) != 2)
		return false;
	left = linitial(clause->args);
	right = lsecond(clause->args);
	if (is_key(left, key) && is_given(right))
		return compares(clause->opno, clause->inputcollid, key);
	return is_key(right, key) && is_given(left) &&
		compares(get_commutator(clause->opno), clause->inputcollid, key);
}

static bool
serves(Node *clause, const Key *key)
{
	switch (nodeTag(clause))
	{
		case T_OpExpr:
			return serves_operator((OpExpr *) clause, key);
		case T_ScalarArrayOpExpr:
			{
				ScalarArrayOpExpr *any = (ScalarArrayOpExpr *) clause;

				return key->lists && any->useOr && is_key(linitial(any->args), key) &&
					is_given(lsecond(any->args)) &&
					compares(any->opno, any->inputcollid, key);
			}
		case T_NullTest:
			return key->nulls && is_key((Node *) ((NullTest *) clause)->arg, key);
		case T_BoolExpr:		/* NOT of a column */
			return key->nulls && ((BoolExpr *) clause)->boolop == NOT_EXPR &&
				is_key(linitial(((BoolExpr *) clause)->args), key);
		case T_Var:
			return key->nulls && is_key(clause, key);
		default:
			return false;
	}
}

static bool
find_key(Relation rel, Relation index, Key *key)
{
	AttrNumber	column = index->rd_index->indkey.values[0];
	const FormData_pg_attribute *attribute;

	key->family = index->rd_opfamily[0];
	key->collation = index->rd_indcollation[0];
	key->lists = index->rd_indam->amsearcharray;
	key->nulls = index->rd_indam->amsearchnulls;
	if (column == 0)
	{
		List	   *exprs = RelationGetIndexExpressions(index);

		key->expr = exprs == NIL ? NULL : az_without_relabels(linitial(exprs));
		return key->expr != NULL;
	}
	if (column < 0)
		return false;
	attribute = TupleDescAttr(RelationGetDescr(rel), column - 1);
	key->expr = (Node *) makeVar(1, column, attribute->atttypid, attribute->atttypmod,
								 attribute->attcollation, 0);
	return true;
}

/* given: what holds for the rows, the clause among it. */
static bool
index_serves(Relation rel, Relation index, Node *clause, List *given)
{
	List	   *predicate;
	Key			key;

	if (!index->rd_index->indisvalid || !find_key(rel, index, &key) ||
		!serves(clause, &key))
		return false;
	predicate = RelationGetIndexPredicate(index);
	return predicate == NIL || predicate_implied_by(predicate, given, false);
}

/* Over what is stored, as core's planner has it. */
static Node *
as_stored(Relation rel, Node *node)
{
	Node	   *stored = az_expand_generated(node, rel);

	return stored == node ? node : eval_const_expressions(NULL, stored);
}

/* The name of one that does, or NULL. */
static char *
find_index(Relation rel, Node *clause, List *given)
{
	List	   *indexes = RelationGetIndexList(rel);
	char	   *found = NULL;
	ListCell   *lc;

	clause = as_stored(rel, clause);
	given = (List *) as_stored(rel, (Node *) given);
	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index_serves(rel, index, clause, given))
			found = pstrdup(RelationGetRelationName(index));
		index_close(index, NoLock);
		if (found)
			break;
	}
	list_free(indexes);
	return found;
}

static bool
are_served(List *ways)
{
	ListCell   *lc;

	foreach(lc, ways)
	{
		if (((const AzWay *) lfirst(lc))->index == NULL)
			return false;
	}
	return true;
}

static List *
one_way(Node *condition, char *index)
{
	AzWay	   *way = palloc(sizeof(*way));

	way->condition = condition;
	way->index = index;
	return list_make1(way);
}

static List *ways_into(Relation rel, Node *condition, List *given);

/* The first that is served is enough. */
static List *
ways_of_all(Relation rel, BoolExpr *all, List *given)
{
	ListCell   *lc;

	given = list_union_ptr(given, all->args);
	foreach(lc, all->args)
	{
		List	   *ways = ways_into(rel, lfirst(lc), given);

		if (are_served(ways))
			return ways;
	}
	return one_way((Node *) all, NULL);
}

static List *
ways_into(Relation rel, Node *condition, List *given)
{
	List	   *ways = NIL;
	ListCell   *lc;

	if (IsA(condition, BoolExpr) && ((BoolExpr *) condition)->boolop == AND_EXPR)
		return ways_of_all(rel, (BoolExpr *) condition, given);
	if (!IsA(condition, BoolExpr) || ((BoolExpr *) condition)->boolop != OR_EXPR)
		return one_way(condition,
					   find_index(rel, condition, list_append_unique_ptr(list_copy(given), condition)));
	foreach(lc, ((BoolExpr *) condition)->args)
		ways = list_concat(ways, ways_into(rel, lfirst(lc), given));
	return ways;
}

List *
az_ways_into(Relation rel, Node *condition)
{
	return ways_into(rel, condition, NIL);
}
