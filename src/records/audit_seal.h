/*-------------------------------------------------------------------------
 *
 * audit_seal.h
 *	  The rows of authz.audit_seal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIT_SEAL_H
#define AZ_AUDIT_SEAL_H

#include "records/audit_range.h"

/*
 * From here on, to the end of the transaction, others that seal or prune have
 * to wait.  Inside SPI_connect(), as the owner.
 */
extern void az_lock_seals(void);

typedef struct AzStoredSeal
{
	AzSeal		seal;
	AzSum		sum;
	bool		broken;			/* a sum of another length, or a NULL */
	bool		pruned;
	bytea	   *marks;			/* NULL: none are kept */
} AzStoredSeal;

/*
 * The first seal of the chain behind that one, under the active snapshot; 0: the
 * first of all.  False: there is none.  Inside SPI_connect(); marks are in the
 * current context.
 */
extern bool az_next_seal(int64 after, AzStoredSeal *stored);

/* The last one, without its marks. */
extern bool az_last_seal(AzStoredSeal *stored);

/* Up to which transaction are those of that origin sealed, under the active snapshot?  0: none. */
extern uint64 az_sealed_before(int64 origin);

/* Add one to the table. */
extern void az_store_seal(const AzSeal *seal, const AzSum *sum, const AzMarks *marks);

#endif							/* AZ_AUDIT_SEAL_H */
