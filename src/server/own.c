/*-------------------------------------------------------------------------
 *
 * own.c
 *	  What belongs to the extension, and what is merely in its schema.
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

/*
 * The extension, and the version of its SQL objects, palloc'd, unless version is
 * NULL; InvalidOid where it is not installed.  The whole catalog is read: it has
 * a few rows in one page, and its index would have to be opened first.
 */
static Oid
find_extension(char **version)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	Oid			found = InvalidOid;

	while (!OidIsValid(found) && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_extension extension = (Form_pg_extension) GETSTRUCT(tuple);
		bool		isnull;

		if (strcmp(NameStr(extension->extname), "dbmi_authz") != 0)
			continue;
		found = extension->oid;
		if (version)
			*version = TextDatumGetCString(heap_getattr(tuple, Anum_pg_extension_extversion,
														RelationGetDescr(rel), &isnull));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

typedef void (*Dependent) (const FormData_pg_depend *depend, void *arg);

/* Call found() for whatever depends on that object. */
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
		found((Form_pg_depend) GETSTRUCT(tuple), arg);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* Of the extension's dependents: is it a member of that class? */
static bool
is_member(const FormData_pg_depend *depend, Oid class)
{
	return depend->deptype == DEPENDENCY_EXTENSION && depend->classid == class;
}

/* The tables that are sought, and the function that guards them. */
typedef struct Tables
{
	const char *const *names;
	int			n;
	Oid		   *found;
	Oid			guard;			/* by its name */
	bool		guarded;		/* and it is a member */
} Tables;

static void
note_table(const FormData_pg_depend *depend, void *arg)
{
	Tables	   *tables = arg;
	HeapTuple	tuple;
	Form_pg_class rel;
	int			i;

	if (is_member(depend, ProcedureRelationId) && depend->objid == tables->guard)
		tables->guarded = true;
	if (!is_member(depend, RelationRelationId))
		return;
	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(depend->objid));
	if (!HeapTupleIsValid(tuple))
		return;
	rel = (Form_pg_class) GETSTRUCT(tuple);
	for (i = 0; i < tables->n; i++)
	{
		if (strcmp(NameStr(rel->relname), tables->names[i]) == 0 &&
			rel->relnamespace == get_namespace_oid(AZ_SCHEMA, true))
			tables->found[i] = depend->objid;
	}
	ReleaseSysCache(tuple);
}

/*
 * The owner of the extension can add a function or a type to it, but only a
 * superuser can make a function in C.
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
	Oid			extension = find_extension(NULL);

	return OidIsValid(extension) && is_in_c(function) &&
		getExtensionOfObject(ProcedureRelationId, function) == extension;
}

/* Found by name alone, because the caller may have no right on the schema. */
static Oid
find_guard(void)
{
	oidvector  *none = buildoidvector(NULL, 0);
	Oid			found = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
										CStringGetDatum("trust_guard"), PointerGetDatum(none),
										ObjectIdGetDatum(get_namespace_oid(AZ_SCHEMA, true)));

	pfree(none);
	return OidIsValid(found) && is_in_c(found) ? found : InvalidOid;
}

/*
 * Found among its members; objects that somebody else put in the schema are
 * not members.
 */
void
az_extension_tables(const char *const *names, int n, Oid *found, Oid *guard)
{
	Tables		tables = {names, n, found, find_guard(), false};
	Oid			extension = find_extension(NULL);

	memset(found, 0, n * sizeof(Oid));
	if (OidIsValid(extension))
		scan_dependents(ExtensionRelationId, extension, note_table, &tables);
	*guard = tables.guarded ? tables.guard : InvalidOid;
}

bool
az_are_own_tables(const Oid *tables, int n)
{
	Oid			extension = find_extension(NULL);
	int			i;

	for (i = 0; i < n; i++)
	{
		if (getExtensionOfObject(RelationRelationId, tables[i]) != extension)
			return false;
	}
	return OidIsValid(extension);
}

bool
az_objects_are_old(void)
{
	char	   *version;

	return OidIsValid(find_extension(&version)) && strcmp(version, "1.0") == 0;
}

typedef struct Search
{
	List	   *members;		/* OIDs of functions: no type is a member of its own */
	List	   *own;			/* those of them that are in C */
	List	   *strangers;		/* ObjectAddress */
} Search;

static void
note_member(const FormData_pg_depend *depend, void *arg)
{
	Search	   *search = arg;

	if (is_member(depend, ProcedureRelationId))
		search->members = lappend_oid(search->members, depend->objid);
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
note_stranger(const FormData_pg_depend *depend, void *arg)
{
	Search	   *search = arg;
	ObjectAddress *stranger;

	if (depend->classid != TypeRelationId &&
		(depend->classid != ProcedureRelationId || is_among(search->own, depend->objid)))
		return;
	stranger = palloc(sizeof(*stranger));
	ObjectAddressSet(*stranger, depend->classid, depend->objid);
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
				(errmsg("schema \"%s\" holds objects that are not part of extension \"dbmi_authz\"",
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
warn_of_version(const char *version)
{
	if (strcmp(version, AZ_VERSION) == 0)
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
	char	   *version;

	if (looked)
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz catalog",
									ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	extension = find_extension(&version);
	if (OidIsValid(extension))
	{
		looked = true;
		warn_of_version(version);
		warn_of_strangers(extension);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
