/*-------------------------------------------------------------------------
 *
 * audit_event.h
 *	  A row of authz.audit_event.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIT_EVENT_H
#define AZ_AUDIT_EVENT_H

#include "server/compat.h"

/* Its columns, in the order of the table. */
typedef enum AzEventColumn
{
	Event_origin, Event_xid, Event_number, Event_at,
	Event_issuer, Event_subject, Event_actor, Event_token_id, Event_login,
	Event_role, Event_session_role, Event_client,
	Event_relation, Event_command, Event_key, Event_columns,
	Event_old_values, Event_new_values,
	AZ_N_EVENT_COLUMNS
} AzEventColumn;

typedef struct AzEvent
{
	Datum		values[AZ_N_EVENT_COLUMNS];
	bool		nulls[AZ_N_EVENT_COLUMNS];
} AzEvent;

/* Nothing is known of it yet. */
extern void az_event_init(AzEvent *event);

static inline void
az_event_set(AzEvent *event, AzEventColumn column, Datum value)
{
	event->values[column] = value;
	event->nulls[column] = false;
}

extern void az_event_set_text(AzEvent *event, AzEventColumn column, const char *value);

/*
 * Which database counts the transactions: what is restored elsewhere, or in
 * another database, keeps apart from what is recorded there.
 */
extern int64 az_event_origin(void);

/*
 * Add it to the table, with origin, transaction, number and clock.  Triggers and
 * rules that the table's owner has hung on it do not fire; indexes of its own
 * making are kept with its rights.  F0000 when the table was altered.
 */
extern void az_event_record(AzEvent *event);

#endif							/* AZ_AUDIT_EVENT_H */
