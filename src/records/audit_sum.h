/*-------------------------------------------------------------------------
 *
 * audit_sum.h
 *	  The sums of the record of changes, and what finds an event that differs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_AUDIT_SUM_H
#define AZ_AUDIT_SUM_H

#include "server/compat.h"
#include "access/htup.h"
#include "access/tupdesc.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"

#define AZ_SUM_SIZE		PG_SHA256_DIGEST_LENGTH

typedef struct AzSum
{
	uint8		bytes[AZ_SUM_SIZE];
} AzSum;

/*
 * SHA-256, one after the other: az_sum_begin() again behind az_sum_end().  To be
 * freed with pg_cryptohash_free(); core does that after an error.
 */
extern pg_cryptohash_ctx *az_sum_make(void);
extern void az_sum_begin(pg_cryptohash_ctx *context);
extern void az_sum_add(pg_cryptohash_ctx *context, const void *bytes, Size len);
extern AzSum az_sum_end(pg_cryptohash_ctx *context);

/* Where an event stands among those of its origin. */
typedef struct AzEventKey
{
	uint64		xid;
	int64		number;
} AzEventKey;

static inline int
az_compare_keys(AzEventKey a, AzEventKey b)
{
	if (a.xid != b.xid)
		return a.xid < b.xid ? -1 : 1;
	return (a.number > b.number) - (a.number < b.number);
}

/*
 * The columns of an event, in the order of the table, each as what it is, and
 * so that no two events have the same bytes.  They are the same on every
 * machine, in every encoding and after a dump.
 */
extern void az_event_bytes(HeapTuple tuple, TupleDesc desc, StringInfo bytes);

/* What a seal says; the sum is over this and the sum of the one before. */
typedef struct AzSeal
{
	int64		seal;
	int64		origin;
	uint64		from_xid;
	uint64		before_xid;
	int64		events;
	TimestampTz last_at;
	TimestampTz sealed_at;
	AzSum		content;
} AzSeal;

/* before: NULL for the first. */
extern AzSum az_seal_sum(pg_cryptohash_ctx *context, const AzSeal *seal, const AzSum *before);

/*
 * The marks of a seal: key and first bytes of the sum of each event, in order.
 */
#define AZ_MARK_BYTES	8

typedef struct AzMark
{
	AzEventKey	key;
	uint8		start[AZ_MARK_BYTES];
} AzMark;

typedef struct AzMarks
{
	StringInfoData bytes;
	AzEventKey	last;
	int			at;				/* where reading goes on */
} AzMarks;

extern void az_marks_add(AzMarks *marks, AzEventKey key, const AzSum *sum);

/* A seal of fewer events has all its marks. */
#define AZ_UNMARKED_EVENTS	10000000

/* The next one.  False at the end, and where they are broken: "at" is not the end then. */
extern bool az_marks_next(AzMarks *marks, AzMark *mark);

#endif							/* AZ_AUDIT_SUM_H */
