/*-------------------------------------------------------------------------
 *
 * told.h
 *	  The identity that other servers have been told of in this transaction.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TOLD_H
#define AZ_TOLD_H

#include "server/compat.h"

/*
 * One for each listener: all nodes of Citus, or one connection of postgres_fdw.
 * Zeroed: it was told nothing.
 */
typedef struct AzTold
{
	LocalTransactionId lxid;	/* in which it was told */
	uint32		serial;			/* of whom; 0: nobody */
	SubTransactionId subxact;	/* in which; invalid: it may know anybody */
	int64		renew_at;		/* microseconds since 1970 */
} AzTold;

/*
 * Was it told anything in this transaction?  If not, it knows nobody: what it was
 * told before has ended with that transaction.
 */
extern bool az_was_told(const AzTold *told);

/* Does it know who is in force now? */
extern bool az_knows(const AzTold *told, uint32 serial);

/* Note that it knows that identity from now on. */
extern void az_note_told(AzTold *told, uint32 serial, int64 renew_at);

/* It has to be told again, because it may know any identity. */
extern void az_forget_told(AzTold *told);

#endif							/* AZ_TOLD_H */
