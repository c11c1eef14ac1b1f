/*-------------------------------------------------------------------------
 *
 * neighbour.c
 *	  Does somebody need the database for himself?
 *
 *-------------------------------------------------------------------------
 */
#include "neighbour.h"

#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "storage/lock.h"

/*
 * A process that waits for the database to be left holds a lock on it.  Ours
 * is the one that every new connection takes for a moment; we take it without
 * waiting, as the session's and not a transaction's.
 */
bool
az_database_is_needed(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
	if (LockAcquire(&tag, RowExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	(void) LockRelease(&tag, RowExclusiveLock, true);
	return false;
}
