/*-------------------------------------------------------------------------
 *
 * key_material.c
 *	  What a key is made of: its bytes, the one algorithm that they are bound to,
 *	  and how a refusal is told.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_intern.h"

#include <stdlib.h>
#include <string.h>

#include "token/crypto.h"

static const char *const type_names[] = {
	[AZ_KTY_OCT] = "oct",
	[AZ_KTY_RSA] = "RSA",
	[AZ_KTY_EC] = "EC",
	[AZ_KTY_OKP] = "OKP",
	[AZ_KTY_AKP] = "AKP",
};

const char *
az_key_type_name(AzKeyType kty)
{
	return type_names[kty];
}

static void
bytes_free(AzBytes *bytes)
{
	az_wipe(bytes->data, bytes->len);
	free(bytes->data);
	bytes->data = NULL;
	bytes->len = 0;
}

void
az_material_free(AzMaterial *material)
{
	bytes_free(&material->part[0]);
	bytes_free(&material->part[1]);
}

void
az_key_error_init(AzKeyError *error, const char *kid)
{
	size_t		len = kid != NULL ? strlen(kid) : 0;

	memset(error, 0, sizeof(*error));
	if (len >= sizeof(error->kid))
	{
		/* never cut inside a character of UTF-8 */
		len = sizeof(error->kid) - 1;
		while (len > 0 && ((unsigned char) kid[len] & 0xc0) == 0x80)
			len--;
	}
	if (len > 0)
		memcpy(error->kid, kid, len);
}

AzKeyStatus
az_key_refused(const char *reason, const char **why)
{
	*why = NULL;
	if (az_memory_ran_out())
		return AZ_KEY_NO_MEMORY;
	*why = reason;
	return AZ_KEY_REFUSED;
}

/* ---- which algorithm ---- */

const char	az_unsupported_algorithm[] = "the algorithm is not a supported signature algorithm";

AzKeyStatus
az_key_bind(AzKeyType kty, const char *crv, size_t crv_len,
			const char *name, size_t name_len, AzAlgs bind,
			AzAlg *alg, const char **why)
{
	AzAlgs		fitting = 0;
	int			i;

	for (i = 0; i < AZ_N_ALGS; i++)
	{
		const AzAlgInfo *info = az_alg_info(i);

		if (info->kty != kty)
			continue;
		if (info->crv == NULL ||
			(crv != NULL && strlen(info->crv) == crv_len &&
			 memcmp(info->crv, crv, crv_len) == 0))
			fitting |= AZ_ALG_BIT(i);
	}
	if (fitting == 0)
	{
		*why = "the curve is not supported for signatures";
		return AZ_KEY_NOT_FOR_SIGNATURES;
	}

	if (name != NULL)
	{
		AzAlgs		named = az_algs_by_name(name, name_len);

		if (named == 0)
		{
			*why = az_unsupported_algorithm;
			return AZ_KEY_NOT_FOR_SIGNATURES;
		}
		fitting &= named;
		if (fitting == 0)
		{
			*why = "the algorithm does not fit the type of the key";
			return AZ_KEY_REFUSED;
		}
	}
	else if (kty == AZ_KTY_RSA)
	{
		bind &= AZ_ALGS_RSA;
		fitting = (bind != 0 && (bind & (bind - 1)) == 0) ? bind : AZ_ALG_BIT(AZ_RS256);
	}

	/* An EC or OKP curve leaves one algorithm, and so does a name. */
	if ((fitting & (fitting - 1)) != 0)
	{
		*why = "the algorithm is missing";
		return AZ_KEY_REFUSED;
	}
	for (i = 0; fitting != AZ_ALG_BIT(i); i++)
		;
	*alg = i;
	return AZ_KEY_OK;
}
