/*-------------------------------------------------------------------------
 *
 * fn_sessions.c
 *	  sessions(): who is logged in, in which session of the database.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "server/datum.h"
#include "stats/sessions.h"
#include "trust/admin.h"

static void
check_shown(void)
{
	if (!az_sessions_are_shown())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("sessions do not know of one another"),
				 errhint("Add dbmi_authz to shared_preload_libraries, and restart the server.")));
}

/*
 * As token_state() would say in that session, as far as this one can know: that it
 * is too late, but not what that session has not looked at yet.
 */
static const char *
state_name(const AzShownSession *session, int64 now)
{
	switch (session->state)
	{
		case AZ_STATE_EXPIRED:
			return "expired";
		case AZ_STATE_REVOKED:
			return "revoked";
		default:
			break;
	}
	if (now >= session->deadline)
		return "expired";
	return session->inactive ? "inactive" : "valid";
}

static void
put_session(ReturnSetInfo *result, const AzShownSession *session, int64 now)
{
	Datum		values[7] = {0};
	bool		nulls[7] = {0};
	int			i;

	values[0] = Int32GetDatum(session->pid);
	for (i = 0; i < AZ_N_SHOWN_NAMES; i++)
	{
		nulls[1 + i] = session->length[i] < 0;
		if (!nulls[1 + i])
			values[1 + i] = PointerGetDatum(cstring_to_text_with_len(session->name[i],
																	 session->length[i]));
	}
	values[4] = TimestampTzGetDatum(session->since);
	values[5] = TimestampTzGetDatum(az_expiry_of(session->expires));
	values[6] = CStringGetTextDatum(state_name(session, now));
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

AZ_SQL(authz_sessions)
{
	AzShownSession session;
	int64		now = az_unix_now();
	int			place = 0;

	az_check_owns_database("sessions");
	check_shown();
	InitMaterializedSRF(fcinfo, 0);
	while (az_next_session(&place, &session))
		put_session((ReturnSetInfo *) fcinfo->resultinfo, &session, now);
	PG_RETURN_NULL();
}
