/*-------------------------------------------------------------------------
 *
 * audit_row.h
 *	  A row of a table that is audited, as it is recorded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIT_ROW_H
#define AZ_AUDIT_ROW_H

#include "records/audit_event.h"

#include "commands/trigger.h"

/*
 * The arguments of the trigger: whether old values are kept, whether those of all
 * columns are, and, if not, of which.  Names, so that a dump has what is meant.
 */
#define AZ_AUDIT_OLD_VALUES	"old_values"
#define AZ_AUDIT_NO_OLD		"no_old_values"
#define AZ_AUDIT_ALL		"all"
#define AZ_AUDIT_LISTED		"listed"

typedef struct AzAuditedTable AzAuditedTable;

/*
 * What a trigger needs to know of its table while a statement runs, in that
 * context.  F0000 for arguments that do not fit the table.  NULL: another trigger
 * of the table records its rows.
 */
extern AzAuditedTable *az_audited_table(TriggerData *trigger, MemoryContext context);

/*
 * Write down what has become of a row: command, relation, key, and the values.
 * A NULL slot: there was no row, or there is none.
 */
extern void az_event_set_row(AzEvent *event, AzAuditedTable *table,
							 TupleTableSlot *before, TupleTableSlot *after);

#endif							/* AZ_AUDIT_ROW_H */
