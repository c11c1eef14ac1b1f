/*-------------------------------------------------------------------------
 *
 * jwk.h
 *	  JWK and JWK set to keys (RFC 7517, RFC 7518, RFC 8037).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_JWK_H
#define AZ_JWK_H

#include "token/json.h"
#include "token/key.h"

/*
 * One JWK.  bind: the algorithms that an RSA key without "alg" may be bound
 * to; when it names exactly one RSA algorithm that one is taken, else RS256.
 * allow_oct: whether a symmetric key is acceptable here.  A public key with
 * any private member is refused.  New key in *key, owned by the caller.
 */
extern AzKeyStatus az_key_from_jwk(const AzJson *jwk, AzAlgs bind, bool allow_oct,
								   AzKey **key, AzKeyError *error);

/*
 * A JWK set {"keys": [...]}.  Refused whole (AZ_KEY_REFUSED, *error says
 * where) for a malformed, weak or private key of a supported type, two keys
 * with one kid, symmetric beside public keys, "keys" missing or not an
 * array, or no usable key at all.  Entries that are not for signatures or of
 * an unsupported type are skipped and counted.  New array in *keys of *n new
 * keys; free each and the array with free().
 */
extern AzKeyStatus az_keys_from_jwks(const AzJson *set, AzAlgs bind, bool allow_oct,
									 AzKey ***keys, size_t *n, size_t *skipped,
									 AzKeyError *error);

#endif							/* AZ_JWK_H */
