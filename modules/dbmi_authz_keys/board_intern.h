/*-------------------------------------------------------------------------
 *
 * board_intern.h
 *	  What lies in shared memory, for board.c, wishes.c and staff.c alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_BOARD_INTERN_H
#define AZ_KEYS_BOARD_INTERN_H

#include "board.h"

#include "storage/lwlock.h"
#include "utils/timestamp.h"

#define AZ_MAX_ISSUERS	512
#define AZ_MAX_LOGGED	30		/* lines a minute */

#define AZ_MINUTE		(60 * USECS_PER_SEC)

/* How long a fetch that brought nothing is not repeated for a wish. */
#define AZ_PAUSE		(5 * USECS_PER_SEC)

/* How long a database is left alone where workers fail, at first and at most. */
#define AZ_FIRST_AVOIDED	(5 * USECS_PER_SEC)
#define AZ_LONGEST_AVOIDED	(AZ_FIRST_AVOIDED << 5)

typedef struct AzBoardIssuer
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
} AzBoardIssuer;

typedef struct AzBoardDatabase
{
	Oid			oid;
	int			failures;		/* workers that did not come to their end, in a row */
	TimestampTz avoided;		/* until then */
} AzBoardDatabase;

typedef struct AzBoardWorker
{
	Oid			database;		/* InvalidOid: the place is free */
	AzErrand	errand;
	pid_t		pid;			/* 0: it is being started */
	TimestampTz deadline;		/* until then it must be heard of */
} AzBoardWorker;

typedef struct AzBoard
{
	LWLock	   *lock;
	Latch	   *launcher;		/* NULL: there is none */
	bool		stuck;
	int			ndatabases;
	AzBoardDatabase databases[AZ_MAX_DATABASES];
	AzBoardWorker workers[AZ_MAX_WORKERS];
	TimestampTz attempts[AZ_MAX_TOTAL_ATTEMPTS];	/* rings */
	int			next_attempt;
	TimestampTz lines[AZ_MAX_LOGGED];
	int			next_line;
	AzBoardIssuer issuers[AZ_MAX_ISSUERS];
} AzBoard;

/* NULL: there is no shared memory (yet). */
extern AzBoard *az_board(void);
extern void az_lock_board(void);
extern void az_unlock_board(void);

/* My place among the workers; -1: I am none. */
extern int	az_my_place(void);

/*
 * Is that still to come?  Nothing is as far ahead as most: then the clock was set
 * back, and what it said before is nothing to wait for.
 */
extern bool az_is_to_come(TimestampTz then, TimestampTz now, int64 most);

/* Has that been within the last of so many microseconds, and no clock set back since? */
extern bool az_is_recent(TimestampTz then, TimestampTz now, int64 most);

/* ---- under the lock ---- */

/*
 * Is there room for one more within a minute?  Of a ring of n, in which the limit is
 * as many of the last as may be.
 */
extern bool az_has_room(const TimestampTz *ring, int n, int next, int limit, TimestampTz now);
extern void az_count_one(TimestampTz *ring, int n, int *next, TimestampTz now);

extern AzBoardIssuer *az_find_issuer(Oid database, const char *name);

/* The issuer's place, a new one if need be.  NULL: there is none for it. */
extern AzBoardIssuer *az_place_issuer(Oid database, const char *name, TimestampTz now);

extern AzBoardDatabase *az_find_database(Oid oid);

/* Are wishes from there taken? */
extern bool az_is_looked_after(Oid oid, TimestampTz now);

#endif							/* AZ_KEYS_BOARD_INTERN_H */
