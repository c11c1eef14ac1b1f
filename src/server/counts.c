/*-------------------------------------------------------------------------
 *
 * counts.c
 *	  What happened how often.
 *
 * Each process counts in a place of its own, with plain increments: there is
 * nothing to be sent, to wait for or to forget at the end of a transaction, and
 * who reads adds up.  When a process ends, its counts become those of its
 * database; that, and the first thing that it counts, are the only moments at
 * which a lock is taken.
 *
 * Counts never go back.  A reset remembers what they were, and who reads
 * subtracts that, so nobody else is concerned.
 *
 * On a machine that does not read 64 bits at once, somebody who reads may see a
 * count torn, once.  It decides nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "server/counts.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "server/shared.h"

/* Databases whose counts are kept apart when their sessions have ended. */
#define MAX_DATABASES	128

typedef struct Place
{
	Oid			database;		/* InvalidOid: nobody counts here */
	AzCounts	counts;
} Place;

typedef struct Database
{
	Oid			oid;
	int			sessions;		/* that count; of the others nobody asks */
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

/* Before a place is taken, and where there is none. */
static AzCounts own;
static AzCounts own_forgotten;
static TimestampTz own_since = 0;

AzCounts   *az_counts_of_session = &own;

static bool settled = false;	/* is it decided where this process counts? */
static Place *my_place = NULL;


/*
 * Arithmetic
 */

#define N_ALL	(sizeof(AzCounts) / sizeof(uint64))

static void
add(AzCounts *to, const AzCounts *counts)
{
	uint64	   *sum = (uint64 *) to;
	size_t		i;

	for (i = 0; i < N_ALL; i++)
		sum[i] += ((const volatile uint64 *) counts)[i];
}

static void
subtract(AzCounts *from, const AzCounts *counts)
{
	uint64	   *rest = (uint64 *) from;
	size_t		i;

	for (i = 0; i < N_ALL; i++)
		rest[i] -= ((const uint64 *) counts)[i];
}


/*
 * Places and databases; whoever is here holds the lock
 */

/* Nobody writes where another one does: no two share a line of a cache. */
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

/* One that is free, or that had no session for the longest time; NULL: none. */
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
	subtract(&database->ended, &database->forgotten);
	add(&shared->others.ended, &database->ended);
}

/* Returns how many, and adds up their counts. */
static int
add_sessions(Oid oid, AzCounts *counts)
{
	int			n = 0;
	int			i;

	for (i = 0; i < az_shared_places(); i++)
	{
		if (place_at(i)->database != oid)
			continue;
		add(counts, &place_at(i)->counts);
		n++;
	}
	return n;
}

/* Always one: that of the others, if need be. */
static Database *
get_database(Oid oid, TimestampTz now)
{
	Database   *database = find_database(oid);
	AzCounts	unused = {0};

	if (database != NULL)
		return database;
	database = find_room();
	if (database == NULL)
		return &shared->others;
	displace(database);
	memset(database, 0, sizeof(*database));
	database->oid = oid;
	/* there was no room when they came */
	database->sessions = add_sessions(oid, &unused);
	/* what it had counted before may be with the others */
	database->since = shared->others.used == 0 ? shared->since : now;
	return database;
}


/*
 * A process comes and goes
 */

static void
leave(int code, Datum arg)
{
	Database   *database;

	az_counts_of_session = &own;
	LWLockAcquire(az_shared_lock(), LW_EXCLUSIVE);
	/* whose there may be room by now */
	database = find_database(my_place->database);
	if (database == NULL)
		database = &shared->others;
	add(&database->ended, &my_place->counts);
	database->sessions--;
	database->used = ++shared->moves;
	memset(my_place, 0, sizeof(*my_place));
	LWLockRelease(az_shared_lock());
	my_place = NULL;
}

static void
take_place(int i)
{
	TimestampTz now = GetCurrentTimestamp();
	Database   *database;

	before_shmem_exit(leave, (Datum) 0);
	LWLockAcquire(az_shared_lock(), LW_EXCLUSIVE);
	my_place = place_at(i);
	database = get_database(MyDatabaseId, now);
	database->sessions++;
	database->used = ++shared->moves;
	my_place->counts = own;
	my_place->database = MyDatabaseId;
	LWLockRelease(az_shared_lock());
	az_counts_of_session = &my_place->counts;
}

/* The first that is counted; again, as long as there is no database. */
static pg_noinline void
settle(void)
{
	int			i = shared ? az_shared_place() : -1;

	if (!OidIsValid(MyDatabaseId))
		return;
	settled = true;
	if (i >= 0 && !proc_exit_inprogress)
		take_place(i);
}


/*
 * Counting
 */

void
az_count_more(AzCount what, uint64 n)
{
	if (unlikely(!settled))
		settle();
	az_counts_of_session->n[what] += n;
}

void
az_count(AzCount what)
{
	az_count_more(what, 1);
}

void
az_count_refusal(int reason)
{
	az_count(AZ_TOKENS_REFUSED);
	az_counts_of_session->refused[reason]++;
}


/*
 * Reading
 */

bool
az_counts_are_shared(void)
{
	return shared != NULL;
}

static void
read_own(AzCounts *counts, TimestampTz *since)
{
	*counts = own;
	subtract(counts, &own_forgotten);
	*since = own_since != 0 ? own_since : MyStartTimestamp;
}

void
az_read_counts(Oid database, AzCounts *counts, TimestampTz *since)
{
	const Database *found;

	if (shared == NULL)
	{
		read_own(counts, since);
		return;
	}
	memset(counts, 0, sizeof(*counts));
	*since = shared->since;
	LWLockAcquire(az_shared_lock(), LW_SHARED);
	if (OidIsValid(database))
		add_sessions(database, counts);
	found = find_database(database);
	if (found != NULL)
	{
		add(counts, &found->ended);
		subtract(counts, &found->forgotten);
		*since = found->since;
	}
	LWLockRelease(az_shared_lock());
}

static bool
reset_shared(Oid oid)
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

bool
az_reset_counts(Oid database)
{
	if (shared != NULL)
		return reset_shared(database);
	own_forgotten = own;
	own_since = GetCurrentTimestamp();
	return true;
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
az_counted_databases(int *n)
{
	int			places = shared ? az_shared_places() : 0;
	Oid		   *oids = palloc((MAX_DATABASES + places + 1) * sizeof(Oid));
	int			i;

	*n = 0;
	if (shared == NULL)
	{
		oids[(*n)++] = MyDatabaseId;
		return oids;
	}
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
