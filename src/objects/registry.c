/*-------------------------------------------------------------------------
 *
 * registry.c
 *	  Which rules are registered for object permissions.
 *
 * The rows of authz.object_access, sorted, serve all snapshots under which the
 * table shows the same (reading.h).  They are read with a plain catalog scan: the
 * privileges of the caller do not matter.
 *
 * A row that is ignored would leave its table open to everybody who holds the
 * permission, so none is: what does not make sense is an error when its rule
 * is asked.
 *
 *-------------------------------------------------------------------------
 */
#include "objects/registry.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "server/asked.h"
#include "server/own.h"
#include "server/reading.h"
#include "server/relcache.h"
#include "token/identity.h"
#include "trust/trust_table.h"

enum
{
	Access_perm = 1, Access_rel, Access_kind, Access_rule, Access_rule_owner
};
static const AzColumn access_columns[] = {
	AZ_NAME_COLUMN("perm"), AZ_COLUMN("rel", REGCLASSOID),
	AZ_NAME_COLUMN("kind"), AZ_NAME_COLUMN("rule"),
	{"rule_owner", NAMEOID, C_COLLATION_OID}
};
static AzShape access_shape = {
	"object_access", access_columns, lengthof(access_columns),
	Access_rule, false, false
};

/* One permission on one table. */
typedef struct Entry
{
	const char *perm;
	size_t		len;
	Oid			rel;
	const char *rules[AZ_N_RULE_KINDS];
	const char *owners[AZ_N_RULE_KINDS];
} Entry;

const char *const az_rule_kinds[AZ_N_RULE_KINDS] = {"user", "group"};

static MemoryContext cache_context = NULL;	/* holds the entries */
static Entry *entries = NULL;	/* by permission, then by table */
static int	nentries = 0;
static bool has_owners = false;
static AzReading reading = {0}; /* of the entries */
static Oid	table = InvalidOid;
static uint64 changes = 0;		/* of the table */
static uint64 generation = 1;

/*
 * Only mark.  Any table may be one whose key is known somewhere, so every
 * message counts for the generation.
 */
static void
relcache_changed(Datum arg, Oid relid)
{
	generation++;
	if (relid == InvalidOid || relid == table)
		changes++;
}

static void
syscache_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	generation++;
}

void
az_registry_init(void)
{
	az_on_relcache_change(relcache_changed);
	CacheRegisterSyscacheCallback(PROCOID, syscache_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, syscache_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, syscache_changed, (Datum) 0);
}

static int
compare_entries(const void *a, const void *b)
{
	const Entry *x = a;
	const Entry *y = b;
	int			order = az_compare(x->perm, x->len, y->perm, y->len);

	return order != 0 ? order : (x->rel > y->rel) - (x->rel < y->rel);
}

/* A text column; the empty string for a NULL. */
static char *
get_text(HeapTuple tuple, int column, TupleDesc desc)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? pstrdup("") : TextDatumGetCString(datum);
}

/*
 * A row to the one entry that it says something about.  The table's constraints
 * leave no third kind and no NULL.
 */
static Entry *
make_entry(HeapTuple tuple, TupleDesc desc)
{
	Entry	   *entry = palloc0(sizeof(Entry));
	bool		isnull;
	AzRuleKind	kind = strcmp(get_text(tuple, Access_kind, desc), "group") == 0 ?
		AZ_RULE_GROUP : AZ_RULE_USER;

	entry->perm = get_text(tuple, Access_perm, desc);
	entry->len = strlen(entry->perm);
	entry->rel = DatumGetObjectId(heap_getattr(tuple, Access_rel, desc, &isnull));
	entry->rules[kind] = get_text(tuple, Access_rule, desc);
	if (desc->natts >= Access_rule_owner)
	{
		Datum		owner = heap_getattr(tuple, Access_rule_owner, desc, &isnull);

		entry->owners[kind] = isnull ? NULL : pstrdup(NameStr(*DatumGetName(owner)));
	}
	return entry;
}

/* The rows of the table, one entry each, in the current context. */
static List *
read_rows(Relation rel)
{
	List	   *rows = NIL;
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, GetActiveSnapshot(),
										  0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		rows = lappend(rows, make_entry(tuple, RelationGetDescr(rel)));
	systable_endscan(scan);
	return rows;
}

/* Sort, and merge the rows of the two kinds; returns how many are left. */
static int
merge(Entry *all, int n)
{
	int			kept = 0;
	int			i;
	int			kind;

	qsort(all, n, sizeof(Entry), compare_entries);
	for (i = 0; i < n; i++)
	{
		if (kept == 0 || compare_entries(&all[kept - 1], &all[i]) != 0)
			all[kept++] = all[i];
		for (kind = 0; kind < AZ_N_RULE_KINDS; kind++)
		{
			if (all[i].rules[kind] == NULL)
				continue;
			all[kept - 1].rules[kind] = all[i].rules[kind];
			all[kept - 1].owners[kind] = all[i].owners[kind];
		}
	}
	return kept;
}

static void
raise_no_registry(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("table authz.object_access is missing or has another shape"),
			 errhint("Restore the table as the install script of the extension makes it.")));
}

static uint64
table_epoch(const AzSource *source)
{
	return 1 + changes;
}

static AzSource source = {.epoch = table_epoch};

/*
 * From what the active snapshot shows.  Build completely, then swap.  The new
 * context hangs below the caller's until it is complete, so that an error frees
 * it.
 */
static void
rebuild(void)
{
	Oid			guard;
	Relation	rel;
	AzReading	now;
	MemoryContext context;
	MemoryContext old;
	List	   *rows;
	ListCell   *lc;
	Entry	   *built;
	int			nbuilt = 0;

	az_extension_tables(&access_shape.name, 1, &table, &guard);
	now = az_begin_reading(&source);
	rel = az_open_as(table, &access_shape, guard);
	if (rel == NULL)
		raise_no_registry();

	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz registry",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	rows = read_rows(rel);
	built = palloc(sizeof(Entry) * (list_length(rows) + 1));
	foreach(lc, rows)
		built[nbuilt++] = *(Entry *) lfirst(lc);
	nbuilt = merge(built, nbuilt);
	has_owners = RelationGetDescr(rel)->natts >= Access_rule_owner;
	list_free_deep(rows);
	MemoryContextSwitchTo(old);
	table_close(rel, AccessShareLock);

	if (cache_context)
		MemoryContextDelete(cache_context);
	MemoryContextSetParent(context, TopMemoryContext);
	cache_context = context;
	entries = built;
	nentries = nbuilt;
	reading = now;
	generation++;
}

/* What is registered under the snapshot that is asked under. */
static void
have_entries(void)
{
	AzUnder		under;

	az_under_asked(&under);
	if (unlikely(!az_reading_serves(&reading, &source)))
		rebuild();
	az_under_end(&under);
}

uint64
az_registry_generation(void)
{
	have_entries();
	return generation;
}

/* The first entry of a permission, or where it would stand. */
static int
find_perm(const char *perm, size_t len)
{
	int			low = 0;
	int			high = nentries;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (az_compare(entries[middle].perm, entries[middle].len, perm, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
az_find_registered(const char *perm, size_t len, Oid rel, AzRegistered *found)
{
	int			i;
	int			kind;

	memset(found, 0, sizeof(*found));
	have_entries();
	for (i = find_perm(perm, len); i < nentries; i++)
	{
		const Entry *entry = &entries[i];

		if (az_compare(entry->perm, entry->len, perm, len) != 0)
			break;
		if (entry->rel != rel)
		{
			found->elsewhere = true;
			continue;
		}
		found->here = true;
		for (kind = 0; kind < AZ_N_RULE_KINDS; kind++)
		{
			if (entry->rules[kind] == NULL)
				continue;
			found->rules[kind] = pstrdup(entry->rules[kind]);
			if (entry->owners[kind])
				found->owners[kind] = pstrdup(entry->owners[kind]);
		}
	}
}

bool
az_registry_has_owners(void)
{
	have_entries();
	return has_owners;
}

List *
az_registered_for(Oid rel)
{
	List	   *perms = NIL;
	int			i;

	have_entries();
	for (i = 0; i < nentries; i++)
	{
		if (entries[i].rel == rel)
			perms = lappend(perms, cstring_to_text_with_len(entries[i].perm,
															entries[i].len));
	}
	return perms;
}
