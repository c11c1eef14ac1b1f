/*-------------------------------------------------------------------------
 *
 * key_set.h
 *	  The key set that an issuer publishes, wherever that is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_KEY_SET_H
#define AZ_KEYS_KEY_SET_H

#include "fetch.h"
#include "store.h"

/*
 * Fetch it: AZ_FETCHED, and answer->body is a JSON object in ASCII; AZ_UNCHANGED where
 * the ETag still holds; or why not.
 */
extern AzOutcome az_fetch_key_set(const AzSource *source, const char *etag, AzAnswer *answer);

/* Is there a place to fetch it from, within the rules of discovery? */
extern bool az_has_key_set(const AzSource *source);

#endif							/* AZ_KEYS_KEY_SET_H */
