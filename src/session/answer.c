/*-------------------------------------------------------------------------
 *
 * answer.c
 *	  What the checks of a query that starts or goes on are based on.
 *
 *-------------------------------------------------------------------------
 */
#include "session/answer.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "utils/snapmgr.h"

#include "session/handed.h"
#include "session/only_reads.h"
#include "session/stopped.h"

/*
 * What the checks of a query that starts now are based on.  Raises an error
 * when the plan was made for another identity, or, with "ends", when the
 * identity has ended.  A query without a check does not judge a token that
 * waits for a question; but every query notices that an actor may only read.
 */
AzAnswer
az_answer_for(bool guarded, bool ends, uint32 serial)
{
	AzAnswer	answer = {.guarded = guarded, .serial = serial};
	AzAdoption *current = guarded ? az_judged_candidate() : az_candidate();

	answer.snapshot = ActiveSnapshotSet() ? GetActiveSnapshot() : NULL;
	answer.login = az_login_serial();
	if (current != NULL && az_awaits_judgement(current))
		return answer;
	if (current != NULL)
	{
		answer.clock = az_unix_now();
		(void) az_look(current, answer.clock);
	}
	if (current != NULL && (guarded || current->limited != NULL))
	{
		(void) az_settle_for_query(current);
		answer.settled = current->settled;
	}
	if (guarded)
		az_check_stored(current);
	if (guarded && serial != az_identity_serial())
		az_raise_changed();
	if (current == NULL)
		return answer;
	if (current->ended == AZ_OK)
		answer.number = current->number;
	else if (guarded && ends)
		az_raise_ended(current);
	return answer;
}

static void
settle_under(AzAdoption *current, Snapshot snapshot)
{
	volatile AzAskedFor outer = az_ask_for_query();
	AzUnder		under;

	PG_TRY();
	{
		az_under(&under, snapshot);
		(void) az_settle_for_query(current);
		az_under_end(&under);
	}
	PG_FINALLY();
	{
		az_ask_for(outer);
	}
	PG_END_TRY();
}

/*
 * A query within this one may have seen something else stored for the same
 * identity.
 */
bool
az_answer_holds(const AzAnswer *answer)
{
	AzAdoption *current = az_candidate();

	if (current != NULL && current->identity != NULL &&
		current->settled != answer->settled)
		settle_under(current, answer->snapshot);
	return answer->serial == az_identity_serial();
}

bool
az_may_start(AzAnswer *answer)
{
	AzAdoption *current = az_judged_candidate();
	AzTokenState state = current ? az_look(current, az_unix_now()) : AZ_STATE_VALID;

	*answer = (AzAnswer) {.login = az_login_serial(), .snapshot = GetActiveSnapshot()};
	if (current != NULL && state == AZ_STATE_VALID)
	{
		az_check_stored(current);
		state = az_settle_for_query(current);
		answer->settled = current->settled;
	}
	if (current != NULL && current->ended == AZ_OK)
		answer->number = current->number;
	return az_may_fold(az_unless_inactive(current), state);
}

void
az_enforce_read_only(bool writes)
{
	AzAdoption *current;

	if (IsParallelWorker() || !IsTransactionState())
		return;
	current = writes ? az_judged_candidate() : az_candidate();
	if (writes && current != NULL && current->limited != NULL)
		(void) az_token_state();
	az_note_read_only(current);
	az_keep_reading();
}

void
az_enforce_read_only_of_now(void)
{
	AzAdoption *current = az_candidate();

	/* nothing writes in parallel mode, which also refuses a new snapshot */
	if (IsInParallelMode() || IsParallelWorker() || current == NULL ||
		current->identity == NULL || current->limited == NULL)
		return;
	settle_under(current, IsolationUsesXactSnapshot() ? GetTransactionSnapshot() :
				 GetLatestSnapshot());
}
