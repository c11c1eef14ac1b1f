/*-------------------------------------------------------------------------
 *
 * assertion_for.h
 *	  The identity in force, as other servers are told.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ASSERTION_FOR_H
#define AZ_ASSERTION_FOR_H

#include "session/adoption.h"

/* An assertion, and until when it serves, in microseconds since 1970. */
typedef struct AzMadeAssertion
{
	char	   *token;			/* palloc'd; the caller wipes it after sending
								 * it */
	int64		renew_at;		/* from then on a new one is due */
} AzMadeAssertion;

/*
 * The identity in force, which there is.  Raises 55000, with a hint, where
 * this database has no private cluster key; 28000 where the identity has
 * ended; 55000 where it is simulated.
 */
extern const AzAdoption *az_to_be_told(void);

/*
 * An assertion of it, for that destination and nonce (UTF-8).  anchor: of its later uses
 * (token/chain.h); NULL: it is good for one.  Raises as that does.
 */
extern AzMadeAssertion az_make_assertion_for(const char *destination, const char *nonce,
											 const unsigned char *anchor);

extern void az_wipe_assertion(AzMadeAssertion *made);

#endif							/* AZ_ASSERTION_FOR_H */
