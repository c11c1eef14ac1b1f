/*-------------------------------------------------------------------------
 *
 * grants.h
 *	  What the tables of this database grant to an identity.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_GRANTS_H
#define AZ_GRANTS_H

#include "compat.h"
#include "identity.h"

/*
 * Is this identity an administrator: by a group or permission claim, or by an
 * item permission on its application?  id may be NULL.
 */
extern bool az_is_admin(const AzIdentity *id);

#endif							/* AZ_GRANTS_H */
