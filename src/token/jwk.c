/*-------------------------------------------------------------------------
 *
 * jwk.c
 *	  JWK (RFC 7517) to key.
 *
 * The certificates and URLs of a JWK (x5c, x5u, ...) are not looked at.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "token/jwk.h"
#include "token/key_members.h"

/* More than OpenSSL asks for at once to load a key. */
#define ENOUGH_MEMORY	(64 * 1024)

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
		if (az_member_is(text, len, az_key_type_name(i)))
		{
			*kty = i;
			return AZ_KEY_OK;
		}
	*why = "the type of the key is not supported";
	return AZ_KEY_NOT_FOR_SIGNATURES;
}

/*
 * RFC 7518, 6.2.2 and 6.3.2, RFC 8037, 2, RFC 9964.  Of a type that we do not
 * know other members may well be public: DSA's p and q are.
 */
static bool
has_private_member(const AzJson *jwk, bool known_type)
{
	static const char *const names[] = {
		"d", "priv", "p", "q", "dp", "dq", "qi", "oth", "k"
	};
	size_t		n = known_type ? sizeof(names) / sizeof(names[0]) : 2;
	size_t		i;

	for (i = 0; i < n; i++)
		if (az_json_get_z(jwk, names[i]) != NULL)
			return true;
	return false;
}

bool
az_jwk_is_private(const AzJson *jwk)
{
	AzKeyType	kty;
	const char *why;

	if (az_json_type(jwk) != AZ_JSON_OBJECT)
		return false;
	switch (read_type(jwk, &kty, &why))
	{
		case AZ_KEY_OK:
			return kty != AZ_KTY_OCT && has_private_member(jwk, true);
		case AZ_KEY_NOT_FOR_SIGNATURES:
			return has_private_member(jwk, false);
		default:
			return has_private_member(jwk, true);
	}
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

	status = az_member_read_part(jwk, members[kty][0], &material->part[0], why);
	if (status == AZ_KEY_OK && members[kty][1] != NULL)
		status = az_member_read_part(jwk, members[kty][1], &material->part[1], why);
	return status;
}

/*
 * Bring a number to the length that it should have, by zeros in front of it;
 * 0: as short as it can be.  False when memory ran out.  A number that is too
 * long stays as it is.
 */
static bool
set_length(AzBytes *number, size_t len)
{
	size_t		zeros = 0;
	unsigned char *padded;

	while (number->len - zeros > len && number->data[zeros] == 0)
		zeros++;
	number->len -= zeros;
	memmove(number->data, number->data + zeros, number->len);
	if (number->len == 0 || number->len >= len)
		return true;

	padded = calloc(1, len);
	if (padded == NULL)
		return false;
	memcpy(padded + len - number->len, number->data, number->len);
	free(number->data);
	number->data = padded;
	number->len = len;
	return true;
}

/*
 * RFC 7518, 6.2.1.2 and 6.3.1.1, allow one form of a number.  Other forms are
 * turned into this one, so that a key has one thumbprint.
 */
static AzKeyStatus
make_canonical(AzAlg alg, AzMaterial *material)
{
	const AzAlgInfo *info = az_alg_info(alg);

	if (info->kty != AZ_KTY_RSA && info->kty != AZ_KTY_EC)
		return AZ_KEY_OK;
	return set_length(&material->part[0], info->coord_len) &&
		set_length(&material->part[1], info->coord_len) ? AZ_KEY_OK : AZ_KEY_NO_MEMORY;
}

static AzKeyStatus
read_key(const AzJson *jwk, AzAlgs bind, bool allow_oct, bool any_zeros,
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
	if (kty != AZ_KTY_OCT && has_private_member(jwk, true))
	{
		error->why = "the key is private";
		return AZ_KEY_REFUSED;
	}

	status = az_member_judge_use(jwk, "verify", &error->why);
	if (status == AZ_KEY_OK)
		status = read_algorithm(jwk, kty, bind, &alg, &error->why);
	if (status == AZ_KEY_OK)
		status = read_material(jwk, kty, &material, &error->why);
	if (status == AZ_KEY_OK && any_zeros)
		status = make_canonical(alg, &material);
	if (status == AZ_KEY_OK)
		return az_key_make(alg, kid, &material, key, &error->why);
	az_material_free(&material);
	return status;
}

AzKeyStatus
az_key_from_jwk(const AzJson *jwk, AzAlgs bind, bool allow_oct,
				AzKey **key, AzKeyError *error)
{
	return read_key(jwk, bind, allow_oct, false, key, error);
}

AzKeyStatus
az_key_or_none(const AzJson *jwk, AzAlgs bind, bool allow_oct, bool any_zeros,
			   AzKey **key, AzKeyError *error)
{
	AzKeyStatus status = read_key(jwk, bind, allow_oct, any_zeros, key, error);
	void	   *enough;

	if (status != AZ_KEY_REFUSED)
		return status;
	enough = malloc(ENOUGH_MEMORY);
	free(enough);
	if (enough != NULL)
		return read_key(jwk, bind, allow_oct, any_zeros, key, error);
	error->why = NULL;
	return AZ_KEY_NO_MEMORY;
}
