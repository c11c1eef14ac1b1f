/*-------------------------------------------------------------------------
 *
 * cluster_key_table.c
 *	  The rows of authz.cluster_key, which SQL can neither read nor write.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/cluster_key_table.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/rel.h"

#include "server/announced.h"
#include "server/malloced.h"
#include "trust/trust_row.h"

#define NAME	"authz.cluster_key"

/* ----------------------------------------------------------------
 * Reading
 * ----------------------------------------------------------------
 */

void
az_begin_cluster_keys(AzRows *rows)
{
	memset(rows, 0, sizeof(*rows));
	if (az_tables_found())
		(void) az_begin_rows(rows, AZ_TABLE_CLUSTER_KEY, NULL, NULL, 0);
}

/*
 * Reads the columns of a row.  We write no NULLs, so a row with one is not
 * ours.
 */
bool
az_next_cluster_key(AzRows *rows, AzClusterKeyRow *row)
{
	bool		isnull;

	memset(row, 0, sizeof(*row));
	row->tuple = az_next_row(rows);
	if (!HeapTupleIsValid(row->tuple))
		return false;
	row->desc = RelationGetDescr(rows->rel);
	row->kid = az_row_utf8(row->tuple, Cluster_kid, row->desc);
	row->thumbprint = az_row_utf8(row->tuple, Cluster_thumbprint, row->desc);
	row->number = DatumGetInt64(heap_getattr(row->tuple, Cluster_number, row->desc, &isnull));
	row->added_at = DatumGetTimestampTz(heap_getattr(row->tuple, Cluster_added_at, row->desc,
													 &isnull));
	row->is_private = !heap_attisnull(row->tuple, Cluster_private_jwk, row->desc);
	return true;
}

/* Does the key agree with the columns? */
static bool
describes(const AzClusterKeyRow *row, const char *kid, const char *thumbprint)
{
	return row->kid && kid && strcmp(row->kid, kid) == 0 &&
		row->thumbprint && thumbprint && strcmp(row->thumbprint, thumbprint) == 0;
}

/* Nothing raises once there is a key, here and below. */
AzKey *
az_make_cluster_key(const AzClusterKeyRow *row)
{
	AzJson	   *jwk = az_row_json(row->tuple, Cluster_jwk, row->desc);
	AzKeyError	error = {0};
	AzKey	   *key = NULL;
	AzKeyStatus status;

	if (jwk == NULL)
		return NULL;
	status = az_key_or_none(jwk, AZ_ALG_BIT(AZ_ED25519), false, false, &key, &error);
	if (status == AZ_KEY_NO_MEMORY)
		az_raise_no_memory();
	if (status != AZ_KEY_OK)
		return NULL;
	if (az_key_alg(key) == AZ_ED25519 &&
		describes(row, az_key_kid(key), az_key_thumbprint(key)))
		return key;
	az_key_free(key);
	return NULL;
}

AzSigningKey *
az_make_signing_key(const AzClusterKeyRow *row)
{
	AzJson	   *jwk = az_row_json(row->tuple, Cluster_private_jwk, row->desc);
	AzKeyError	error = {0};
	AzSigningKey *key = NULL;
	AzKeyStatus status;

	if (jwk == NULL || row->kid == NULL)
		return NULL;
	status = az_signing_key_from_jwk(jwk, row->kid, &key, &error);
	if (status == AZ_KEY_NO_MEMORY)
		az_raise_no_memory();
	if (status != AZ_KEY_OK)
		return NULL;
	if (describes(row, az_signing_key_kid(key), az_signing_key_thumbprint(key)))
		return key;
	az_signing_key_free(key);
	return NULL;
}

/* ----------------------------------------------------------------
 * Writing
 * ----------------------------------------------------------------
 */

pg_noreturn static void
raise_unusable(void)
{
	const char *name;
	const char *remedy;
	const char *why = az_fault_of_table(AZ_TABLE_CLUSTER_KEY, &name, &remedy);

	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("materialized view " NAME " was altered"),
			 why ? errdetail_internal("%s", why) : 0,
			 errhint("A superuser restores it as the extension's script has it; the keys are then added again.")));
	pg_unreachable();
}

Relation
az_lock_cluster_keys(const char *command)
{
	Relation	rel;

	PreventCommandIfReadOnly(command);
	PreventCommandIfParallelMode(command);
	PreventCommandDuringRecovery(command);
	rel = az_tables_found() ? az_open_table(AZ_TABLE_CLUSTER_KEY) : NULL;
	if (rel == NULL)
		raise_unusable();
	LockRelation(rel, ShareRowExclusiveLock);
	/* somebody may have altered it while we waited */
	table_close(rel, NoLock);
	rel = az_open_table(AZ_TABLE_CLUSTER_KEY);
	if (rel == NULL)
		raise_unusable();
	az_note_write();
	return rel;
}

static void
put_text(Datum *values, bool *nulls, int column, const text *value)
{
	nulls[column - 1] = value == NULL;
	values[column - 1] = PointerGetDatum(value);
}

void
az_insert_cluster_key(Relation rel, text *kid, text *thumbprint, int64 number,
					  text *jwk, text *private_jwk)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Datum	   *values = palloc0(desc->natts * sizeof(Datum));
	bool	   *nulls = palloc(desc->natts * sizeof(bool));
	HeapTuple	tuple;

	memset(nulls, true, desc->natts * sizeof(bool));
	put_text(values, nulls, Cluster_kid, kid);
	put_text(values, nulls, Cluster_thumbprint, thumbprint);
	put_text(values, nulls, Cluster_jwk, jwk);
	put_text(values, nulls, Cluster_private_jwk, private_jwk);
	values[Cluster_number - 1] = Int64GetDatum(number);
	values[Cluster_added_at - 1] = TimestampTzGetDatum(GetCurrentTimestamp());
	nulls[Cluster_number - 1] = nulls[Cluster_added_at - 1] = false;

	tuple = heap_form_tuple(desc, values, nulls);
	heap_insert(rel, tuple, GetCurrentCommandId(true), HEAP_INSERT_NO_LOGICAL, NULL);
	explicit_bzero(tuple->t_data, tuple->t_len);
	CacheInvalidateRelcache(rel);
}

void
az_delete_cluster_key(Relation rel, const AzClusterKeyRow *row)
{
	ItemPointerData place = row->tuple->t_self;

	simple_heap_delete(rel, &place);
	CacheInvalidateRelcache(rel);
}

void
az_end_cluster_keys(Relation rel)
{
	table_close(rel, NoLock);
	CommandCounterIncrement();
}
