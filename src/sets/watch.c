/*-------------------------------------------------------------------------
 *
 * watch.c
 *	  Whether triggers tell when a table changes.
 *
 * Two triggers tell it: one for each row, which logical replication fires too,
 * and which the partitions of a table have from it; and one for TRUNCATE.  Both
 * fire ALWAYS, also where session_replication_role says that others do not.
 *
 * The message is one about an index of the table, where there is one.  Core,
 * too, acts on messages: on one about the table it plans again everything that
 * reads it, in every session, and looks into the catalogs for all that it
 * knows of it.
 *
 *-------------------------------------------------------------------------
 */
#include "sets/watch.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/catalog.h"
#include "catalog/pg_index.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "storage/proc.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "server/announced.h"
#include "server/own.h"

#define EVENTS \
	(TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE | TRIGGER_TYPE_TRUNCATE)

/* Those of one transaction and subtransaction, by their OIDs. */
#define N_TOLD	64

static struct
{
	Oid			rel;
	LocalTransactionId lxid;
	SubTransactionId subtransaction;
}			told[N_TOLD];


/* Does the trigger function tell?  That of our own tables does, too. */
static bool
tells(Oid function)
{
	char	   *name = get_func_name(function);

	return name != NULL &&
		(strcmp(name, "set_changed") == 0 || strcmp(name, "trust_guard") == 0) &&
		az_is_own_function(function);
}

int
az_events_told_by(const Trigger *trigger)
{
	int			events = trigger->tgtype & EVENTS;

	if (trigger->tgqual != NULL || trigger->tgnattr != 0 || !tells(trigger->tgfoid))
		return 0;
	return TRIGGER_FOR_ROW(trigger->tgtype) ? events : events & TRIGGER_TYPE_TRUNCATE;
}

static bool
is_table_watched(Relation rel)
{
	int			events = 0;
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		if (rel->trigdesc->triggers[i].tgenabled == TRIGGER_FIRES_ALWAYS)
			events |= az_events_told_by(&rel->trigdesc->triggers[i]);
	}
	return events == EVENTS;
}

char *
az_why_unwatched(Relation rel)
{
	const char *name = RelationGetRelationName(rel);

	switch (rel->rd_rel->relkind)
	{
		case RELKIND_VIEW:
		case RELKIND_PARTITIONED_TABLE:
			/* the rows are those of others */
			return NULL;
		case RELKIND_RELATION:
			if (IsCatalogRelation(rel))
				return psprintf("%s is a system catalog", name);
			return is_table_watched(rel) ? NULL : psprintf("table %s is not watched", name);
		case RELKIND_FOREIGN_TABLE:
			return psprintf("%s is a foreign table", name);
		case RELKIND_MATVIEW:
			return psprintf("%s is a materialized view", name);
		default:
			return psprintf("%s cannot be watched", name);
	}
}

/*
 * Includes indexes that are being dropped: a transaction that began to write
 * before still sends messages about one of these.
 */
List *
az_tellers_of(Relation rel)
{
	List	   *tellers = list_make1_oid(RelationGetRelid(rel));
	Relation	indexes = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationGetRelid(rel)));
	scan = systable_beginscan(indexes, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		tellers = lappend_oid(tellers, ((Form_pg_index) GETSTRUCT(tuple))->indexrelid);
	systable_endscan(scan);
	table_close(indexes, AccessShareLock);
	return tellers;
}

/*
 * Once a subtransaction: what it told is forgotten if it is rolled back, and a
 * session that has written keeps nothing.
 */
static bool
is_told(Oid rel)
{
	int			i = rel % N_TOLD;

	if (told[i].rel == rel && told[i].lxid == az_local_xid() &&
		told[i].subtransaction == GetCurrentSubTransactionId())
		return true;
	told[i].rel = rel;
	told[i].lxid = az_local_xid();
	told[i].subtransaction = GetCurrentSubTransactionId();
	return false;
}

static void
tell(Relation rel)
{
	List	   *indexes = RelationGetIndexList(rel);

	if (indexes != NIL)
		CacheInvalidateRelcacheByRelid(linitial_oid(indexes));
	else
		CacheInvalidateRelcache(rel);
	list_free(indexes);
}

AZ_SQL(authz_set_changed)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger functions can only be called as triggers")));
	/* another one would take the row away */
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired AFTER", "set_changed"),
				 errhint("authz.watch() makes the triggers.")));
	az_note_write();
	if (!is_told(RelationGetRelid(trigger->tg_relation)))
		tell(trigger->tg_relation);
	return PointerGetDatum(NULL);
}
