/*-------------------------------------------------------------------------
 *
 * only_reads.h
 *	  Transactions of those who only read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ONLY_READS_H
#define AZ_ONLY_READS_H

#include "server/compat.h"
#include "storage/lock.h"

/*
 * From now on to its end this transaction is a read-only one, whatever ends or
 * clears what it became so for: core refuses writes with 25006.  Outside of a
 * transaction nothing happens.  Raises nothing and allocates nothing.
 */
extern void az_only_read(void);

/* Is it? */
extern bool az_only_reads(void);

/*
 * The same for what runs until az_only_read_leave(), which must be called also
 * after an error, and puts back what held before.
 */
typedef struct AzOnlyRead
{
	LocalTransactionId only_reads_in;
	bool		read_only;
} AzOnlyRead;

extern void az_only_read_enter(AzOnlyRead *outer);
extern void az_only_read_leave(const AzOnlyRead *outer);

/* Again, if it is: something may have put core's variable back. */
extern void az_keep_reading(void);

/*
 * What runs until az_write_leave(), which must be called also after an error,
 * writes; core looked whether it may when it started, and looks no more.
 */
extern int	az_write_enter(bool writes);
extern void az_write_leave(int outer);

/* Does such a thing run? */
extern bool az_is_writing(void);

/* May be called again when it raised. */
extern void az_only_reads_init(void);

#endif							/* AZ_ONLY_READS_H */
