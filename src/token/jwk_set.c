/*-------------------------------------------------------------------------
 *
 * jwk_set.c
 *	  JWK set (RFC 7517, 5) to keys.
 *
 * A set often holds more than we use: encryption keys, types of the future,
 * an old key that is too short.  RFC 7517, 5 asks to go on without those.  An
 * issuer that publishes a private key, or two keys under one name, is another
 * matter: nothing of such a set is to be believed.
 *
 *-------------------------------------------------------------------------
 */
#include "token/jwk_set.h"

#include <stdlib.h>
#include <string.h>

#include "token/key_intern.h"

#define MAX_KEYS		1024	/* in a set */

static bool
is_symmetric(const AzKey *key)
{
	return az_alg_info(az_key_alg(key))->kty == AZ_KTY_OCT;
}

static bool
same_kid(const AzKey *a, const AzKey *b)
{
	const char *kid = az_key_kid(a);
	const char *other = az_key_kid(b);

	if (kid == NULL || other == NULL)
		return kid == other;
	return strcmp(kid, other) == 0;
}

/* Are the two keys one key under one name, as far as tokens can tell? */
static bool
is_twin(const AzKey *a, const AzKey *b)
{
	return same_kid(a, b) && az_key_alg(a) == az_key_alg(b) &&
		strcmp(az_key_thumbprint(a), az_key_thumbprint(b)) == 0;
}

static bool
has_twin(const AzKeySet *set, const AzKey *key)
{
	size_t		i;

	for (i = 0; i < set->n && !is_twin(set->keys[i], key); i++)
		;
	return i < set->n;
}

/*
 * Why a key may not stand beside those before it, or NULL.
 */
static const char *
judge_company(const AzKeySet *set, const AzKey *key, bool strict)
{
	size_t		i;

	/* one who holds the public keys must never hold a way to sign */
	if (set->n > 0 && is_symmetric(set->keys[0]) != is_symmetric(key))
		return "symmetric and public keys are in one set";
	if (az_key_kid(key) == NULL)
		return NULL;
	for (i = 0; i < set->n; i++)
	{
		if (!same_kid(set->keys[i], key))
			continue;
		if (strict)
			return "two keys have one key ID";
		if (az_key_alg(set->keys[i]) == az_key_alg(key) && !is_twin(set->keys[i], key))
			return "two keys have one key ID and one algorithm";
	}
	return NULL;
}

/* How a set is read, and into what. */
typedef struct Reading
{
	AzKeySet   *set;
	AzAlgs		bind;
	bool		allow_oct;
	bool		strict;
	AzKeyError	bad;			/* the first entry that is malformed or weak */
} Reading;

static AzKeyStatus
take_key(Reading *reading, AzKey *key, AzKeyError *error)
{
	AzKeySet   *set = reading->set;

	error->why = judge_company(set, key, reading->strict);
	if (error->why != NULL || has_twin(set, key))
		az_key_free(key);
	else
	{
		set->positions[set->n] = error->position;
		set->keys[set->n++] = key;
	}
	return error->why != NULL ? AZ_KEY_REFUSED : AZ_KEY_OK;
}

static AzKeyStatus
read_entry(Reading *reading, const AzJson *entry, size_t position, AzKeyError *error)
{
	AzKeySet   *set = reading->set;
	AzKey	   *key;
	AzKeyStatus status;

	if (reading->strict)
		status = az_key_from_jwk(entry, reading->bind, reading->allow_oct, &key, error);
	else
		status = az_key_or_none(entry, reading->bind, reading->allow_oct, true, &key, error);
	error->position = position;
	if (status == AZ_KEY_OK)
		return take_key(reading, key, error);
	if (status == AZ_KEY_NO_MEMORY || (status == AZ_KEY_REFUSED && reading->strict))
		return status;
	if (status == AZ_KEY_REFUSED && reading->bad.why == NULL)
		reading->bad = *error;
	set->skipped[set->nskipped++] = *error;
	return AZ_KEY_OK;
}

/*
 * A private key is reported, whatever else is wrong with it or with others: it
 * has been published, and the issuer must know.
 */
static AzKeyStatus
find_private_key(const AzJson *list, AzKeyError *error)
{
	size_t		len;
	size_t		i;

	for (i = 0; i < az_json_count(list); i++)
	{
		const AzJson *entry = az_json_at(list, i);

		if (!az_jwk_is_private(entry))
			continue;
		az_key_error_init(error, az_json_string(az_json_get_z(entry, "kid"), &len));
		error->position = i;
		error->why = "the key is private";
		return AZ_KEY_REFUSED;
	}
	return AZ_KEY_OK;
}

static AzKeyStatus
read_list(Reading *reading, const AzJson *list, AzKeyError *error)
{
	AzKeyStatus status = find_private_key(list, error);
	size_t		i;

	for (i = 0; i < az_json_count(list) && status == AZ_KEY_OK; i++)
		status = read_entry(reading, az_json_at(list, i), i, error);
	if (status != AZ_KEY_OK)
		return status;

	az_key_error_init(error, NULL);
	if (reading->set->n > 0)
		return AZ_KEY_OK;
	/* what is wrong with a key says more than that there is none */
	*error = reading->bad;
	if (error->why == NULL)
	{
		error->position = AZ_WHOLE_SET;
		error->why = "the set holds no key that can verify signatures";
	}
	return AZ_KEY_REFUSED;
}

static const char *
judge_list(const AzJson *list)
{
	if (list == NULL || az_json_type(list) != AZ_JSON_ARRAY)
		return "\"keys\" is missing or not an array";
	if (az_json_count(list) > MAX_KEYS)
		return "the set holds more than 1024 keys";
	return NULL;
}

AzKeyStatus
az_key_set_read(const AzJson *json, AzAlgs bind, bool allow_oct, bool strict,
				AzKeySet *set, AzKeyError *error)
{
	const AzJson *list = az_json_get_z(json, "keys");
	Reading		reading = {set, bind, allow_oct, strict, {0}};
	AzKeyStatus status;
	size_t		count;

	memset(set, 0, sizeof(*set));
	az_key_error_init(error, NULL);
	error->position = AZ_WHOLE_SET;
	error->why = judge_list(list);
	if (error->why != NULL)
		return AZ_KEY_REFUSED;

	count = az_json_count(list) + 1;
	set->keys = calloc(count, sizeof(*set->keys));
	set->positions = calloc(count, sizeof(*set->positions));
	set->skipped = calloc(count, sizeof(*set->skipped));
	if (set->keys == NULL || set->positions == NULL || set->skipped == NULL)
		status = AZ_KEY_NO_MEMORY;
	else
		status = read_list(&reading, list, error);
	if (status != AZ_KEY_OK)
		az_key_set_free(set);
	return status;
}

void
az_key_set_free(AzKeySet *set)
{
	size_t		i;

	for (i = 0; i < set->n; i++)
		az_key_free(set->keys[i]);
	free(set->keys);
	free(set->positions);
	free(set->skipped);
	memset(set, 0, sizeof(*set));
}

void
az_key_set_skip(AzKeySet *set, size_t i, const char *why)
{
	AzKeyError *skipped = &set->skipped[set->nskipped++];

	az_key_error_init(skipped, az_key_kid(set->keys[i]));
	skipped->position = set->positions[i];
	skipped->why = why;
	az_key_free(set->keys[i]);
	set->n--;
	memmove(&set->keys[i], &set->keys[i + 1], (set->n - i) * sizeof(*set->keys));
	memmove(&set->positions[i], &set->positions[i + 1], (set->n - i) * sizeof(*set->positions));
}
