/*-------------------------------------------------------------------------
 *
 * told.c
 *	  The identity that other servers have been told of in this transaction.
 *
 * A listener may have forgotten what it was told in a subtransaction that has
 * ended since, whether it was committed or not:  Citus forgets it at RELEASE,
 * too.  Core says whether one is still open, and no two of a transaction have
 * one number.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/told.h"

#include "access/xact.h"
#include "storage/proc.h"

#include "session/adoption.h"

bool
az_was_told(const AzTold *told)
{
	return told->lxid != InvalidLocalTransactionId && told->lxid == az_local_xid();
}

bool
az_knows(const AzTold *told, uint32 serial)
{
	return az_was_told(told) && told->subxact != InvalidSubTransactionId &&
		told->serial == serial && SubTransactionIsActive(told->subxact) &&
		(serial == 0 || az_unix_now() < told->renew_at);
}

void
az_note_told(AzTold *told, uint32 serial, int64 renew_at)
{
	told->lxid = az_local_xid();
	told->serial = serial;
	told->subxact = GetCurrentSubTransactionId();
	told->renew_at = renew_at;
}

void
az_forget_told(AzTold *told)
{
	told->lxid = az_local_xid();
	told->subxact = InvalidSubTransactionId;
}
