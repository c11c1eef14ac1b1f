/*-------------------------------------------------------------------------
 *
 * column_claims.h
 *	  Which claims a check over a column compares the column with.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_COLUMN_CLAIMS_H
#define AZ_COLUMN_CLAIMS_H

#include "server/compat.h"
#include "token/identity.h"
#include "nodes/pg_list.h"

/*
 * The claims, as a list of AzNode *; a column that equals none of them is
 * answered with false.  id is not NULL.  args are those of the call: the first
 * stands for the column, the others are constants that the call takes without
 * an error.
 */
typedef List *(*AzColumnClaims) (const AzIdentity *id, List *args);

extern List *az_owner_claims(const AzIdentity *id, List *args);
extern List *az_any_org_claims(const AzIdentity *id, List *args);
extern List *az_org_role_claims(const AzIdentity *id, List *args);
extern List *az_least_org_role_claims(const AzIdentity *id, List *args);
extern List *az_org_permission_claims(const AzIdentity *id, List *args);
extern List *az_any_org_permission_claims(const AzIdentity *id, List *args);
extern List *az_all_org_permissions_claims(const AzIdentity *id, List *args);
extern List *az_active_org_claims(const AzIdentity *id, List *args);

#endif							/* AZ_COLUMN_CLAIMS_H */
