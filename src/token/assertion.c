/*-------------------------------------------------------------------------
 *
 * assertion.c
 *	  What one server tells another of who is in force.
 *
 *-------------------------------------------------------------------------
 */
#include "token/assertion.h"

char *
az_assertion_make(const AzSigningKey *key, const AzAssertion *assertion,
				  const AzIdentity *id)
{
	return NULL;
}

bool
az_is_assertion(const char *token, size_t len)
{
	return false;
}

AzReason
az_verify_assertion(AzVerification *verification, const char *token, size_t len,
					int64_t now, const AzTrust *trust, const AzAssertionTrust *by,
					const AzIdentity **identity)
{
	*identity = NULL;
	return AZ_KEY_NOT_FOUND;
}
