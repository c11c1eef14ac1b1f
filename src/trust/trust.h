/*-------------------------------------------------------------------------
 *
 * trust.h
 *	  Which issuers this database believes, with which keys.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_H
#define AZ_TRUST_H

#include "server/compat.h"
#include "token/verify.h"
#include "trust/ceiling.h"

/*
 * The current trust, for az_verify(); NULL when the extension is not installed
 * in this database.
 */
extern const AzTrust *az_trust(void);

/*
 * Does the current trust still confirm this identity: is its issuer unaltered,
 * its key still there, nothing revoked?  AZ_OK, AZ_REVOKED, or
 * AZ_ISSUER_UNTRUSTED for "no longer trusted".
 */
extern AzReason az_trust_still_holds(const AzIdentity *id);

/*
 * az_find_ceiling() for the identity's issuer and actor, under the active
 * snapshot; AZ_CEILING_NONE where nobody acts.
 */
extern AzCeilingFound az_ceiling_of(const AzIdentity *id, AzCeiling *ceiling,
									uint64 *version);

/* Is its subject listed in authz.inactive_subject, under the active snapshot? */
extern bool az_subject_is_inactive(const AzIdentity *id);

#endif							/* AZ_TRUST_H */
