/*-------------------------------------------------------------------------
 *
 * fn_set_list.c
 *	  sets(): which sets there are, and what is known of them.
 *
 * Those that policies ask, and those that this session has asked.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "server/attempt.h"
#include "sets/set_view.h"

/* ----------------------------------------------------------------
 * Which there are
 * ----------------------------------------------------------------
 */

static bool
find_sets_in(Node *node, void *arg)
{
	List	  **oids = arg;
	const FuncExpr *call = (const FuncExpr *) node;

	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) && call->args != NIL && az_asks_set(call->funcid))
	{
		const Const *name = linitial(call->args);

		if (IsA(name, Const) && !name->constisnull)
			*oids = list_append_unique_oid(*oids, DatumGetObjectId(name->constvalue));
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_sets_in, oids, 0);
	return expression_tree_walker(node, find_sets_in, oids);
}

static void
find_sets_of(HeapTuple policy, AttrNumber column, TupleDesc desc, List **oids)
{
	bool		isnull;
	Datum		stored = heap_getattr(policy, column, desc, &isnull);

	if (!isnull)
		(void) find_sets_in(stringToNode(TextDatumGetCString(stored)), oids);
}

static List *
sets_of_policies(void)
{
	Relation	rel = table_open(PolicyRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	policy;
	List	   *oids = NIL;

	while (HeapTupleIsValid(policy = systable_getnext(scan)))
	{
		find_sets_of(policy, Anum_pg_policy_polqual, RelationGetDescr(rel), &oids);
		find_sets_of(policy, Anum_pg_policy_polwithcheck, RelationGetDescr(rel), &oids);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return oids;
}

static List *
all_sets(void)
{
	List	   *oids = sets_of_policies();
	dlist_iter	iter;

	dlist_foreach(iter, az_set_views())
		oids = list_append_unique_oid(oids, dlist_container(AzSetView, node, iter.cur)->oid);
	list_sort(oids, list_oid_cmp);
	return oids;
}

/* ----------------------------------------------------------------
 * What is known of one
 * ----------------------------------------------------------------
 */

static ArrayType *
tables_of(const AzSetView *view)
{
	Datum	   *tables = palloc((list_length(view->relations) + 1) * sizeof(Datum));
	int			n = 0;
	ListCell   *lc;

	foreach(lc, view->relations)
	{
		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_VIEW)
			tables[n++] = ObjectIdGetDatum(lfirst_oid(lc));
	}
	return construct_array(tables, n, REGCLASSOID, sizeof(Oid), true, TYPALIGN_INT);
}

static Oid
owner_of(Oid view)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(view));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

static void
look_at(void *view)
{
	az_look_at_set_view(view);
}

static void
put_set(ReturnSetInfo *result, Oid oid)
{
	AzSetView  *view = az_get_set_view(oid);
	Oid			owner = owner_of(oid);
	ErrorData  *error;
	Datum		values[8] = {0};
	bool		nulls[8] = {0};
	const char *why;

	/* it has been dropped */
	if (!OidIsValid(owner))
		return;
	view->uses++;
	error = az_attempt(look_at, view);
	view->uses--;
	why = error ? error->message : view->unkept;
	values[0] = ObjectIdGetDatum(oid);
	values[1] = CStringGetDatum(GetUserNameFromId(owner, true));
	nulls[1] = values[1] == (Datum) 0;
	values[2] = PointerGetDatum(tables_of(view));
	values[3] = BoolGetDatum(why == NULL);
	nulls[4] = why == NULL;
	if (why)
		values[4] = CStringGetTextDatum(why);
	values[5] = Int64GetDatum(view->n_readings);
	values[6] = Int64GetDatum(view->n_keys);
	nulls[6] = view->n_readings == 0;
	values[7] = Int64GetDatum(view->microseconds);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

AZ_SQL(authz_sets)
{
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, all_sets())
		put_set((ReturnSetInfo *) fcinfo->resultinfo, lfirst_oid(lc));
	PG_RETURN_NULL();
}
