/*-------------------------------------------------------------------------
 *
 * board.h
 *	  The board in shared memory: what sessions wish for, who is at work, and the
 *	  limits that hold.
 *
 * It has a fixed size.  A session that presents a token with an unknown key leaves a
 * wish there and goes on; the launcher has workers see to it.  Whether a wish is
 * taken is decided at once, so that the session knows what to say.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_BOARD_H
#define AZ_KEYS_BOARD_H

#include "server/compat.h"
#include "datatype/timestamp.h"
#include "storage/latch.h"

#include "freshness.h"
#include "settings.h"

#define AZ_MAX_DATABASES	64

/* The length of an issuer's name that fits, with its end.  Longer ones go unwished. */
#define AZ_ISSUER_MAX		256

/* What a worker is for. */
typedef enum AzErrand
{
	AZ_FOR_WISHES,				/* what sessions wait for */
	AZ_FOR_DUE					/* what is due, of one database */
} AzErrand;

/* ---- for the postmaster, and for sessions ---- */

extern Size az_board_size(void);
extern void az_board_init(void);	/* shmem_startup_hook */

/* AzKeyWanted, see server/links.h. */
extern bool az_board_wish(const char *issuer);

/* ---- for the launcher ---- */

/* Wishes are taken while there is one. */
extern void az_board_open(void);

/* Those databases are looked after, and no other; at most AZ_MAX_DATABASES. */
extern void az_board_set_databases(const Oid *databases, int n);

/* Is it to be left alone, because workers have failed there? */
extern bool az_board_is_avoided(Oid database);

/* Is there a wish for that database that no worker has taken up? */
extern bool az_board_is_wished(Oid database);

/* The workers that are for this, of that database; InvalidOid: of all. */
extern int	az_board_count_workers(Oid database, AzErrand errand);

/* A place for a worker that is about to be started; -1: there is none. */
extern int	az_board_hire(Oid database, AzErrand errand);

/* The worker is no longer there; a wish that it had taken up is dropped. */
extern void az_board_dismiss(int worker);

/* Workers cannot be started: sessions are told nothing that would not come true. */
extern void az_board_set_stuck(bool stuck);

/*
 * The process of a worker that has not been heard of for longer than it may, or 0.
 */
extern pid_t az_board_overdue(int worker);

/* ---- for a worker ---- */

/* What it is to do; false: the place is no longer its own. */
extern bool az_board_begin(int worker, Oid *database, AzErrand *errand);

/* It is alive, and will be heard of again within so many milliseconds. */
extern void az_board_alive(int milliseconds);

/* It has come to its end as it should; its place is free when the process has gone. */
extern void az_board_leave(void);

/*
 * A wish for its database, that is now its own; false: there is none.  The issuer's
 * name is in UTF-8, of at most AZ_ISSUER_MAX bytes with its end.
 */
extern bool az_board_take_wish(Oid database, char *issuer);

/* What is remembered of an issuer since the last fetch, for the next. */
typedef struct AzRemembered
{
	int			failures;		/* in a row */
	char		etag[AZ_ETAG_MAX];	/* "": none */
	uint64		etag_for;		/* the state of the rows that it stands for, */
	uint64		etag_url;		/* and where it came from, as AzAnswer has it, */
	TimestampTz etag_at;		/* and when */
} AzRemembered;

extern AzRemembered az_board_recall(Oid database, const char *issuer);

/*
 * It has been fetched, since that time, and a wish for it is done.  changed: there
 * are other keys than before.  remembered NULL: nothing is to be.
 */
extern void az_board_note(Oid database, const char *issuer, TimestampTz began,
						  bool changed, const AzRemembered *remembered);

/* Unless it was noted: nothing has come of a wish that was taken up, and will soon. */
extern void az_board_drop_wish(Oid database, const char *issuer);

/* May a line be written about that?  Limited, all in all and for each issuer. */
extern bool az_board_may_log(Oid database, const char *issuer, int what);

/* It is well again: the next complaint is news. */
extern void az_board_forget_complaint(Oid database, const char *issuer);

#endif							/* AZ_KEYS_BOARD_H */
