/*-------------------------------------------------------------------------
 *
 * store.h
 *	  What the database knows of its issuers, and what it is told of them.
 *
 * The owner of the database can put anything in the place of tables and functions, so
 * all of it runs with the rights of pg_database_owner, for a limited time, and an
 * error is an answer.  Names and texts are in the database's encoding.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_STORE_H
#define AZ_KEYS_STORE_H

#include "server/compat.h"
#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

/* So long may a statement take. */
#define AZ_STORE_MS		10000

/* An issuer whose keys can be fetched; palloc'd. */
typedef struct AzSource
{
	char	   *issuer;
	char	   *name;			/* the same in UTF-8 */
	char	   *jwks_uri;		/* UTF-8; NULL: the issuer says where they are */
} AzSource;

/* SQLSTATE; 0: it went well. */
typedef int AzFault;

/* What a connection needs, once, before the others. */
extern void az_store_init(void);

typedef enum AzStoreState
{
	AZ_STORE_READY,
	AZ_STORE_EMPTY,				/* no extension */
	AZ_STORE_OLD				/* that of 1.0 */
} AzStoreState;

extern AzFault az_store_look(AzStoreState *state);

/* AzSource of at most so many that are due. */
extern AzFault az_store_due(int limit, List **due);

/* The one of that name, in UTF-8, due or not; NULL: its keys cannot be fetched. */
extern AzFault az_store_find(const char *name, AzSource **source);

/* A fetch that is under way. */
typedef struct AzClaim
{
	bool		held;			/* false: somebody else is fetching it */
	TimestampTz since;
	uint64		state;			/* of the rows that the set goes into */
} AzClaim;

/*
 * Say that the issuer's keys are being fetched, for so many seconds: no other worker
 * or program does.  wished: also if they are not due.
 */
extern AzFault az_store_claim(const AzSource *source, bool wished, int seconds,
							  AzClaim *claim);

/*
 * The three ends of a claim; next is when to fetch again, in seconds.  Nothing is
 * written if somebody has fetched later than we.
 */
extern AzFault az_store_keys(const AzSource *source, const char *jwks, long next,
							 AzClaim *claim);
extern AzFault az_store_unchanged(const AzSource *source, long next, const AzClaim *claim);
extern AzFault az_store_failure(const AzSource *source, const char *word, long next,
								const AzClaim *claim);

#endif							/* AZ_KEYS_STORE_H */
