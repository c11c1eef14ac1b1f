/*-------------------------------------------------------------------------
 *
 * own.c
 *	  What is the extension's own, and what merely stands in its schema.
 *
 * Nobody may create anything in the schema, but the owner of the database can
 * allow it, and 1.0 let the role that installed it.
 *
 *-------------------------------------------------------------------------
 */
#include "server/own.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

/* Functions whose OIDs are not farther apart are read together. */
#define NEIGHBOURS	100

Oid
az_extension(void)
{
	return get_extension_oid("dbmi_authz", true);
}

Oid
az_extension_table(Oid extension, const char *name)
{
	Oid			found = get_relname_relid(name, get_namespace_oid(AZ_SCHEMA, true));

	/* what does not exist is nobody's, as the forgery is */
	if (!OidIsValid(extension) || !OidIsValid(found) ||
		getExtensionOfObject(RelationRelationId, found) != extension)
		return InvalidOid;
	return found;
}

/*
 * Whoever owns the extension can add a function or a type to it, but only a
 * superuser makes a function in C.
 */
static bool
is_in_c(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			language;

	if (!HeapTupleIsValid(tuple))
		return false;
	language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
	ReleaseSysCache(tuple);
	return language == ClanguageId;
}

bool
az_is_own_function(Oid function)
{
	Oid			extension = az_extension();

	return OidIsValid(extension) && is_in_c(function) &&
		getExtensionOfObject(ProcedureRelationId, function) == extension;
}

/* Found by name alone: whoever asks may have no right on the schema. */
Oid
az_own_trigger_function(const char *name)
{
	oidvector  *none = buildoidvector(NULL, 0);
	Oid			found = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
										CStringGetDatum(name), PointerGetDatum(none),
										ObjectIdGetDatum(get_namespace_oid(AZ_SCHEMA, true)));

	pfree(none);
	return OidIsValid(found) && az_is_own_function(found) ? found : InvalidOid;
}

/* The version of the SQL objects, palloc'd; NULL where there are none. */
static char *
objects_version(void)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *version = NULL;
	bool		isnull;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("dbmi_authz"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		version = TextDatumGetCString(heap_getattr(tuple, Anum_pg_extension_extversion,
												   RelationGetDescr(rel), &isnull));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return version;
}

bool
az_objects_are_old(void)
{
	char	   *version = objects_version();

	return version != NULL && strcmp(version, "1.0") == 0;
}

typedef void (*Dependent) (const ObjectAddress *object, void *arg);

/* Call found() for the functions and types that depend on that object. */
static void
scan_dependents(Oid class, Oid oid, Dependent found, void *arg)
{
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(class));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(rel, DependReferenceIndexId, true, NULL,
							  lengthof(key), key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend depend = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress object;

		if (depend->classid != ProcedureRelationId &&
			depend->classid != TypeRelationId)
			continue;
		ObjectAddressSet(object, depend->classid, depend->objid);
		found(&object, arg);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

typedef struct Search
{
	List	   *members;		/* OIDs of functions: no type is a member of its own */
	List	   *own;			/* those of them that are in C */
	List	   *strangers;		/* ObjectAddress */
} Search;

static void
note_member(const ObjectAddress *object, void *arg)
{
	Search	   *search = arg;

	if (object->classId == ProcedureRelationId)
		search->members = lappend_oid(search->members, object->objectId);
}

/* For a sorted list. */
static bool
is_among(const List *oids, Oid oid)
{
	int			low = 0;
	int			high = list_length(oids);

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (list_nth_oid(oids, middle) < oid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list_length(oids) && list_nth_oid(oids, low) == oid;
}

/* Those of the members that are in C and lie between the two, both included. */
static void
note_own(Relation rel, Oid first, Oid last, Search *search)
{
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[0], Anum_pg_proc_oid, BTGreaterEqualStrategyNumber,
				F_OIDGE, ObjectIdGetDatum(first));
	ScanKeyInit(&key[1], Anum_pg_proc_oid, BTLessEqualStrategyNumber,
				F_OIDLE, ObjectIdGetDatum(last));
	scan = systable_beginscan(rel, ProcedureOidIndexId, true, NULL, lengthof(key), key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_proc function = (Form_pg_proc) GETSTRUCT(tuple);

		if (function->prolang == ClanguageId && is_among(search->members, function->oid))
			search->own = lappend_oid(search->own, function->oid);
	}
	systable_endscan(scan);
}

/*
 * An extension's functions are made one after the other, so they are neighbours
 * in the index.  Looked up one by one they would all stay in the session's
 * caches, and take more than half of the time of its first login.
 */
static void
find_own(Search *search)
{
	Relation	rel = table_open(ProcedureRelationId, AccessShareLock);
	int			n = list_length(search->members);
	int			i;

	list_sort(search->members, list_oid_cmp);
	for (i = 0; i < n; i++)
	{
		Oid			first = list_nth_oid(search->members, i);
		Oid			last = first;

		while (i + 1 < n && list_nth_oid(search->members, i + 1) - last < NEIGHBOURS)
			last = list_nth_oid(search->members, ++i);
		note_own(rel, first, last, search);
	}
	list_sort(search->own, list_oid_cmp);
	table_close(rel, AccessShareLock);
}

static void
note_stranger(const ObjectAddress *object, void *arg)
{
	Search	   *search = arg;
	ObjectAddress *stranger;

	if (object->classId == ProcedureRelationId && is_among(search->own, object->objectId))
		return;
	stranger = palloc(sizeof(*stranger));
	*stranger = *object;
	search->strangers = lappend(search->strangers, stranger);
}

static void
warn_of(const List *strangers)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, strangers)
	{
		char	   *name = getObjectDescription(lfirst(lc), true);

		if (name)
			appendStringInfo(&names, "%s%s", names.len ? ", " : "", name);
	}
	if (names.len > 0)
		ereport(WARNING,
				(errmsg("schema \"%s\" holds what is no part of extension \"dbmi_authz\"",
						AZ_SCHEMA),
				 errdetail("Calls may find it instead of the extension's own functions: %s.",
						   names.data),
				 errhint("Drop it, or move it to another schema."),
				 errhidestmt(true),
				 errhidecontext(true)));
}

static void
warn_of_strangers(Oid extension)
{
	Search		search = {NIL, NIL, NIL};

	scan_dependents(ExtensionRelationId, extension, note_member, &search);
	find_own(&search);
	scan_dependents(NamespaceRelationId, get_namespace_oid(AZ_SCHEMA, true),
					note_stranger, &search);
	warn_of(search.strangers);
}

static void
warn_of_version(void)
{
	char	   *version = objects_version();

	if (version == NULL || strcmp(version, AZ_VERSION) == 0)
		return;
	ereport(WARNING,
			(errmsg("extension \"dbmi_authz\" has version %s, its library has version %s",
					version, AZ_VERSION),
			 errdetail("What only the later one has does not work."),
			 errhint("Run ALTER EXTENSION dbmi_authz UPDATE in this database; if the library is the older one, install the other."),
			 errhidestmt(true),
			 errhidecontext(true)));
}

void
az_look_at_catalog(void)
{
	static bool looked = false;
	MemoryContext context;
	MemoryContext old;
	Oid			extension;

	if (looked)
		return;
	extension = az_extension();
	if (!OidIsValid(extension))
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz catalog",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	looked = true;
	warn_of_version();
	warn_of_strangers(extension);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
