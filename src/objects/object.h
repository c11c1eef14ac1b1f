/*-------------------------------------------------------------------------
 *
 * object.h
 *	  May the identity do something to one row of a table?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_OBJECT_H
#define AZ_OBJECT_H

#include "server/compat.h"
#include "token/identity.h"
#include "nodes/pg_list.h"
#include "objects/primary_key.h"
#include "objects/registry.h"

/* What one call site has found out; a cache, that fits the registry. */
typedef struct AzObjectSite AzObjectSite;

/*
 * The site of this call, kept with it.  lasting false: only for the current
 * memory context.
 */
extern AzObjectSite *az_object_site(FunctionCallInfo fcinfo, bool lasting);

typedef struct AzObjectQuestion
{
	const char *perm;
	size_t		perm_len;
	Oid			rel;
	text	   *pk;
	bool		ask[AZ_N_RULE_KINDS];	/* the rules to ask */
	bool		quiet;			/* no warning for another table's permission */
	List	  **why;			/* gets what was found out, char *; or NULL */
} AzObjectQuestion;

/*
 * Does the identity hold the permission as such, not for an object?  id may be
 * NULL.
 */
extern bool az_perm_held(const AzIdentity *id, const char *perm, size_t len);

/* Likewise, telling why. */
extern bool az_explain_perm_held(const AzIdentity *id, const char *perm, size_t len,
								 List **why);

/*
 * May the identity do that to the row?  Whether there is such a row is not
 * looked at.  id may be NULL, and must not be used afterwards: rules run other
 * SQL.
 */
extern bool az_object_permitted(AzObjectSite *site, const AzIdentity *id,
								const AzObjectQuestion *question);

#endif							/* AZ_OBJECT_H */
