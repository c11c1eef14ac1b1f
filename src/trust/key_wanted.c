/*-------------------------------------------------------------------------
 *
 * key_wanted.c
 *	  Somebody presents a token whose key is not there: who fetches it?
 *
 * Reached by refused tokens alone: a login that knows its key pays nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/key_wanted.h"

#include "fmgr.h"

#include "server/links.h"

/* Does the issuer say, or is, where its keys are? */
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
