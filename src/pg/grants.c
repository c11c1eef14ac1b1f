/*-------------------------------------------------------------------------
 *
 * grants.c
 *	  What the tables of this database grant to an identity.
 *
 *-------------------------------------------------------------------------
 */
#include "grants.h"

bool
az_is_admin(const AzIdentity *id)
{
	return id != NULL && id->is_admin;
}
