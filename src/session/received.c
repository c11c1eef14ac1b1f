/*-------------------------------------------------------------------------
 *
 * received.c
 *	  An assertion of another server is received.
 *
 * Citus sends the settings that it has collected in a transaction on each
 * further connection, so an assertion may be stale.  Such an assertion is
 * refused without an error, and questions for the identity raise one.
 *
 *-------------------------------------------------------------------------
 */
#include "session/received.h"

#include "access/xact.h"

#include "server/report.h"
#include "session/candidate.h"
#include "session/change.h"
#include "session/login_line.h"
#include "session/presented.h"
#include "session/stopped.h"

bool
az_may_receive(const char *assertion, size_t len)
{
	return IsTransactionState() && az_asserts(assertion, len) && az_takes_assertions();
}

/*
 * An empty one counts as no assertion; no value at all is another thing
 * (handed.c).
 */
static void
refuse(const char *assertion, size_t len, AzReason reason)
{
	az_reject_handed(reason == AZ_TOKEN_MISSING ? AZ_ASSERTION_EXPECTED : reason);
	az_log_login_refused_for(assertion, len, reason);
}

/* NULL: *reason says why. */
static AzAdoption *
adopt(const char *assertion, size_t len, AzRoad road, AzReason *reason)
{
	AzVerifiedToken verified;
	AzAdoption *adoption;

	az_judge_login();
	*reason = az_verify_asserted(assertion, len, az_unix_now(), road, &verified);
	if (*reason != AZ_OK)
		return NULL;
	adoption = az_make_adoption(&verified);
	if (adoption == NULL)
	{
		*reason = AZ_NO_MEMORY;
		return NULL;
	}
	az_count_login(&verified);
	return adoption;
}

static const AzNoChange *
why_not(const AzAdoption *adoption)
{
	const AzNoChange *why = az_why_not_as(adoption->identity);

	return why == NULL && adoption->read_only ? az_why_no_reader() : why;
}

/* R8: an error also leaves nobody in force. */
static AzAdoption *
adopt_or_refuse(const char *assertion, size_t len, AzRoad road, AzReason *reason)
{
	AzAdoption *volatile adoption = NULL;

	PG_TRY();
	{
		const AzNoChange *why;

		adoption = adopt(assertion, len, road, reason);
		why = adoption ? why_not(adoption) : NULL;
		if (why != NULL)
			az_raise_no_change(why);
		if (adoption != NULL)
			az_log_login_accepted(adoption->identity);
	}
	PG_CATCH();
	{
		az_guc_free(adoption);
		refuse(assertion, len, AZ_NO_MEMORY);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return adoption;
}

AzAdoption *
az_receive(const char *assertion, size_t len, AzRoad road)
{
	const AzNoChange *no_change = az_why_no_change();
	AzAdoption *adoption;
	AzReason	reason;

	if (no_change != NULL)
		az_raise_no_change(no_change);
	adoption = adopt_or_refuse(assertion, len, road, &reason);
	if (adoption != NULL)
		return adoption;
	refuse(assertion, len, reason);
	if (road == AZ_ROAD_FOREIGN)
	{
		const AzReasonInfo *info = az_reason_info(reason);

		az_raise(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, AZ_HANDED_REFUSED_MESSAGE,
				 info->error, info->description, info->hint);
	}
	return NULL;
}

AzAdoption *
az_receive_nobody(void)
{
	az_check_may_change();
	return az_make_nobody(true);
}
