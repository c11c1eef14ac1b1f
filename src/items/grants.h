/*-------------------------------------------------------------------------
 *
 * grants.h
 *	  Item permissions: what authz.item_permission grants to an identity.
 *
 * A grant belongs to an e-mail address, within the application that the
 * issuer's option "client" names.  An item is a path with dots.  Letters of
 * ASCII compare without regard to case, in items, permissions and addresses.
 *
 * A question is answered under the snapshot of the query that asks, as a
 * sub-select over the tables would answer it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_GRANTS_H
#define AZ_GRANTS_H

#include "server/compat.h"
#include "token/identity.h"

/* The permission to manage an item's grants (SciAuthZ). */
#define AZ_MANAGE	"MANAGE"

/*
 * Does the identity in force (which may be NULL) hold that permission on the
 * item, or, with parents, on the item or one of its parents?  Never raises
 * for the path.
 */
extern bool az_holds_item(const AzIdentity *id, const char *item, size_t item_len,
						  const char *permission, size_t permission_len,
						  bool parents);

/* Does the ceiling of the actor, if there is one, leave that permission? */
extern bool az_ceiling_has_item(const AzIdentity *id, const char *permission, size_t len);

/* The same for the item that is the application itself. */
extern bool az_holds_application(const AzIdentity *id, const char *permission,
								 size_t permission_len);

/*
 * Is the identity in force an administrator: by a group or permission claim,
 * or by an item permission on the application?  id may be NULL.
 */
extern bool az_is_admin(const AzIdentity *id);

/*
 * Is that permission, or one that it implies, the one to manage grants or one
 * of those that make an administrator?  Leaves memory behind.
 */
extern bool az_gives_management(const AzIdentity *id, const text *permission);

/*
 * A number for what is stored for the identity in force, under the snapshot of
 * the question; equal numbers mean equal grants.  0: there is no identity, or
 * nothing can be granted to it.
 */
extern uint32 az_grants_serial(void);

/*
 * The same for the candidate, whether or not it is in force; and what is stored, the
 * same bytes wherever the same is.  Borrowed: until the next question.  Returns how many.
 */
extern uint32 az_grants_serial_of(const AzIdentity *id);
extern Size az_grants_bytes(const AzIdentity *id, const void **bytes);

/*
 * While something is planned: is that number the same under the snapshot of
 * the code that has it planned?  The plan may run under that one.
 */
extern bool az_grants_are_certain(void);

/* 40001: a plan was made when other grants stood. */
pg_noreturn extern void az_raise_grants_changed(void);

#endif							/* AZ_GRANTS_H */
