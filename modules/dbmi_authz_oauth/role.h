/*-------------------------------------------------------------------------
 *
 * role.h
 *	  Roles that no token is to have by accident, and who may still have them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ROLE_H
#define AZ_ROLE_H

#include "server/compat.h"

/*
 * Is the role SUPERUSER, REPLICATION or BYPASSRLS, has it the rights of a predefined
 * role that is as good as that, or may it become one that is or has?  Returned is
 * which it is, such as "attribute SUPERUSER"; NULL for an ordinary role.
 */
extern const char *az_privilege_of(Oid role);

/*
 * Does pg_ident.conf, as it is now, name this system user and this role in that
 * map, both in so many words: no regular expression, no "all", no group?
 */
extern bool az_is_named_for_role(const char *map, const char *system_user, const char *role);

/* The OID of the database of that name; InvalidOid: there is none. */
extern Oid	az_find_database(const char *name);

/*
 * Keep the name with that database until the login is over.  False: it has got
 * another one meanwhile.  Waits for a session that renames or drops it.
 */
extern bool az_hold_database(Oid database, const char *name);

#endif							/* AZ_ROLE_H */
