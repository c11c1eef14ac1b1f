/*-------------------------------------------------------------------------
 *
 * citus_plans.c
 *	  Queries and plans that reach the nodes of a Citus cluster.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/citus_plans.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "access/transam.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/nodeFuncs.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* All of its scans are called so; the first is in every version. */
#define PREFIX			"Citus"
#define FIRST_SCAN		"Citus Adaptive"
#define INSERT_SCAN		"Citus INSERT ... SELECT"

/*
 * How Citus's own node in such a scan is written out when rows go from node to
 * node.
 */
#define REPARTITION		":modifyWithSelectMethod 1 "

/*
 * Citus's catalogs: of tables, and of functions that nodes have.  A function
 * that a node may be told to call has an entry among the tables.
 */
#define TABLES				"pg_dist_partition"
#define TABLES_OID			"logicalrelid"
#define OBJECTS				"pg_dist_object"
#define OBJECTS_CLASS		"classid"
#define OBJECTS_OID			"objid"
#define OBJECTS_PLACE		"colocationid"

bool
az_has_citus(void)
{
	return GetCustomScanMethods(FIRST_SCAN, true) != NULL;
}

/* ----------------------------------------------------------------
 * Queries
 * ----------------------------------------------------------------
 */

/*
 * A catalog of Citus; InvalidOid where there is none, because Citus is not
 * installed.
 */
static Oid
find_catalog(const char *name)
{
	return get_relname_relid(name, PG_CATALOG_NAMESPACE);
}

/* The index whose first column that is; InvalidOid: there is none. */
static Oid
find_index(Relation rel, AttrNumber column)
{
	List	   *indexes = RelationGetIndexList(rel);
	Oid			found = InvalidOid;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index->rd_index->indisvalid && index->rd_index->indkey.values[0] == column &&
			RelationGetIndexPredicate(index) == NIL)
			found = lfirst_oid(lc);
		index_close(index, AccessShareLock);
	}
	list_free(indexes);
	return found;
}

/* Call found() for the rows that have the OID in the column, until it says that it is so. */
static bool
find_in_catalog(const char *name, const char *column, Oid oid,
				bool (*found) (HeapTuple tuple, Relation rel))
{
	Oid			catalog = find_catalog(name);
	AttrNumber	attnum = OidIsValid(catalog) ? get_attnum(catalog, column) : InvalidAttrNumber;
	Relation	rel;
	Oid			index;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		is = false;

	if (attnum == InvalidAttrNumber || oid < FirstNormalObjectId)
		return false;
	rel = table_open(catalog, AccessShareLock);
	index = find_index(rel, attnum);
	ScanKeyInit(&key, attnum, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(rel, index, OidIsValid(index), NULL, 1, &key);
	while (!is && HeapTupleIsValid(tuple = systable_getnext(scan)))
		is = found(tuple, rel);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return is;
}

static bool
is_any(HeapTuple tuple, Relation rel)
{
	return true;
}

bool
az_is_distributed(Oid rel)
{
	return find_in_catalog(TABLES, TABLES_OID, rel, is_any);
}

/* A column of that name; false: there is none, or it is NULL. */
static bool
read_column(HeapTuple tuple, Relation rel, const char *column, Datum *value)
{
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), column);
	bool		isnull = true;

	if (attnum != InvalidAttrNumber)
		*value = heap_getattr(tuple, attnum, RelationGetDescr(rel), &isnull);
	return !isnull;
}

static bool
is_placed_function(HeapTuple tuple, Relation rel)
{
	Datum		class;
	Datum		place;

	return read_column(tuple, rel, OBJECTS_CLASS, &class) &&
		DatumGetObjectId(class) == ProcedureRelationId &&
		read_column(tuple, rel, OBJECTS_PLACE, &place);
}

bool
az_is_delegated(Oid procedure)
{
	return find_in_catalog(OBJECTS, OBJECTS_OID, procedure, is_placed_function);
}

static bool
uses_distributed(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
		return ((RangeTblEntry *) node)->rtekind == RTE_RELATION &&
			az_is_distributed(((RangeTblEntry *) node)->relid);
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, uses_distributed, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, uses_distributed, context);
}

bool
az_uses_distributed(Query *query)
{
	return OidIsValid(find_catalog(TABLES)) && uses_distributed((Node *) query, NULL);
}

/* ----------------------------------------------------------------
 * Plans
 * ----------------------------------------------------------------
 */

static bool
is_citus_scan(const Plan *plan)
{
	return IsA(plan, CustomScan) &&
		strncmp(((const CustomScan *) plan)->methods->CustomName, PREFIX,
				strlen(PREFIX)) == 0;
}

/* Those of its children that are neither the left one nor the right one. */
static List *
more_children(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Append:
			return ((const Append *) plan)->appendplans;
		case T_MergeAppend:
			return ((const MergeAppend *) plan)->mergeplans;
		case T_BitmapAnd:
			return ((const BitmapAnd *) plan)->bitmapplans;
		case T_BitmapOr:
			return ((const BitmapOr *) plan)->bitmapplans;
		case T_CustomScan:
			return ((const CustomScan *) plan)->custom_plans;
		default:
			return NIL;
	}
}

static bool
has_citus_scan(const Plan *plan)
{
	ListCell   *lc;

	if (plan == NULL)
		return false;
	check_stack_depth();
	if (is_citus_scan(plan))
		return true;
	if (IsA(plan, SubqueryScan) &&
		has_citus_scan(((const SubqueryScan *) plan)->subplan))
		return true;
	foreach(lc, more_children(plan))
	{
		if (has_citus_scan(lfirst(lc)))
			return true;
	}
	return has_citus_scan(plan->lefttree) || has_citus_scan(plan->righttree);
}

/* Sub-plans and those of WITH stand in a list; some are taken out of it. */
bool
az_has_citus_scan(const PlannedStmt *plan)
{
	ListCell   *lc;

	if (!az_has_citus())
		return false;
	if (has_citus_scan(plan->planTree))
		return true;
	foreach(lc, plan->subplans)
	{
		if (has_citus_scan(lfirst(lc)))
			return true;
	}
	return false;
}

bool
az_copies_to_shards(const PlannedStmt *plan)
{
	const CustomScan *scan = (const CustomScan *) plan->planTree;
	char	   *text;
	bool		repartitions;

	if (!IsA(scan, CustomScan) || strcmp(scan->methods->CustomName, INSERT_SCAN) != 0)
		return false;
	text = nodeToString(scan->custom_private);
	repartitions = strstr(text, REPARTITION) != NULL;
	pfree(text);
	return !repartitions;
}
