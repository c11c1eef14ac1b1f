/*-------------------------------------------------------------------------
 *
 * jwk.c
 *	  JWK and JWK set (RFC 7517) to keys.
 *
 * A set often holds more than we use: encryption keys, types of the future.
 * Those are skipped, as RFC 7517, 5 asks for.  What is of a type that we use
 * but malformed or weak is not skipped: the set is then not what its issuer
 * meant, and the one who loads it must know.
 *
 * The certificates and URLs of a JWK (x5c, x5u, ...) are not looked at.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "token/b64url.h"
#include "token/jwk.h"
#include "token/key_intern.h"

#define MAX_KEYS		1024	/* in a set */
#define MAX_KEY_OPS		64

static bool
is_text(const char *text, size_t len, const char *expected)
{
	return len == strlen(expected) && memcmp(text, expected, len) == 0;
}

static AzKeyStatus
read_kid(const AzJson *jwk, const char **kid, AzKeyError *error)
{
	size_t		len;

	if (!az_json_get_string(jwk, "kid", kid, &len))
	{
		error->why = "\"kid\" is not a string";
		return AZ_KEY_REFUSED;
	}
	if (*kid == NULL)
		return AZ_KEY_OK;
	az_key_error_init(error, *kid);
	if (len == 0)
	{
		error->why = "the key ID is empty";
		return AZ_KEY_REFUSED;
	}
	return AZ_KEY_OK;
}

static AzKeyStatus
read_type(const AzJson *jwk, AzKeyType *kty, const char **why)
{
	const char *text;
	size_t		len;
	int			i;

	if (!az_json_get_string(jwk, "kty", &text, &len) || text == NULL)
	{
		*why = "\"kty\" is missing or not a string";
		return AZ_KEY_REFUSED;
	}
	for (i = AZ_KTY_OCT; i <= AZ_KTY_AKP; i++)
		if (is_text(text, len, az_key_type_name(i)))
		{
			*kty = i;
			return AZ_KEY_OK;
		}
	*why = "the type of the key is not supported";
	return AZ_KEY_NOT_FOR_SIGNATURES;
}

/*
 * RFC 7518, 6.2.2 and 6.3.2, RFC 8037, 2, RFC 9964.
 */
static bool
has_private_member(const AzJson *jwk)
{
	static const char *const names[] = {
		"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"
	};
	size_t		i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (az_json_get_z(jwk, names[i]) != NULL)
			return true;
	return false;
}

/*
 * One operation of key_ops; for_signatures: "use" says that the key signs.
 */
static const char *
judge_operation(const AzJson *ops, size_t i, bool for_signatures, bool *verify)
{
	size_t		len;
	size_t		other_len;
	size_t		j;
	const char *op = az_json_string(az_json_at(ops, i), &len);

	if (op == NULL)
		return "\"key_ops\" holds something that is not a string";
	for (j = 0; j < i; j++)
	{
		const char *other = az_json_string(az_json_at(ops, j), &other_len);

		if (len == other_len && memcmp(op, other, len) == 0)
			return "\"key_ops\" holds a value twice";
	}

	if (is_text(op, len, "verify"))
		*verify = true;
	else if (for_signatures && !is_text(op, len, "sign"))
		return "\"use\" and \"key_ops\" contradict each other";
	return NULL;
}

/*
 * RFC 7517, 4.2 and 4.3.  What is malformed is refused before what is merely
 * not for us.
 */
static AzKeyStatus
judge_use(const AzJson *jwk, const char **why)
{
	const AzJson *ops = az_json_get_z(jwk, "key_ops");
	const char *use;
	size_t		use_len;
	bool		for_signatures;
	bool		verify = false;
	size_t		i;

	if (!az_json_get_string(jwk, "use", &use, &use_len))
	{
		*why = "\"use\" is not a string";
		return AZ_KEY_REFUSED;
	}
	for_signatures = use != NULL && is_text(use, use_len, "sig");

	if (ops != NULL)
	{
		if (az_json_type(ops) != AZ_JSON_ARRAY || az_json_count(ops) > MAX_KEY_OPS)
		{
			*why = "\"key_ops\" is not an array, or too long";
			return AZ_KEY_REFUSED;
		}
		for (i = 0; i < az_json_count(ops); i++)
		{
			*why = judge_operation(ops, i, for_signatures, &verify);
			if (*why != NULL)
				return AZ_KEY_REFUSED;
		}
	}

	if ((use != NULL && !for_signatures) || (ops != NULL && !verify))
	{
		*why = "the key is not for verifying signatures";
		return AZ_KEY_NOT_FOR_SIGNATURES;
	}
	return AZ_KEY_OK;
}

static AzKeyStatus
read_algorithm(const AzJson *jwk, AzKeyType kty, AzAlgs bind, AzAlg *alg,
			   const char **why)
{
	const char *name;
	const char *crv = NULL;
	size_t		name_len;
	size_t		crv_len = 0;

	if (!az_json_get_string(jwk, "alg", &name, &name_len))
	{
		*why = "\"alg\" is not a string";
		return AZ_KEY_REFUSED;
	}
	if ((kty == AZ_KTY_EC || kty == AZ_KTY_OKP) &&
		(!az_json_get_string(jwk, "crv", &crv, &crv_len) || crv == NULL))
	{
		*why = "\"crv\" is missing or not a string";
		return AZ_KEY_REFUSED;
	}
	return az_key_bind(kty, crv, crv_len, name, name_len, bind, alg, why);
}

static AzKeyStatus
read_part(const AzJson *jwk, const char *name, AzBytes *part, const char **why)
{
	const char *text;
	size_t		len;

	if (!az_json_get_string(jwk, name, &text, &len) || text == NULL)
	{
		*why = "a member that defines the key is missing or not a string";
		return AZ_KEY_REFUSED;
	}
	part->data = malloc(AZ_B64URL_DECODED_MAX(len));
	if (part->data == NULL)
		return AZ_KEY_NO_MEMORY;
	if (!az_b64url_decode(text, len, part->data, &part->len))
	{
		/* wipe what was decoded so far: it may be a secret */
		part->len = AZ_B64URL_DECODED_MAX(len);
		*why = "a member that defines the key is not valid base64url";
		return AZ_KEY_REFUSED;
	}
	return AZ_KEY_OK;
}

static AzKeyStatus
read_material(const AzJson *jwk, AzKeyType kty, AzMaterial *material, const char **why)
{
	static const char *const members[][2] = {
		[AZ_KTY_OCT] = {"k", NULL},
		[AZ_KTY_RSA] = {"n", "e"},
		[AZ_KTY_EC] = {"x", "y"},
		[AZ_KTY_OKP] = {"x", NULL},
		[AZ_KTY_AKP] = {"pub", NULL},
	};
	AzKeyStatus status;

	status = read_part(jwk, members[kty][0], &material->part[0], why);
	if (status == AZ_KEY_OK && members[kty][1] != NULL)
		status = read_part(jwk, members[kty][1], &material->part[1], why);
	return status;
}

AzKeyStatus
az_key_from_jwk(const AzJson *jwk, AzAlgs bind, bool allow_oct,
				AzKey **key, AzKeyError *error)
{
	AzMaterial	material = {{{NULL, 0}, {NULL, 0}}};
	AzKeyStatus status;
	AzKeyType	kty;
	AzAlg		alg;
	const char *kid;

	*key = NULL;
	az_key_error_init(error, NULL);
	if (az_json_type(jwk) != AZ_JSON_OBJECT)
	{
		error->why = "the key is not a JSON object";
		return AZ_KEY_REFUSED;
	}

	status = read_kid(jwk, &kid, error);
	if (status == AZ_KEY_OK)
		status = read_type(jwk, &kty, &error->why);
	if (status != AZ_KEY_OK)
		return status;

	if (kty == AZ_KTY_OCT && !allow_oct)
	{
		error->why = "the key is symmetric";
		return AZ_KEY_REFUSED;
	}
	if (kty != AZ_KTY_OCT && has_private_member(jwk))
	{
		error->why = "the key is private";
		return AZ_KEY_REFUSED;
	}

	status = judge_use(jwk, &error->why);
	if (status == AZ_KEY_OK)
		status = read_algorithm(jwk, kty, bind, &alg, &error->why);
	if (status == AZ_KEY_OK)
		status = read_material(jwk, kty, &material, &error->why);
	if (status == AZ_KEY_OK)
		return az_key_make(alg, kid, &material, key, &error->why);
	az_material_free(&material);
	return status;
}

/* ---- sets ---- */

static bool
is_symmetric(const AzKey *key)
{
	return az_alg_info(az_key_alg(key))->kty == AZ_KTY_OCT;
}

/*
 * Why a key may not stand beside those before it, or NULL.
 */
static const char *
judge_company(AzKey *const *keys, size_t n, const AzKey *key)
{
	const char *kid = az_key_kid(key);
	size_t		i;

	/* one who holds the public keys must never hold a way to sign */
	if (n > 0 && is_symmetric(keys[0]) != is_symmetric(key))
		return "symmetric and public keys are in one set";
	if (kid == NULL)
		return NULL;
	for (i = 0; i < n; i++)
		if (az_key_kid(keys[i]) != NULL && strcmp(az_key_kid(keys[i]), kid) == 0)
			return "two keys have one key ID";
	return NULL;
}

static AzKeyStatus
read_set(const AzJson *list, AzAlgs bind, bool allow_oct,
		 AzKey **keys, size_t *n, size_t *skipped, AzKeyError *error)
{
	size_t		count = az_json_count(list);
	size_t		i;

	for (i = 0; i < count; i++)
	{
		AzKeyStatus status;

		status = az_key_from_jwk(az_json_at(list, i), bind, allow_oct, &keys[*n], error);
		error->position = i;
		if (status == AZ_KEY_NOT_FOR_SIGNATURES)
		{
			(*skipped)++;
			continue;
		}
		if (status != AZ_KEY_OK)
			return status;
		error->why = judge_company(keys, *n, keys[*n]);
		(*n)++;
		if (error->why != NULL)
			return AZ_KEY_REFUSED;
	}

	az_key_error_init(error, NULL);
	if (*n == 0)
	{
		error->position = AZ_WHOLE_SET;
		error->why = "the set holds no key that can verify signatures";
		return AZ_KEY_REFUSED;
	}
	return AZ_KEY_OK;
}

AzKeyStatus
az_keys_from_jwks(const AzJson *set, AzAlgs bind, bool allow_oct,
				  AzKey ***keys, size_t *n, size_t *skipped, AzKeyError *error)
{
	const AzJson *list = az_json_get_z(set, "keys");
	AzKeyStatus status;
	size_t		i;

	*keys = NULL;
	*n = 0;
	*skipped = 0;
	az_key_error_init(error, NULL);
	error->position = AZ_WHOLE_SET;
	if (list == NULL || az_json_type(list) != AZ_JSON_ARRAY)
	{
		error->why = "\"keys\" is missing or not an array";
		return AZ_KEY_REFUSED;
	}
	if (az_json_count(list) > MAX_KEYS)
	{
		error->why = "the set holds more than 1024 keys";
		return AZ_KEY_REFUSED;
	}

	*keys = calloc(az_json_count(list) + 1, sizeof(**keys));
	if (*keys == NULL)
		return AZ_KEY_NO_MEMORY;
	status = read_set(list, bind, allow_oct, *keys, n, skipped, error);
	if (status == AZ_KEY_OK)
		return AZ_KEY_OK;

	for (i = 0; i < *n; i++)
		az_key_free((*keys)[i]);
	free(*keys);
	*keys = NULL;
	*n = 0;
	return status;
}
