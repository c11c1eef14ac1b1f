/*-------------------------------------------------------------------------
 *
 * revocation.h
 *	  Is a token, its subject, actor or session revoked?
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REVOCATION_H
#define AZ_REVOCATION_H

#include "server/compat.h"
#include "token/verify.h"

/* The callback of AzTrust: is something of this token revoked? */
extern bool az_is_revoked(void *arg, const AzRevocable *what);

#endif							/* AZ_REVOCATION_H */
