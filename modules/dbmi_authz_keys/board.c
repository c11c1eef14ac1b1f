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
#include "board.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

#define TRANCHE			"dbmi_authz_keys"
#define MAX_ISSUERS		512
#define MAX_LOGGED		30		/* lines a minute */

#define MINUTE			(60 * USECS_PER_SEC)

/* How long a fetch that brought nothing is not repeated for a wish. */
#define PAUSE			(5 * USECS_PER_SEC)

/* Who was refused a moment before the key was there need not wish for it. */
#define STILL_FRESH		(2 * USECS_PER_SEC)

/* How long the server may take to start a worker. */
#define START_LIMIT		(60 * USECS_PER_SEC)

/* How long until the same complaint about the same issuer is repeated. */
#define LOG_AGAIN		(60 * MINUTE)

typedef struct Issuer
{
	Oid			database;		/* InvalidOid: the place is free */
	char		name[AZ_ISSUER_MAX];	/* UTF-8 */
	TimestampTz used;			/* the place that was not for longest is taken next */

	bool		wished;			/* and nobody has taken it up */
	int			worker;			/* who has; -1: nobody */
	TimestampTz began;			/* the last fetch, */
	TimestampTz done;
	bool		changed;		/* and it brought keys */
	TimestampTz pause;			/* until then no wish is taken */
	TimestampTz attempts[AZ_MAX_ISSUER_ATTEMPTS];	/* a ring */
	int			next_attempt;

	AzRemembered remembered;
	int			logged;			/* what was last complained about */
	TimestampTz logged_at;
} Issuer;

typedef struct Database
{
	Oid			oid;
	int			failures;		/* workers that did not come to their end, in a row */
	TimestampTz avoided;		/* until then */
} Database;

typedef struct Worker
{
	Oid			database;		/* InvalidOid: the place is free */
	AzErrand	errand;
	pid_t		pid;			/* 0: it is being started */
	TimestampTz deadline;		/* until then it must be heard of */
} Worker;

typedef struct Board
{
	LWLock	   *lock;
	Latch	   *launcher;		/* NULL: there is none */
	bool		stuck;
	int			ndatabases;
	Database	databases[AZ_MAX_DATABASES];
	Worker		workers[AZ_MAX_WORKERS];
	TimestampTz attempts[AZ_MAX_TOTAL_ATTEMPTS];	/* rings */
	int			next_attempt;
	TimestampTz lines[MAX_LOGGED];
	int			next_line;
	Issuer		issuers[MAX_ISSUERS];
} Board;

static Board *board = NULL;
static int	my_place = -1;

/* ----------------------------------------------------------------
 * Shared memory
 * ----------------------------------------------------------------
 */

Size
az_board_size(void)
{
	return sizeof(Board);
}

void
az_board_init(void)
{
	bool		found;
	int			i;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	board = ShmemInitStruct(TRANCHE, sizeof(Board), &found);
	if (!found)
	{
		memset(board, 0, sizeof(Board));
		board->lock = &GetNamedLWLockTranche(TRANCHE)->lock;
		for (i = 0; i < MAX_ISSUERS; i++)
			board->issuers[i].worker = -1;
	}
	LWLockRelease(AddinShmemInitLock);
}

static inline void
lock_board(void)
{
	LWLockAcquire(board->lock, LW_EXCLUSIVE);
}

static inline void
unlock_board(void)
{
	LWLockRelease(board->lock);
}

/* ----------------------------------------------------------------
 * Limits
 * ----------------------------------------------------------------
 */

/*
 * Is there room for one more within a minute?  Of a ring of n, in which the limit is
 * as many of the last as may be.
 */
static bool
has_room(const TimestampTz *ring, int n, int next, int limit, TimestampTz now)
{
	if (limit <= 0)
		return false;
	return ring[(next + n - Min(limit, n)) % n] <= now - MINUTE;
}

static void
count_one(TimestampTz *ring, int n, int *next, TimestampTz now)
{
	ring[*next] = now;
	*next = (*next + 1) % n;
}

/* ----------------------------------------------------------------
 * Issuers; under the lock
 * ----------------------------------------------------------------
 */

static Issuer *
find_issuer(Oid database, const char *name)
{
	int			i;

	for (i = 0; i < MAX_ISSUERS; i++)
	{
		Issuer	   *issuer = &board->issuers[i];

		if (issuer->database == database && strcmp(issuer->name, name) == 0)
			return issuer;
	}
	return NULL;
}

/* Would anything be lost that a limit needs, or that somebody waits for? */
static bool
is_needed(const Issuer *issuer, TimestampTz now)
{
	int			last = (issuer->next_attempt + AZ_MAX_ISSUER_ATTEMPTS - 1) % AZ_MAX_ISSUER_ATTEMPTS;

	return OidIsValid(issuer->database) &&
		(issuer->wished || issuer->worker >= 0 || issuer->attempts[last] > now - MINUTE);
}

/* A place for another one; NULL: all are needed. */
static Issuer *
free_issuer(TimestampTz now)
{
	Issuer	   *found = NULL;
	int			i;

	for (i = 0; i < MAX_ISSUERS; i++)
	{
		Issuer	   *issuer = &board->issuers[i];

		if (!OidIsValid(issuer->database))
			return issuer;
		if (!is_needed(issuer, now) && (found == NULL || issuer->used < found->used))
			found = issuer;
	}
	return found;
}

/* The issuer's place, a new one if need be.  NULL: there is none for it. */
static Issuer *
place_issuer(Oid database, const char *name, TimestampTz now)
{
	Issuer	   *issuer;

	if (strlen(name) >= AZ_ISSUER_MAX)
		return NULL;
	issuer = find_issuer(database, name);
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
 * Sessions
 * ----------------------------------------------------------------
 */

static Database *
find_database(Oid oid)
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
static bool
is_looked_after(Oid oid, TimestampTz now)
{
	const Database *database = find_database(oid);

	return database != NULL && database->avoided <= now;
}

/* Has somebody fetched it while this statement was on its way to be refused? */
static bool
came_meanwhile(const Issuer *issuer, TimestampTz now)
{
	return issuer->changed && issuer->done > now - STILL_FRESH &&
		issuer->began >= GetCurrentStatementStartTimestamp();
}

static bool
wish(const char *name, TimestampTz now)
{
	Issuer	   *issuer;

	if (board->launcher == NULL || board->stuck || !is_looked_after(MyDatabaseId, now))
		return false;
	issuer = place_issuer(MyDatabaseId, name, now);
	if (issuer == NULL)
		return false;
	if (issuer->wished || issuer->worker >= 0 || came_meanwhile(issuer, now))
		return true;
	if (now < issuer->pause ||
		!has_room(issuer->attempts, lengthof(issuer->attempts), issuer->next_attempt,
				  az_keys_attempts_per_issuer, now) ||
		!has_room(board->attempts, lengthof(board->attempts), board->next_attempt,
				  az_keys_attempts_total, now))
		return false;
	count_one(issuer->attempts, lengthof(issuer->attempts), &issuer->next_attempt, now);
	count_one(board->attempts, lengthof(board->attempts), &board->next_attempt, now);
	issuer->wished = true;
	SetLatch(board->launcher);
	return true;
}

bool
az_board_wish(const char *issuer)
{
	bool		taken;

	if (board == NULL)
		return false;
	lock_board();
	taken = wish(issuer, GetCurrentTimestamp());
	unlock_board();
	return taken;
}

/* ----------------------------------------------------------------
 * The launcher
 * ----------------------------------------------------------------
 */

static void
close_board(int code, Datum arg)
{
	lock_board();
	board->launcher = NULL;
	unlock_board();
}

void
az_board_open(void)
{
	before_shmem_exit(close_board, 0);
	lock_board();
	board->launcher = MyLatch;
	unlock_board();
}

/* Those that were there before are known as they were. */
static void
set_databases(const Oid *oids, int n)
{
	Database	databases[AZ_MAX_DATABASES] = {0};
	int			i;

	for (i = 0; i < n; i++)
	{
		const Database *known = find_database(oids[i]);

		if (known)
			databases[i] = *known;
		databases[i].oid = oids[i];
	}
	memcpy(board->databases, databases, sizeof(databases));
	board->ndatabases = n;
}

void
az_board_set_databases(const Oid *databases, int n)
{
	int			i;

	lock_board();
	set_databases(databases, n);
	/* nobody comes for these any more */
	for (i = 0; i < MAX_ISSUERS; i++)
	{
		if (board->issuers[i].wished && find_database(board->issuers[i].database) == NULL)
			board->issuers[i].wished = false;
	}
	unlock_board();
}

bool
az_board_is_avoided(Oid database)
{
	bool		avoided;

	lock_board();
	avoided = !is_looked_after(database, GetCurrentTimestamp());
	unlock_board();
	return avoided;
}

bool
az_board_is_wished(Oid database)
{
	bool		wished = false;
	int			i;

	lock_board();
	for (i = 0; i < MAX_ISSUERS && !wished; i++)
		wished = board->issuers[i].wished && board->issuers[i].database == database;
	unlock_board();
	return wished;
}

int
az_board_count_workers(Oid database, AzErrand errand)
{
	int			n = 0;
	int			i;

	lock_board();
	for (i = 0; i < AZ_MAX_WORKERS; i++)
	{
		if (OidIsValid(board->workers[i].database) && board->workers[i].errand == errand &&
			(!OidIsValid(database) || board->workers[i].database == database))
			n++;
	}
	unlock_board();
	return n;
}

int
az_board_hire(Oid database, AzErrand errand)
{
	int			place = -1;
	int			i;

	lock_board();
	for (i = 0; i < AZ_MAX_WORKERS && place < 0; i++)
	{
		Worker	   *worker = &board->workers[i];

		if (OidIsValid(worker->database))
			continue;
		worker->database = database;
		worker->errand = errand;
		worker->pid = 0;
		worker->deadline = GetCurrentTimestamp() + START_LIMIT;
		place = i;
	}
	unlock_board();
	return place;
}

void
az_board_dismiss(int worker)
{
	int			i;

	lock_board();
	memset(&board->workers[worker], 0, sizeof(Worker));
	for (i = 0; i < MAX_ISSUERS; i++)
	{
		if (board->issuers[i].worker != worker)
			continue;
		board->issuers[i].worker = -1;
		board->issuers[i].pause = GetCurrentTimestamp() + PAUSE;
	}
	unlock_board();
}

void
az_board_set_stuck(bool stuck)
{
	lock_board();
	board->stuck = stuck;
	unlock_board();
}

pid_t
az_board_overdue(int worker)
{
	Worker	   *place = &board->workers[worker];
	pid_t		pid = 0;

	lock_board();
	if (OidIsValid(place->database) && place->deadline < GetCurrentTimestamp())
	{
		pid = place->pid;
		if (pid == 0)
			memset(place, 0, sizeof(*place));	/* it never came */
	}
	unlock_board();
	return pid;
}

/* ----------------------------------------------------------------
 * A worker
 * ----------------------------------------------------------------
 */

/* Twice as long each time, to five minutes. */
static void
note_end(Oid oid, bool good)
{
	Database   *database = find_database(oid);

	if (database == NULL)
		return;
	database->failures = good ? 0 : Min(database->failures + 1, 6);
	database->avoided = good ? 0 : GetCurrentTimestamp() +
		((INT64CONST(5) << (database->failures - 1)) * USECS_PER_SEC);
}

static void
leave(bool good)
{
	Latch	   *launcher;

	if (my_place < 0)
		return;
	lock_board();
	note_end(board->workers[my_place].database, good);
	launcher = board->launcher;
	unlock_board();
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
	Worker	   *place = &board->workers[worker];
	bool		mine;

	before_shmem_exit(leave_place, 0);
	lock_board();
	mine = OidIsValid(place->database) && place->pid == 0;
	if (mine)
	{
		my_place = worker;
		place->pid = MyProcPid;
		*database = place->database;
		*errand = place->errand;
	}
	unlock_board();
	return mine;
}

void
az_board_alive(int milliseconds)
{
	lock_board();
	board->workers[my_place].deadline =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), milliseconds);
	unlock_board();
}

bool
az_board_take_wish(Oid database, char *issuer)
{
	bool		found = false;
	int			i;

	lock_board();
	for (i = 0; i < MAX_ISSUERS && !found; i++)
	{
		Issuer	   *place = &board->issuers[i];

		if (!place->wished || place->database != database)
			continue;
		place->wished = false;
		place->worker = my_place;
		strlcpy(issuer, place->name, AZ_ISSUER_MAX);
		found = true;
	}
	unlock_board();
	return found;
}

AzRemembered
az_board_recall(Oid database, const char *issuer)
{
	AzRemembered remembered = {0};
	const Issuer *place;

	lock_board();
	place = find_issuer(database, issuer);
	if (place)
		remembered = place->remembered;
	unlock_board();
	return remembered;
}

void
az_board_note(Oid database, const char *issuer, TimestampTz began, bool changed,
			  const AzRemembered *remembered)
{
	TimestampTz now = GetCurrentTimestamp();
	Issuer	   *place;

	lock_board();
	place = place_issuer(database, issuer, now);
	if (place)
	{
		if (place->worker == my_place)
		{
			place->worker = -1;
			place->pause = changed ? 0 : now + PAUSE;
		}
		place->began = began;
		place->done = now;
		place->changed = changed;
		if (remembered)
			place->remembered = *remembered;
	}
	unlock_board();
}

void
az_board_drop_wish(Oid database, const char *issuer)
{
	Issuer	   *place;

	lock_board();
	place = find_issuer(database, issuer);
	if (place && place->worker == my_place)
	{
		place->worker = -1;
		place->pause = GetCurrentTimestamp() + MINUTE;
	}
	unlock_board();
}

/* The same thing about the same issuer is no news for an hour. */
static bool
is_news(Issuer *issuer, int what, TimestampTz now)
{
	return issuer == NULL || issuer->logged != what || issuer->logged_at < now - LOG_AGAIN;
}

bool
az_board_may_log(Oid database, const char *issuer, int what)
{
	TimestampTz now = GetCurrentTimestamp();
	Issuer	   *place;
	bool		may;

	lock_board();
	place = place_issuer(database, issuer, now);
	may = is_news(place, what, now) &&
		has_room(board->lines, lengthof(board->lines), board->next_line, MAX_LOGGED, now);
	if (may)
	{
		count_one(board->lines, lengthof(board->lines), &board->next_line, now);
		if (place)
		{
			place->logged = what;
			place->logged_at = now;
		}
	}
	unlock_board();
	return may;
}

void
az_board_forget_complaint(Oid database, const char *issuer)
{
	Issuer	   *place;

	lock_board();
	place = find_issuer(database, issuer);
	if (place)
		place->logged = 0;
	unlock_board();
}
