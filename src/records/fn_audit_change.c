/*-------------------------------------------------------------------------
 *
 * fn_audit_change.c
 *	  The trigger that records what becomes of a table's rows.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "commands/trigger.h"
#include "utils/rel.h"

#include "records/audit_row.h"
#include "records/audit_who.h"
#include "policies/policy.h"

pg_noreturn static void
raise_protocol(const char *message)
{
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("%s", message),
			 errhint("authz.audit() makes the triggers.")));
}

/* What core keeps for the trigger while a statement runs. */
typedef struct Kept
{
	AzAuditedTable *table;		/* NULL: another trigger records */
} Kept;

static AzAuditedTable *
find_table(FunctionCallInfo fcinfo, TriggerData *trigger)
{
	Kept	   *kept = fcinfo->flinfo->fn_extra;

	if (kept == NULL)
	{
		AzAuditedTable *table = az_audited_table(trigger, fcinfo->flinfo->fn_mcxt);

		kept = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(*kept));
		kept->table = table;
		fcinfo->flinfo->fn_extra = kept;
	}
	return kept->table;
}

static void
record_row(TriggerData *trigger, AzAuditedTable *table)
{
	bool		insert = TRIGGER_FIRED_BY_INSERT(trigger->tg_event);
	AzEvent		event;

	if (table == NULL)
		return;
	az_event_init(&event);
	az_event_set_who(&event);
	az_event_set_row(&event, table, insert ? NULL : trigger->tg_trigslot,
					 insert ? trigger->tg_trigslot :
					 TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newslot : NULL);
	az_event_record(&event);
}

static void
record_truncate(Relation rel)
{
	AzEvent		event;

	az_event_init(&event);
	az_event_set_who(&event);
	az_event_set_text(&event, Event_relation, az_qualified_name(RelationGetRelid(rel)));
	az_event_set_text(&event, Event_command, "TRUNCATE");
	az_event_record(&event);
}

AZ_SQL(authz_audit_change)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		raise_protocol("trigger functions can only be called as triggers");
	if (!TRIGGER_FIRED_AFTER(trigger->tg_event))
		raise_protocol("function \"audit_change\" must be fired AFTER");
	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		record_truncate(trigger->tg_relation);
	else if (TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		record_row(trigger, find_table(fcinfo, trigger));
	else
		raise_protocol("function \"audit_change\" must be fired FOR EACH ROW");
	return PointerGetDatum(NULL);
}
