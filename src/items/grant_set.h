/*-------------------------------------------------------------------------
 *
 * grant_set.h
 *	  Everything that authz.item_permission grants to one identity.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_GRANT_SET_H
#define AZ_GRANT_SET_H

#include "server/compat.h"
#include "token/identity.h"

typedef struct AzGrants AzGrants;

/* No set is larger; 54000 for an identity to which more is granted. */
#define AZ_MAX_GRANTS_SIZE	(64 * 1024 * 1024)

/*
 * As the tables have it now, for an identity that can hold something.  A child
 * of that context.
 */
extern AzGrants *az_read_grants(const AzIdentity *id, MemoryContext parent);

extern void az_free_grants(AzGrants *grants);

extern Size az_grants_size(const AzGrants *grants);

/* All that it holds, the same bytes wherever the same is; borrowed.  Returns how many. */
extern Size az_bytes_of_grants(const AzGrants *grants, const void **bytes);

/* Do both hold the same? */
extern bool az_same_grants(const AzGrants *a, const AzGrants *b);

/* Is that held on the item or, with parents, on one that stands above it? */
extern bool az_is_granted(AzGrants *grants, const char *item, size_t item_len,
						  const char *permission, size_t permission_len,
						  bool parents);

#endif							/* AZ_GRANT_SET_H */
