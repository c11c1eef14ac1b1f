/*-------------------------------------------------------------------------
 *
 * key_wanted.h
 *	  A token names a key that is not there: will it be fetched?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEY_WANTED_H
#define AZ_KEY_WANTED_H

#include "server/compat.h"
#include "token/issuer.h"

/*
 * The callback of AzTrust: will a key of the issuer be fetched, by a library that was
 * loaded beside ours?  Waits for nobody, and does nothing where there is none.
 */
extern bool az_fetches_key(void *arg, const AzIssuer *issuer);

#endif							/* AZ_KEY_WANTED_H */
