/*-------------------------------------------------------------------------
 *
 * token_scope.h
 *	  How long a token may count on this connection.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TOKEN_SCOPE_H
#define AZ_TOKEN_SCOPE_H

#include "server/compat.h"
#include "utils/guc.h"

#include "server/guc.h"

/* The beginning of the application name of a node of Citus. */
#define AZ_CITUS_APPLICATIONS	"citus_"

static inline bool
az_is_name_of_citus(const char *name)
{
	return name != NULL && name[0] == AZ_CITUS_APPLICATIONS[0] &&
		strncmp(name, AZ_CITUS_APPLICATIONS, strlen(AZ_CITUS_APPLICATIONS)) == 0;
}

/* What the client gave when it opened the connection. */
typedef enum AzNameAtStart
{
	AZ_NAME_UNKNOWN,			/* it was not looked at yet */
	AZ_NAME_OF_OTHERS,
	AZ_NAME_OF_CITUS
} AzNameAtStart;

extern AzNameAtStart az_name_at_start;
extern bool az_look_at_name(void);

/*
 * Has a node of Citus opened the connection, by the name that it gave then or
 * has now?  A connection that it caches serves one user after the other.
 * Anybody may take such a name, but it only restricts.  Called for each row,
 * so it stays small.
 */
static inline bool
az_is_of_citus(void)
{
	if (unlikely(az_name_at_start == AZ_NAME_UNKNOWN) && az_look_at_name())
		return true;
	return az_name_at_start == AZ_NAME_OF_CITUS || az_is_name_of_citus(application_name);
}

/*
 * The value of dbmi_authz.token_scope; on a connection of Citus always
 * AZ_SCOPE_TRANSACTION.
 */
static inline AzTokenScope
az_scope(void)
{
	return az_token_scope == AZ_SCOPE_TRANSACTION || az_is_of_citus() ?
		AZ_SCOPE_TRANSACTION : AZ_SCOPE_SESSION;
}

#endif							/* AZ_TOKEN_SCOPE_H */
