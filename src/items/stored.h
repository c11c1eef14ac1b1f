/*-------------------------------------------------------------------------
 *
 * stored.h
 *	  A digest of what a database has stored for the identity in force.
 *
 * A server that hands an identity over sends it, and the other one compares:
 * everything that answers depend on besides the token must be the same on
 * both.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_STORED_H
#define AZ_STORED_H

#include "session/adoption.h"

/*
 * For an identity that is active and settled under the snapshot of the
 * question: what its issuer's options, profile and ceiling make of the claims,
 * and its item permissions. In base64url; palloc'd.
 */
extern char *az_stored_digest(const AzAdoption *current);

/* Compares, for az_handed_init(); 55000 where it differs. */
extern void az_compare_with_stored(AzAdoption *current, const char *stored);

#endif							/* AZ_STORED_H */
