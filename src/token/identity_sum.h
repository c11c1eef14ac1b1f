/*-------------------------------------------------------------------------
 *
 * identity_sum.h
 *	  What answers about an identity depend on, as a digest.
 *
 * Two servers that make the same of one payload have the same: their issuers have
 * options, profiles and ceilings that say the same, and their libraries read alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_IDENTITY_SUM_H
#define AZ_IDENTITY_SUM_H

#include "token/identity.h"

/* False when memory ran out, or OpenSSL failed. */
extern bool az_identity_sum(const AzIdentity *id, unsigned char sum[32]);

#endif							/* AZ_IDENTITY_SUM_H */
