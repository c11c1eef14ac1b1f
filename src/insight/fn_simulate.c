/*-------------------------------------------------------------------------
 *
 * fn_simulate.c
 *	  simulate(): be somebody, unsigned, for the rest of the transaction.
 *
 * The only way for a session to get an identity without a signature.  It is
 * open to those who may write the trust anyway, and such an identity only
 * reads.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/xact.h"

#include "insight/simulation.h"
#include "server/datum.h"
#include "server/discretion.h"
#include "server/guc.h"
#include "session/change.h"
#include "session/login.h"
#include "session/session.h"
#include "trust/admin.h"

/* A subtransaction cannot write without a number for the whole. */
static bool
has_written(void)
{
	return TransactionIdIsValid(GetTopTransactionIdIfAny()) || az_is_writing();
}

static void
check_has_not_written(void)
{
	if (has_written())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("cannot simulate an identity in a transaction that has written"),
				 errhint("Simulate first, in a transaction of its own: it is read-only from then on.")));
}

static void
log_simulation(const AzIdentity *id)
{
	const AzNode *issuer = az_scalar_or_null(&id->issuer);
	text	   *subject = az_subject_of(id);
	StringInfoData line;

	az_begin_line(&line);
	az_add_to_line(&line, "issuer", issuer ? az_node_bytes(id, issuer) : NULL,
				   issuer ? az_node_len(issuer) : 0);
	az_add_to_line(&line, "subject", subject ? VARDATA_ANY(subject) : NULL,
				   subject ? VARSIZE_ANY_EXHDR(subject) : 0);
	az_log_line(&line, "identity simulated");
}

/* The identity is adopted only after the line was written to the log. */
static void
simulate(const text *claims, const char *issuer)
{
	AzVerifiedToken identity;

	az_claims_argument(claims, issuer, &identity);
	if (!az_simulate_writes)
		check_has_not_written();
	log_simulation(identity.identity);
	az_adopt_simulated(&identity);
	if (!az_simulate_writes)
		az_only_read();
}

AZ_SQL(authz_simulate)
{
	AzDiscretion discretion;

	az_check_owns_database("simulate");
	az_check_may_change();
	/* the statement holds claims */
	az_discretion_begin(&discretion);
	simulate(PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0),
			 PG_ARGISNULL(1) ? NULL : az_issuer_argument(PG_GETARG_TEXT_PP(1)));
	az_discretion_end(&discretion);
	PG_RETURN_VOID();
}

AZ_SQL(authz_is_simulated)
{
	PG_RETURN_BOOL(az_is_simulated());
}
