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
 * the ETag still holds; or why not.  The ETag is used for the URL that it came from,
 * a hash as in AzAnswer: of another it says nothing.
 */
extern AzOutcome az_fetch_key_set(const AzSource *source, const char *etag, uint64 etag_url,
								  AzAnswer *answer);

#endif							/* AZ_KEYS_KEY_SET_H */
