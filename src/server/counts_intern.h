/*-------------------------------------------------------------------------
 *
 * counts_intern.h
 *	  Between counts.c and counts_shared.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_COUNTS_INTERN_H
#define AZ_COUNTS_INTERN_H

#include "server/counts.h"

#define AZ_COUNTS_SIZE	(sizeof(AzCounts) / sizeof(uint64))

/* The counts that are added may grow meanwhile: each is read once. */
static inline void
az_add_counts(AzCounts *to, const AzCounts *counts)
{
	uint64	   *sum = (uint64 *) to;
	size_t		i;

	for (i = 0; i < AZ_COUNTS_SIZE; i++)
		sum[i] += ((const volatile uint64 *) counts)[i];
}

static inline void
az_subtract_counts(AzCounts *from, const AzCounts *counts)
{
	uint64	   *rest = (uint64 *) from;
	size_t		i;

	for (i = 0; i < AZ_COUNTS_SIZE; i++)
		rest[i] -= ((const uint64 *) counts)[i];
}

/*
 * A place for this process among all, which has counted that much before.  It is
 * this process's until az_counts_leave_place() is called; NULL: it gets none.
 */
extern AzCounts *az_take_count_place(const AzCounts *begun);
extern void az_counts_leave_place(void);

/* As the functions of counts.h, where counts are shared. */
extern void az_read_shared_counts(Oid database, AzCounts *counts, TimestampTz *since);
extern bool az_reset_shared_counts(Oid oid);
extern Oid *az_shared_counted_databases(int *n);

#endif							/* AZ_COUNTS_INTERN_H */
