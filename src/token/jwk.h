/*-------------------------------------------------------------------------
 *
 * jwk.h
 *	  JWK to key (RFC 7517, RFC 7518, RFC 8037).
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
 * The same for a caller who goes on without a key that is refused.  OpenSSL
 * does not always say that it lacked memory; so what it refuses is only bad
 * when there is memory, and when it refuses that again.  any_zeros: whether
 * numbers are taken with leading zeros or without, where RFC 7518 wants one of
 * the two.
 */
extern AzKeyStatus az_key_or_none(const AzJson *jwk, AzAlgs bind, bool allow_oct,
								  bool any_zeros, AzKey **key, AzKeyError *error);

/* Does it hold a private key, usable or not?  A symmetric key is not one. */
extern bool az_jwk_is_private(const AzJson *jwk);

#endif							/* AZ_JWK_H */
