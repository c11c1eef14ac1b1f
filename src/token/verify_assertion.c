/*-------------------------------------------------------------------------
 *
 * verify_assertion.c
 *	  The checks of an assertion's header.  verify.c has their order.
 *
 *-------------------------------------------------------------------------
 */
#include "token/verify_intern.h"

#include <string.h>

#include "token/b64url.h"

static bool
is_assertion(const AzVerification *v)
{
	return az_is_type(v->jws.typ, v->jws.typ_len, AZ_ASSERTION_TYPE,
					  sizeof(AZ_ASSERTION_TYPE) - 1);
}

/*
 * RFC 8725, 3.11 and 3.12: no issuer's token has that type, whatever its
 * token_types say, so a token and an assertion are never taken for each other.
 */
AzReason
az_refuse_assertion(AzVerification *v)
{
	return is_assertion(v) ? AZ_ASSERTION_NOT_HERE : AZ_OK;
}

AzReason
az_check_assertion_type(AzVerification *v)
{
	return is_assertion(v) ? AZ_OK : AZ_ASSERTION_EXPECTED;
}

/*
 * RFC 8725, 3.1: there is one algorithm, and the key that is named must be for
 * it.
 */
AzReason
az_choose_cluster_key(AzVerification *v)
{
	const AzKey *key;

	if ((v->jws.algs & AZ_ALG_BIT(AZ_ED25519)) == 0 ||
		v->jws.kid_len == 0 || v->jws.kid_len > AZ_MAX_KID)
		return AZ_ASSERTION_MALFORMED;
	key = v->by->find_key(v->by->arg, v->jws.kid, v->jws.kid_len);
	if (key == NULL || az_key_kid(key) == NULL ||
		strlen(az_key_kid(key)) != v->jws.kid_len ||
		memcmp(az_key_kid(key), v->jws.kid, v->jws.kid_len) != 0)
		return AZ_ASSERTION_KEY;
	if (az_key_alg(key) != AZ_ED25519)
		return AZ_KEY_MISMATCH;
	v->candidates.key[0] = key;
	v->candidates.n = 1;
	return AZ_OK;
}

/* A text of the header; *text stays NULL where it is absent. */
static bool
read_text(const AzVerification *v, const char *name, const char **text)
{
	size_t		len;

	return az_json_get_string(v->jws.header, name, text, &len) &&
		(*text == NULL || (len > 0 && len <= AZ_ASSERTION_TEXT_MAX));
}

static bool
read_seconds(const AzVerification *v, const char *name, int64_t *seconds)
{
	const AzJson *value = az_json_get_z(v->jws.header, name);

	return value != NULL && az_json_integer(value, seconds) && *seconds >= 0;
}

/* The same for 32 bytes, which can be written in one way only. */
static bool
read_anchor(AzVerification *v)
{
	unsigned char bytes[AZ_B64URL_DECODED_MAX(AZ_B64URL_ENCODED_LEN(AZ_CHAIN_VALUE))];
	const char *text;
	size_t		len;

	if (!read_text(v, "chain", &text))
		return false;
	if (text == NULL)
		return true;
	len = strlen(text);
	if (len != AZ_B64URL_ENCODED_LEN(AZ_CHAIN_VALUE) || !az_b64url_decode(text, len, bytes, &len))
		return false;
	memcpy(v->anchor, bytes, AZ_CHAIN_VALUE);
	v->assertion.anchor = v->anchor;
	return true;
}

AzReason
az_check_assertion_header(AzVerification *v)
{
	AzAssertion *assertion = &v->assertion;

	return read_text(v, "destination", &assertion->destination) &&
		assertion->destination != NULL &&
		read_text(v, "nonce", &assertion->nonce) && assertion->nonce != NULL &&
		read_text(v, "stored", &assertion->stored) && read_anchor(v) &&
		read_seconds(v, "iat", &assertion->issued) &&
		read_seconds(v, "exp", &assertion->expires) &&
		az_assertion_is_short(assertion) ? AZ_OK : AZ_ASSERTION_MALFORMED;
}

/* To the second, as they are written: exp > now, and iat <= now + skew. */
AzReason
az_check_assertion_times(AzVerification *v)
{
	return az_assertion_times(&v->assertion, v->now);
}

AzReason
az_check_assertion_use(AzVerification *v)
{
	return v->by->judge == NULL ? AZ_OK : v->by->judge(v->by->arg, &v->assertion);
}
