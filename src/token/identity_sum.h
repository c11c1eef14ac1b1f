/*-------------------------------------------------------------------------
 *
 * identity_sum.h
 *	  What answers about an identity depend on, as a digest.
 *
 * Two servers that read one payload in the same way have the same digest: the
 * options, profiles and ceilings of their issuers agree, and so do their
 * libraries.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_IDENTITY_SUM_H
#define AZ_IDENTITY_SUM_H

#include "token/identity.h"

/* False when memory ran out, or OpenSSL failed. */
extern bool az_identity_sum(const AzIdentity *id, unsigned char sum[32]);

#endif							/* AZ_IDENTITY_SUM_H */
