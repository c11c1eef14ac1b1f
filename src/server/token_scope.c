/*-------------------------------------------------------------------------
 *
 * token_scope.c
 *	  How long a token may count on this connection.
 *
 *-------------------------------------------------------------------------
 */
#include "server/token_scope.h"

#include "miscadmin.h"

AzNameAtStart az_name_at_start = AZ_NAME_UNKNOWN;

/*
 * The name that a client gives when it connects is the reset value, which SET
 * does not change.
 */
bool
az_look_at_name(void)
{
	const char *name;

	if (!IsNormalProcessingMode() || !OidIsValid(MyDatabaseId))
		return false;
	name = GetConfigOptionResetString("application_name");
	az_name_at_start = az_is_name_of_citus(name) ? AZ_NAME_OF_CITUS : AZ_NAME_OF_OTHERS;
	return az_name_at_start == AZ_NAME_OF_CITUS;
}
