/*-------------------------------------------------------------------------
 *
 * fuzz_pem.c
 *	  PEM: the first byte chooses the algorithm, the rest is the text; and
 *	  the same bytes as a secret.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *alg;
	AzKeyError	error;
	AzKey	   *key;
	AzKeyStatus status;
	const char *why;
	bool		is_public;

	if (size == 0)
		return 0;
	alg = data[0] % (AZ_N_ALGS + 1) == AZ_N_ALGS ? NULL :
		az_alg_info(data[0] % (AZ_N_ALGS + 1))->name;
	status = az_key_from_pem((const char *) data + 1, size - 1, "k", alg, 0, &key, &error);
	check_answer(status, key != NULL, &error);
	if (key != NULL)
	{
		/* no text is a secret (CVE-2016-10555) */
		HOLDS(az_alg_info(az_key_alg(key))->kty != AZ_KTY_OCT);
		HOLDS(alg == NULL || strcmp(az_alg_info(az_key_alg(key))->name, alg) == 0);
		check_key(key);
	}
	is_public = key != NULL;
	az_key_free(key);

	if (alg == NULL)
		return 0;
	status = az_key_from_secret(data + 1, size - 1, NULL, alg, &key, &error);
	check_answer(status, key != NULL, &error);
	if (key != NULL)
	{
		HOLDS(az_alg_info(az_key_alg(key))->kty == AZ_KTY_OCT &&
			  size - 1 >= az_alg_info(az_key_alg(key))->min_secret);
		/* what is taken for a public key is no secret */
		status = az_key_judge_secret(key, &why);
		HOLDS((status == AZ_KEY_OK) == (why == NULL) && (!is_public || status == AZ_KEY_REFUSED));
		check_key(key);
	}
	az_key_free(key);
	return 0;
}
