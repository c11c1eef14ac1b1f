/*-------------------------------------------------------------------------
 *
 * fuzz_jwk.c
 *	  A JWK and a JWK set, with an algorithm bound by us and without.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "token/key_signing.h"
#include "token/jwk_set.h"

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

/* Could the two not be told apart? */
static bool
same_name(const AzKey *a, const AzKey *b, bool strict)
{
	if (az_key_kid(a) != NULL && az_key_kid(b) != NULL)
		return strcmp(az_key_kid(a), az_key_kid(b)) == 0 && (strict || az_key_alg(a) == az_key_alg(b));
	return az_key_kid(a) == az_key_kid(b) && az_key_alg(a) == az_key_alg(b) &&
		strcmp(az_key_thumbprint(a), az_key_thumbprint(b)) == 0;
}

/* How many keys it gives. */
static size_t
set(const AzJson *json, AzAlgs bind, bool allow_oct, bool strict)
{
	AzKeyError	error;
	AzKeySet	keys;
	size_t		i;
	size_t		j;
	AzKeyStatus status = az_key_set_read(json, bind, allow_oct, strict, &keys, &error);

	check_answer(status, keys.keys != NULL, &error);
	if (status == AZ_KEY_OK)
	{
		HOLDS(keys.n > 0 && keys.n + keys.nskipped <= az_json_count(az_json_get_z(json, "keys")));
		/* what 1.0 takes, it takes */
		HOLDS(!strict || set(json, bind, allow_oct, false) == keys.n);
	}
	for (i = 0; i < keys.n; i++)
	{
		for (j = 0; j < i; j++)
			HOLDS(!same_name(keys.keys[i], keys.keys[j], strict));
		check_key(keys.keys[i]);
	}
	for (i = 0; i < keys.nskipped; i++)
		HOLDS(keys.skipped[i].why != NULL && (i == 0 || keys.skipped[i].position > keys.skipped[i - 1].position));
	i = keys.n;
	az_key_set_free(&keys);
	return i;
}

/* A private key that is taken is refused as a public one, and comes out as it went in. */
static void
signing(const AzJson *json)
{
	AzSigningKey *key;
	AzSigningKey *again;
	AzKeyError	error;
	AzKey	   *public_key;
	AzJson	   *said;
	char	   *text;

	check_answer(az_signing_key_from_jwk(json, "kid", &key, &error), key != NULL, &error);
	if (key == NULL)
		return;
	HOLDS(az_jwk_is_private(json));
	HOLDS(az_key_from_jwk(json, 0, true, &public_key, &error) == AZ_KEY_REFUSED);
	text = az_signing_key_private_jwk(key);
	HOLDS(text != NULL && az_json_parse(text, strlen(text), &said) == AZ_JSON_OK);
	HOLDS(az_signing_key_from_jwk(said, "kid", &again, &error) == AZ_KEY_OK);
	HOLDS(strcmp(az_signing_key_thumbprint(again), az_signing_key_thumbprint(key)) == 0);
	az_signing_key_free(again);
	az_json_free(said);
	free(text);
	text = az_signing_key_public_jwk(key);
	HOLDS(text != NULL && az_json_parse(text, strlen(text), &said) == AZ_JSON_OK);
	HOLDS(az_key_from_jwk(said, 0, false, &public_key, &error) == AZ_KEY_OK);
	check_key(public_key);
	az_key_free(public_key);
	az_json_free(said);
	free(text);
	az_signing_key_free(key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AzJson	   *json;
	int			bound;

	if (az_json_parse((const char *) data, size, &json) != AZ_JSON_OK)
		return 0;
	signing(json);
	for (bound = 0; bound <= 1; bound++)
	{
		one(json, bound ? AZ_ALGS_ALL : 0, true);
		set(json, bound ? AZ_ALGS_ALL : 0, bound == 0, false);
		set(json, bound ? AZ_ALGS_ALL : 0, bound == 0, true);
	}
	az_json_free(json);
	return 0;
}
