/*-------------------------------------------------------------------------
 *
 * key_read.h
 *	  Rows of authz.issuer_key to keys.
 *
 * What is worked out on the way goes to the current context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEY_READ_H
#define AZ_KEY_READ_H

#include "server/compat.h"
#include "access/htup.h"
#include "token/issuer.h"
#include "trust/trust_table.h"

/* Which keys of an issuer. */
typedef struct AzWhichKeys
{
	bool		all;
	const char *kid;			/* unless "all": the keys with that kid; NULL:
								 * those without one */
} AzWhichKeys;

extern bool az_is_among(const AzWhichKeys *which, const char *kid);

/* A row of authz.issuer_key, until the next one is read. */
typedef struct AzKeyRow
{
	uint64		version;		/* another one when the row was written again */
	const char *kid;			/* UTF-8; NULL: none */
	HeapTuple	tuple;
	TupleDesc	desc;
} AzKeyRow;

/*
 * The rows of these keys:
 *
 *	  az_begin_keys(&rows, issuer, &which);
 *	  while (az_next_key(&rows, &row)) ...
 *	  az_end_rows(&rows);
 */
extern void az_begin_keys(AzRows *rows, const AzIssuer *issuer, const AzWhichKeys *which);
extern bool az_next_key(AzRows *rows, AzKeyRow *row);

/* When it was added; the oldest time where the owner has removed the value. */
extern int64 az_key_added_at(const AzKeyRow *row);

/* The key itself, the caller's; NULL when it is not to be believed. */
extern AzKey *az_make_key(const AzKeyRow *row, const AzIssuer *issuer);

/*
 * The same without a warning and without the time; the reason why not goes to
 * *why.
 */
extern AzKey *az_judge_key(const AzKeyRow *row, const AzIssuer *issuer, const char **why);

#endif							/* AZ_KEY_READ_H */
