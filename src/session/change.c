/*-------------------------------------------------------------------------
 *
 * change.c
 *	  May the identity change now?
 *
 *-------------------------------------------------------------------------
 */
#include "session/change.h"

#include "miscadmin.h"

#include "server/report.h"
#include "session/answer.h"
#include "session/base.h"
#include "session/only_reads.h"

static const AzNoChange query_asks = {
	ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
	"cannot change the identity while a query that asked for it is running",
	"Change it in a statement of its own, before or after the query."
};

static const AzNoChange restricted = {
	ERRCODE_INSUFFICIENT_PRIVILEGE,
	"cannot change the identity within a security-restricted operation",
	"Change it outside of the index, materialized view or other code that runs with its owner's rights."
};

static const AzNoChange other_subject = {
	ERRCODE_INSUFFICIENT_PRIVILEGE,
	AZ_OTHER_SUBJECT_MESSAGE,
	AZ_OTHER_SUBJECT_HINT
};

static const AzNoChange reader_writes = {
	ERRCODE_READ_ONLY_SQL_TRANSACTION,
	"cannot log in an actor that only reads while a query that writes is running",
	"Set the token in a statement of its own, before the query."
};

static const AzNoChange query_writes = {
	ERRCODE_READ_ONLY_SQL_TRANSACTION,
	"cannot reset the identity to an actor that only reads while a query that writes is running",
	"Reset it in a statement of its own, before or after the query."
};

void
az_raise_no_change(const AzNoChange *why)
{
	az_raise(why->sqlstate, why->message, NULL, NULL, why->hint);
}

const AzNoChange *
az_why_no_change(void)
{
	if (az_query_asks())
		return &query_asks;
	return InSecurityRestrictedOperation() ? &restricted : NULL;
}

const AzNoChange *
az_why_not_as(const AzIdentity *id)
{
	return az_may_log_in(id) ? NULL : &other_subject;
}

const AzNoChange *
az_why_no_reader(void)
{
	return az_is_writing() ? &reader_writes : NULL;
}

void
az_check_may_change(void)
{
	const AzNoChange *why = az_why_no_change();

	if (why != NULL)
		az_raise_no_change(why);
}

void
az_check_may_reset(void)
{
	if (!az_may_be_reset())
		return;
	az_check_may_change();
	if (az_base_must_wait())
		az_raise_no_change(&query_writes);
}

/* set_config() with NULL puts the setting back and asks nobody. */
void
az_check_unchanged(const AzAnswer *answer)
{
	if (answer->guarded && !az_answer_holds(answer))
		az_raise_no_change(&query_asks);
}
