/*-------------------------------------------------------------------------
 *
 * claims_intern.h
 *	  How claims are read, for claims.c and claims_orgs.c alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CLAIMS_INTERN_H
#define AZ_CLAIMS_INTERN_H

#include "token/claims.h"

typedef struct AzReading
{
	AzBuilder  *builder;
	const AzIssuer *issuer;
	const AzJson *payload;
	AzNode		claims;			/* the payload in the block */
	AzIdentity	id;				/* the header, copied into the block at the end */
} AzReading;

/* A member of an object in the block; AZ_NULL where there is none. */
extern AzNode az_member_of(AzReading *reading, AzNode object, const char *name);

/* The same place under an object of the block as az_claim_at() in the JSON. */
extern AzNode az_node_at(AzReading *reading, AzNode object, const AzPath *path);

/*
 * The values of a list claim: the strings of an array, or the words of a
 * string; anything else holds none.  split: the strings of an array are
 * lists of words, too.
 */
extern AzSet az_list_of(AzReading *reading, AzNode claim, bool split);

/*
 * The values at the first location that is present, even when it is empty, or
 * at all of them (merge_claims).  json and object are the same, here and in
 * the block.
 */
extern AzSet az_list_at(AzReading *reading, const AzJson *json, AzNode object,
						const AzPaths *paths, bool split);

/*
 * claims_clerk.c: add the permissions of Clerk's compact claim to the set that
 * is being built; false when the token has none such.
 */
extern bool az_add_compact_permissions(AzReading *reading);

/* claims_orgs.c: the memberships in organisations. */
extern void az_read_orgs(AzReading *reading);

#endif							/* AZ_CLAIMS_INTERN_H */
