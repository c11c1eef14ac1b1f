/*-------------------------------------------------------------------------
 *
 * key_speed.c
 *	  How long it takes to load an RSA key, and OpenSSL alone to do it.
 *
 *	  bench/key_speed [TURNS]
 *
 * Prints nanoseconds of processor time for one key, a line for each turn:
 * ours, from a JWK that is parsed; OpenSSL's import of the same numbers and the
 * context that it verifies with, which any verifier makes; its import alone.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "token/b64url.h"
#include "token/jwk.h"

#define CALLS	2000

static AzJson *jwk;
static unsigned char modulus[512];
static size_t modulus_len;

static void
must(int fine, const char *what)
{
	if (!fine)
	{
		fprintf(stderr, "key_speed: %s\n", what);
		exit(1);
	}
}

static void
ours(void)
{
	AzKey	   *key = NULL;
	AzKeyError	error;

	must(az_key_from_jwk(jwk, 0, false, &key, &error) == AZ_KEY_OK, "our key");
	az_key_free(key);
}

/* As the manual page EVP_PKEY_fromdata(3) does it. */
static EVP_PKEY *
import(void)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM	   *n = BN_bin2bn(modulus, (int) modulus_len, NULL);
	OSSL_PARAM *params;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY   *pkey = NULL;

	must(OSSL_PARAM_BLD_push_BN(bld, "n", n) == 1 &&
		 OSSL_PARAM_BLD_push_ulong(bld, "e", 65537) == 1, "parameters");
	params = OSSL_PARAM_BLD_to_param(bld);
	must(EVP_PKEY_fromdata_init(ctx) == 1 &&
		 EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1, "import");
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	return pkey;
}

static void
import_alone(void)
{
	EVP_PKEY_free(import());
}

static void
import_to_verify(void)
{
	EVP_PKEY   *pkey = import();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1, "context");
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

static double
measure(void (*load) (void))
{
	struct timespec begin;
	struct timespec end;
	int			i;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	for (i = 0; i < CALLS; i++)
		load();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / CALLS;
}

/* A key of 2048 bits, made here. */
static void
make_key(void)
{
	EVP_PKEY   *pkey = EVP_RSA_gen(2048);
	BIGNUM	   *n = NULL;
	char		text[1024];
	char		encoded[AZ_B64URL_ENCODED_LEN(sizeof(modulus)) + 1];

	must(pkey != NULL && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1, "a key");
	modulus_len = (size_t) BN_bn2bin(n, modulus);
	az_b64url_encode(modulus, modulus_len, encoded);
	encoded[AZ_B64URL_ENCODED_LEN(modulus_len)] = '\0';
	snprintf(text, sizeof(text), "{\"kty\":\"RSA\",\"alg\":\"RS256\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"%s\"}",
			 encoded);
	must(az_json_parse(text, strlen(text), &jwk) == AZ_JSON_OK, "a JWK");
	BN_free(n);
	EVP_PKEY_free(pkey);
}

int
main(int argc, char **argv)
{
	int			turns = argc > 1 ? atoi(argv[1]) : 25;
	int			i;

	make_key();
	for (i = 0; i <= turns; i++)
	{
		double		a = measure(ours);
		double		b = measure(import_to_verify);
		double		c = measure(import_alone);

		/* the first turn does not count */
		if (i > 0)
			printf("%.0f %.0f %.0f\n", a, b, c);
	}
	az_json_free(jwk);
	return 0;
}
