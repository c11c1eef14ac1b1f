/*-------------------------------------------------------------------------
 *
 * challenge.h
 *	  What makes an assertion one for this occasion.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CHALLENGE_H
#define AZ_CHALLENGE_H

#include "server/compat.h"
#include "trust/senders.h"

/* A nonce for the next assertion that this backend makes for a cluster; palloc'd. */
extern char *az_new_nonce(void);

/* Is it such a one?  Of whom, and which. */
extern bool az_read_nonce(const char *nonce, unsigned char sender[AZ_SENDER_ID],
						  uint64 *number);

/* The one that waits in this session for its assertion, or a new one; palloc'd. */
extern char *az_new_challenge(void);

/* The same, which does not wait any more; "": there is none.  Borrowed until the next. */
extern const char *az_spend_challenge(void);

#endif							/* AZ_CHALLENGE_H */
