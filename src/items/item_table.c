/*-------------------------------------------------------------------------
 *
 * item_table.c
 *	  The rows of authz.item_permission and authz.permission_implies.
 *
 * The indexes are over lower() under the collation "C", which is what
 * az_lower_ascii() does.
 *
 *-------------------------------------------------------------------------
 */
#include "items/item_table.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/index.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "items/item_path.h"

text *
az_node_text_copy(const AzIdentity *id, const AzNode *node)
{
	return cstring_to_text_with_len(az_node_bytes(id, node), az_node_len(node));
}

static text *
folded_copy(const char *bytes, size_t len)
{
	text	   *folded = cstring_to_text_with_len(bytes, len);

	az_lower_ascii(VARDATA(folded), bytes, len);
	return folded;
}

/* ----------------------------------------------------------------
 * Rows
 * ----------------------------------------------------------------
 */

/*
 * Can it be searched for that many texts?  One that is not complete, or sorts
 * by another collation, would hide rows.
 */
static bool
is_over_texts(Relation index, int nkeys)
{
	int			i;

	if (index->rd_rel->relam != BTREE_AM_OID || !index->rd_index->indisvalid ||
		!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL) ||
		IndexRelationGetNumberOfKeyAttributes(index) < nkeys)
		return false;
	for (i = 0; i < nkeys; i++)
	{
		if (index->rd_opfamily[i] != TEXT_BTREE_FAM_OID ||
			index->rd_opcintype[i] != TEXTOID ||
			index->rd_indcollation[i] != C_COLLATION_OID)
			return false;
	}
	return true;
}

/*
 * Without the index, or with another one of its name, nothing is known, so
 * nothing is granted.
 */
static Relation
open_index(Relation rel, const char *name, int nkeys)
{
	Oid			found = get_relname_relid(name, RelationGetNamespace(rel));
	Relation	index;

	if (!OidIsValid(found) ||
		IndexGetRelation(found, true) != RelationGetRelid(rel))
		return NULL;
	index = index_open(found, AccessShareLock);
	if (!is_over_texts(index, nkeys))
	{
		index_close(index, AccessShareLock);
		return NULL;
	}
	if (!az_index_shows_all(index, GetActiveSnapshot()))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("index \"%s\" was rebuilt after the snapshot was taken", name),
				 errhint("The transaction might succeed if it is run again.")));
	return index;
}

text *
az_row_text(TupleTableSlot *row, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(row, column, &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}

/* What a row leaves behind goes with it. */
static void
found_row(TupleTableSlot *row, AzRowFound found, void *arg, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);

	CHECK_FOR_INTERRUPTS();
	found(row, arg);
	MemoryContextSwitchTo(old);
	MemoryContextReset(context);
}

void
az_scan_by_texts(AzCatalog table, const char *index_name, text *const *keys,
				 int nkeys, AzRowFound found, void *arg)
{
	Relation	rel = az_open_table(table);
	Relation	index = rel ? open_index(rel, index_name, nkeys) : NULL;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	MemoryContext context;
	ScanKeyData key[2];
	int			i;

	if (index != NULL)
	{
		Assert(nkeys <= (int) lengthof(key));
		for (i = 0; i < nkeys; i++)
			ScanKeyEntryInitialize(&key[i], 0, i + 1, BTEqualStrategyNumber,
								   TEXTOID, C_COLLATION_OID, F_TEXTEQ,
								   PointerGetDatum(keys[i]));
		slot = table_slot_create(rel, NULL);
		scan = az_index_beginscan(rel, index, GetActiveSnapshot(), nkeys);
		index_rescan(scan, key, nkeys, NULL, 0);
		context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz row",
										ALLOCSET_SMALL_SIZES);
		while (index_getnext_slot(scan, ForwardScanDirection, slot))
			found_row(slot, found, arg, context);
		MemoryContextDelete(context);
		index_endscan(scan);
		ExecDropSingleTupleTableSlot(slot);
		index_close(index, AccessShareLock);
	}
	if (rel != NULL)
		table_close(rel, AccessShareLock);
}

void
az_scan_own_items(const AzIdentity *id, AzRowFound found, void *arg)
{
	text	   *keys[2];

	keys[0] = az_node_text_copy(id, &id->client);
	keys[1] = folded_copy(az_node_bytes(id, &id->email), az_node_len(&id->email));
	az_scan_by_texts(AZ_TABLE_ITEM, "item_permission_key", keys, 2, found, arg);
}

void
az_scan_item(const AzIdentity *id, const text *item, AzRowFound found, void *arg)
{
	text	   *keys[2];

	keys[0] = az_node_text_copy(id, &id->client);
	keys[1] = folded_copy(VARDATA_ANY(item), VARSIZE_ANY_EXHDR(item));
	az_scan_by_texts(AZ_TABLE_ITEM, "item_permission_item", keys, 2, found, arg);
}
