/*-------------------------------------------------------------------------
 *
 * fn_version.c
 *	  Which library this is, what it was built for, and what it runs with.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "utils/builtins.h"

#include "server/own.h"
#include "token/crypto.h"
#include "token/json.h"

AZ_SQL(authz_version)
{
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("dbmi_authz %s (PostgreSQL %d.%d, OpenSSL %s, jansson %s)",
											  AZ_VERSION,
											  PG_VERSION_NUM / 10000, PG_VERSION_NUM % 10000,
											  az_crypto_version(), az_json_version())));
}
