/*-------------------------------------------------------------------------
 *
 * cluster_key.h
 *	  The keys by which servers of a cluster tell each other who is logged in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CLUSTER_KEY_H
#define AZ_CLUSTER_KEY_H

#include "server/compat.h"
#include "token/identity.h"
#include "token/key_signing.h"

/*
 * The private key that was added last; NULL: there is none.  Borrowed until the next
 * call of either.  Inside a transaction.
 */
extern const AzSigningKey *az_cluster_signing_key(void);

/* The public key with that kid; NULL: there is none. */
extern const AzKey *az_cluster_key(const char *kid, size_t len);

/* Is the key still there by which such an identity ("asserted") was taken? */
extern bool az_has_cluster_key_of(const AzIdentity *id);

/* Raises 55000: there is no key that signs; the hint says how to make one. */
pg_noreturn extern void az_raise_no_cluster_key(void);

/* Raises 55000: authz.cluster_key cannot be refreshed. */
pg_noreturn extern void az_raise_cluster_key_refresh(void);

/* Grows whenever a key may have come or gone; also part of az_trust_epoch(). */
extern uint64 az_cluster_keys_epoch(void);

#endif							/* AZ_CLUSTER_KEY_H */
