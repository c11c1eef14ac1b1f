/*-------------------------------------------------------------------------
 *
 * fn_trust_log.c
 *	  prune_trust_log(): removes old rows from the record of the trust.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "utils/timestamp.h"

#include "server/arguments.h"
#include "server/spi.h"
#include "trust/admin.h"
#include "trust/trust_log.h"

AZ_SQL(authz_prune_trust_log)
{
	AzSpiParams params = {0};
	AzCaller	caller;
	TimestampTz before;
	uint64		n;

	az_begin_administering("trust_log", &caller);
	az_arg_required(fcinfo, 0, "before");
	before = PG_GETARG_TIMESTAMPTZ(0);
	az_spi_param_time(&params, &before);
	n = az_spi_run("DELETE FROM authz.trust_log WHERE at OPERATOR(pg_catalog.<) $1", &params);
	az_end_administering(&caller);
	/* that somebody did so stays on record */
	if (n > 0)
		az_trust_log_many("trust_log", "DELETE", (int64) n);
	PG_RETURN_INT64(n);
}
