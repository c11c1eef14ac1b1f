/*-------------------------------------------------------------------------
 *
 * fn_claims.h
 *	  Claims as jsonb.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_FN_CLAIMS_H
#define AZ_FN_CLAIMS_H

#include "compat.h"
#include "identity.h"
#include "utils/jsonb.h"

/* A value of the payload as jsonb, palloc'd. */
extern Jsonb *az_node_to_jsonb(const AzIdentity *id, const AzNode *node);

#endif							/* AZ_FN_CLAIMS_H */
