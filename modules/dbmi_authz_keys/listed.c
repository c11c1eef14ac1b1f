/*-------------------------------------------------------------------------
 *
 * listed.c
 *	  The databases that are listed, and are there.
 *
 * By name each time: one that is renamed is another one, and one that is made later
 * is found.
 *
 *-------------------------------------------------------------------------
 */
#include "listed.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "board.h"

/* Names that were complained about, in TopMemoryContext. */
static List *told = NIL;

static ListCell *
find_told(const char *name)
{
	ListCell   *lc;

	foreach(lc, told)
	{
		if (strcmp(lfirst(lc), name) == 0)
			return lc;
	}
	return NULL;
}

static void
tell_once(const char *name, const char *why)
{
	MemoryContext old;

	if (find_told(name))
		return;
	ereport(LOG,
			(errmsg("database \"%s\" in parameter \"%s\" %s", name, "dbmi_authz_keys.databases", why)));
	old = MemoryContextSwitchTo(TopMemoryContext);
	told = lappend(told, pstrdup(name));
	MemoryContextSwitchTo(old);
}

static void
is_well(const char *name)
{
	ListCell   *lc = find_told(name);

	if (lc == NULL)
		return;
	pfree(lfirst(lc));
	told = list_delete_cell(told, lc);
}

void
az_tell_again(void)
{
	list_free_deep(told);
	told = NIL;
}

/* Why it is not looked after, or NULL. */
static const char *
look_up(Relation rel, const char *name, Oid *found)
{
	NameData	key_name;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	const char *why = "does not exist";

	namestrcpy(&key_name, name);
	ScanKeyInit(&key, Anum_pg_database_datname, BTEqualStrategyNumber, F_NAMEEQ,
				NameGetDatum(&key_name));
	/* without a database there are no indexes */
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_database database = (Form_pg_database) GETSTRUCT(tuple);

		*found = database->oid;
		/* a DROP DATABASE that broke off leaves a limit of -2 */
		why = database->datallowconn && database->datconnlimit != -2 ? NULL : "does not accept connections";
	}
	systable_endscan(scan);
	return why;
}

static List *
look_up_all(Relation rel, List *names)
{
	List	   *oids = NIL;
	ListCell   *lc;

	foreach(lc, names)
	{
		const char *name = lfirst(lc);
		Oid			oid = InvalidOid;
		const char *why = look_up(rel, name, &oid);

		if (why == NULL && list_length(oids) == AZ_MAX_DATABASES)
			why = "is one too many";
		if (why)
			tell_once(name, why);
		else
		{
			is_well(name);
			oids = list_append_unique_oid(oids, oid);
		}
	}
	return oids;
}

List *
az_listed_databases(void)
{
	MemoryContext context = CurrentMemoryContext;
	Relation	rel;
	List	   *oids;

	StartTransactionCommand();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	oids = look_up_all(rel, az_keys_databases());
	table_close(rel, AccessShareLock);
	MemoryContextSwitchTo(context);
	oids = list_copy(oids);
	CommitTransactionCommand();
	MemoryContextSwitchTo(context);
	return oids;
}
