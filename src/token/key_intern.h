/*-------------------------------------------------------------------------
 *
 * key_intern.h
 *	  The inside of a key: for jwk.c, key*.c and jws.c alone.
 *
 * jwk.c and key_pem.c bring material, key_public.c judges it, key.c makes the
 * key, jws.c verifies with it.  key_material.c is below all of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEY_INTERN_H
#define AZ_KEY_INTERN_H

#include <openssl/evp.h>

#include "token/key.h"

/* Bytes of the order of the largest curve, P-521. */
#define AZ_EC_ORDER_MAX		66

typedef struct AzBytes
{
	unsigned char *data;		/* owned */
	size_t		len;
} AzBytes;

/*
 * What defines a key: oct {k}, RSA {n, e}, EC {x, y}, OKP {x}, AKP {pub}.
 * Numbers are big-endian, unsigned.
 */
typedef struct AzMaterial
{
	AzBytes		part[2];
} AzMaterial;

/*
 * The contexts are made once, when the key is: fetching an algorithm costs
 * OpenSSL microseconds.  Verifying writes to them, so a key belongs to one
 * thread of one process.
 */
struct AzKey
{
	AzAlg		alg;
	char	   *kid;			/* NULL when none */
	char		thumbprint[AZ_THUMBPRINT_SIZE];
	AzMaterial	material;
	int64_t		added;

	EVP_PKEY   *pkey;			/* NULL for oct */
	EVP_MD	   *md;				/* RSA and EC */
	EVP_MD_CTX *digest;			/* RSA and EC: to hash with; OKP and AKP: room for a
								 * copy of pure */
	EVP_PKEY_CTX *verify;		/* RSA and EC: ready for EVP_PKEY_verify() */
	EVP_MD_CTX *pure;			/* OKP and AKP: ready for EVP_DigestVerify() */
	EVP_MAC_CTX *mac;			/* oct: keyed */
	unsigned char order[AZ_EC_ORDER_MAX];	/* EC: n, as long as a coordinate */
};

/*
 * The one algorithm for a key of this type and curve (NULL where the type
 * has none).  name: the "alg" that came with the key, or NULL; bind as for
 * az_key_from_jwk().  *why on refusal.
 */
extern AzKeyStatus az_key_bind(AzKeyType kty, const char *crv, size_t crv_len,
							   const char *name, size_t name_len, AzAlgs bind,
							   AzAlg *alg, const char **why);

/*
 * Make a key, or say in *why what is wrong with the material.  The material
 * is consumed in either case.  kid may be NULL.
 */
extern AzKeyStatus az_key_make(AzAlg alg, const char *kid, AzMaterial *material,
							   AzKey **key, const char **why);

/* The part of az_key_make() for public keys: fills pkey and its contexts. */
extern AzKeyStatus az_key_load_public(AzKey *key, const char **why);

/*
 * Whether that is a point to trust: *why stays NULL, or says why not.  The
 * length has been checked.  False when OpenSSL failed.
 */
extern bool az_edwards_judge(AzAlg alg, const AzBytes *encoded, const char **why);

/* The status when OpenSSL did not do what we asked for. */
extern AzKeyStatus az_key_refused(const char *reason, const char **why);

/* "RSA", "EC", ... */
extern const char *az_key_type_name(AzKeyType kty);

/* Wipe and free. */
extern void az_material_free(AzMaterial *material);

/* Start a report: no reason yet, and the kid cut to fit.  kid may be NULL. */
extern void az_key_error_init(AzKeyError *error, const char *kid);

#endif							/* AZ_KEY_INTERN_H */
