/*-------------------------------------------------------------------------
 *
 * stopped.h
 *	  Errors that stop a query that no longer has an answer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_STOPPED_H
#define AZ_STOPPED_H

#include "server/compat.h"
#include "session/adoption.h"

#define AZ_HANDED_REFUSED_MESSAGE \
	"the identity that another server handed over was refused"

/* R2: 28000, the identity has ended, or was handed over and refused. */
pg_noreturn extern void az_raise_ended(const AzAdoption *ended);

/* R2b: 28000, the query was planned for somebody else. */
pg_noreturn extern void az_raise_changed(void);

/*
 * 28000: an answer that the query was planned or started with no longer holds.
 */
pg_noreturn extern void az_raise_outdated(void);

#endif							/* AZ_STOPPED_H */
