/*-------------------------------------------------------------------------
 *
 * grant_set_intern.h
 *	  The inside of a set of grants.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_GRANT_SET_INTERN_H
#define AZ_GRANT_SET_INTERN_H

#include "items/grant_set.h"

/* Texts of a block are folded, at an offset in it. */
typedef struct AzItemGrants
{
	uint64		start;			/* see az_item_start() */
	uint32		text;
	uint32		len;
	uint32		first;			/* of its permissions */
	uint32		count;
} AzItemGrants;

typedef struct AzBlockPermission
{
	uint32		text;
	uint32		len;
	uint32		granted;		/* has a row somewhere */
} AzBlockPermission;

typedef struct AzBlockImplication
{
	uint32		to;
	uint32		from;
} AzBlockImplication;

/*
 * The struct and its arrays are one allocation with offsets, so that two of
 * them can be compared.  Permissions are sorted by name, and their places
 * there are their numbers; items by path, their permissions by number;
 * implications by both.
 */
typedef struct AzGrantBlock
{
	uint32		size;
	uint32		nitems;
	uint32		nheld;
	uint32		npermissions;
	uint32		nimplies;
	uint32		longest;		/* item */
	uint32		longest_permission;
	uint32		held;			/* uint32[], the items' permissions */
	uint32		permissions;	/* AzBlockPermission[] */
	uint32		implies;		/* AzBlockImplication[] */
	AzItemGrants	items[FLEXIBLE_ARRAY_MEMBER];
} AzGrantBlock;

/* A permission that was asked for: which rows give it, by number. */
typedef struct AzAsked
{
	uint32		permission;
	uint32		count;
	uint32	   *givers;			/* NULL: nothing was asked */
} AzAsked;

#define AZ_N_ASKED	8

struct AzGrants
{
	MemoryContext context;
	AzGrantBlock	   *block;
	AzAsked		asked[AZ_N_ASKED];
	int			next;			/* to be forgotten */
};

/*
 * The first bytes as a number that is ordered like them; mostly they decide.
 * A text holds no zero byte, so a shorter one comes first.
 */
static inline uint64
az_item_start(const char *text, size_t len)
{
	char		bytes[sizeof(uint64)] = {0};

	memcpy(bytes, text, Min(len, sizeof(bytes)));
	return az_first_bytes(bytes);
}

#endif							/* AZ_GRANT_SET_INTERN_H */
