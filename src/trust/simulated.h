/*-------------------------------------------------------------------------
 *
 * simulated.h
 *	  The identity of claims that nobody has verified.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SIMULATED_H
#define AZ_SIMULATED_H

#include "trust/cache.h"

/*
 * Read claims, JSON in UTF-8, as that issuer's options do; issuer, in UTF-8,
 * NULL: those of the issuer whom a token with them would choose.  AZ_OK, and
 * *identity has a serial of its own, and is marked as simulated; otherwise the
 * reason:  AZ_NOT_INSTALLED, AZ_ISSUER_UNTRUSTED or AZ_ISSUER_AMBIGUOUS where
 * there is no such issuer.  The result is not cached, and not found in the
 * cache of verified tokens.
 */
extern AzReason az_simulate_claims(const char *claims, size_t len, const char *issuer,
								   AzVerifiedToken *identity);

/* Is there an issuer of that name in UTF-8, whose row can be used? */
extern bool az_is_issuer(const char *name);

#endif							/* AZ_SIMULATED_H */
