/*-------------------------------------------------------------------------
 *
 * fn_watch.c
 *	  watch() and unwatch(): have it told when a table changes.
 *
 * Ordinary statements, with the rights of who calls.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "server/spi.h"
#include "sets/watch.h"

/* What each table has. */
typedef struct Wanted
{
	const char *name;
	const char *definition;
} Wanted;

static const Wanted wanted[] = {
	{"authz_watch",
	"CREATE TRIGGER authz_watch AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION authz.set_changed()"},
	{"authz_watch_truncate",
	"CREATE TRIGGER authz_watch_truncate AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION authz.set_changed()"}
};

/* Our trigger of that name on the table, by now. */
typedef struct Found
{
	char		enabled;		/* as in pg_trigger; 0: there is none */
	bool		inherited;		/* from a partitioned table */
} Found;

static Found
find_trigger(Oid table, const char *name)
{
	Relation	rel = relation_open(table, NoLock);
	Found		found = {0};
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (strcmp(trigger->tgname, name) == 0 && az_tells_of_changes(trigger->tgfoid))
		{
			found.enabled = trigger->tgenabled;
			found.inherited = trigger->tgisclone;
		}
	}
	relation_close(rel, NoLock);
	return found;
}

static void
run(const char *statement)
{
	AzSpiParams none = {0};

	(void) az_spi_run(statement, &none);
}

static char *
name_of(Oid table)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
									  get_rel_name(table));
}

static void
watch_with(Oid table, const Wanted *trigger)
{
	if (find_trigger(table, trigger->name).enabled == 0)
		run(psprintf(trigger->definition, name_of(table)));
	if (find_trigger(table, trigger->name).enabled != TRIGGER_FIRES_ALWAYS)
		run(psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", name_of(table),
							trigger->name));
}

/* A partition has the trigger for rows from above, and no other one. */
static void
watch_table(Oid table)
{
	char		relkind = get_rel_relkind(table);

	if (relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE)
		watch_with(table, &wanted[0]);
	if (relkind == RELKIND_RELATION)
		watch_with(table, &wanted[1]);
}

static void
unwatch_table(Oid table)
{
	int			i;

	for (i = 0; i < (int) lengthof(wanted); i++)
	{
		Found		found = find_trigger(table, wanted[i].name);

		if (found.enabled != 0 && !found.inherited)
			run(psprintf("DROP TRIGGER %s ON %s", wanted[i].name, name_of(table)));
	}
}

/* The table with its partitions and children, from above; the caller's own. */
static void
for_each_table(Oid table, LOCKMODE lock, void (*work) (Oid table))
{
	char		relkind = get_rel_relkind(table);
	ListCell   *lc;

	if (relkind == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", table)));
	if (!az_owns_relation(table))
		aclcheck_error(ACLCHECK_NOT_OWNER, get_relkind_objtype(relkind),
					   get_rel_name(table));
	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", get_rel_name(table)),
				 errhint("Watch the tables that a view reads.")));
	SPI_connect();
	foreach(lc, find_all_inheritors(table, lock, NULL))
		work(lfirst_oid(lc));
	SPI_finish();
}

/* What core locks for CREATE TRIGGER. */
AZ_SQL(authz_watch)
{
	for_each_table(PG_GETARG_OID(0), ShareRowExclusiveLock, watch_table);
	PG_RETURN_VOID();
}

/* And for DROP TRIGGER. */
AZ_SQL(authz_unwatch)
{
	for_each_table(PG_GETARG_OID(0), AccessExclusiveLock, unwatch_table);
	PG_RETURN_VOID();
}
