/*-------------------------------------------------------------------------
 *
 * audit_range.h
 *	  The events of some transactions, in order.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIT_RANGE_H
#define AZ_AUDIT_RANGE_H

#include "records/audit_sum.h"

/* Of one origin; before_xid excluded. */
typedef struct AzEventRange
{
	int64		origin;
	uint64		from_xid;
	uint64		before_xid;
} AzEventRange;

/* No transaction has this number. */
#define AZ_NO_LAST_XID	PG_UINT64_MAX

typedef struct AzSealedEvent
{
	AzEventKey	key;
	TimestampTz at;
	AzSum		sum;
} AzSealedEvent;

/* False: that is enough. */
typedef bool (*AzEventVisitor) (const AzSealedEvent *event, void *arg);

/*
 * Each event of the range that the active snapshot shows.  Inside SPI_connect();
 * memory does not grow with the range.
 */
extern void az_visit_events(const AzEventRange *range, AzEventVisitor visit, void *arg);

/* Are there any under the active snapshot?  The first one then. */
extern bool az_has_events(const AzEventRange *range, AzEventKey *first);

/*
 * The smallest origin of the table that is greater than this one; NULL: than
 * none.  False: there is none.
 */
extern bool az_next_origin(const int64 *after, int64 *origin);

/* An int8 or xid8 of a result; not NULL. */
extern int64 az_result_int8(uint64 row, int column);

#endif							/* AZ_AUDIT_RANGE_H */
