/*-------------------------------------------------------------------------
 *
 * key_signing.h
 *	  A private key that signs: Ed25519 (RFC 8032), for assertions alone.
 *
 * The material is wiped when the key is freed; nothing here logs or raises.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEY_SIGNING_H
#define AZ_KEY_SIGNING_H

#include "token/json.h"
#include "token/key.h"

typedef struct AzSigningKey AzSigningKey;	/* opaque */

/* Bytes of a signature. */
#define AZ_SIGNATURE_ED25519	64

/* A new one, by OpenSSL's generator.  kid: UTF-8, at most AZ_MAX_KID bytes. */
extern AzKeyStatus az_signing_key_generate(const char *kid, AzSigningKey **key,
										   AzKeyError *error);

/*
 * A private JWK (RFC 8037, 2): kty "OKP", crv "Ed25519", "x" and "d", which must
 * belong together; a "kid" must be the one that is given, "alg" "EdDSA" or
 * "Ed25519", "use" "sig", "key_ops" must have "sign".  Anything else is refused.
 */
extern AzKeyStatus az_signing_key_from_jwk(const AzJson *jwk, const char *kid,
										   AzSigningKey **key, AzKeyError *error);

extern void az_signing_key_free(AzSigningKey *key);

extern const char *az_signing_key_kid(const AzSigningKey *key);		/* borrowed */
extern const char *az_signing_key_thumbprint(const AzSigningKey *key);	/* borrowed */

/* As JWK, "kid" and "alg" included.  New terminated strings for free(); NULL: no memory. */
extern char *az_signing_key_public_jwk(const AzSigningKey *key);
extern char *az_signing_key_private_jwk(const AzSigningKey *key);

/* False when OpenSSL failed. */
extern bool az_sign(const AzSigningKey *key, const unsigned char *msg, size_t len,
					unsigned char signature[AZ_SIGNATURE_ED25519]);

#endif							/* AZ_KEY_SIGNING_H */
