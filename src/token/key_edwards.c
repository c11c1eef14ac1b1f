/*-------------------------------------------------------------------------
 *
 * key_edwards.c
 *	  Points of Ed25519 and Ed448 that may be public keys (RFC 8032).
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_intern.h"

#include <string.h>

#include <openssl/bn.h>

/*
 * The curve as x^2 = u / v (RFC 8032, 5.1 and 5.2), for the square of y:
 *
 * Ed25519: u = 121666 (y^2 - 1), v = 121666 - 121665 y^2
 * Ed448:   u = 1 - y^2, v = 1 + 39081 y^2
 */
static bool
edwards_fraction(AzAlg alg, const BIGNUM *y2, const BIGNUM *p, BN_CTX *ctx,
				 BIGNUM *u, BIGNUM *v)
{
	if (BN_copy(u, y2) == NULL || BN_sub_word(u, 1) != 1 ||
		BN_copy(v, y2) == NULL)
		return false;

	if (alg == AZ_ED25519)
	{
		if (BN_mul_word(u, 121666) != 1 || BN_mul_word(v, 121665) != 1 ||
			BN_sub_word(v, 121666) != 1)
			return false;
		BN_set_negative(v, !BN_is_negative(v));
	}
	else
	{
		BN_set_negative(u, !BN_is_negative(u));
		if (BN_mul_word(v, 39081) != 1 || BN_add_word(v, 1) != 1)
			return false;
	}
	return BN_nnmod(u, u, p, ctx) == 1 && BN_nnmod(v, v, p, ctx) == 1;
}

/*
 * The prime of the field: 2^255 - 19, or 2^448 - 2^224 - 1.
 */
static bool
edwards_prime(AzAlg alg, BIGNUM *p, BIGNUM *scratch)
{
	if (alg == AZ_ED25519)
		return BN_set_bit(p, 255) == 1 && BN_sub_word(p, 19) == 1;
	return BN_set_bit(p, 448) == 1 && BN_set_bit(scratch, 224) == 1 &&
		BN_sub(p, p, scratch) == 1 && BN_sub_word(p, 1) == 1;
}

/*
 * OpenSSL takes any string of the right length.  With a point of low order
 * as the key, signatures without a private key verify for many messages: for
 * all of them when it is the neutral point.  A point has low order when
 * doubling it (at most twice) gives x = 0 or y = 0:
 *
 *	x = 0, so u = 0			order 1 or 2
 *	y = 0					order 4
 *	x^2 + y^2 = 0 (Ed25519)	order 8
 *
 * *why stays NULL when the point is good; false when OpenSSL failed.
 */
static bool
judge_point(AzAlg alg, const AzBytes *encoded, BN_CTX *ctx, const char **why)
{
	unsigned char buf[57];
	BIGNUM	   *p = BN_CTX_get(ctx);
	BIGNUM	   *y = BN_CTX_get(ctx);
	BIGNUM	   *y2 = BN_CTX_get(ctx);
	BIGNUM	   *u = BN_CTX_get(ctx);
	BIGNUM	   *v = BN_CTX_get(ctx);
	BIGNUM	   *t = BN_CTX_get(ctx);
	int			square;

	/* little-endian y, with the sign of x in the topmost bit */
	memcpy(buf, encoded->data, encoded->len);
	buf[encoded->len - 1] &= 0x7f;

	if (t == NULL || !edwards_prime(alg, p, t) ||
		BN_lebin2bn(buf, (int) encoded->len, y) == NULL)
		return false;
	if (BN_cmp(y, p) >= 0)
	{
		*why = "the point is not in its canonical encoding";
		return true;
	}

	if (BN_mod_sqr(y2, y, p, ctx) != 1 ||
		!edwards_fraction(alg, y2, p, ctx, u, v) ||
		BN_mod_mul(t, y2, v, p, ctx) != 1 ||
		BN_mod_add(t, t, u, p, ctx) != 1)
		return false;
	if (BN_is_zero(u) || BN_is_zero(y) || (alg == AZ_ED25519 && BN_is_zero(t)))
	{
		*why = "the point has low order";
		return true;
	}

	/* u / v is a square exactly when u * v is one */
	if (BN_mod_mul(t, u, v, p, ctx) != 1)
		return false;
	square = BN_kronecker(t, p, ctx);
	if (square == -2)
		return false;
	if (square != 1)
		*why = "the point is not on its curve";
	return true;
}

bool
az_edwards_judge(AzAlg alg, const AzBytes *encoded, const char **why)
{
	BN_CTX	   *ctx = BN_CTX_new();
	bool		judged;

	*why = NULL;
	if (ctx == NULL)
		return false;
	BN_CTX_start(ctx);
	judged = judge_point(alg, encoded, ctx, why);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	return judged;
}
