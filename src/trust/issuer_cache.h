/*-------------------------------------------------------------------------
 *
 * issuer_cache.h
 *	  Issuers and keys that this backend has read.
 *
 * All names are UTF-8.  What is worked out on the way goes to the current
 * context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ISSUER_CACHE_H
#define AZ_ISSUER_CACHE_H

#include "server/compat.h"
#include "token/issuer.h"
#include "trust/key_read.h"

/* Grows with every change of issuers or profiles; never 0. */
extern uint64 az_issuers_epoch(void);

/*
 * Forget the issuers used longest ago, when there are too many.  To be called
 * before issuers are looked up, and not while one is in use.
 */
extern void az_trim_issuers(void);

/*
 * The issuer of that name as its row is now; NULL when there is none, or it is
 * not to be believed.  Borrowed until az_trim_issuers(), or until the same name
 * is looked up again.
 */
typedef struct AzKeptIssuer AzKeptIssuer;

extern AzKeptIssuer *az_look_up_issuer(const char *name);

/* It has the keys that az_have_keys() was asked for, and perhaps others. */
extern AzIssuer *az_kept_issuer(const AzKeptIssuer *kept);

/* Have these keys as their rows are now; is there one? */
extern bool az_have_keys(AzKeptIssuer *kept, const AzWhichKeys *which);

#endif							/* AZ_ISSUER_CACHE_H */
