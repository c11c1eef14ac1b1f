/*-------------------------------------------------------------------------
 *
 * announced.h
 *	  Have all changes that can be seen been announced?
 *
 * What a transaction has changed is seen by others a moment before its
 * invalidation messages are sent.  Code that keeps something until such
 * messages come has to know whether it reads at such a moment.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ANNOUNCED_H
#define AZ_ANNOUNCED_H

#include "server/compat.h"
#include "server/moment.h"

/*
 * Note that this transaction writes to a table of which sessions keep
 * something.  To be called before anybody can see the first row, this session
 * included.
 */
extern void az_note_write(void);

/* Has it? */
extern bool az_has_written(void);

/*
 * Note that this transaction changes definitions of tables.  Core announces
 * that by itself: to this session at once, to others after the change can be
 * seen.
 */
extern void az_note_definition(void);

/* Has it? */
extern bool az_has_defined(void);

/*
 * Has all that could be seen at that moment been announced, and have we read
 * the messages?  Reads pending messages in any case.
 */
extern bool az_is_announced(const AzMoment *moment);

/* May be called again when it raised. */
extern void az_announced_init(void);

#endif							/* AZ_ANNOUNCED_H */
