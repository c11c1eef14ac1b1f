/*-------------------------------------------------------------------------
 *
 * implies.h
 *	  Which item permissions hold where another one does.
 *
 * Permissions are numbered while something is read, by their folded names.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_IMPLIES_H
#define AZ_IMPLIES_H

#include "server/compat.h"
#include "token/identity.h"

#define AZ_NO_NUMBER	PG_UINT32_MAX

typedef struct AzPermission
{
	const char *name;
	uint32		len;
	bool		held;
	uint32		first;			/* of what it implies, AZ_NO_NUMBER: nothing */
	uint32		link;			/* within one call only */
} AzPermission;

typedef struct AzImplication
{
	uint32		from;
	uint32		to;
	uint32		next;			/* of the same "from" */
} AzImplication;

typedef struct AzPermissions
{
	MemoryContext context;		/* of all of it */
	struct az_numbers_hash *numbers;
	uint32		count;
	uint32		room;
	AzPermission *all;
	Size		size;			/* of their names and what belongs to them */
	uint32		nimplies;
	uint32		room_implies;
	AzImplication *implies;
} AzPermissions;

/* Those of the identity's application; none is held.  In the current context. */
extern AzPermissions *az_read_permissions(const AzIdentity *id);

/* The number of a permission, in any case of letters; a new one if need be. */
extern uint32 az_permission_number(AzPermissions *permissions, const text *name);

/*
 * Hold it, and what it implies, and what that implies.  All calls together
 * take as long as one for everything.
 */
extern void az_hold_permission(AzPermissions *permissions, uint32 number);

#endif							/* AZ_IMPLIES_H */
