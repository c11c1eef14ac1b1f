/*-------------------------------------------------------------------------
 *
 * asserted.c
 *	  An identity that another server of the cluster hands over to this session.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/asserted.h"

bool
az_takes_assertions(void)
{
	return false;
}

char *
az_destination_here(void)
{
	return pstrdup("");
}

char *
az_destination_of_citus(void)
{
	return pstrdup("");
}

char *
az_new_challenge(void)
{
	return pstrdup("");
}

char *
az_new_nonce(void)
{
	return pstrdup("");
}

AzReason
az_verify_asserted(const char *token, size_t len, int64 now, AzVerifiedToken *verified,
				   char **stored)
{
	return AZ_KEY_NOT_FOUND;
}
