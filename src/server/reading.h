/*-------------------------------------------------------------------------
 *
 * reading.h
 *	  For which snapshots is something valid that was read from tables?
 *
 * What is kept has a reading beside it, which says under which snapshot it was
 * read.  It may serve another snapshot if nothing that it was read from has
 * changed between the two: then that one would show the same.
 *
 *		if (!az_reading_serves(&kept->reading, source))
 *		{
 *			AzReading	reading = az_begin_reading(source);
 *
 *			... read under the active snapshot ...
 *			kept->reading = reading;
 *		}
 *
 * The snapshot is the active one, so that core holds it: one that is not, such
 * as that of the catalogs, is let go when a message is read, and VACUUM may then
 * remove what it shows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_READING_H
#define AZ_READING_H

#include "server/compat.h"
#include "server/moment.h"
#include "storage/lock.h"

/* One table, or several that are read together. */
typedef struct AzSource
{
	/* from 1; grows when a change is announced */
	uint64		(*epoch) (const struct AzSource *source);
	uint64		noted;			/* the epoch as of which ... */
	AzMoment	since;			/* ... what was announced can be seen */
} AzSource;

typedef struct AzReading
{
	uint64		epoch;			/* of the source; 0: it serves no snapshot */
	AzMoment	moment;			/* of the snapshot */
	LocalTransactionId lxid;	/* of the transaction that read it */
	bool		outdated;		/* more was already announced than it shows */
} AzReading;

/* Both may read pending messages. */
extern bool az_reading_serves(const AzReading *reading, AzSource *source);
extern AzReading az_begin_reading(AzSource *source);

/*
 * Since the last call: was anything asked under a snapshot that shows less
 * than has been announced?  No further message will invalidate what was made
 * with it.
 */
extern bool az_take_outdated(void);
extern void az_note_outdated(void);

#endif							/* AZ_READING_H */
