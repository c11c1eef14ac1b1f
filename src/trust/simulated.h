/*-------------------------------------------------------------------------
 *
 * simulated.h
 *	  Who somebody with these claims would be, whom nobody has verified.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SIMULATED_H
#define AZ_SIMULATED_H

#include "trust/cache.h"

/*
 * Read claims, JSON in UTF-8, as that issuer's options do; issuer, in UTF-8,
 * NULL: those of the issuer whom a token with them would choose.  AZ_OK, and
 * *identity has a serial of its own, and is marked as simulated; otherwise why
 * not: AZ_NOT_INSTALLED, AZ_ISSUER_UNTRUSTED or AZ_ISSUER_AMBIGUOUS where there
 * is no such issuer.  Neither is kept for later, nor found among what was verified.
 */
extern AzReason az_simulate_claims(const char *claims, size_t len, const char *issuer,
								   AzVerifiedToken *identity);

/* Is there an issuer of that name in UTF-8, whose row can be used? */
extern bool az_is_issuer(const char *name);

#endif							/* AZ_SIMULATED_H */
