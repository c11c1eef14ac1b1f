/*-------------------------------------------------------------------------
 *
 * asked.c
 *	  Under which snapshot is a question answered?
 *
 *-------------------------------------------------------------------------
 */
#include "server/asked.h"

#include "access/xact.h"
#include "utils/snapmgr.h"

static AzAskedFor asked_for = {false, NULL};

/*
 * Core plans under the snapshot of whoever asks for the plan, but a statement of
 * a volatile function runs under a new one.
 *
 * A utility statement may have none.  It must not take the transaction's first
 * one, which SET TRANSACTION could not change any more.
 */
Snapshot
az_asked_snapshot(void)
{
	if (asked_for.start != NULL)
		return asked_for.start;
	if (ActiveSnapshotSet())
		return asked_for.plan ? GetTransactionSnapshot() : GetActiveSnapshot();
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
	az_under(under, az_asked_snapshot());
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
	asked_for = asked;
}

static AzAskedFor
ask_for(bool plan, Snapshot start)
{
	AzAskedFor	outer = asked_for;

	asked_for.plan = plan;
	asked_for.start = start;
	return outer;
}

AzAskedFor
az_ask_for_query(void)
{
	return ask_for(false, NULL);
}

AzAskedFor
az_ask_for_plan(void)
{
	return ask_for(true, asked_for.start);
}

AzAskedFor
az_ask_for_start(Snapshot snapshot)
{
	return ask_for(false, snapshot);
}
