/*-------------------------------------------------------------------------
 *
 * org.h
 *	  Memberships in organisations, found by a value of a column's type, and
 *	  what one of them grants.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ORG_H
#define AZ_ORG_H

#include "server/compat.h"
#include "token/identity.h"

/* Does this membership have what is asked for? */
typedef bool (*AzOrgTest) (const AzIdentity *id, const AzOrg *org,
						   const void *what);

/*
 * Tests whose "what" is a const text *.  A role is held as assigned, "at
 * least" also by inheritance; among several roles nothing is inherited.
 */
extern bool az_org_has_role(const AzIdentity *id, const AzOrg *org,
							const void *role);
extern bool az_org_at_least(const AzIdentity *id, const AzOrg *org,
							const void *role);
extern bool az_org_permits(const AzIdentity *id, const AzOrg *org,
						   const void *permission);

/*
 * Is there a membership whose id, read as a value of the argument's type,
 * equals it, and that passes the test (NULL: every membership does)?  Several
 * ids can be one uuid.  An SQL NULL names none.  Raises 42804 for a type that
 * is not supported, also when id is NULL.
 */
extern bool az_org_any(FunctionCallInfo fcinfo, int argno, const AzIdentity *id,
					   AzOrgTest test, const void *what);

/* The first of these memberships in the order of the token, or NULL. */
extern const AzOrg *az_org_first(FunctionCallInfo fcinfo, int argno,
								 const AzIdentity *id);

/* The organisation that the token is for, or NULL. */
extern const AzOrg *az_org_active(const AzIdentity *id);

/* Does the argument name this membership? */
extern bool az_org_named(FunctionCallInfo fcinfo, int argno,
						 const AzIdentity *id, const AzOrg *org);

#endif							/* AZ_ORG_H */
