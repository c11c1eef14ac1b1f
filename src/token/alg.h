/*-------------------------------------------------------------------------
 *
 * alg.h
 *	  The signature algorithms, each tied to one type of key.
 *
 * RFC 7518 (HS, RS, PS, ES), RFC 8812 (ES256K), RFC 8037 and RFC 9864
 * (EdDSA, Ed25519, Ed448), RFC 9964 (ML-DSA).  "none" has no entry.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ALG_H
#define AZ_ALG_H

#include <stddef.h>
#include <stdint.h>

typedef enum AzAlg
{
	AZ_HS256, AZ_HS384, AZ_HS512,
	AZ_RS256, AZ_RS384, AZ_RS512,
	AZ_PS256, AZ_PS384, AZ_PS512,
	AZ_ES256, AZ_ES384, AZ_ES512,
	AZ_ES256K,
	AZ_ED25519, AZ_ED448,
	AZ_ML_DSA_44, AZ_ML_DSA_65, AZ_ML_DSA_87,
	AZ_N_ALGS
} AzAlg;

typedef enum AzKeyType
{
	AZ_KTY_OCT, AZ_KTY_RSA, AZ_KTY_EC, AZ_KTY_OKP, AZ_KTY_AKP
} AzKeyType;

/* A set of algorithms, one bit each. */
typedef uint32_t AzAlgs;
#define AZ_ALG_BIT(alg)		((AzAlgs) 1 << (alg))
#define AZ_ALGS_HMAC		(AZ_ALG_BIT(AZ_HS256) | AZ_ALG_BIT(AZ_HS384) | AZ_ALG_BIT(AZ_HS512))
#define AZ_ALGS_RSA			(AZ_ALG_BIT(AZ_RS256) | AZ_ALG_BIT(AZ_RS384) | AZ_ALG_BIT(AZ_RS512) | \
							 AZ_ALG_BIT(AZ_PS256) | AZ_ALG_BIT(AZ_PS384) | AZ_ALG_BIT(AZ_PS512))
#define AZ_ALGS_ALL			(AZ_ALG_BIT(AZ_N_ALGS) - 1)

typedef struct AzAlgInfo
{
	const char *name;			/* the registered name; "Ed25519", not "EdDSA" */
	AzKeyType	kty;
	const char *crv;			/* EC and OKP, else NULL */
	const char *hash;			/* OpenSSL's name, NULL where the algorithm has none */
	size_t		coord_len;		/* EC: bytes of one coordinate; OKP: bytes of x;
								 * AKP: bytes of pub */
	size_t		sig_len;		/* bytes of a signature; 0: as long as the modulus (RSA) */
	size_t		min_secret;		/* HMAC: bytes of the hash (RFC 7518, 3.2) */
} AzAlgInfo;

extern const AzAlgInfo *az_alg_info(AzAlg alg);

/*
 * The algorithms that a name stands for: one bit, two for "EdDSA" (the key's
 * curve decides), 0 for a name that is not recognized.  Case-sensitive.
 */
extern AzAlgs az_algs_by_name(const char *name, size_t len);

#endif							/* AZ_ALG_H */
