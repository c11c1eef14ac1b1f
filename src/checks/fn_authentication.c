/*-------------------------------------------------------------------------
 *
 * fn_authentication.c
 *	  When the user last proved who they are.
 *
 * The claim is auth_time (OpenID Connect Core 1.0, 2).
 *
 *-------------------------------------------------------------------------
 */
#include "server/datum.h"
#include "session/session.h"
#include "utils/timestamp.h"

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
AZ_SQL(authz_authenticated_within)
{
	const AzIdentity *id = az_current();
	int64		length = PG_ARGISNULL(0) ? -1 : length_of(PG_GETARG_INTERVAL_P(0));
	int64		now;
	int64		end;

	if (id == NULL || id->authenticated == AZ_TIME_NONE || length < 0)
		PG_RETURN_BOOL(false);
	if (__builtin_add_overflow(id->authenticated, length, &end))
		end = PG_INT64_MAX;
	now = az_query_clock();
	if (now < id->authenticated_from)
	{
		az_holds_until(id->authenticated_from);
		PG_RETURN_BOOL(false);
	}
	if (now >= end)
		PG_RETURN_BOOL(false);
	az_holds_until(end);
	PG_RETURN_BOOL(true);
}
