/*-------------------------------------------------------------------------
 *
 * trust_log.h
 *	  The record of the trust: who changed the trust of this database.
 *
 * A row of authz.trust_log for each row that is written to the tables of the
 * trust, and one for a COPY.  It is written by the guard of these tables, in
 * the transaction of the change.  Permissions on items are not part of the
 * trust, and have no row here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_LOG_H
#define AZ_TRUST_LOG_H

#include "server/compat.h"
#include "commands/trigger.h"
#include "token/identity.h"

/* The guard of a table was called: before or after a statement, or after a row. */
extern void az_trust_log_trigger(const TriggerData *trigger);

/*
 * A row of a table without triggers was written or removed; NULL: there is no
 * old or new row.
 */
extern void az_trust_log_row(const char *relation, const char *command,
							 text *old_row, text *new_row);

/*
 * So many rows of that table were written or removed by that command, in one
 * entry.
 */
extern void az_trust_log_many(const char *relation, const char *command, int64 rows);

/*
 * A function has changed what decides on that table, or made that view; the name
 * has its schema.
 */
extern void az_trust_log_call(const char *function, const char *name);

/*
 * Until it is called with NULL, rows that are removed from that table have no row
 * each: az_trust_log_many() tells of them.  Must be ended also after an error.
 */
extern void az_trust_log_in_one(const char *relation);

/*
 * Is an entry being written?  Then a ceiling that the change has set does not
 * apply yet, because the change was begun without it.
 */
extern bool az_trust_log_writes(void);

/*
 * Set the function that says who is logged in (borrowed; NULL: nobody), which
 * a room above this one has.
 */
extern void az_trust_log_init(const AzIdentity *(*logged_in) (void));

#endif							/* AZ_TRUST_LOG_H */
