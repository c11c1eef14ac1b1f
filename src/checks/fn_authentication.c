/*-------------------------------------------------------------------------
 *
 * fn_authentication.c
 *	  When the user last proved who they are, and the demand for another login
 *	  where that is too long ago or was too weak.
 *
 * The claims are auth_time and acr (OpenID Connect Core 1.0, 2).
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "server/datum.h"
#include "session/denial.h"
#include "session/session.h"

AZ_SQL(authz_authenticated_at)
{
	const AzIdentity *id = az_current();

	if (id == NULL || id->authenticated == AZ_TIME_NONE ||
		!IS_VALID_TIMESTAMP(id->authenticated - AZ_EPOCH_SHIFT))
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(id->authenticated - AZ_EPOCH_SHIFT);
}

/*
 * As intervals compare: a day has 24 hours, a month 30 days, whatever the time
 * zone.  Saturated.
 */
static int64
length_of(const Interval *interval)
{
	int64		days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	int64		length;

	if (__builtin_mul_overflow(days, USECS_PER_DAY, &length) ||
		__builtin_add_overflow(length, interval->time, &length))
		return days > 0 ? PG_INT64_MAX : PG_INT64_MIN;
	return length;
}

/* True from auth_time on, less the leeway, and for that long. */
static bool
is_within(const AzIdentity *id, int64 length)
{
	int64		now;
	int64		end;

	if (id == NULL || id->authenticated == AZ_TIME_NONE || length < 0)
		return false;
	if (__builtin_add_overflow(id->authenticated, length, &end))
		end = PG_INT64_MAX;
	now = az_query_clock();
	if (now < id->authenticated_from)
	{
		az_holds_until(id->authenticated_from);
		return false;
	}
	if (now >= end)
		return false;
	az_holds_until(end);
	return true;
}

AZ_SQL(authz_authenticated_within)
{
	const AzIdentity *id = az_current();

	PG_RETURN_BOOL(is_within(id, PG_ARGISNULL(0) ? -1 :
							 length_of(PG_GETARG_INTERVAL_P(0))));
}

/* ---- another login (RFC 9470) ---- */

/* Can a challenge name it: one word of what a quoted string may hold? */
static bool
is_word(const char *value)
{
	const char *c;

	for (c = value; *c; c++)
	{
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
			return false;
	}
	return c > value;
}

/* In order of preference, those that find room. */
static void
append_acr(AzStepUp *wanted, const char *acr)
{
	size_t		used = strlen(wanted->acr_values);

	if (used + 1 + strlen(acr) >= sizeof(wanted->acr_values))
		return;
	if (used > 0)
		wanted->acr_values[used++] = ' ';
	strcpy(wanted->acr_values + used, acr);
}

/* One of these, where they are given. */
static void
read_acrs(FunctionCallInfo fcinfo, AzStepUp *wanted)
{
	AzList		list;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	if (!az_requirements_open(&list, fcinfo, 0))
		return;
	az_list_close(&list);
	deconstruct_array(DatumGetArrayTypeP(PG_GETARG_DATUM(0)), TEXTOID, -1, false,
					  TYPALIGN_INT, &values, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		char	   *acr = nulls[i] ? NULL : TextDatumGetCString(values[i]);

		if (acr == NULL)
			continue;
		if (!is_word(acr))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("acr must be one word"),
					 errdetail("A challenge names acrs with spaces between them, in printable ASCII without quote and backslash.")));
		append_acr(wanted, acr);
	}
}

/* Not longer ago than this; -1: not given. */
static int64
read_within(FunctionCallInfo fcinfo)
{
	int64		length;

	if (PG_ARGISNULL(1))
		return -1;
	length = length_of(PG_GETARG_INTERVAL_P(1));
	if (length < USECS_PER_SEC)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("interval must be one second at least"),
				 errdetail("No login would be recent enough.")));
	return length;
}

static bool
has_any_acr(FunctionCallInfo fcinfo, const AzIdentity *id)
{
	AzList		acrs;
	bool		held;

	az_list_read(&acrs, PG_GETARG_DATUM(0));
	held = az_list_any(&acrs, az_claim_is, id, &id->acr);
	az_list_close(&acrs);
	return held;
}

/*
 * A challenge names all that is wanted, also what this login had: the next one
 * must have it as well.
 */
AZ_SQL(authz_require_step_up)
{
	const AzIdentity *id = az_current();
	AzStepUp	wanted = {.max_age = -1};
	int64		within;
	const char *description = NULL;

	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("neither acrs nor an interval is given"),
				 errhint("Say which acrs would do, or how long ago the login may be, or both.")));
	read_acrs(fcinfo, &wanted);
	within = read_within(fcinfo);
	if (within >= 0)
		wanted.max_age = within / USECS_PER_SEC;
	id = az_current_required();
	if (!PG_ARGISNULL(0) && !has_any_acr(fcinfo, id))
		description = "A different authentication level is required";
	else if (within >= 0 && !is_within(id, within))
		description = "More recent authentication is required";
	if (description)
		az_raise_weak_login(&wanted, description,
							az_denied_arguments_json(fcinfo, "acrs", "within", NULL));
	PG_RETURN_VOID();
}
