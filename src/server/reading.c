/*-------------------------------------------------------------------------
 *
 * reading.c
 *	  For which snapshots is something valid that was read from tables?
 *
 * Three facts, of which one alone is not enough:
 *
 *	- No change was announced since it was read (the epoch). - Neither snapshot
 *	is older than the changes that were announced (since). - All changes that
 *	either snapshot can show have been announced (announced.h).
 *
 * An equal snapshot needs only the first fact, and that only because old
 * snapshots see a TRUNCATE, too.
 *
 * A transaction that has written there itself keeps nothing.  Two snapshots that
 * are equal can show it different rows: those of a statement that is running, and
 * those of a part that was rolled back.
 *
 * Each SERIALIZABLE transaction reads it once, so that core knows what the
 * transaction depends on.
 *
 *-------------------------------------------------------------------------
 */
#include "server/reading.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "storage/proc.h"
#include "utils/snapmgr.h"

#include "server/announced.h"

static bool outdated = false;

bool
az_take_outdated(void)
{
	bool		was = outdated;

	outdated = false;
	return was;
}

void
az_note_outdated(void)
{
	outdated = true;
}

/*
 * From which moment on can all be seen that was announced so far?  From now
 * on, because now is later than all of that.
 */
static void
note_changes(AzSource *source, uint64 epoch)
{
	if (source->noted == epoch && source->since.replayed == RecoveryInProgress())
		return;
	source->since = az_moment_now();
	source->noted = epoch;
}

static bool
is_unchanged(const AzReading *reading, AzSource *source, const AzMoment *moment)
{
	/* the later one is what matters, and what was found out is remembered */
	if (!az_is_announced(moment) || !az_is_announced(&reading->moment) ||
		reading->epoch != source->epoch(source))
		return false;
	note_changes(source, reading->epoch);
	return az_is_not_before(&reading->moment, &source->since) &&
		az_is_not_before(moment, &source->since);
}

bool
az_reading_serves(const AzReading *reading, AzSource *source)
{
	AzMoment	moment;

	if (az_has_written() ||
		(IsolationIsSerializable() && reading->lxid != az_local_xid()))
		return false;
	moment = az_moment_of(GetActiveSnapshot());
	if (!az_is_same_moment(&reading->moment, &moment))
		return is_unchanged(reading, source, &moment);
	if (reading->epoch != source->epoch(source))
		return false;
	outdated = outdated || reading->outdated;
	return true;
}

AzReading
az_begin_reading(AzSource *source)
{
	AzReading	reading = {.moment = az_moment_of(GetActiveSnapshot())};

	(void) az_is_announced(&reading.moment);
	reading.epoch = source->epoch(source);
	note_changes(source, reading.epoch);
	if (az_has_written())
		reading.epoch = 0;
	reading.lxid = az_local_xid();
	reading.outdated = !az_is_not_before(&reading.moment, &source->since);
	outdated = outdated || reading.outdated;
	return reading;
}
