/*-------------------------------------------------------------------------
 *
 * only_reads.h
 *	  Transactions of actors that may only read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ONLY_READS_H
#define AZ_ONLY_READS_H

#include "server/compat.h"
#include "storage/lock.h"

/*
 * From now on to its end this transaction is read-only, even if the identity
 * that made it so ends or is cleared: core refuses writes with 25006.  Outside
 * of a transaction nothing happens.  Raises nothing and allocates nothing.
 */
extern void az_only_read(void);

/* Is the transaction read-only by that? */
extern bool az_only_reads(void);

/*
 * The same for code that runs until az_only_read_leave(), which must be called
 * also after an error, and restores the state before.
 */
typedef struct AzOnlyRead
{
	LocalTransactionId only_reads_in;
	bool		read_only;
} AzOnlyRead;

extern void az_only_read_enter(AzOnlyRead *outer);
extern void az_only_read_leave(const AzOnlyRead *outer);

/*
 * Set core's variable again if the transaction is read-only: something may
 * have put it back.
 */
extern void az_keep_reading(void);

/*
 * Code that writes runs until az_write_leave(), which must be called also
 * after an error.  Core has checked at its start whether it may, and does not
 * check again.
 */
extern int	az_write_enter(bool writes);
extern void az_write_leave(int outer);

/* Does such code run? */
extern bool az_is_writing(void);

/* May be called again when it raised. */
extern void az_only_reads_init(void);

#endif							/* AZ_ONLY_READS_H */
