/*-------------------------------------------------------------------------
 *
 * key_wanted.c
 *	  A token names a key that is not there: will it be fetched?
 *
 * Only refused tokens get here, so a login whose key is known pays nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/key_wanted.h"

#include "fmgr.h"

#include "server/links.h"

/*
 * Does the issuer have an address for its keys, in its options or as its name?
 */
static bool
has_place(const AzIssuer *issuer)
{
	return issuer->jwks_uri != NULL ||
		strncmp(issuer->issuer, "https://", strlen("https://")) == 0 ||
		strncmp(issuer->issuer, "http://", strlen("http://")) == 0;
}

bool
az_fetches_key(void *arg, const AzIssuer *issuer)
{
	AzKeyWanted wanted = (AzKeyWanted) *find_rendezvous_variable(AZ_KEY_WANTED_LINK);

	return wanted != NULL && has_place(issuer) && wanted(issuer->issuer);
}
