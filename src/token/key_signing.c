/*-------------------------------------------------------------------------
 *
 * key_signing.c
 *	  A private key that signs: Ed25519 (RFC 8032), for assertions alone.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_signing.h"

#include <stddef.h>

AzKeyStatus
az_signing_key_generate(const char *kid, AzSigningKey **key, AzKeyError *error)
{
	*key = NULL;
	return AZ_KEY_REFUSED;
}

AzKeyStatus
az_signing_key_from_jwk(const AzJson *jwk, const char *kid, AzSigningKey **key,
						AzKeyError *error)
{
	*key = NULL;
	return AZ_KEY_REFUSED;
}

void
az_signing_key_free(AzSigningKey *key)
{
}

const char *
az_signing_key_kid(const AzSigningKey *key)
{
	return NULL;
}

const char *
az_signing_key_thumbprint(const AzSigningKey *key)
{
	return NULL;
}

char *
az_signing_key_public_jwk(const AzSigningKey *key)
{
	return NULL;
}

char *
az_signing_key_private_jwk(const AzSigningKey *key)
{
	return NULL;
}

bool
az_sign(const AzSigningKey *key, const unsigned char *msg, size_t len,
		unsigned char signature[AZ_SIGNATURE_ED25519])
{
	return false;
}
