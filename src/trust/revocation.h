/*-------------------------------------------------------------------------
 *
 * revocation.h
 *	  Is a token, its subject, actor or session revoked?  Is its subject
 *	  inactive?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REVOCATION_H
#define AZ_REVOCATION_H

#include "server/compat.h"
#include "token/verify.h"

/* The callback of AzTrust: is something of this token revoked? */
extern bool az_is_revoked(void *arg, const AzRevocable *what);

/*
 * Is this subject of this issuer (UTF-8) listed as inactive?  What looking up
 * allocates goes to the current context.
 */
extern bool az_is_listed_inactive(const char *issuer, const char *subject);

#endif							/* AZ_REVOCATION_H */
