/*-------------------------------------------------------------------------
 *
 * trust_table.h
 *	  The tables of the trust, as the install script has them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TRUST_TABLE_H
#define AZ_TRUST_TABLE_H

#include "server/compat.h"
#include "nodes/pg_list.h"
#include "token/verify.h"
#include "trust/table_shape.h"

typedef enum AzCatalog
{
	AZ_TABLE_PROFILE, AZ_TABLE_ISSUER, AZ_TABLE_KEY, AZ_TABLE_REVOCATION,
	AZ_TABLE_INACTIVE, AZ_TABLE_ITEM, AZ_TABLE_IMPLIES,
	AZ_N_TABLES
} AzCatalog;

enum
{
	Profile_profile = 1, Profile_chosen_by, Profile_audience_required,
	Profile_options
};
enum
{
	Issuer_issuer = 1, Issuer_audience, Issuer_profile, Issuer_options
};
enum
{
	Key_issuer = 1, Key_kid, Key_alg, Key_jwk, Key_thumbprint, Key_source,
	Key_added_at
};
enum
{
	Revocation_issuer = 1, Revocation_kind, Revocation_value,
	Revocation_issued_before, Revocation_until, Revocation_revoked_at
};
enum
{
	Inactive_issuer = 1, Inactive_subject
};
enum
{
	Item_email = 1, Item_client, Item_item, Item_permission, Item_granted_by,
	Item_granted_at
};
enum
{
	Implies_client = 1, Implies_permission, Implies_implies
};

/*
 * As in core's evtcache.c: an invalidation that arrives during a rebuild must
 * not be lost.
 */
typedef enum AzCacheState
{
	AZ_CACHE_NEEDS_REBUILD,
	AZ_CACHE_REBUILD_STARTED,
	AZ_CACHE_VALID
} AzCacheState;

/* Open one of our tables as az_open_as() does. */
extern Relation az_open_table(AzCatalog table);

/*
 * The issuers with their keys as the tables have them now: AzIssuer, freed
 * with the context.  Rows and the list itself go to the current context.
 */
extern List *az_read_issuers(MemoryContext context);

/* The callback of AzTrust: is something of this token revoked? */
extern bool az_is_revoked(void *arg, const AzRevocable *what);

/* Is this subject of this issuer (UTF-8) listed as inactive? */
extern bool az_is_listed_inactive(const char *issuer, const char *subject);

/* One of the two tables that they look into has changed. */
extern void az_lookup_changed(AzCatalog table);

#endif							/* AZ_TRUST_TABLE_H */
