/*-------------------------------------------------------------------------
 *
 * audit_who.h
 *	  Who changes a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIT_WHO_H
#define AZ_AUDIT_WHO_H

#include "records/audit_event.h"

/*
 * Write down who is logged in, the roles in force and where the client is.
 * Ties no query to the identity (R2b), and never raises because it has ended
 * (R2): column "login" says how it stood when the session last looked.
 */
extern void az_event_set_who(AzEvent *event);

#endif							/* AZ_AUDIT_WHO_H */
