/*-------------------------------------------------------------------------
 *
 * challenge.h
 *	  What ties an assertion to one occasion.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CHALLENGE_H
#define AZ_CHALLENGE_H

#include "server/compat.h"
#include "trust/senders.h"

/* A nonce for the next assertion that this backend makes for a cluster; palloc'd. */
extern char *az_new_nonce(void);

/* Is it such a nonce?  Then of which sender, and with which number. */
extern bool az_read_nonce(const char *nonce, unsigned char sender[AZ_SENDER_ID],
						  uint64 *number);

/*
 * The challenge that waits in this session for its assertion, or a new one;
 * palloc'd.
 */
extern char *az_new_challenge(void);

/*
 * The same, which no longer waits from now on; "": there is none.  Borrowed
 * until the next one is made.
 */
extern const char *az_spend_challenge(void);

#endif							/* AZ_CHALLENGE_H */
