/*-------------------------------------------------------------------------
 *
 * announced.c
 *	  Have all changes that can be seen been announced?
 *
 * A writer takes a lock before it commits, and core releases it when the
 * messages are out.  A reader that gets that lock for an instant knows that
 * everything that its snapshot shows has been announced.  It never waits: if
 * it cannot get the lock, it does not know.
 *
 * A transaction that is prepared keeps the lock until it is committed, when
 * its messages are sent.
 *
 * On a standby nobody commits; the startup process makes a commit visible and
 * sends its messages while it replays one record.  All that was visible at
 * some time is announced once everything has been replayed that had begun by
 * then.
 *
 *-------------------------------------------------------------------------
 */
#include "server/announced.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/inval.h"

/* Has the running transaction written? */
static bool written = false;
static bool defined = false;

/* The latest that was found announced in this transaction. */
static AzMoment announced;
static bool any_announced = false;

/* Advisory, of a kind that no SQL function takes. */
static const LOCKTAG *
commit_lock(void)
{
	static LOCKTAG tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0x415A, 0x415A, 3);
	return &tag;
}

void
az_note_write(void)
{
	written = true;
}

bool
az_has_written(void)
{
	return written;
}

void
az_note_definition(void)
{
	defined = true;
}

bool
az_has_defined(void)
{
	return defined;
}

/* Waits no longer than the replay of one record usually takes. */
#define REPLAY_LOOKS	10

static bool
is_replayed(void)
{
	XLogRecPtr	begun = GetCurrentReplayRecPtr(NULL);
	int			i;

	for (i = 0; i < REPLAY_LOOKS; i++)
	{
		if (GetXLogReplayRecPtr(NULL) >= begun)
			return true;
	}
	return false;
}

static bool
is_nobody_committing(void)
{
	if (LockAcquire(commit_lock(), ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	(void) LockRelease(commit_lock(), ShareLock, false);
	return true;
}

bool
az_is_announced(const AzMoment *moment)
{
	bool		told;

	if (any_announced && az_is_not_before(&announced, moment))
		return true;
	told = RecoveryInProgress() ? is_replayed() : is_nobody_committing();
	AcceptInvalidationMessages();
	if (told)
	{
		announced = *moment;
		any_announced = true;
	}
	return told;
}

static void
transaction_event(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (written || defined)
				(void) LockAcquire(commit_lock(), RowExclusiveLock, false, false);
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			written = false;
			defined = false;
			any_announced = false;
			break;
		default:
			break;
	}
}

void
az_announced_init(void)
{
	static bool registered = false;

	if (!registered)
		RegisterXactCallback(transaction_event, NULL);
	registered = true;
}
