/*-------------------------------------------------------------------------
 *
 * fuzz_jwk.c
 *	  A JWK and a JWK set, with an algorithm bound by us and without.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

static void
one(const AzJson *json, AzAlgs bind, bool allow_oct)
{
	AzKeyError	error;
	AzKey	   *key;
	AzKeyStatus status = az_key_from_jwk(json, bind, allow_oct, &key, &error);

	check_answer(status, key != NULL, &error);
	if (key != NULL)
	{
		HOLDS(allow_oct || az_alg_info(az_key_alg(key))->kty != AZ_KTY_OCT);
		check_key(key);
	}
	az_key_free(key);
}

static void
set(const AzJson *json, AzAlgs bind, bool allow_oct)
{
	AzKeyError	error;
	AzKey	  **keys;
	size_t		n;
	size_t		skipped;
	size_t		i;
	size_t		j;
	AzKeyStatus status = az_keys_from_jwks(json, bind, allow_oct, &keys, &n, &skipped, &error);

	check_answer(status, keys != NULL, &error);
	if (status != AZ_KEY_OK)
		return;
	HOLDS(n + skipped == az_json_count(az_json_get_z(json, "keys")));
	for (i = 0; i < n; i++)
	{
		for (j = 0; j < i; j++)
			HOLDS(az_key_kid(keys[i]) == NULL || az_key_kid(keys[j]) == NULL ||
				  strcmp(az_key_kid(keys[i]), az_key_kid(keys[j])) != 0);
		check_key(keys[i]);
	}
	for (i = 0; i < n; i++)
		az_key_free(keys[i]);
	free(keys);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AzJson	   *json;
	int			bound;

	if (az_json_parse((const char *) data, size, &json) != AZ_JSON_OK)
		return 0;
	for (bound = 0; bound <= 1; bound++)
	{
		one(json, bound ? AZ_ALGS_ALL : 0, true);
		set(json, bound ? AZ_ALGS_ALL : 0, bound == 0);
	}
	az_json_free(json);
	return 0;
}
