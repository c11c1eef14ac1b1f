/*-------------------------------------------------------------------------
 *
 * asked.c
 *	  Under which snapshot is a question answered?
 *
 *-------------------------------------------------------------------------
 */
#include "server/asked.h"

#include "access/xact.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

static AzAskedFor asked_for = {false, NULL};

/*
 * Core plans under the snapshot of the code that asks for the plan, but a
 * statement of a volatile function runs under a new one.  Answers under
 * different snapshots would make a plan that is right for no identity.
 */
static Snapshot
snapshot_of_plan(void)
{
	if (asked_for.snapshot == NULL)
		asked_for.snapshot = RegisterSnapshotOnOwner(GetTransactionSnapshot(),
													 TopTransactionResourceOwner);
	return asked_for.snapshot;
}

/*
 * A utility statement may have none.  It must not take the transaction's first
 * one, which SET TRANSACTION could then no longer change.  It may be one that
 * core uses again.
 */
static Snapshot
asked_snapshot(void)
{
	if (ActiveSnapshotSet())
		return asked_for.plan ? snapshot_of_plan() : GetActiveSnapshot();
	if (IsolationUsesXactSnapshot() && FirstSnapshotSet)
		return GetTransactionSnapshot();
	return GetCatalogSnapshot(InvalidOid);
}

void
az_under(AzUnder *under, Snapshot snapshot)
{
	under->pushed = snapshot != NULL &&
		(!ActiveSnapshotSet() || GetActiveSnapshot() != snapshot);
	if (under->pushed)
		PushActiveSnapshot(snapshot);
}

void
az_under_asked(AzUnder *under)
{
	az_under(under, asked_snapshot());
}

void
az_under_end(const AzUnder *under)
{
	if (under->pushed)
		PopActiveSnapshot();
}

void
az_ask_for(AzAskedFor asked)
{
	if (asked_for.snapshot != NULL)
		UnregisterSnapshotFromOwner(asked_for.snapshot, TopTransactionResourceOwner);
	asked_for = asked;
}

static AzAskedFor
ask_for(bool plan)
{
	AzAskedFor	outer = asked_for;

	asked_for.plan = plan;
	asked_for.snapshot = NULL;
	return outer;
}

AzAskedFor
az_ask_for_query(void)
{
	return ask_for(false);
}

AzAskedFor
az_ask_for_plan(void)
{
	return ask_for(true);
}

bool
az_is_asked_for_plan(void)
{
	return asked_for.plan;
}
