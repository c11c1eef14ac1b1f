/*-------------------------------------------------------------------------
 *
 * received.h
 *	  An assertion of another server is received.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_RECEIVED_H
#define AZ_RECEIVED_H

#include "session/adoption.h"
#include "trust/asserted.h"

/*
 * Does the text claim to be an assertion, on a connection that takes them?  If
 * not, it is treated as a token, and refused.
 */
extern bool az_may_receive(const char *assertion, size_t len);

/*
 * Verify it, as a login: the caller owns the adoption.  When it is refused on
 * Citus's road, returns NULL, and nobody is in force (az_reject_handed()); on
 * the other road it raises 28000.
 */
extern AzAdoption *az_receive(const char *assertion, size_t len, AzRoad road);

/* Nobody, as the other server says; NULL when memory ran out. */
extern AzAdoption *az_receive_nobody(void);

#endif							/* AZ_RECEIVED_H */
