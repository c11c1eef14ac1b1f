/*-------------------------------------------------------------------------
 *
 * fn_update.c
 *	  What an update script writes to the tables.
 *
 * The script of a trusted extension runs as the bootstrap superuser, and the
 * owner of the database may have put triggers, rules and constraints on the
 * tables.  So the script makes this function, writes by it, and drops it.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "utils/builtins.h"

#include "server/arguments.h"
#include "server/spi.h"
#include "trust/admin.h"

AZ_SQL(authz_update_as_owner)
{
	char	   *command = text_to_cstring(PG_GETARG_TEXT_PP(0));
	AzSpiParams none = {0};
	AzCaller	caller;
	uint64		rows;

	az_begin_administering("issuer", &caller);
	rows = az_spi_run(command, &none);
	az_end_administering(&caller);
	PG_RETURN_INT64((int64) rows);
}
