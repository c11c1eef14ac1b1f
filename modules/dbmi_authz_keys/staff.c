/*-------------------------------------------------------------------------
 *
 * staff.c
 *	  On the board: the launcher, the databases that it looks after, and the workers.
 *
 *-------------------------------------------------------------------------
 */
#include "board_intern.h"

#include "miscadmin.h"
#include "storage/ipc.h"

/* How long the server may take to start a worker. */
#define START_LIMIT		(60 * USECS_PER_SEC)

/* No worker needs as long for one issuer, whatever the settings. */
#define LONGEST_DEADLINE	(10 * AZ_MINUTE)

static int	my_place = -1;

/* ----------------------------------------------------------------
 * The launcher
 * ----------------------------------------------------------------
 */

static void
close_board(int code, Datum arg)
{
	az_lock_board();
	az_board()->launcher = NULL;
	az_unlock_board();
}

void
az_board_open(void)
{
	before_shmem_exit(close_board, 0);
	az_lock_board();
	az_board()->launcher = MyLatch;
	az_board()->stuck = false;	/* what the last launcher has met */
	az_unlock_board();
}

/* Those that were there before are known as they were. */
static void
set_databases(const Oid *oids, int n)
{
	AzBoardDatabase databases[AZ_MAX_DATABASES] = {0};
	int			i;

	for (i = 0; i < n; i++)
	{
		const AzBoardDatabase *known = az_find_database(oids[i]);

		if (known)
			databases[i] = *known;
		databases[i].oid = oids[i];
	}
	memcpy(az_board()->databases, databases, sizeof(databases));
	az_board()->ndatabases = n;
}

void
az_board_set_databases(const Oid *databases, int n)
{
	int			i;

	az_lock_board();
	set_databases(databases, n);
	/* no worker comes for these any longer */
	for (i = 0; i < AZ_MAX_ISSUERS; i++)
	{
		if (az_board()->issuers[i].wished && az_find_database(az_board()->issuers[i].database) == NULL)
			az_board()->issuers[i].wished = false;
	}
	az_unlock_board();
}

bool
az_board_is_avoided(Oid database)
{
	bool		avoided;

	az_lock_board();
	avoided = !az_is_looked_after(database, GetCurrentTimestamp());
	az_unlock_board();
	return avoided;
}

bool
az_board_is_wished(Oid database)
{
	bool		wished = false;
	int			i;

	az_lock_board();
	for (i = 0; i < AZ_MAX_ISSUERS && !wished; i++)
		wished = az_board()->issuers[i].wished && az_board()->issuers[i].database == database;
	az_unlock_board();
	return wished;
}

int
az_board_count_workers(Oid database, AzErrand errand)
{
	int			n = 0;
	int			i;

	az_lock_board();
	for (i = 0; i < AZ_MAX_WORKERS; i++)
	{
		if (OidIsValid(az_board()->workers[i].database) && az_board()->workers[i].errand == errand &&
			(!OidIsValid(database) || az_board()->workers[i].database == database))
			n++;
	}
	az_unlock_board();
	return n;
}

int
az_board_hire(Oid database, AzErrand errand)
{
	int			place = -1;
	int			i;

	az_lock_board();
	for (i = 0; i < AZ_MAX_WORKERS && place < 0; i++)
	{
		AzBoardWorker *worker = &az_board()->workers[i];

		if (OidIsValid(worker->database))
			continue;
		worker->database = database;
		worker->errand = errand;
		worker->pid = 0;
		worker->deadline = GetCurrentTimestamp() + START_LIMIT;
		place = i;
	}
	az_unlock_board();
	return place;
}

void
az_board_dismiss(int worker)
{
	int			i;

	az_lock_board();
	memset(&az_board()->workers[worker], 0, sizeof(AzBoardWorker));
	for (i = 0; i < AZ_MAX_ISSUERS; i++)
	{
		if (az_board()->issuers[i].worker != worker)
			continue;
		az_board()->issuers[i].worker = -1;
		az_board()->issuers[i].pause = GetCurrentTimestamp() + AZ_PAUSE;
	}
	az_unlock_board();
}

void
az_board_set_stuck(bool stuck)
{
	az_lock_board();
	az_board()->stuck = stuck;
	az_unlock_board();
}

pid_t
az_board_overdue(int worker)
{
	AzBoardWorker *place = &az_board()->workers[worker];
	pid_t		pid = 0;

	az_lock_board();
	if (OidIsValid(place->database) &&
		!az_is_to_come(place->deadline, GetCurrentTimestamp(), LONGEST_DEADLINE))
	{
		pid = place->pid;
		if (pid == 0)
			memset(place, 0, sizeof(*place));	/* it never came */
	}
	az_unlock_board();
	return pid;
}

/* ----------------------------------------------------------------
 * A worker
 * ----------------------------------------------------------------
 */

/* Twice as long each time, to the longest. */
static void
note_end(Oid oid, bool good)
{
	AzBoardDatabase *database = az_find_database(oid);

	if (database == NULL)
		return;
	database->failures = good ? 0 : Min(database->failures + 1, 6);
	database->avoided = good ? 0 : GetCurrentTimestamp() +
		(AZ_FIRST_AVOIDED << (database->failures - 1));
}

int
az_my_place(void)
{
	return my_place;
}

static void
leave(bool good)
{
	Latch	   *launcher;

	if (my_place < 0)
		return;
	az_lock_board();
	note_end(az_board()->workers[my_place].database, good);
	launcher = az_board()->launcher;
	az_unlock_board();
	az_board_dismiss(my_place);
	my_place = -1;
	if (launcher)
		SetLatch(launcher);
}

static void
leave_place(int code, Datum arg)
{
	leave(false);
}

void
az_board_leave(void)
{
	leave(true);
}

bool
az_board_begin(int worker, Oid *database, AzErrand *errand)
{
	AzBoardWorker *place = &az_board()->workers[worker];
	bool		mine;

	before_shmem_exit(leave_place, 0);
	az_lock_board();
	mine = OidIsValid(place->database) && place->pid == 0;
	if (mine)
	{
		my_place = worker;
		place->pid = MyProcPid;
		*database = place->database;
		*errand = place->errand;
	}
	az_unlock_board();
	return mine;
}

void
az_board_alive(int milliseconds)
{
	az_lock_board();
	az_board()->workers[my_place].deadline =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
	az_unlock_board();
}
