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

/*
 * The trust as the catalogs have it now.  Borrowed until the next call of
 * any function here: hold nothing across catalog access.  NULL when the
 * extension is not installed in this database.
 */
extern const AzTrust *az_trust(void);

/*
 * While this stands still, a token would choose among the same issuers: it
 * grows with changes of issuers, where some are chosen by audience.
 */
extern uint64 az_trust_choice_epoch(void);

/*
 * Does the trust of now still carry this identity: its issuer unaltered, its
 * key still there, nothing revoked?  AZ_OK, AZ_REVOKED, or AZ_ISSUER_UNTRUSTED
 * for "no longer trusted".
 */
extern AzReason az_trust_still_holds(const AzIdentity *id);

/* Is its subject listed in authz.inactive_subject? */
extern bool az_subject_is_inactive(const AzIdentity *id);

#endif							/* AZ_TRUST_H */
