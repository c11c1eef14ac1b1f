/*-------------------------------------------------------------------------
 *
 * cluster_key.c
 *	  The keys by which servers of a cluster tell each other who is in force.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/cluster_key.h"

const AzSigningKey *
az_cluster_signing_key(void)
{
	return NULL;
}

const AzKey *
az_cluster_key(const char *kid, size_t len)
{
	return NULL;
}

bool
az_has_cluster_key_of(const AzIdentity *id)
{
	return false;
}

uint64
az_cluster_keys_epoch(void)
{
	return 0;
}
