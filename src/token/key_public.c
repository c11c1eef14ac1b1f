/*-------------------------------------------------------------------------
 *
 * key_public.c
 *	  RSA, EC, OKP and AKP material to an EVP_PKEY, with every rule about it.
 *
 * OpenSSL imports much that a verifier must not trust: an RSA exponent of 1
 * (every message then carries its own signature), moduli of any size, the
 * low-order points of the Edwards curves.  What is weak is refused here,
 * before anything can be verified with it.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_intern.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#define RSA_MIN_BITS	2048
#define RSA_MAX_BITS	16384	/* OpenSSL verifies with no longer one */
#define RSA_MAX_E_BYTES 8

/* ---- RSA ---- */

static size_t
bit_length(const AzBytes *number)
{
	size_t		bits = number->len * 8;
	unsigned int top = number->data[0];

	for (; (top & 0x80) == 0; top <<= 1)
		bits--;
	return bits;
}

/*
 * The primes up to 167, multiplied as far as 32 bits hold them.  Dividing by a
 * product is dividing by each of its primes.
 */
#define PRODUCTS(DO) \
	DO(0, 3u * 5 * 7 * 11 * 13 * 17 * 19 * 23 * 29) \
	DO(1, 31u * 37 * 41 * 43 * 47) \
	DO(2, 53u * 59 * 61 * 67 * 71) \
	DO(3, 73u * 79 * 83 * 89 * 97) \
	DO(4, 101u * 103 * 107 * 109) \
	DO(5, 113u * 127 * 131 * 137) \
	DO(6, 139u * 149 * 151 * 157) \
	DO(7, 163u * 167)
#define N_PRODUCTS	8

/*
 * The number modulo each product.  They stand here as constants, so that the
 * compiler has them multiplied with, which takes a third of the time.
 */
static void
divide(const AzBytes *number, uint64_t rest[N_PRODUCTS])
{
	size_t		i = 0;

	memset(rest, 0, N_PRODUCTS * sizeof(rest[0]));
	while (i < number->len)
	{
		uint32_t	word = 0;

		do
			word = word << 8 | number->data[i++];
		while ((number->len - i) % sizeof(word) != 0);
#define DIVIDE(product, value)	rest[product] = (rest[product] << 32 | word) % (value);
		PRODUCTS(DIVIDE)
#undef DIVIDE
	}
}

/*
 * Is value among the powers of 65537 modulo prime?
 */
static bool
is_power_of_65537(uint32_t value, uint32_t prime)
{
	uint32_t	power = 1;

	do
	{
		if (power == value)
			return true;
		power = power * (65537 % prime) % prime;
	} while (power != 1);
	return false;
}

/*
 * The primes of the flawed generator of CVE-2017-15361 (ROCA) have the form
 * k * M + 65537^a mod M, where M is the product of the first primes.  So has
 * the modulus, modulo each of them: one random modulus in about 2^28 looks
 * like that.  The same division finds small factors.
 */
static const char *
modulus_fault(const AzBytes *n)
{
	static const uint8_t primes[] = {
		3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67,
		71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139,
		149, 151, 157, 163, 167
	};
#define VALUE(product, value)	value,
	static const uint32_t products[N_PRODUCTS] = {PRODUCTS(VALUE)};
#undef VALUE
	uint64_t	rest[N_PRODUCTS];
	bool		roca = true;
	size_t		product = 0;
	size_t		i;

	divide(n, rest);
	for (i = 0; i < sizeof(primes); i++)
	{
		uint32_t	prime = primes[i];
		uint32_t	remainder;

		if (products[product] % prime != 0)
			product++;
		remainder = (uint32_t) rest[product] % prime;
		if (remainder == 0)
			return "the RSA modulus has a small factor";
		roca = roca && is_power_of_65537(remainder, prime);
	}
	return roca ? "the RSA modulus comes from a generator known to be weak" : NULL;
}

/*
 * RFC 7518, 3.3 and 6.3.1.  What EVP_PKEY_public_check() would find beyond
 * this, a prime modulus, costs milliseconds to look for, in every session
 * that loads the key, and only the issuer itself could make one.
 */
static const char *
rsa_fault(const AzBytes *n, const AzBytes *e)
{
	if (n->len == 0 || n->data[0] == 0)
		return "the RSA modulus is empty or has a leading zero byte";
	if (bit_length(n) < RSA_MIN_BITS)
		return "the RSA modulus is shorter than 2048 bits";
	if (bit_length(n) > RSA_MAX_BITS)
		return "the RSA modulus is longer than 16384 bits";
	if ((n->data[n->len - 1] & 1) == 0)
		return "the RSA modulus is even";

	if (e->len == 0 || e->data[0] == 0)
		return "the RSA exponent is empty or has a leading zero byte";
	if (e->len > RSA_MAX_E_BYTES)
		return "the RSA exponent is longer than 64 bits";
	if ((e->data[e->len - 1] & 1) == 0)
		return "the RSA exponent is even";
	if (e->len == 1 && e->data[0] < 3)
		return "the RSA exponent is less than 3";

	return modulus_fault(n);
}

static EVP_PKEY *
import_key(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY   *pkey = NULL;

	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
	{
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* OpenSSL takes numbers in the order of the machine's own bytes. */
static OSSL_PARAM
number_param(const char *name, const AzBytes *number, unsigned char *native)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	size_t		i;

	for (i = 0; i < number->len; i++)
		native[i] = number->data[number->len - 1 - i];
#else
	memcpy(native, number->data, number->len);
#endif
	return OSSL_PARAM_construct_BN(name, native, number->len);
}

static EVP_PKEY *
import_rsa(const AzBytes *n, const AzBytes *e)
{
	unsigned char native_n[RSA_MAX_BITS / 8];
	unsigned char native_e[RSA_MAX_E_BYTES];
	OSSL_PARAM	params[3];

	params[0] = number_param(OSSL_PKEY_PARAM_RSA_N, n, native_n);
	params[1] = number_param(OSSL_PKEY_PARAM_RSA_E, e, native_e);
	params[2] = OSSL_PARAM_construct_end();
	return import_key("RSA", params);
}

/*
 * RSASSA-PSS has the hash of the message in its mask too, and a salt as long
 * as it (RFC 7518, 3.5); OpenSSL's default would take a salt of any length.
 */
static bool
set_pss(EVP_PKEY_CTX *ctx, const EVP_MD *md)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

/*
 * For RSA and EC: the hash, and a context that checks digests made with it.
 */
static bool
prepare_digest(AzKey *key)
{
	const AzAlgInfo *info = az_alg_info(key->alg);
	char		pkcs1[] = OSSL_PKEY_RSA_PAD_MODE_PKCSV15;
	OSSL_PARAM	padding[2];

	/* the default for RSA, so it can be said in passing */
	padding[0] = OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, pkcs1, 0);
	padding[1] = OSSL_PARAM_construct_end();

	key->md = EVP_MD_fetch(NULL, info->hash, NULL);
	key->digest = EVP_MD_CTX_new();
	key->verify = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (key->md == NULL || key->digest == NULL || key->verify == NULL ||
		EVP_PKEY_verify_init_ex(key->verify, info->kty == AZ_KTY_RSA ? padding : NULL) != 1)
		return false;

	switch (key->alg)
	{
		case AZ_PS256:
		case AZ_PS384:
		case AZ_PS512:
			if (!set_pss(key->verify, key->md))
				return false;
			break;
		default:
			break;
	}
	return EVP_PKEY_CTX_set_signature_md(key->verify, key->md) == 1;
}

static AzKeyStatus
make_rsa(AzKey *key, const char **why)
{
	const AzBytes *n = &key->material.part[0];
	const AzBytes *e = &key->material.part[1];

	*why = rsa_fault(n, e);
	if (*why != NULL)
		return AZ_KEY_REFUSED;

	key->pkey = import_rsa(n, e);
	if (key->pkey == NULL || !prepare_digest(key))
		return az_key_refused("the RSA key could not be loaded", why);
	return AZ_KEY_OK;
}

/* ---- EC ---- */

static EVP_PKEY *
import_ec(const char *curve, const AzBytes *x, const AzBytes *y)
{
	unsigned char point[1 + 2 * AZ_EC_ORDER_MAX];
	char		group[16];
	OSSL_PARAM	params[3];

	point[0] = 0x04;			/* uncompressed */
	memcpy(point + 1, x->data, x->len);
	memcpy(point + 1 + x->len, y->data, y->len);
	memset(group, 0, sizeof(group));
	memcpy(group, curve, strlen(curve));

	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
												  1 + x->len + y->len);
	params[2] = OSSL_PARAM_construct_end();
	return import_key("EC", params);
}

static bool
public_check(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool		ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool
read_order(EVP_PKEY *pkey, unsigned char *order, size_t len)
{
	BIGNUM	   *n = NULL;
	bool		ok;

	ok = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_ORDER, &n) == 1 &&
		BN_bn2binpad(n, order, (int) len) == (int) len;
	BN_free(n);
	return ok;
}

static AzKeyStatus
make_ec(AzKey *key, const char **why)
{
	const AzAlgInfo *info = az_alg_info(key->alg);
	const AzBytes *x = &key->material.part[0];
	const AzBytes *y = &key->material.part[1];

	/* RFC 7518, 6.2.1.2: leading zeros included */
	if (x->len != info->coord_len || y->len != info->coord_len)
	{
		*why = "a coordinate does not have the length of its curve";
		return AZ_KEY_REFUSED;
	}

	key->pkey = import_ec(info->crv, x, y);
	if (key->pkey == NULL || !public_check(key->pkey))
		return az_key_refused("the point is not on its curve", why);
	if (!read_order(key->pkey, key->order, info->coord_len) || !prepare_digest(key))
		return az_key_refused("the EC key could not be loaded", why);
	return AZ_KEY_OK;
}

/* ---- OKP ---- */

/*
 * For OKP and AKP: a context that has the key and verifies whole messages.
 */
static bool
prepare_pure(AzKey *key)
{
	key->digest = EVP_MD_CTX_new();
	key->pure = EVP_MD_CTX_new();
	return key->digest != NULL && key->pure != NULL &&
		EVP_DigestVerifyInit_ex(key->pure, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1;
}

static AzKeyStatus
make_okp(AzKey *key, const char **why)
{
	const AzAlgInfo *info = az_alg_info(key->alg);
	const AzBytes *x = &key->material.part[0];
	if (x->len != info->coord_len)
	{
		*why = "the public key does not have the length of its curve";
		return AZ_KEY_REFUSED;
	}

	if (!az_edwards_judge(key->alg, x, why))
		return az_key_refused("the point could not be checked", why);
	if (*why != NULL)
		return AZ_KEY_REFUSED;

	key->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, info->crv, NULL, x->data, x->len);
	if (key->pkey == NULL || !prepare_pure(key))
		return az_key_refused("the OKP key could not be loaded", why);
	return AZ_KEY_OK;
}

/* ---- ML-DSA ---- */

/*
 * RFC 9964.  OpenSSL has ML-DSA from 3.5 on; which one is loaded, and whether
 * its provider offers it, is known only now.
 */
static AzKeyStatus
make_akp(AzKey *key, const char **why)
{
	const AzAlgInfo *info = az_alg_info(key->alg);
	const AzBytes *pub = &key->material.part[0];
	EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(NULL, info->name, NULL);

	if (signature == NULL)
	{
		*why = "the algorithm is not offered by the installed OpenSSL";
		return AZ_KEY_NOT_FOR_SIGNATURES;
	}
	EVP_SIGNATURE_free(signature);

	if (pub->len != info->coord_len)
	{
		*why = "the public key does not have the length of its algorithm";
		return AZ_KEY_REFUSED;
	}
	key->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, info->name, NULL, pub->data, pub->len);
	if (key->pkey == NULL || !prepare_pure(key))
		return az_key_refused("the AKP key could not be loaded", why);
	return AZ_KEY_OK;
}

AzKeyStatus
az_key_load_public(AzKey *key, const char **why)
{
	switch (az_alg_info(key->alg)->kty)
	{
		case AZ_KTY_RSA:
			return make_rsa(key, why);
		case AZ_KTY_EC:
			return make_ec(key, why);
		case AZ_KTY_OKP:
			return make_okp(key, why);
		case AZ_KTY_AKP:
			return make_akp(key, why);
		case AZ_KTY_OCT:
			break;
	}
	*why = "the key is not a public key";
	return AZ_KEY_REFUSED;
}
