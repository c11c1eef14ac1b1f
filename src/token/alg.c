/*-------------------------------------------------------------------------
 *
 * alg.c
 *	  The signature algorithms, each tied to one type of key.
 *
 * An algorithm that is not in this table does not exist for us.  "none" and
 * its spellings are not refused anywhere: there is nothing to look up.
 *
 *-------------------------------------------------------------------------
 */
#include "token/alg.h"

#include <string.h>

static const AzAlgInfo algs[AZ_N_ALGS] = {
	/* name, kty, crv, hash, coordinate, signature, shortest secret */
	[AZ_HS256] = {"HS256", AZ_KTY_OCT, NULL, "SHA256", 0, 32, 32},
	[AZ_HS384] = {"HS384", AZ_KTY_OCT, NULL, "SHA384", 0, 48, 48},
	[AZ_HS512] = {"HS512", AZ_KTY_OCT, NULL, "SHA512", 0, 64, 64},
	[AZ_RS256] = {"RS256", AZ_KTY_RSA, NULL, "SHA256", 0, 0, 0},
	[AZ_RS384] = {"RS384", AZ_KTY_RSA, NULL, "SHA384", 0, 0, 0},
	[AZ_RS512] = {"RS512", AZ_KTY_RSA, NULL, "SHA512", 0, 0, 0},
	[AZ_PS256] = {"PS256", AZ_KTY_RSA, NULL, "SHA256", 0, 0, 0},
	[AZ_PS384] = {"PS384", AZ_KTY_RSA, NULL, "SHA384", 0, 0, 0},
	[AZ_PS512] = {"PS512", AZ_KTY_RSA, NULL, "SHA512", 0, 0, 0},
	[AZ_ES256] = {"ES256", AZ_KTY_EC, "P-256", "SHA256", 32, 64, 0},
	[AZ_ES384] = {"ES384", AZ_KTY_EC, "P-384", "SHA384", 48, 96, 0},
	[AZ_ES512] = {"ES512", AZ_KTY_EC, "P-521", "SHA512", 66, 132, 0},
	[AZ_ES256K] = {"ES256K", AZ_KTY_EC, "secp256k1", "SHA256", 32, 64, 0},
	[AZ_ED25519] = {"Ed25519", AZ_KTY_OKP, "Ed25519", NULL, 32, 64, 0},
	[AZ_ED448] = {"Ed448", AZ_KTY_OKP, "Ed448", NULL, 57, 114, 0},
	[AZ_ML_DSA_44] = {"ML-DSA-44", AZ_KTY_AKP, NULL, NULL, 1312, 2420, 0},
	[AZ_ML_DSA_65] = {"ML-DSA-65", AZ_KTY_AKP, NULL, NULL, 1952, 3309, 0},
	[AZ_ML_DSA_87] = {"ML-DSA-87", AZ_KTY_AKP, NULL, NULL, 2592, 4627, 0},
};

const AzAlgInfo *
az_alg_info(AzAlg alg)
{
	return &algs[alg];
}

static int
is_name(const char *name, size_t len, const char *expected)
{
	return len == strlen(expected) && memcmp(name, expected, len) == 0;
}

AzAlgs
az_algs_by_name(const char *name, size_t len)
{
	int			i;

	for (i = 0; i < AZ_N_ALGS; i++)
		if (is_name(name, len, algs[i].name))
			return AZ_ALG_BIT(i);
	if (is_name(name, len, "EdDSA"))
		return AZ_ALG_BIT(AZ_ED25519) | AZ_ALG_BIT(AZ_ED448);
	return 0;
}
