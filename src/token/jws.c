/*-------------------------------------------------------------------------
 *
 * jws.c
 *	  Compact serialisation (RFC 7515, 7.1), with one signature by one key.
 *
 * The text between the dots is taken as it came: the signature is checked
 * over the received characters, never over an encoding of ours.
 *
 *-------------------------------------------------------------------------
 */
#include "token/jws.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/ecerr.h>
#include <openssl/err.h>

#include "token/b64url.h"
#include "token/crypto.h"
#include "token/key_intern.h"

typedef struct Span
{
	const char *start;
	size_t		len;
} Span;

/* ---- the three segments ---- */

/*
 * RFC 7515, 7.1 and 3.1.  Five segments are a JWE: the caller must be able to
 * tell (RFC 8725, 3.3).
 */
static AzReason
split(const char *token, size_t len, Span segments[3])
{
	const char *end = token + len;
	const char *start = token;
	size_t		n = 0;

	for (;;)
	{
		const char *dot = memchr(start, '.', (size_t) (end - start));
		const char *stop = dot != NULL ? dot : end;

		if (n < 3)
		{
			segments[n].start = start;
			segments[n].len = (size_t) (stop - start);
		}
		n++;
		if (dot == NULL || n > 5)
			break;
		start = dot + 1;
	}

	if (n == 5)
		return AZ_ENCRYPTED;
	/* an unsigned token has an empty third segment; a payload may be empty */
	if (n != 3 || segments[0].len == 0 || segments[2].len == 0)
		return AZ_SEGMENT_COUNT;
	return AZ_OK;
}

static bool
in_alphabet(const Span *segment)
{
	size_t		i;

	for (i = 0; i < segment->len; i++)
	{
		char		c = segment->start[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			  (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

/* Why decoding a segment failed. */
static AzReason
decoding_fault(const Span segments[3])
{
	if (in_alphabet(&segments[0]) && in_alphabet(&segments[1]) &&
		in_alphabet(&segments[2]))
		return AZ_BASE64URL;
	return AZ_ALPHABET;
}

static AzReason
parse_header(const unsigned char *text, size_t len, AzJson **header)
{
	switch (az_json_parse((const char *) text, len, header))
	{
		case AZ_JSON_OK:
			return az_json_type(*header) == AZ_JSON_OBJECT ? AZ_OK : AZ_HEADER_JSON;
		case AZ_JSON_NO_MEMORY:
			return AZ_NO_MEMORY;
		case AZ_JSON_INVALID:
		case AZ_JSON_TOO_DEEP:
			break;
	}
	return AZ_HEADER_JSON;
}

AzReason
az_jws_parse(const char *token, size_t len, AzJws *jws)
{
	Span		segments[3];
	unsigned char *header;
	size_t		header_len;
	AzReason	reason;

	memset(jws, 0, sizeof(*jws));
	if (len == 0)
		return AZ_TOKEN_MISSING;
	reason = split(token, len, segments);
	if (reason != AZ_OK)
		return reason;
	jws->signing_input = token;
	jws->signing_len = segments[0].len + 1 + segments[1].len;

	header = malloc(AZ_B64URL_DECODED_MAX(segments[0].len));
	jws->payload = malloc(AZ_B64URL_DECODED_MAX(segments[1].len));
	jws->signature = malloc(AZ_B64URL_DECODED_MAX(segments[2].len));
	if (header == NULL || jws->payload == NULL || jws->signature == NULL)
		reason = AZ_NO_MEMORY;
	else if (!az_b64url_decode(segments[0].start, segments[0].len,
							   header, &header_len) ||
			 !az_b64url_decode(segments[1].start, segments[1].len,
							   jws->payload, &jws->payload_len) ||
			 !az_b64url_decode(segments[2].start, segments[2].len,
							   jws->signature, &jws->signature_len))
		reason = decoding_fault(segments);
	else
		reason = parse_header(header, header_len, &jws->header);
	free(header);
	return reason;
}

void
az_jws_free(AzJws *jws)
{
	az_json_free(jws->header);
	az_wipe(jws->payload, jws->payload_len);
	free(jws->payload);
	/* without its signature, a token is of no use */
	az_wipe(jws->signature, jws->signature_len);
	free(jws->signature);
	memset(jws, 0, sizeof(*jws));
}

/* ---- the header ---- */

AzReason
az_jws_header(AzJws *jws)
{
	/*
	 * We understand no extension, so every "crit" names one that we do not
	 * (RFC 7515, 4.1.11).  "b64" changes what is signed, and a JWT must not
	 * use it (RFC 7797, 7); "cty" announces a nested token; "zip" belongs to
	 * JWE.
	 */
	static const char *const never[] = {"crit", "b64", "zip", "cty"};
	const char *alg;
	size_t		alg_len;
	size_t		i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (az_json_get_z(jws->header, never[i]) != NULL)
			return AZ_HEADER_CRITICAL;

	if (!az_json_get_string(jws->header, "typ", &jws->typ, &jws->typ_len) ||
		!az_json_get_string(jws->header, "kid", &jws->kid, &jws->kid_len))
		return AZ_HEADER_TYPE;

	if (!az_json_get_string(jws->header, "alg", &alg, &alg_len) || alg == NULL)
		jws->alg_missing = true;
	else
		jws->algs = az_algs_by_name(alg, alg_len);
	return AZ_OK;
}

/* ---- the keys ---- */

static bool
has_kid_of(const AzJws *jws, const AzKey *key)
{
	const char *kid = az_key_kid(key);

	return kid != NULL && strlen(kid) == jws->kid_len &&
		memcmp(kid, jws->kid, jws->kid_len) == 0;
}

AzReason
az_jws_choose_keys(const AzJws *jws, AzKey *const *keys, size_t n,
				   AzAlgs allowed, bool kid_required, AzCandidateKeys *candidates)
{
	AzAlgs		algs = jws->algs & allowed;
	bool		named = false;
	bool		found = false;
	size_t		i;

	candidates->n = 0;
	if (jws->alg_missing)
		return AZ_ALG_MISSING;
	if (algs == 0)
		return AZ_ALG_REFUSED;
	if (kid_required && jws->kid_len == 0)
		return AZ_KEY_ID_MISSING;

	for (i = 0; i < n && jws->kid != NULL && !named; i++)
		named = has_kid_of(jws, keys[i]);
	if (kid_required && !named)
		return AZ_KEY_NOT_FOUND;

	for (i = 0; i < n; i++)
	{
		if (jws->kid != NULL &&
			(named ? !has_kid_of(jws, keys[i]) : az_key_kid(keys[i]) != NULL))
			continue;
		found = true;
		if ((AZ_ALG_BIT(az_key_alg(keys[i])) & algs) == 0)
			continue;
		if (candidates->n == AZ_MAX_CANDIDATE_KEYS)
		{
			candidates->n = 0;
			return AZ_KEY_AMBIGUOUS;
		}
		candidates->key[candidates->n++] = keys[i];
	}

	if (candidates->n > 0)
		return AZ_OK;
	return found ? AZ_KEY_MISMATCH : AZ_KEY_NOT_FOUND;
}

/* ---- signatures ---- */

/*
 * What OpenSSL's answer means.  0 is a wrong signature, unless memory ran out
 * on the way.  Less than 0 is a failure, with one exception: a signer can make
 * ECDSA arrive at the point at infinity, which has no x to compare.
 */
static AzReason
verdict(int answer)
{
	unsigned long error;

	if (answer == 1)
		return AZ_OK;
	error = ERR_peek_error();
	if (az_memory_ran_out())
		return AZ_NO_MEMORY;
	if (answer == 0 ||
		(ERR_GET_LIB(error) == ERR_LIB_EC &&
		 ERR_GET_REASON(error) == EC_R_POINT_AT_INFINITY))
		return AZ_SIGNATURE;
	return AZ_CRYPTO_FAILURE;
}

static AzReason
verify_hmac(const AzKey *key, const unsigned char *msg, size_t msg_len,
			const unsigned char *sig)
{
	size_t		expected_len = az_alg_info(key->alg)->sig_len;
	unsigned char mac[EVP_MAX_MD_SIZE];
	size_t		mac_len = 0;
	AzReason	reason;

	/* without a key, EVP_MAC_init() takes the one that it had */
	if (EVP_MAC_init(key->mac, NULL, 0, NULL) != 1 ||
		EVP_MAC_update(key->mac, msg, msg_len) != 1 ||
		EVP_MAC_final(key->mac, mac, &mac_len, sizeof(mac)) != 1 ||
		mac_len != expected_len)
		reason = AZ_CRYPTO_FAILURE;
	else
		reason = CRYPTO_memcmp(mac, sig, mac_len) == 0 ? AZ_OK : AZ_SIGNATURE;
	az_wipe(mac, sizeof(mac));
	return reason;
}

static AzReason
verify_digest(const AzKey *key, const unsigned char *msg, size_t msg_len,
			  const unsigned char *sig, size_t sig_len)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len;

	if (EVP_DigestInit_ex2(key->digest, key->md, NULL) != 1 ||
		EVP_DigestUpdate(key->digest, msg, msg_len) != 1 ||
		EVP_DigestFinal_ex(key->digest, digest, &digest_len) != 1)
		return AZ_CRYPTO_FAILURE;
	return verdict(EVP_PKEY_verify(key->verify, sig, sig_len, digest, digest_len));
}

/*
 * A positive number as a DER INTEGER; returns its end.
 */
static unsigned char *
put_integer(unsigned char *out, const unsigned char *number, size_t len)
{
	size_t		pad;

	while (*number == 0)
	{
		number++;
		len--;
	}
	pad = *number >= 0x80 ? 1 : 0;
	*out++ = 0x02;
	*out++ = (unsigned char) (pad + len);
	if (pad != 0)
		*out++ = 0;
	memcpy(out, number, len);
	return out + len;
}

static bool
in_range(const unsigned char *number, const unsigned char *order, size_t len)
{
	size_t		i;

	for (i = 0; i < len && number[i] == 0; i++)
		;
	return i < len && memcmp(number, order, len) < 0;
}

/*
 * RFC 7518, 3.4: r and s, each as long as the order, 0 < r, s < n.  OpenSSL
 * wants them as DER, and never sees a pair out of range.
 */
static AzReason
verify_ec(const AzKey *key, const unsigned char *msg, size_t msg_len,
		  const unsigned char *sig)
{
	size_t		len = az_alg_info(key->alg)->coord_len;
	const unsigned char *r = sig;
	const unsigned char *s = sig + len;
	unsigned char body[2 * (AZ_EC_ORDER_MAX + 3)];
	unsigned char der[sizeof(body) + 3];
	unsigned char *p = der;
	size_t		body_len;

	if (!in_range(r, key->order, len) || !in_range(s, key->order, len))
		return AZ_SIGNATURE;

	body_len = (size_t) (put_integer(put_integer(body, r, len), s, len) - body);
	*p++ = 0x30;
	if (body_len >= 0x80)
		*p++ = 0x81;
	*p++ = (unsigned char) body_len;
	memcpy(p, body, body_len);
	return verify_digest(key, msg, msg_len, der, (size_t) (p - der) + body_len);
}

static AzReason
verify_pure(const AzKey *key, const unsigned char *msg, size_t msg_len,
			const unsigned char *sig, size_t sig_len)
{
	/* a context that has verified once need not do it again */
	if (EVP_MD_CTX_copy_ex(key->digest, key->pure) != 1)
		return AZ_CRYPTO_FAILURE;
	return verdict(EVP_DigestVerify(key->digest, sig, sig_len, msg, msg_len));
}

static AzReason
verify_by_type(const AzKey *key, const unsigned char *msg, size_t msg_len,
			   const unsigned char *sig, size_t sig_len)
{
	switch (az_alg_info(key->alg)->kty)
	{
		case AZ_KTY_OCT:
			return verify_hmac(key, msg, msg_len, sig);
		case AZ_KTY_RSA:
			return verify_digest(key, msg, msg_len, sig, sig_len);
		case AZ_KTY_EC:
			return verify_ec(key, msg, msg_len, sig);
		case AZ_KTY_OKP:
		case AZ_KTY_AKP:
			return verify_pure(key, msg, msg_len, sig, sig_len);
	}
	return AZ_CRYPTO_FAILURE;
}

AzReason
az_signature_verify(const AzKey *key, const unsigned char *msg, size_t msg_len,
					const unsigned char *sig, size_t sig_len)
{
	const AzAlgInfo *info = az_alg_info(key->alg);
	size_t		expected = info->sig_len;
	AzReason	reason;

	/* every algorithm has one length of signature; RSA, the modulus's */
	if (info->kty == AZ_KTY_RSA)
		expected = key->material.part[0].len;
	if (sig_len != expected)
		return AZ_SIGNATURE;

	ERR_clear_error();
	reason = verify_by_type(key, msg, msg_len, sig, sig_len);
	ERR_clear_error();
	return reason;
}

AzReason
az_jws_verify(const AzJws *jws, const AzKey *key)
{
	/*
	 * the key was chosen by this, but the comparison belongs where the key is
	 * used
	 */
	if ((AZ_ALG_BIT(az_key_alg(key)) & jws->algs) == 0)
		return AZ_KEY_MISMATCH;
	return az_signature_verify(key, (const unsigned char *) jws->signing_input,
							   jws->signing_len, jws->signature, jws->signature_len);
}
