/*-------------------------------------------------------------------------
 *
 * cluster_key_table.h
 *	  The rows of authz.cluster_key, which SQL can neither read nor write.
 *
 * It is a materialized view that is never populated.  PostgreSQL keeps its
 * pages as those of any table: they outlive a crash, go to standbys and
 * through pg_upgrade.  Yet every query of it raises an error, and its rows are
 * in no dump and in no publication.  The query that defines it raises an
 * error, so REFRESH does, too.
 *
 * Its rows are inserted so that logical decoding does not see them, and are too
 * short for TOAST.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CLUSTER_KEY_TABLE_H
#define AZ_CLUSTER_KEY_TABLE_H

#include "server/compat.h"
#include "token/jwk.h"
#include "token/key_signing.h"
#include "trust/trust_table.h"
#include "utils/timestamp.h"

/*
 * The longest key ID, in bytes of UTF-8: the whole row must stay in its page.
 */
#define AZ_MAX_CLUSTER_KID	200

/*
 * The most keys that there may be: a cluster has few nodes, and each has one
 * key or two.
 */
#define AZ_MAX_CLUSTER_KEYS	64

/* One row, until the next one is read. */
typedef struct AzClusterKeyRow
{
	const char *kid;			/* UTF-8 */
	const char *thumbprint;
	int64		number;			/* grows with each key that is added */
	TimestampTz added_at;
	bool		is_private;		/* the private key is here, too */
	HeapTuple	tuple;
	TupleDesc	desc;
} AzClusterKeyRow;

/*
 * Its rows, as last committed; a transaction sees its own.
 *
 *	  az_begin_cluster_keys(&rows);
 *	  while (az_next_cluster_key(&rows, &row)) ...
 *	  az_end_rows(&rows);
 *
 * None when the table is not there, or was altered.
 */
extern void az_begin_cluster_keys(AzRows *rows);
extern bool az_next_cluster_key(AzRows *rows, AzClusterKeyRow *row);

/* New and the caller's; NULL when the row is not to be believed. */
extern AzKey *az_make_cluster_key(const AzClusterKeyRow *row);
extern AzSigningKey *az_make_signing_key(const AzClusterKeyRow *row);

/*
 * For writers, who come one after the other: hold the table until the transaction
 * ends.  F0000 when it was altered; 25006 where nothing can be written, for which the
 * command is named.
 */
extern Relation az_lock_cluster_keys(const char *command);

/*
 * Append a row; texts in the encoding of the database.  private_jwk NULL: it
 * verifies only.
 */
extern void az_insert_cluster_key(Relation rel, text *kid, text *thumbprint, int64 number,
								  text *jwk, text *private_jwk);
extern void az_delete_cluster_key(Relation rel, const AzClusterKeyRow *row);

/*
 * Release the table; what was written now counts for the running statement,
 * too.
 */
extern void az_end_cluster_keys(Relation rel);

#endif							/* AZ_CLUSTER_KEY_TABLE_H */
