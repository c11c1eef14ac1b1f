/*-------------------------------------------------------------------------
 *
 * announced.h
 *	  Has every change that can be seen been told of?
 *
 * What a transaction has changed is seen by others a moment before its
 * invalidation messages are sent.  Who keeps something by these messages has to
 * know whether it looks at such a moment.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ANNOUNCED_H
#define AZ_ANNOUNCED_H

#include "server/compat.h"
#include "server/moment.h"

/*
 * This transaction writes to a table that others keep something of.  To be
 * called before the first row can be seen by anybody, this session included.
 */
extern void az_note_write(void);

/* Has it? */
extern bool az_has_written(void);

/*
 * This transaction changes what tables are, which core tells of itself: this
 * session at once, others after it can be seen.
 */
extern void az_note_definition(void);

/* Has it? */
extern bool az_has_defined(void);

/*
 * Of all that was there to be seen at that moment: has it been told, and have we
 * read it?  Reads pending messages in any case.
 */
extern bool az_is_announced(const AzMoment *moment);

/* May be called again when it raised. */
extern void az_announced_init(void);

#endif							/* AZ_ANNOUNCED_H */
