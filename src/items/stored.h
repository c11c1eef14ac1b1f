/*-------------------------------------------------------------------------
 *
 * stored.h
 *	  What a database has stored for who is in force, as a digest.
 *
 * A server that hands an identity over says so, and the other one compares: whatever
 * answers there depend on, besides the token, both must have alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_STORED_H
#define AZ_STORED_H

#include "session/adoption.h"

/*
 * Of one who is settled under the snapshot that is asked under, and active: what its
 * issuer's options, profile and ceiling make of the claims, and its item permissions.
 * In base64url; palloc'd.
 */
extern char *az_stored_digest(const AzAdoption *current);

/* Compares, for az_handed_init(); 55000 where it differs. */
extern void az_compare_with_stored(AzAdoption *current, const char *stored);

#endif							/* AZ_STORED_H */
