/*-------------------------------------------------------------------------
 *
 * fn_revocation.c
 *	  Tokens that are refused although they verify.
 *
 * A revocation holds as long as its row stands; "until" only tells
 * prune_revocations() from when on the row is no longer needed.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "server/arguments.h"
#include "server/spi.h"
#include "trust/admin.h"
#include "trust/issuer_row.h"
#include "trust/trust_log.h"

/*
 * Write a revocation, or extend the one that is there: it ends at the later
 * of the two ends, and hits what was issued before the later of the two
 * times.  A row that says as much already is left alone.
 */
static void
write_revocation(text *issuer, const char *kind, text *value,
				 const TimestampTz *issued_before, const TimestampTz *until)
{
	AzSpiParams	params = {0};
	AzCaller	caller;

	az_begin_administering("revocation", &caller);
	az_require_issuer(issuer);
	az_spi_param(&params, TEXTOID, issuer);
	az_spi_param(&params, TEXTOID, cstring_to_text(kind));
	az_spi_param(&params, TEXTOID, value);
	az_spi_param_time(&params, issued_before);
	az_spi_param_time(&params, until);
	az_spi_run("INSERT INTO authz.revocation AS r (issuer, kind, value, issued_before, until)"
		   " VALUES ($1, $2, $3, $4, $5)"
		   " ON CONFLICT (issuer, kind, value) DO UPDATE"
		   " SET issued_before = GREATEST(r.issued_before, excluded.issued_before),"
		   "	 until = CASE WHEN r.until IS NULL OR excluded.until IS NULL THEN NULL"
		   "				  ELSE GREATEST(r.until, excluded.until) END"
		   " WHERE excluded.issued_before OPERATOR(pg_catalog.>) r.issued_before"
		   "	OR excluded.until OPERATOR(pg_catalog.>) r.until"
		   "	OR (excluded.until IS NULL AND r.until IS NOT NULL)", &params);
	az_end_administering(&caller);
}

AZ_SQL(authz_revoke_token)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	text	   *jti = az_arg_text(fcinfo, 1, "token ID");
	TimestampTz until = PG_ARGISNULL(2) ? 0 : PG_GETARG_TIMESTAMPTZ(2);

	write_revocation(issuer, "token", jti, NULL, PG_ARGISNULL(2) ? NULL : &until);
	PG_RETURN_VOID();
}

AZ_SQL(authz_revoke_subject)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	text	   *subject = az_arg_text(fcinfo, 1, "subject");
	TimestampTz issued_before;

	az_arg_required(fcinfo, 2, "time of issue");
	issued_before = PG_GETARG_TIMESTAMPTZ(2);
	write_revocation(issuer, "subject", subject, &issued_before, NULL);
	PG_RETURN_VOID();
}

AZ_SQL(authz_revoke_session)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	text	   *sid = az_arg_text(fcinfo, 1, "session ID");

	write_revocation(issuer, "session", sid, NULL, NULL);
	PG_RETURN_VOID();
}

AZ_SQL(authz_revoke_actor)
{
	text	   *issuer = az_arg_text(fcinfo, 0, "issuer");
	text	   *actor = az_arg_text(fcinfo, 1, "actor");

	write_revocation(issuer, "actor", actor, NULL, NULL);
	PG_RETURN_VOID();
}

AZ_SQL(authz_prune_revocations)
{
	AzSpiParams	params = {0};
	AzCaller	caller;
	volatile uint64 n;

	az_begin_administering("revocation", &caller);
	az_trust_log_in_one("revocation");
	PG_TRY();
	{
		n = az_spi_run("DELETE FROM authz.revocation"
					   " WHERE until OPERATOR(pg_catalog.<=) pg_catalog.now()", &params);
	}
	PG_FINALLY();
	{
		az_trust_log_in_one(NULL);
	}
	PG_END_TRY();
	az_end_administering(&caller);
	if (n > 0)
		az_trust_log_many("revocation", "DELETE", (int64) n);
	PG_RETURN_INT64(n);
}
