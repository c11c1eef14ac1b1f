/*-------------------------------------------------------------------------
 *
 * as_owner.h
 *	  A transaction with the rights of pg_database_owner.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_AS_OWNER_H
#define AZ_KEYS_AS_OWNER_H

#include "server/compat.h"

/* Settings that the owner of the database cannot have chosen. */
extern void az_as_owner_init(void);

/*
 * Call work(arg) in a transaction, connected to SPI, for so many milliseconds at most.
 * The SQLSTATE of its error, after a rollback; 0: committed.  An end of the process
 * is none.
 */
extern int	az_as_owner(void (*work) (void *arg), void *arg, int milliseconds);

/*
 * Run one statement in there; parameters of the types' own.  The rows that it has
 * returned or written.
 */
#define AZ_MAX_PARAMS	5
typedef struct AzParams
{
	int			n;
	Oid			type[AZ_MAX_PARAMS];
	Datum		value[AZ_MAX_PARAMS];
} AzParams;

extern void az_param(AzParams *params, Oid type, Datum value);
extern uint64 az_run(const char *sql, const AzParams *params);

/* A column of a row, from 1, as text; NULL for NULL.  In the transaction's memory. */
extern char *az_result(uint64 row, int column);

#endif							/* AZ_KEYS_AS_OWNER_H */
