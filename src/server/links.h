/*-------------------------------------------------------------------------
 *
 * links.h
 *	  Where the extension and its optional libraries meet.
 *
 * Each is a rendezvous variable of the server (find_rendezvous_variable()), so
 * none of them is linked with another, and each works without the others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LINKS_H
#define AZ_LINKS_H

#include "server/compat.h"

/*
 * Set by dbmi_authz_keys, called by the extension: a token of that issuer, a
 * row of authz.issuer of this database in UTF-8, names a key that is not
 * there.  Raises nothing and does not wait.  Returns whether the key will be
 * fetched.
 */
#define AZ_KEY_WANTED_LINK	"dbmi_authz key wanted"
typedef bool (*AzKeyWanted) (const char *issuer);

/*
 * Set by dbmi_authz_oauth, taken by the extension: the token that this
 * connection was opened with, in TopMemoryContext.  The extension takes it,
 * puts NULL there, and wipes it.
 */
#define AZ_LOGIN_TOKEN_LINK	"dbmi_authz login token"
typedef struct AzLoginToken
{
	size_t		len;
	char		token[FLEXIBLE_ARRAY_MEMBER];
} AzLoginToken;

#endif							/* AZ_LINKS_H */
