/*-------------------------------------------------------------------------
 *
 * trust_import.h
 *	  Making the trust of this database equal to a document.
 *
 * Rows that are right are left alone, so those who are logged in by them stay
 * logged in.  All of it runs inside az_begin_as_owner(), with the tables
 * locked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_IMPORT_H
#define AZ_TRUST_IMPORT_H

#include "cluster/trust_document.h"

/* What became of the rows of a table. */
typedef struct AzTrustChange
{
	uint64		added;
	uint64		replaced;
	uint64		removed;
} AzTrustChange;

/* Profiles first, since issuers are judged by them; others go last. */
extern void az_import_profiles(const AzTrustDocument *document, AzTrustChange *change);
extern void az_remove_profiles(const AzTrustDocument *document, AzTrustChange *change);

/*
 * Issuers and their public keys, judged as add_issuer() and add_key() do.  Secrets
 * of issuers that stay are left.
 */
extern void az_import_issuers(const AzTrustDocument *document, AzTrustChange *issuers,
							  AzTrustChange *keys);

/* Public keys of other servers; a key that signs here stays. */
extern void az_import_cluster_keys(const AzTrustDocument *document, AzTrustChange *change);

/* One of the other lists, after az_split_trust_document(). */
extern void az_import_rows(AzTrustList list, const AzTrustDocument *document,
						   AzTrustChange *change);

#endif							/* AZ_TRUST_IMPORT_H */
