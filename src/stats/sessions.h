/*-------------------------------------------------------------------------
 *
 * sessions.h
 *	  Who is logged in, for other sessions of the database to see.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SESSIONS_H
#define AZ_SESSIONS_H

#include "session/candidate.h"

/* Longer names are cut, and end with three dots. */
#define AZ_SHOWN_BYTES	255

typedef enum AzShownName
{
	AZ_SHOWN_ISSUER, AZ_SHOWN_SUBJECT, AZ_SHOWN_ACTOR, AZ_N_SHOWN_NAMES
} AzShownName;

/* One session, in which somebody is logged in. */
typedef struct AzShownSession
{
	Oid			database;		/* InvalidOid: nobody is */
	int			pid;
	TimestampTz since;
	int64		expires;		/* exp */
	int64		deadline;
	AzTokenState state;			/* as that session knows it, which does not look at
								 * the clock while it is idle */
	bool		inactive;
	/* in the encoding of the database; length: -1 where there is none */
	int16		length[AZ_N_SHOWN_NAMES];
	char		name[AZ_N_SHOWN_NAMES][AZ_SHOWN_BYTES];
} AzShownSession;

/* Does the server preload the library?  Otherwise nobody sees other sessions. */
extern bool az_sessions_are_shown(void);

/*
 * The sessions of this database in which somebody is logged in, one after the
 * other: "place" is 0 at first.  Each is a whole one, and as it was at one moment.
 */
extern bool az_next_session(int *place, AzShownSession *session);

/* May raise; to be called while the server preloads the library, or not at all. */
extern void az_sessions_init(void);

#endif							/* AZ_SESSIONS_H */
