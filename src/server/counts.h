/*-------------------------------------------------------------------------
 *
 * counts.h
 *	  Counts of what happened.
 *
 * Counts are not part of a transaction: what is rolled back stays counted.
 * They are those of all sessions where the server preloads the library, else
 * of this session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_COUNTS_H
#define AZ_COUNTS_H

#include "server/compat.h"
#include "datatype/timestamp.h"
#include "token/reason.h"

/* In the order of the columns of authz.stat. */
typedef enum AzCount
{
	AZ_TOKENS_ACCEPTED,
	AZ_TOKENS_KNOWN,			/* of these, the session had verified before */
	AZ_TOKENS_REFUSED,
	AZ_TOKENS_VERIFIED,			/* with any result; without those known */
	AZ_VERIFY_US,				/* microseconds that this took */
	AZ_ISSUERS_LOADED,
	AZ_KEYS_LOADED,
	AZ_DENIALS,
	AZ_CHECKS_FOLDED,
	AZ_CHECKS_CALLED,
	AZ_PLANS_SHARED,			/* starts of a plan for all */
	AZ_PLANS_MADE,				/* with a check */
	AZ_STOPPED_28000,
	AZ_STOPPED_40001,
	AZ_N_COUNTS
} AzCount;

/* Refusals that are not about the token itself. */
#define AZ_OTHER_REFUSAL	AZ_N_REASONS

typedef struct AzCounts
{
	uint64		n[AZ_N_COUNTS];
	uint64		refused[AZ_N_REASONS + 1];
} AzCounts;

extern void az_count(AzCount what);
extern void az_count_more(AzCount what, uint64 n);

/* A token is refused that would have been a login: a reason, or AZ_OTHER_REFUSAL. */
extern void az_count_refusal(int reason);

/*
 * A check was called: an increment, since that may be once a row.  Where this
 * session counts is known to all files for this alone.
 */
extern AzCounts *az_counts_of_session;

static inline void
az_count_call(void)
{
	az_counts_of_session->n[AZ_CHECKS_CALLED]++;
}

/* Are the counts below those of all sessions? */
extern bool az_counts_are_shared(void);

/*
 * The counts of that database, and since when; of this session, unless they are
 * shared.
 */
extern void az_read_counts(Oid database, AzCounts *counts, TimestampTz *since);

/* Set them to zero.  False: that database has no place of its own. */
extern bool az_reset_counts(Oid database);

/*
 * The databases that have counts, palloc'd, each once.  InvalidOid stands for all
 * that had to make room for others; az_read_counts() takes it.
 */
extern Oid *az_counted_databases(int *n);

/* May raise; to be called while the server preloads the library, or not at all. */
extern void az_counts_init(void);

#endif							/* AZ_COUNTS_H */
