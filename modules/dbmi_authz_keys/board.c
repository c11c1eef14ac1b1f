/*-------------------------------------------------------------------------
 *
 * board.c
 *	  The board in shared memory: what sessions wish for, who is at work, and the
 *	  limits that hold.
 *
 * One lock for all of it, held for a walk over a few hundred places at most.  Only
 * refused logins and this library's own processes take it.
 *
 *-------------------------------------------------------------------------
 */
#include "board_intern.h"

#include "storage/shmem.h"

#define TRANCHE			"dbmi_authz_keys"

static AzBoard *board = NULL;

/* ----------------------------------------------------------------
 * Shared memory
 * ----------------------------------------------------------------
 */

Size
az_board_size(void)
{
	return sizeof(AzBoard);
}

void
az_board_init(void)
{
	bool		found;
	int			i;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	board = ShmemInitStruct(TRANCHE, sizeof(AzBoard), &found);
	if (!found)
	{
		memset(board, 0, sizeof(AzBoard));
		board->lock = &GetNamedLWLockTranche(TRANCHE)->lock;
		for (i = 0; i < AZ_MAX_ISSUERS; i++)
			board->issuers[i].worker = -1;
	}
	LWLockRelease(AddinShmemInitLock);
}

AzBoard *
az_board(void)
{
	return board;
}

void
az_lock_board(void)
{
	LWLockAcquire(board->lock, LW_EXCLUSIVE);
}

void
az_unlock_board(void)
{
	LWLockRelease(board->lock);
}

/* ----------------------------------------------------------------
 * Time
 * ----------------------------------------------------------------
 */

bool
az_is_to_come(TimestampTz then, TimestampTz now, int64 most)
{
	return then > now && then <= now + most;
}

bool
az_is_recent(TimestampTz then, TimestampTz now, int64 most)
{
	return then <= now && then > now - most;
}

/* ----------------------------------------------------------------
 * Limits
 * ----------------------------------------------------------------
 */

/*
 * Is there room for one more within a minute?  Of a ring of n, in which the limit is
 * as many of the last as may be.
 */
bool
az_has_room(const TimestampTz *ring, int n, int next, int limit, TimestampTz now)
{
	if (limit <= 0)
		return false;
	return !az_is_recent(ring[(next + n - Min(limit, n)) % n], now, AZ_MINUTE);
}

void
az_count_one(TimestampTz *ring, int n, int *next, TimestampTz now)
{
	ring[*next] = now;
	*next = (*next + 1) % n;
}

/* ----------------------------------------------------------------
 * Issuers; under the lock
 * ----------------------------------------------------------------
 */

AzBoardIssuer *
az_find_issuer(Oid database, const char *name)
{
	int			i;

	for (i = 0; i < AZ_MAX_ISSUERS; i++)
	{
		AzBoardIssuer *issuer = &board->issuers[i];

		if (issuer->database == database && strcmp(issuer->name, name) == 0)
			return issuer;
	}
	return NULL;
}

/* Would anything be lost that a limit needs, or that somebody waits for? */
static bool
is_needed(const AzBoardIssuer *issuer, TimestampTz now)
{
	int			last = (issuer->next_attempt + AZ_MAX_ISSUER_ATTEMPTS - 1) % AZ_MAX_ISSUER_ATTEMPTS;

	return OidIsValid(issuer->database) &&
		(issuer->wished || issuer->worker >= 0 || az_is_recent(issuer->attempts[last], now, AZ_MINUTE));
}

/* A place for another one; NULL: all are needed. */
static AzBoardIssuer *
free_issuer(TimestampTz now)
{
	AzBoardIssuer *found = NULL;
	int			i;

	for (i = 0; i < AZ_MAX_ISSUERS; i++)
	{
		AzBoardIssuer *issuer = &board->issuers[i];

		if (!OidIsValid(issuer->database))
			return issuer;
		if (!is_needed(issuer, now) && (found == NULL || issuer->used < found->used))
			found = issuer;
	}
	return found;
}

/* The issuer's place, a new one if need be.  NULL: there is none for it. */
AzBoardIssuer *
az_place_issuer(Oid database, const char *name, TimestampTz now)
{
	AzBoardIssuer *issuer;

	if (strlen(name) >= AZ_ISSUER_MAX)
		return NULL;
	issuer = az_find_issuer(database, name);
	if (issuer == NULL)
	{
		issuer = free_issuer(now);
		if (issuer == NULL)
			return NULL;
		memset(issuer, 0, sizeof(*issuer));
		issuer->database = database;
		issuer->worker = -1;
		strlcpy(issuer->name, name, sizeof(issuer->name));
	}
	issuer->used = now;
	return issuer;
}

/* ----------------------------------------------------------------
 * Databases; under the lock
 * ----------------------------------------------------------------
 */

AzBoardDatabase *
az_find_database(Oid oid)
{
	int			i;

	for (i = 0; i < board->ndatabases; i++)
	{
		if (board->databases[i].oid == oid)
			return &board->databases[i];
	}
	return NULL;
}

/* Are wishes from there taken? */
bool
az_is_looked_after(Oid oid, TimestampTz now)
{
	const AzBoardDatabase *database = az_find_database(oid);

	return database != NULL && !az_is_to_come(database->avoided, now, AZ_LONGEST_AVOIDED);
}
