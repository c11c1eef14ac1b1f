/*-------------------------------------------------------------------------
 *
 * fn_watch.c
 *	  watch() and unwatch(): triggers that tell when a table changes.
 *
 * These are ordinary statements, with the rights of the caller.
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
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "server/spi.h"
#include "sets/watch.h"
#include "trust/trust_log.h"

/*
 * What a table has.  A partition gets the trigger for rows from above, under its
 * name, and may have one of its own when it is attached.
 */
typedef struct Wanted
{
	const char *name;
	const char *definition;
	int			events;
} Wanted;

#define ROW_EVENTS	(TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE)
#define ON_ROWS \
	"CREATE TRIGGER %s AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION authz.set_changed()"
#define ON_TRUNCATE \
	"CREATE TRIGGER %s AFTER TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION authz.set_changed()"

static const Wanted on_rows = {"authz_watch", ON_ROWS, ROW_EVENTS};
static const Wanted on_rows_below = {"authz_watch_partitions", ON_ROWS, ROW_EVENTS};
static const Wanted on_truncate = {"authz_watch_truncate", ON_TRUNCATE, TRIGGER_TYPE_TRUNCATE};

/* A trigger that tells, which a table has by now. */
typedef struct Found
{
	char	   *name;			/* NULL: there is none */
	bool		always;
} Found;

/* Did watch() make it, for this table? */
static bool
is_own(const Trigger *trigger)
{
	return !trigger->tgisclone && strncmp(trigger->tgname, on_rows.name, strlen(on_rows.name)) == 0 &&
		az_events_told_by(trigger) != 0;
}

/*
 * That tells of all these events, one that fires rather than one that does not; or,
 * without events, the first one that is the table's own.
 */
static Found
find_trigger(Oid table, int events)
{
	Relation	rel = relation_open(table, NoLock);
	Found		found = {0};
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (events != 0 ? (az_events_told_by(trigger) & events) != events : !is_own(trigger))
			continue;
		found.name = pstrdup(trigger->tgname);
		found.always = trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
		if (found.always || events == 0)
			break;
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
watch_with(Oid table, const Wanted *wanted)
{
	Found		found = find_trigger(table, wanted->events);

	if (found.name == NULL)
		run(psprintf(wanted->definition, wanted->name, name_of(table)));
	if (!found.always)
		run(psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", name_of(table),
					 found.name ? quote_identifier(found.name) : wanted->name));
}

static void
watch_table(Oid table)
{
	char		relkind = get_rel_relkind(table);

	if (relkind == RELKIND_PARTITIONED_TABLE)
		watch_with(table, &on_rows_below);
	if (relkind != RELKIND_RELATION)
		return;
	watch_with(table, &on_rows);
	watch_with(table, &on_truncate);
}

static void
unwatch_table(Oid table)
{
	Found		found;

	while ((found = find_trigger(table, 0)).name != NULL)
		run(psprintf("DROP TRIGGER %s ON %s", quote_identifier(found.name), name_of(table)));
}

/*
 * The table with its partitions and children, from above; the caller's own.  Core
 * locks those below it alone.
 */
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
	LockRelationOid(table, lock);
	SPI_connect();
	foreach(lc, find_all_inheritors(table, lock, NULL))
		work(lfirst_oid(lc));
	SPI_finish();
}

/* What core locks for CREATE TRIGGER. */
AZ_SQL(authz_watch)
{
	for_each_table(PG_GETARG_OID(0), ShareRowExclusiveLock, watch_table);
	az_trust_log_call("watch()", name_of(PG_GETARG_OID(0)));
	PG_RETURN_VOID();
}

/* And for DROP TRIGGER. */
AZ_SQL(authz_unwatch)
{
	for_each_table(PG_GETARG_OID(0), AccessExclusiveLock, unwatch_table);
	az_trust_log_call("unwatch()", name_of(PG_GETARG_OID(0)));
	PG_RETURN_VOID();
}
