/*-------------------------------------------------------------------------
 *
 * counts_shared.c
 *	  The counts of all sessions, in shared memory.
 *
 * When a process ends, its counts become those of its database; that, and its first
 * count, are the only moments at which it takes a lock.
 *
 * Counts never go back.  A reset remembers what they were, and readers
 * subtract that, so no other process is affected.
 *
 *-------------------------------------------------------------------------
 */
#include "server/counts_intern.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/timestamp.h"

#include "server/shared.h"

/* Databases whose counts are kept apart when their sessions have ended. */
#define MAX_DATABASES	128

typedef struct Place
{
	Oid			database;		/* InvalidOid: the entry is free */
	AzCounts	counts;
} Place;

typedef struct Database
{
	Oid			oid;
	int			sessions;		/* processes that count for it now */
	uint64		used;			/* when, in Shared.moves, one of them came or went */
	TimestampTz since;
	AzCounts	ended;			/* of the sessions that have ended */
	AzCounts	forgotten;		/* what all were at the last reset */
} Database;

typedef struct Shared
{
	uint64		moves;
	TimestampTz since;
	Database	others;			/* had to make room */
	Database	databases[MAX_DATABASES];
	char		places[FLEXIBLE_ARRAY_MEMBER];
} Shared;

static Shared *shared = NULL;

static Place *my_place = NULL;


/* Places and databases; callers hold the lock */

/* No two processes write to the same cache line. */
#define PLACE_SIZE	TYPEALIGN(PG_CACHE_LINE_SIZE, sizeof(Place))

static Place *
place_at(int i)
{
	return (Place *) ((char *) TYPEALIGN(PG_CACHE_LINE_SIZE, shared->places) + i * PLACE_SIZE);
}

static Database *
find_database(Oid oid)
{
	int			i;

	if (!OidIsValid(oid))
		return &shared->others;
	for (i = 0; i < MAX_DATABASES; i++)
	{
		if (shared->databases[i].oid == oid)
			return &shared->databases[i];
	}
	return NULL;
}

/*
 * An entry that is free, or that had no session for the longest time; NULL:
 * none.
 */
static Database *
find_room(void)
{
	Database   *oldest = NULL;
	int			i;

	for (i = 0; i < MAX_DATABASES; i++)
	{
		Database   *database = &shared->databases[i];

		if (!OidIsValid(database->oid))
			return database;
		if (database->sessions == 0 && (oldest == NULL || database->used < oldest->used))
			oldest = database;
	}
	return oldest;
}

/* Its counts go to those of the others. */
static void
displace(Database *database)
{
	if (!OidIsValid(database->oid))
		return;
	shared->others.used = ++shared->moves;
	az_subtract_counts(&database->ended, &database->forgotten);
	az_add_counts(&shared->others.ended, &database->ended);
}

static int
count_places(Oid oid)
{
	int			n = 0;
	int			i;

	for (i = 0; i < az_shared_places(); i++)
		n += place_at(i)->database == oid;
	return n;
}

/* The entry of a database; that of the others if there is no room. */
static Database *
get_database(Oid oid, TimestampTz now)
{
	Database   *database = find_database(oid);

	if (database != NULL)
		return database;
	database = find_room();
	if (database == NULL)
		return &shared->others;
	displace(database);
	memset(database, 0, sizeof(*database));
	database->oid = oid;
	/* they came while there was no room */
	database->sessions = count_places(oid);
	/* what it had counted before may be with the others */
	database->since = shared->others.used == 0 ? shared->since : now;
	return database;
}

static void
add_sessions(Oid oid, AzCounts *counts)
{
	int			n = az_shared_places();
	int			i;

	for (i = 0; i < n; i++)
	{
		if (place_at(i)->database == oid)
			az_add_counts(counts, &place_at(i)->counts);
	}
}


/*
 * A process comes and goes
 */

/*
 * Its counts go to its database, also if that got room after this process came: a
 * reset may have taken them from it.
 */
static void
leave(int code, Datum arg)
{
	Database   *database;

	az_counts_leave_place();
	LWLockAcquire(az_shared_lock(), LW_EXCLUSIVE);
	database = find_database(my_place->database);
	if (database == NULL)
		database = &shared->others;
	az_add_counts(&database->ended, &my_place->counts);
	database->sessions--;
	database->used = ++shared->moves;
	memset(my_place, 0, sizeof(*my_place));
	LWLockRelease(az_shared_lock());
	my_place = NULL;
}

AzCounts *
az_take_count_place(const AzCounts *begun)
{
	int			i = shared ? az_shared_place() : -1;
	TimestampTz now = GetCurrentTimestamp();
	Database   *database;

	if (i < 0 || proc_exit_inprogress)
		return NULL;
	before_shmem_exit(leave, (Datum) 0);
	LWLockAcquire(az_shared_lock(), LW_EXCLUSIVE);
	my_place = place_at(i);
	database = get_database(MyDatabaseId, now);
	database->sessions++;
	database->used = ++shared->moves;
	my_place->counts = *begun;
	my_place->database = MyDatabaseId;
	LWLockRelease(az_shared_lock());
	return &my_place->counts;
}


/*
 * Reading
 */

bool
az_counts_are_shared(void)
{
	return shared != NULL;
}

void
az_read_shared_counts(Oid database, AzCounts *counts, TimestampTz *since)
{
	const Database *found;

	memset(counts, 0, sizeof(*counts));
	*since = shared->since;
	LWLockAcquire(az_shared_lock(), LW_SHARED);
	if (OidIsValid(database))
		add_sessions(database, counts);
	found = find_database(database);
	if (found != NULL)
	{
		az_add_counts(counts, &found->ended);
		az_subtract_counts(counts, &found->forgotten);
		*since = found->since;
	}
	LWLockRelease(az_shared_lock());
}

bool
az_reset_shared_counts(Oid oid)
{
	TimestampTz now = GetCurrentTimestamp();
	Database   *database;
	bool		done;

	LWLockAcquire(az_shared_lock(), LW_EXCLUSIVE);
	database = get_database(oid, now);
	done = database != &shared->others;
	if (done)
	{
		database->forgotten = database->ended;
		add_sessions(oid, &database->forgotten);
		database->since = now;
	}
	LWLockRelease(az_shared_lock());
	return done;
}

static int
add_oid(Oid *oids, int n, Oid oid)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (oids[i] == oid)
			return n;
	}
	oids[n] = oid;
	return n + 1;
}

/* The others, if any had to make room, come last. */
Oid *
az_shared_counted_databases(int *n)
{
	int			places = az_shared_places();
	Oid		   *oids = palloc((MAX_DATABASES + places + 1) * sizeof(Oid));
	int			i;

	*n = 0;
	LWLockAcquire(az_shared_lock(), LW_SHARED);
	for (i = 0; i < MAX_DATABASES; i++)
	{
		if (OidIsValid(shared->databases[i].oid))
			oids[(*n)++] = shared->databases[i].oid;
	}
	for (i = 0; i < places; i++)
	{
		if (OidIsValid(place_at(i)->database))
			*n = add_oid(oids, *n, place_at(i)->database);
	}
	if (shared->others.used != 0)
		oids[(*n)++] = InvalidOid;
	LWLockRelease(az_shared_lock());
	return oids;
}


/*
 * The area
 */

static Size
size(void)
{
	return add_size(offsetof(Shared, places),
					mul_size(PLACE_SIZE, az_shared_places() + 1));
}

static void
set_up(void *place)
{
	Shared	   *area = place;

	area->since = GetCurrentTimestamp();
	area->others.since = area->since;
}

void
az_counts_init(void)
{
	static const AzSharedArea area = {"dbmi_authz counts", size, set_up, (void **) &shared};

	az_share_area(&area);
}
