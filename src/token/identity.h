/*-------------------------------------------------------------------------
 *
 * identity.h
 *	  A verified identity: one flat, immutable, relocatable block.
 *
 * Offsets count from the start of the block, so that it can be copied with
 * memcpy and kept anywhere.  The block holds the whole payload as a tree
 * (strings in the encoding of the caller, members of an object sorted by name)
 * and, derived from it, what the checks ask for.  Looking something up
 * allocates nothing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_IDENTITY_H
#define AZ_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "token/alg.h"
#include "token/jwk.h"

typedef enum AzType
{
	AZ_NULL, AZ_FALSE, AZ_TRUE, AZ_NUMBER, AZ_STRING, AZ_ARRAY, AZ_OBJECT
} AzType;

/*
 * One value.  head: the type in the low 3 bits, above it the length of a
 * string or of a number's text, or the count of an array or object.  off:
 * the bytes, the AzNode[] or the AzMember[].
 */
typedef struct AzNode
{
	uint32_t	head;
	uint32_t	off;
} AzNode;

typedef struct AzMember
{
	AzNode		name;
	AzNode		value;
} AzMember;

/*
 * Strings without repetition: AzNode[count] at items in the order of the
 * token, uint32_t[count] at order: their indexes sorted bytewise.
 */
typedef struct AzSet
{
	uint32_t	count;
	uint32_t	items;
	uint32_t	order;
} AzSet;

/* A membership in an organisation; the names are those of PropelAuth's shape. */
typedef struct AzOrg
{
	AzNode		id;				/* string */
	AzNode		value;			/* the object in the payload; AZ_NULL in other shapes */
	AzNode		name;			/* org_name, string or AZ_NULL */
	AzNode		role;			/* user_role, string; AZ_NULL: it has none */
	uint32_t	multi_role;		/* org_role_structure is "multi_role" */
	AzSet		permissions;	/* user_permissions */
	AzSet		inherited;		/* inherited_user_roles_plus_current_role */
	AzSet		additional;		/* additional_roles */
} AzOrg;

/* Times are microseconds since 1970-01-01 00:00:00 UTC. */
#define AZ_TIME_NONE	INT64_MIN

typedef struct AzIdentity
{
	uint32_t	size;			/* of the whole block */
	uint32_t	is_admin;		/* by a claim: group or permission */

	int64_t		expires;		/* exp */
	int64_t		deadline;		/* first instant at which the identity has ended: exp
								 * and iat + max age, leeway added */
	int64_t		not_before;		/* nbf less skew, else AZ_TIME_NONE */
	int64_t		issued;			/* iat, else AZ_TIME_NONE */
	int64_t		authenticated;	/* auth_time, else AZ_TIME_NONE */
	int64_t		authenticated_from; /* that less skew; before it, auth_time
									 * lies in the future */

	/* what to look at again when the trust has changed; UTF-8, as signed */
	uint64_t	issuer_version; /* AzIssuer.version */
	uint64_t	issuer_updated; /* AzIssuer.content, which it gets by the update to
								 * 1.1; 0: it is not to be updated */
	AzNode		trust_issuer;	/* AzIssuer.issuer */
	AzNode		trust_kid;		/* AZ_NULL: the key has none */
	AzNode		trust_token_id; /* jti, AZ_NULL when absent */
	AzNode		trust_session_id;	/* the session claim, if a string */
	AzNode		trust_subject;	/* sub, else the user id claim's text */
	AzNode		trust_actor;	/* the actor */
	uint32_t	alg;			/* AzAlg of the key */
	char		thumbprint[AZ_THUMBPRINT_SIZE];

	AzNode		claims;			/* the payload, AZ_OBJECT */

	/* AZ_STRING, AZ_NUMBER (user_id, owner) or AZ_NULL */
	AzNode		issuer;			/* AzIssuer.issuer */
	AzNode		subject;
	AzNode		user_id;
	AzNode		owner;
	AzNode		email;
	AzNode		username;
	AzNode		client_id;
	AzNode		token_id;
	AzNode		client;			/* the issuer's option "client" */
	AzNode		acr;
	AzNode		actor;			/* who acts for the subject; AZ_NULL: nobody */

	AzSet		audience;
	AzSet		amr;
	AzSet		scopes;
	AzSet		roles;
	AzSet		permissions;
	AzSet		groups;
	AzSet		admin_permissions;	/* the issuer's option */

	uint32_t	norgs;
	uint32_t	orgs;			/* AzOrg[norgs], order of the token */
	uint32_t	org_order;		/* uint32_t[norgs], sorted by id */
	uint32_t	active_org;		/* 1: the token is for one organisation, the first */
	uint32_t	groups_unlisted;	/* 1: to ask for groups is an error */

	/*
	 * Where the values of the sets above come from: AzNode[nlocations], each an
	 * AZ_ARRAY of keys, those of groups first.  All of them only where somebody
	 * acts, those of groups also where these are not listed.
	 */
	uint32_t	nlocations;
	uint32_t	ngroup_locations;
	uint32_t	locations;

	uint32_t	needs_ceiling;	/* the issuer demands one of actors */
	uint32_t	asserted;		/* the key is a cluster key (assertion.h), not the issuer's */

	/* what the actor may not go beyond: only in a block of az_limit_identity() */
	uint32_t	limited;
	uint32_t	never_admin;
	uint32_t	permissions_limited;
	uint32_t	items_limited;
	AzSet		permission_ceiling; /* all permissions that are left, whether
									 * the user holds them or not */
	AzSet		item_ceiling;	/* likewise; in any case of ASCII letters */
} AzIdentity;

/* The first eight bytes, as a number that is ordered like them. */
static inline uint64_t
az_first_bytes(const char *s)
{
	uint64_t	first;

	memcpy(&first, s, sizeof(first));
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	first = __builtin_bswap64(first);
#endif
	return first;
}

/* The order of everything sorted here: bytewise, a prefix first. */
static inline int
az_compare(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t		len = alen < blen ? alen : blen;
	int			order;

	/* mostly these decide, without a call */
	if (len >= sizeof(uint64_t))
	{
		uint64_t	x = az_first_bytes(a);
		uint64_t	y = az_first_bytes(b);

		if (x != y)
			return x < y ? -1 : 1;
	}
	order = memcmp(a, b, len);
	return order != 0 ? order : (alen > blen) - (alen < blen);
}

/* ASCII white space, which separates the values of a list in a string. */
static inline bool
az_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline AzType
az_node_type(const AzNode *node)
{
	return (AzType) (node->head & 7);
}

/* Length of a string or number text, count of an array or object. */
static inline uint32_t
az_node_len(const AzNode *node)
{
	return node->head >> 3;
}

static inline const char *
az_node_bytes(const AzIdentity *id, const AzNode *node)
{
	return (const char *) id + node->off;
}

static inline const AzNode *
az_node_elements(const AzIdentity *id, const AzNode *array)
{
	return (const AzNode *) ((const char *) id + array->off);
}

static inline const AzMember *
az_node_members(const AzIdentity *id, const AzNode *object)
{
	return (const AzMember *) ((const char *) id + object->off);
}

static inline const AzNode *
az_set_items(const AzIdentity *id, const AzSet *set)
{
	return (const AzNode *) ((const char *) id + set->items);
}

static inline const AzOrg *
az_orgs(const AzIdentity *id)
{
	return (const AzOrg *) ((const char *) id + id->orgs);
}

/* Member of an object; NULL when absent or node is not an object. */
extern const AzNode *az_node_member(const AzIdentity *id, const AzNode *object,
									const char *name, size_t len);

/* Is that string in the set?  Bytewise. */
extern bool az_set_has(const AzIdentity *id, const AzSet *set,
					   const char *value, size_t len);

/*
 * Is value among the values of this claim, read as a list: the members of an
 * array that are strings, numbers or booleans, the words of a string (split
 * on ASCII white space), or a number or boolean itself.  node may be NULL.
 */
extern bool az_node_holds(const AzIdentity *id, const AzNode *node,
						  const char *value, size_t len);

/* Is the value the whole text of this claim, a scalar?  node may be NULL. */
extern bool az_node_is(const AzIdentity *id, const AzNode *node,
					   const char *value, size_t len);

/*
 * The text of a scalar: the string, the number's JSON text, "true" or
 * "false".  False for null, arrays, objects and a NULL node.
 */
extern bool az_node_text(const AzIdentity *id, const AzNode *node,
						 const char **text, size_t *len);

/* The membership with exactly that id, or NULL. */
extern const AzOrg *az_org_find(const AzIdentity *id, const char *org, size_t len);

/*
 * A block is well-formed by construction; this walks it and says whether it
 * is.
 */
extern bool az_identity_check(const AzIdentity *id, size_t size);

#endif							/* AZ_IDENTITY_H */
