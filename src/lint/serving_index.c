/*-------------------------------------------------------------------------
 *
 * serving_index.c
 *	  Which comparisons an index of a table serves.
 *
 * The relation cache would do, but it simplifies the expressions of an index,
 * and so evaluates functions of the role that made it.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/serving_index.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_opclass.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "lint/table_policies.h"
#include "planner/comparand.h"

/* What an index begins with, and which rows are in it. */
typedef struct IndexHead
{
	AttrNumber	number;			/* 0: an expression */
	Node	   *expr;
	Oid			family;
	Oid			method;
	Oid			collation;
	List	   *predicate;		/* of Node, all of which hold */
} IndexHead;

/* ----------------------------------------------------------------
 * The indexes of a table
 * ----------------------------------------------------------------
 */

static Oid
read_first_oid(HeapTuple tuple, AttrNumber column, TupleDesc desc)
{
	bool		isnull;
	Datum		oids = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? InvalidOid : ((oidvector *) DatumGetPointer(oids))->values[0];
}

/* The access method of an operator class. */
static Oid
method_of(Oid opclass)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	Oid			method;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	method = ((Form_pg_opclass) GETSTRUCT(tuple))->opcmethod;
	ReleaseSysCache(tuple);
	return method;
}

static IndexHead *
read_index(HeapTuple tuple, TupleDesc desc)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	Oid			opclass = read_first_oid(tuple, Anum_pg_index_indclass, desc);
	Node	   *exprs = az_read_stored(tuple, Anum_pg_index_indexprs, desc);
	IndexHead  *index = palloc0(sizeof(*index));

	index->number = form->indkey.values[0];
	if (index->number == 0 && exprs)
		index->expr = linitial((List *) exprs);
	index->family = get_opclass_family(opclass);
	index->method = method_of(opclass);
	index->collation = read_first_oid(tuple, Anum_pg_index_indcollation, desc);
	index->predicate = make_ands_implicit((Expr *) az_read_stored(tuple, Anum_pg_index_indpred, desc));
	return index;
}

static List *
read_indexes(Oid table)
{
	Relation	rel = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *indexes = NIL;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(table));
	scan = systable_beginscan(rel, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (((Form_pg_index) GETSTRUCT(tuple))->indisvalid)
			indexes = lappend(indexes, read_index(tuple, RelationGetDescr(rel)));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return indexes;
}

/* ----------------------------------------------------------------
 * One index
 * ----------------------------------------------------------------
 */

static bool
begins_with(const IndexHead *index, Node *operand)
{
	operand = az_without_relabels(operand);
	if (index->number != 0)
		return IsA(operand, Var) && ((Var *) operand)->varlevelsup == 0 &&
			((Var *) operand)->varattno == index->number;
	return index->expr && equal(az_without_relabels(index->expr), operand);
}

/* IS NULL is something that a btree is searched for. */
static bool
takes(const IndexHead *index, const AzArm *arm)
{
	if (index->method == BRIN_AM_OID)
		return false;
	if (!OidIsValid(arm->operator))
		return index->method == BTREE_AM_OID;
	return op_in_opfamily(arm->operator, index->family) &&
		(!OidIsValid(index->collation) || index->collation == arm->collation);
}

/* A condition holds that says it word by word, or is false where it is NULL. */
static bool
implies(List *known, Node *predicate)
{
	ListCell   *lc;

	foreach(lc, known)
	{
		const AzArm *arm = lfirst(lc);

		if (equal(arm->node, predicate))
			return true;
		if (arm->kind == AZ_ARM_ALL && implies(arm->arms, predicate))
			return true;
		if (IsA(predicate, NullTest) && arm->kind == AZ_ARM_COMPARED &&
			((NullTest *) predicate)->nulltesttype == IS_NOT_NULL && OidIsValid(arm->operator) &&
			equal(az_without_relabels((Node *) ((NullTest *) predicate)->arg),
				  az_without_relabels(arm->operand)))
			return true;
	}
	return false;
}

static bool
holds_rows(const IndexHead *index, List *known)
{
	ListCell   *lc;

	foreach(lc, index->predicate)
	{
		Node	   *predicate = lfirst(lc);
		ListCell   *part;

		if (!IsA(predicate, BoolExpr) || ((BoolExpr *) predicate)->boolop != AND_EXPR)
		{
			if (!implies(known, predicate))
				return false;
			continue;
		}
		foreach(part, ((BoolExpr *) predicate)->args)
		{
			if (!implies(known, lfirst(part)))
				return false;
		}
	}
	return true;
}

/* An index that holds nothing but rows of the arm serves, whatever it begins with. */
static bool
has_index(List *indexes, const AzArm *arm, List *known)
{
	List	   *all = lappend(list_copy(known), unconstify(AzArm *, arm));
	ListCell   *lc;

	foreach(lc, indexes)
	{
		const IndexHead *index = lfirst(lc);

		if (arm->kind == AZ_ARM_COMPARED && begins_with(index, arm->operand) &&
			takes(index, arm) && holds_rows(index, all))
			return true;
		if (list_length(index->predicate) == 1 && equal(arm->node, linitial(index->predicate)))
			return true;
	}
	return false;
}

/* ----------------------------------------------------------------
 * A condition, over one table
 * ----------------------------------------------------------------
 */

static bool
is_served_here(List *indexes, const AzArm *arm, List *known)
{
	ListCell   *lc;

	switch (arm->kind)
	{
		case AZ_ARM_ALL:
			known = list_concat_copy(known, arm->arms);
			foreach(lc, arm->arms)
			{
				if (((AzArm *) lfirst(lc))->kind != AZ_ARM_GATE &&
					is_served_here(indexes, lfirst(lc), known))
					return true;
			}
			return false;
		case AZ_ARM_ANY:
			foreach(lc, arm->arms)
			{
				if (!is_served_here(indexes, lfirst(lc), known))
					return false;
			}
			return true;
		case AZ_ARM_GATE:
			return true;
		default:
			return has_index(indexes, arm, known);
	}
}

/* ----------------------------------------------------------------
 * Over a table and its parts
 * ----------------------------------------------------------------
 */

static AzArm *
move_arm(const AzArm *arm, Oid from, Oid to)
{
	AzArm	   *moved = palloc(sizeof(*moved));
	ListCell   *lc;

	*moved = *arm;
	moved->arms = NIL;
	moved->node = az_move_to_table(arm->node, from, to);
	moved->operand = arm->operand ? az_move_to_table(arm->operand, from, to) : NULL;
	if (moved->node == NULL)
		moved->kind = AZ_ARM_OTHER;
	foreach(lc, arm->arms)
		moved->arms = lappend(moved->arms, move_arm(lfirst(lc), from, to));
	return moved;
}

static bool
are_parts_served(Oid table, const AzArm *arm, List *known, Oid *missing)
{
	ListCell   *lc;

	foreach(lc, find_inheritance_children(table, NoLock))
	{
		List	   *moved = NIL;
		ListCell   *k;

		foreach(k, known)
			moved = lappend(moved, move_arm(lfirst(k), table, lfirst_oid(lc)));
		if (!az_is_served(lfirst_oid(lc), move_arm(arm, table, lfirst_oid(lc)), moved, missing))
			return false;
	}
	return true;
}

bool
az_is_served(Oid table, const AzArm *arm, List *known, Oid *missing)
{
	char		kind = get_rel_relkind(table);
	bool		served;

	if (kind == RELKIND_FOREIGN_TABLE)
		return true;
	served = is_served_here(read_indexes(table), arm, known);
	if (kind == RELKIND_PARTITIONED_TABLE)
	{
		if (served)
			return true;
		served = find_inheritance_children(table, NoLock) != NIL;
	}
	if (served)
		return are_parts_served(table, arm, known, missing);
	if (missing)
		*missing = table;
	return false;
}
