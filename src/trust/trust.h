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
#include "nodes/pg_list.h"
#include "token/verify.h"

/*
 * The trust as the catalogs have it now.  Borrowed until the next call of
 * any function here: hold nothing across catalog access.  NULL when the
 * extension is not installed in this database.
 */
extern const AzTrust *az_trust(void);

/*
 * Grows by one at least whenever issuers, keys, profiles or revocations may
 * have changed.  Reads pending invalidation messages first.
 */
extern uint64 az_trust_epoch(void);

/* The same for all but the revocations; reads no messages. */
extern uint64 az_trust_config_epoch(void);

/*
 * Does the trust of now still carry this identity: its issuer unaltered, its
 * key still there, nothing revoked?  AZ_OK, AZ_REVOKED, or AZ_ISSUER_UNTRUSTED
 * for "no longer trusted".
 */
extern AzReason az_trust_still_holds(const AzIdentity *id);

/* Is its subject listed in authz.inactive_subject? */
extern bool az_subject_is_inactive(const AzIdentity *id);

/*
 * Grows whenever item permissions or what they imply may have changed; reads
 * no messages.
 */
extern uint64 az_grants_epoch(void);

/*
 * OIDs of the tables whose changes end a kept plan: of every plan that met a
 * check, and of one that asked for stored permissions.
 */
extern List *az_tables_of_plans(bool grants);

extern void az_trust_init(void);

#endif							/* AZ_TRUST_H */
