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
 * Is that one, by what it says of itself, on a connection that takes them?  If not it is
 * a token, and refused as such.
 */
extern bool az_may_receive(const char *assertion, size_t len);

/*
 * Verify it, as a login: the adoption is the caller's.  Refused on Citus's road: NULL,
 * and nobody is left, as az_reject_handed() says; on the other it raises 28000.
 */
extern AzAdoption *az_receive(const char *assertion, size_t len, AzRoad road);

/* Nobody, as the other server says; NULL when memory ran out. */
extern AzAdoption *az_receive_nobody(void);

#endif							/* AZ_RECEIVED_H */
