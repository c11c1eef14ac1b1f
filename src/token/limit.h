/*-------------------------------------------------------------------------
 *
 * limit.h
 *	  An identity as its actor may use it: within a ceiling.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LIMIT_H
#define AZ_LIMIT_H

#include "token/identity.h"

typedef struct AzText
{
	const char *bytes;
	size_t		len;
} AzText;

/* Values of one kind; not limited: all of them. */
typedef struct AzLimit
{
	bool		limited;
	size_t		n;
	AzText	   *texts;
} AzLimit;

typedef enum AzLimitKind
{
	AZ_LIMIT_SCOPES, AZ_LIMIT_ROLES, AZ_LIMIT_PERMISSIONS, AZ_LIMIT_GROUPS,
	AZ_LIMIT_ORG_ROLES, AZ_LIMIT_ORG_PERMISSIONS, AZ_LIMIT_ITEM_PERMISSIONS,
	AZ_N_LIMITS
} AzLimitKind;

/* In the encoding of the identity. */
typedef struct AzCeiling
{
	AzLimit		limits[AZ_N_LIMITS];
	AzLimit		keep;			/* of every kind, what is held against somebody */
	bool		admin;
	bool		read_only;
} AzCeiling;

/* The most values and bytes of a ceiling's texts. */
#define AZ_MAX_CEILING_VALUES	500
#define AZ_MAX_CEILING_BYTES	16384

/* Has the ceiling more than that? */
extern bool az_ceiling_is_large(const AzCeiling *ceiling);

/* The room (aligned) that the identity needs within any ceiling. */
extern size_t az_limit_room(const AzIdentity *id);

/*
 * A block in that room: what the identity holds and the ceiling leaves.  What
 * the token says as a whole (claims) stays.  The ceiling is not large.
 */
extern void az_limit_identity(const AzIdentity *id, const AzCeiling *ceiling,
							  AzIdentity *room);

/*
 * In an identity within a ceiling: does the path lead to, or into, a claim
 * that can be limited?
 */
extern bool az_is_limited_location(const AzIdentity *id, const AzText *path, size_t n);

/* The same for groups of which the token says that it does not list them. */
extern bool az_is_unlisted_location(const AzIdentity *id, const AzText *path, size_t n);

#endif							/* AZ_LIMIT_H */
