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

/* A person's id is a string or an integer; nothing else names anybody. */
extern bool az_is_person(const AzJson *value);

/* claims_trust.c: what revocations and keys are compared with. */
extern void az_read_trust(AzReading *reading, const AzVerified *verified);

/* claims_locations.c: where what can be limited stands. */
extern void az_read_locations(AzReading *reading, bool groups_only);

/* Where the id of an organisation stands. */
extern const AzPaths *az_org_id_paths(const AzIssuer *issuer);

/*
 * claims_clerk.c: add the permissions of Clerk's compact claim to the set that
 * is being built; false when the token has none such.
 */
extern bool az_add_compact_permissions(AzReading *reading);

/*
 * claims_orgs.c, for the files that read memberships: make room for so many,
 * and put one into it.  Roles are a list; the first counts as the assigned
 * one, and nothing is inherited.  The facts are name, roles and permissions,
 * at the claims of the options under an object.
 */
extern void az_make_room_for_orgs(AzReading *reading, size_t n);
extern void az_put_org(AzReading *reading, size_t i, const AzOrg *org);
extern void az_set_org_roles(AzReading *reading, AzOrg *org, AzSet roles);
extern void az_read_org_facts(AzReading *reading, AzOrg *org, const AzJson *json,
							  AzNode object);

/*
 * The id under an object, as signed, and in the block.  NULL, and nothing is
 * written, when it is absent, not a string, or "", which names no
 * organisation.
 */
extern const char *az_org_id_at(AzReading *reading, const AzJson *json, AzNode object,
								size_t *len, AzNode *id);

/*
 * claims_by_role.c: read an object that goes from role to organisations, which
 * may be NULL.
 */
extern void az_read_by_role(AzReading *reading, const AzJson *roles, AzNode node);

/* claims_orgs.c: the memberships in organisations. */
extern void az_read_orgs(AzReading *reading);

#endif							/* AZ_CLAIMS_INTERN_H */
