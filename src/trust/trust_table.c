/*-------------------------------------------------------------------------
 *
 * trust_table.c
 *	  The tables of the trust: where they are, whether they are what the
 *	  install script made, when they changed, and how rows are found in them.
 *
 * Ordinary catalog scans: the privileges of the caller do not matter, nor does
 * its snapshot for the trust; a utility statement without one can come here.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust_table.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "server/encoding.h"
#include "server/own.h"
#include "server/relcache.h"

/* The columns, as the install script has them. */
static const AzColumn profile_columns[] = {
	AZ_NAME_COLUMN("profile"), AZ_TEXT_COLUMN("chosen_by"),
	AZ_COLUMN("audience_required", BOOLOID), AZ_COLUMN("options", JSONOID)
};
static const AzColumn issuer_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_TEXTS_COLUMN("audience"),
	AZ_NAME_COLUMN("profile"), AZ_COLUMN("options", JSONOID)
};
static const AzColumn key_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_NAME_COLUMN("kid"), AZ_TEXT_COLUMN("alg"),
	AZ_COLUMN("jwk", JSONOID), AZ_NAME_COLUMN("thumbprint"),
	AZ_TEXT_COLUMN("source"), AZ_COLUMN("added_at", TIMESTAMPTZOID)
};
static const AzColumn revocation_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_NAME_COLUMN("kind"), AZ_NAME_COLUMN("value"),
	AZ_COLUMN("issued_before", TIMESTAMPTZOID),
	AZ_COLUMN("until", TIMESTAMPTZOID), AZ_COLUMN("revoked_at", TIMESTAMPTZOID)
};
static const AzColumn inactive_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_NAME_COLUMN("subject")
};
static const AzColumn item_columns[] = {
	AZ_NAME_COLUMN("email"), AZ_NAME_COLUMN("client"), AZ_NAME_COLUMN("item"),
	AZ_NAME_COLUMN("permission"), AZ_TEXT_COLUMN("granted_by"),
	AZ_COLUMN("granted_at", TIMESTAMPTZOID)
};
static const AzColumn implies_columns[] = {
	AZ_NAME_COLUMN("client"), AZ_NAME_COLUMN("permission"),
	AZ_NAME_COLUMN("implies")
};
static const AzColumn ceiling_columns[] = {
	AZ_NAME_COLUMN("issuer"), AZ_NAME_COLUMN("actor"), AZ_TEXTS_COLUMN("scopes"),
	AZ_TEXTS_COLUMN("roles"), AZ_TEXTS_COLUMN("permissions"), AZ_TEXTS_COLUMN("groups"),
	AZ_TEXTS_COLUMN("org_roles"), AZ_TEXTS_COLUMN("org_permissions"),
	AZ_TEXTS_COLUMN("item_permissions"), AZ_TEXTS_COLUMN("keep"),
	AZ_COLUMN("admin", BOOLOID), AZ_COLUMN("read_only", BOOLOID)
};
static const AzColumn cluster_key_columns[] = {
	AZ_NAME_COLUMN("kid"), AZ_NAME_COLUMN("thumbprint"), AZ_COLUMN("number", INT8OID),
	AZ_COLUMN("added_at", TIMESTAMPTZOID), AZ_COLUMN("jwk", JSONOID),
	AZ_COLUMN("private_jwk", JSONOID)
};

#define SHAPE(name, columns) \
	{name, columns, lengthof(columns), lengthof(columns), false, false}
#define HIDDEN_SHAPE(name, columns) \
	{name, columns, lengthof(columns), lengthof(columns), true, false}

static AzShape shapes[AZ_N_TABLES] = {
	SHAPE("profile", profile_columns),
	SHAPE("issuer", issuer_columns),
	SHAPE("issuer_key", key_columns),
	SHAPE("revocation", revocation_columns),
	SHAPE("inactive_subject", inactive_columns),
	SHAPE("item_permission", item_columns),
	SHAPE("permission_implies", implies_columns),
	SHAPE("actor_ceiling", ceiling_columns),
	HIDDEN_SHAPE("cluster_key", cluster_key_columns)
};

static bool installed = false;
static Oid	tables[AZ_N_TABLES];	/* all 0 while it is not */
static Oid	guard = InvalidOid; /* found with them: the function that their
								 * triggers call */
static uint64 places = 1;		/* grows when the tables may lie elsewhere */
static uint64 places_looked = 0;	/* "places" when they were found */
static uint64 touches = 1;		/* grows when one may have been dropped;
								 * usually it just has other rows */
static uint64 touches_looked = 0;	/* "touches" when they were last seen where
									 * they had been found */
static uint64 epochs[AZ_N_TABLES];
static uint64 trust_epoch = 1;

/* Only marks: this may run in the midst of our own catalog access. */
static void
changed(AzCatalog table)
{
	epochs[table]++;
	if (table != AZ_TABLE_ITEM && table != AZ_TABLE_IMPLIES)
		trust_epoch++;
}

static void
relcache_changed(Datum arg, Oid relid)
{
	int			i;

	for (i = 0; i < AZ_N_TABLES; i++)
	{
		if (relid != InvalidOid && relid != tables[i])
			continue;
		changed(i);
		/* the extension may have been dropped, or created again */
		if (i == AZ_TABLE_PROFILE || i == AZ_TABLE_ISSUER || i == AZ_TABLE_KEY)
			touches++;
	}
	if (relid == InvalidOid)
		places++;
}

void
az_trust_table_init(void)
{
	az_on_relcache_change(relcache_changed);
}

uint64
az_table_epoch(AzCatalog table)
{
	return epochs[table];
}

uint64
az_trust_epoch(void)
{
	AcceptInvalidationMessages();
	return trust_epoch;
}

static uint64
grants_epoch(const AzSource *source)
{
	return 1 + epochs[AZ_TABLE_ITEM] + epochs[AZ_TABLE_IMPLIES];
}

static uint64
inactive_epoch(const AzSource *source)
{
	return 1 + epochs[AZ_TABLE_INACTIVE];
}

static uint64
ceilings_epoch(const AzSource *source)
{
	return 1 + epochs[AZ_TABLE_CEILING];
}

AzSource *
az_source(AzStored what)
{
	static AzSource sources[] = {
		[AZ_STORED_GRANTS] = {.epoch = grants_epoch},
		[AZ_STORED_INACTIVE] = {.epoch = inactive_epoch},
		[AZ_STORED_CEILINGS] = {.epoch = ceilings_epoch}
	};

	return &sources[what];
}

/*
 * Can we go on without that table?  Without cluster keys nobody hands anything
 * over.
 */
static bool
is_dispensable(AzCatalog table)
{
	return table == AZ_TABLE_CLUSTER_KEY ||
		(table == AZ_TABLE_CEILING && az_objects_are_old());
}

/* All of them, or none. */
static bool
find_tables(Oid *found, Oid *found_guard)
{
	const char *names[AZ_N_TABLES];
	int			i;

	for (i = 0; i < AZ_N_TABLES; i++)
		names[i] = shapes[i].name;
	az_extension_tables(names, AZ_N_TABLES, found, found_guard);
	for (i = 0; i < AZ_N_TABLES; i++)
	{
		if (!OidIsValid(found[i]) && !is_dispensable(i))
			return false;
	}
	return true;
}

/*
 * Are they still the tables that were found?  A new key in them is no reason
 * to search again.
 */
static bool
are_in_place(void)
{
	Oid			schema = get_namespace_oid(AZ_SCHEMA, true);
	int			i;

	for (i = 0; i < AZ_N_TABLES; i++)
	{
		HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(tables[i]));
		bool		found;

		if (!HeapTupleIsValid(tuple))
			return false;
		found = ((Form_pg_class) GETSTRUCT(tuple))->relnamespace == schema &&
			strcmp(NameStr(((Form_pg_class) GETSTRUCT(tuple))->relname), shapes[i].name) == 0;
		ReleaseSysCache(tuple);
		if (!found)
			return false;
	}
	return az_are_own_tables(tables, AZ_N_TABLES);
}

static bool
are_known(void)
{
	uint64		touched = touches;

	if (!installed || places_looked != places)
		return false;
	if (touches_looked != touched && !are_in_place())
		return false;
	touches_looked = touched;
	return true;
}

/*
 * No message tells of tables that are created, so while there are none we look
 * each time.  After an error we look again.
 */
bool
az_tables_found(void)
{
	uint64		looked = places;
	uint64		touched = touches;
	Oid			found[AZ_N_TABLES];
	Oid			found_guard;
	int			i;

	if (are_known())
		return true;
	installed = find_tables(found, &found_guard);
	if (!installed)
		memset(found, 0, sizeof(found));
	for (i = 0; i < AZ_N_TABLES; i++)
	{
		if (found[i] != tables[i])
			changed(i);
	}
	memcpy(tables, found, sizeof(tables));
	guard = found_guard;
	places_looked = looked;
	touches_looked = touched;
	return installed;
}

bool
az_has_ceilings(void)
{
	return OidIsValid(tables[AZ_TABLE_CEILING]);
}

Relation
az_open_table(AzCatalog table)
{
	Relation	rel = az_open_as(tables[table], &shapes[table], guard);

	/* perhaps there is another one of its name */
	if (rel == NULL)
		places++;
	return rel;
}

const char *
az_fault_of_table(AzCatalog table, const char **name, const char **remedy)
{
	Relation	rel = OidIsValid(tables[table]) ? try_table_open(tables[table], AccessShareLock) : NULL;
	const char *why;

	*name = shapes[table].name;
	*remedy = NULL;
	if (rel == NULL)
		return table >= AZ_TABLE_CEILING && az_objects_are_old() ? NULL :
			"It does not exist, or is not part of the extension.";
	why = az_why_altered(rel, &shapes[table], guard, remedy);
	table_close(rel, AccessShareLock);
	return why;
}

List *
az_tables_of_plans(bool grants)
{
	List	   *oids = NIL;

	if (!installed)
		return NIL;
	oids = list_make1_oid(tables[AZ_TABLE_INACTIVE]);
	if (OidIsValid(tables[AZ_TABLE_CEILING]))
		oids = lappend_oid(oids, tables[AZ_TABLE_CEILING]);
	if (grants)
	{
		oids = lappend_oid(oids, tables[AZ_TABLE_ITEM]);
		oids = lappend_oid(oids, tables[AZ_TABLE_IMPLIES]);
	}
	return oids;
}

void
az_begin_look_up(AzLookUp *look_up)
{
	look_up->context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz lookup",
											 ALLOCSET_SMALL_SIZES);
	look_up->old = MemoryContextSwitchTo(look_up->context);
}

void
az_end_look_up(const AzLookUp *look_up)
{
	MemoryContextSwitchTo(look_up->old);
	MemoryContextDelete(look_up->context);
}

bool
az_index_shows_all(Relation index, Snapshot snapshot)
{
	return index->rd_index->indisvalid &&
		(!index->rd_index->indcheckxmin || snapshot == NULL ||
		 TransactionIdPrecedes(HeapTupleHeaderGetXmin(index->rd_indextuple->t_data),
							   TransactionXmin));
}

/* Is it a tree over these columns, all of them texts that compare bytewise? */
static bool
leads(Relation index, const AttrNumber *columns, int n)
{
	int			i;

	if (index->rd_rel->relam != BTREE_AM_OID ||
		IndexRelationGetNumberOfKeyAttributes(index) < n ||
		!heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL))
		return false;
	for (i = 0; i < n; i++)
	{
		if (index->rd_index->indkey.values[i] != columns[i] ||
			index->rd_opcintype[i] != TEXTOID ||
			index->rd_indcollation[i] != C_COLLATION_OID)
			return false;
	}
	return true;
}

/*
 * An index that begins with these columns; without one all rows are read.  All
 * rows are also read where they are in one page, because a session that opens
 * its first index takes ten times as long.
 */
static Oid
find_index(Relation rel, Snapshot snapshot, const AttrNumber *columns, int n)
{
	Oid			found = InvalidOid;
	List	   *all;
	ListCell   *lc;

	if (n == 0 || RelationGetNumberOfBlocks(rel) <= 1)
		return InvalidOid;
	all = RelationGetIndexList(rel);
	foreach(lc, all)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (leads(index, columns, n) && az_index_shows_all(index, snapshot))
			found = RelationGetRelid(index);
		index_close(index, AccessShareLock);
		if (OidIsValid(found))
			break;
	}
	list_free(all);
	return found;
}

/*
 * The condition that the column is this text, or NULL.  False when the text
 * has no form in this encoding, so was never stored.
 */
static bool
make_scan_key(ScanKey key, AttrNumber column, const char *text)
{
	char	   *server;

	if (text == NULL)
	{
		ScanKeyEntryInitialize(key, SK_ISNULL | SK_SEARCHNULL, column, InvalidStrategy,
							   InvalidOid, InvalidOid, InvalidOid, (Datum) 0);
		return true;
	}
	server = az_from_utf8(text);
	if (server == NULL)
		return false;
	ScanKeyEntryInitialize(key, 0, column, BTEqualStrategyNumber, TEXTOID,
						   C_COLLATION_OID, F_TEXTEQ, CStringGetTextDatum(server));
	return true;
}

bool
az_begin_rows_under(AzRows *rows, Snapshot snapshot, AzCatalog table,
					const AttrNumber *columns, const char *const *texts, int n)
{
	ScanKeyData keys[AZ_MAX_ROW_KEYS];
	Oid			index;
	int			nkeys = 0;
	int			i;

	Assert(n <= AZ_MAX_ROW_KEYS);
	memset(rows, 0, sizeof(*rows));
	rows->rel = az_open_table(table);
	if (rows->rel == NULL)
		return false;
	index = find_index(rows->rel, snapshot, columns, n);
	for (i = 0; i < n; i++)
	{
		if (!make_scan_key(&keys[nkeys], columns[i], texts[i]))
			return true;
		/*
		 * only an index can search for NULL; rows of the table itself are
		 * filtered
		 */
		if (texts[i] || OidIsValid(index))
			nkeys++;
		if (texts[i] == NULL)
			rows->null_column = columns[i];
	}
	rows->scan = systable_beginscan(rows->rel, index, OidIsValid(index), snapshot, nkeys, keys);
	return true;
}

bool
az_begin_rows(AzRows *rows, AzCatalog table, const AttrNumber *columns,
			  const char *const *texts, int n)
{
	return az_begin_rows_under(rows, NULL, table, columns, texts, n);
}

HeapTuple
az_next_row(AzRows *rows)
{
	HeapTuple	tuple;

	do
		tuple = rows->scan ? systable_getnext(rows->scan) : NULL;
	while (HeapTupleIsValid(tuple) && rows->null_column &&
		   !heap_attisnull(tuple, rows->null_column, RelationGetDescr(rows->rel)));
	return tuple;
}

void
az_end_rows(AzRows *rows)
{
	if (rows->scan)
		systable_endscan(rows->scan);
	if (rows->rel)
		table_close(rows->rel, AccessShareLock);
}
