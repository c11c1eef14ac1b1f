/*-------------------------------------------------------------------------
 *
 * cluster_key_write.h
 *	  Adding and removing cluster keys, on record.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CLUSTER_KEY_WRITE_H
#define AZ_CLUSTER_KEY_WRITE_H

#include "server/own.h"
#include "trust/cluster_key_table.h"

/* 22023 unless a cluster key may have that key ID, in UTF-8. */
extern void az_check_cluster_kid(const char *kid);

/*
 * Raises 22023 "invalid cluster key", or out of memory, unless the library
 * made the key.
 */
extern void az_check_cluster_key(AzKeyStatus status, const AzKeyError *error,
								 const char *hint);

/*
 * The key of a public JWK, which gets that key ID if it has none; goes with the
 * current context.  22023 for one that is private, or of another kind.
 */
extern AzKey *az_public_cluster_key(const AzJson *jwk, const char *kid);

/* What az_key_to_jwk() and its like return, as a text; it is wiped with the context. */
extern text *az_take_jwk(char *jwk);

/*
 * Write a key; private_jwk NULL: the public one alone.  42710 where there is one of
 * that name, or that very key; 54000 when there are too many.  The function is named
 * where nothing can be written.
 */
extern void az_add_cluster_key(const char *function, const char *kid,
							   const char *thumbprint, text *jwk, text *private_jwk);

/* Remove one; false when there is none. */
extern bool az_drop_cluster_key(const char *function, const char *kid);

#endif							/* AZ_CLUSTER_KEY_WRITE_H */
