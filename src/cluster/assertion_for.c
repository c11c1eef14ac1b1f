/*-------------------------------------------------------------------------
 *
 * assertion_for.c
 *	  Who is in force, as other servers are told.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/assertion_for.h"

#include "server/report.h"

AzMadeAssertion
az_make_assertion_for(const char *destination, const char *nonce)
{
	az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
			 "the identity cannot be handed to other servers", NULL, NULL,
			 "Make a cluster key with authz.add_cluster_key().");
}

void
az_wipe_assertion(AzMadeAssertion *made)
{
}
