/*-------------------------------------------------------------------------
 *
 * jwk_set.h
 *	  JWK set to keys (RFC 7517, 5).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_JWK_SET_H
#define AZ_JWK_SET_H

#include "token/jwk.h"

/* What a set holds. */
typedef struct AzKeySet
{
	AzKey	  **keys;			/* owned */
	size_t	   *positions;		/* owned; of the entries that the keys come from */
	size_t		n;
	AzKeyError *skipped;		/* owned; the entries that give no key, each with why */
	size_t		nskipped;
} AzKeySet;

/*
 * A JWK set {"keys": [...]}; bind and allow_oct as for az_key_from_jwk().
 *
 * An entry that cannot be used is skipped, and the same key with the same kid
 * and algorithm counts once.  Numbers are taken with leading zeros or without.
 * The set is refused (AZ_KEY_REFUSED, *error says where) when no key is left,
 * when it holds a private key, two keys of one kid and algorithm, or symmetric
 * beside public keys; and when "keys" is missing, no array, or too long.
 *
 * With "strict" it is also refused for an entry that is malformed or weak, for
 * a number in a form that RFC 7518 does not have, and for one kid twice.
 * Entries that are not for signatures, or of an unsupported type, are skipped
 * all the same.
 *
 * When no key is left, *error is about the first entry that is malformed or
 * weak, or about the set if none is.
 *
 * az_key_set_free() is to follow in either case; a set that was refused is
 * empty.
 */
extern AzKeyStatus az_key_set_read(const AzJson *json, AzAlgs bind, bool allow_oct,
								   bool strict, AzKeySet *set, AzKeyError *error);
extern void az_key_set_free(AzKeySet *set);

/* Free a key of the set, and have its entry stand among those that are skipped. */
extern void az_key_set_skip(AzKeySet *set, size_t i, const char *why);

#endif							/* AZ_JWK_SET_H */
