/*-------------------------------------------------------------------------
 *
 * test_jws.c
 *	  Signatures of every algorithm, the compact form, the header, and which
 *	  key may have signed.
 *
 *-------------------------------------------------------------------------
 */
#include <openssl/err.h>

#include "examples.h"
#include "token/crypto.h"
#include "token/jws.h"
#include "signer.h"
#include "tap.h"

#define MESSAGE		"what was signed"

static const char *
name_of(AzReason reason)
{
	return az_reason_info(reason)->name;
}

static bool
is(AzReason got, AzReason expected, const char *what)
{
	return ok(got == expected, "%s %s: %s", expected == AZ_OK ? "accept" : "refuse",
			  what, name_of(got));
}

static AzKey *
key_of(const char *text)
{
	AzKeyError	error;
	AzJson	   *jwk;
	AzKey	   *key = NULL;

	MUST(az_json_parse(text, strlen(text), &jwk) == AZ_JSON_OK);
	if (az_key_from_jwk(jwk, 0, true, &key, &error) != AZ_KEY_OK)
		fprintf(stderr, "%s: %s\n", text, error.why);
	MUST(key != NULL);
	az_json_free(jwk);
	return key;
}

static AzKey *
key_of_signer(const Signer *signer, const char *more)
{
	char	   *text = signer_jwk(signer, more);
	AzKey	   *key = key_of(text);

	free(text);
	return key;
}

/*
 * The way of a token in verify.c, as far as it concerns the signature.
 */
static AzReason
judge(const char *token, size_t len, AzKey *const *keys, size_t n, AzAlgs allowed,
	  bool kid_required)
{
	AzCandidateKeys candidates;
	AzJws		jws;
	AzReason	reason = az_jws_parse(token, len, &jws);
	size_t		i;

	if (reason == AZ_OK)
		reason = az_jws_header(&jws);
	if (reason == AZ_OK)
		reason = az_jws_choose_keys(&jws, keys, n, allowed, kid_required, &candidates);
	if (reason == AZ_OK)
		for (i = 0, reason = AZ_SIGNATURE; i < candidates.n && reason == AZ_SIGNATURE; i++)
			reason = az_jws_verify(&jws, candidates.key[i]);
	az_jws_free(&jws);
	return reason;
}

static AzReason
judge_by(const char *token, AzKey *key)
{
	return judge(token, strlen(token), &key, 1, AZ_ALGS_ALL, false);
}

/* ---- the examples of the RFCs ---- */

static void
test_example(const char *jwk, const char *token, const char *what)
{
	AzKey	   *key = key_of(jwk);
	char	   *forged = strdup(token);
	char	   *first = strchr(forged, '.') + 1;

	is(judge_by(token, key), AZ_OK, what);
	*first = *first == 'a' ? 'b' : 'a';
	is(judge_by(forged, key), AZ_SIGNATURE, "it with another payload");
	free(forged);
	az_key_free(key);
}

static void
test_examples(void)
{
	AzKey	   *key;

	test_example("{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}",
				 OCT_TOKEN, "RFC 7515, A.1");
	test_example("{\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}",
				 RSA_TOKEN, "RFC 7515, A.2");
	test_example("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
				 P256_TOKEN, "RFC 7515, A.3");
	test_example("{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" P521_X "\",\"y\":\"" P521_Y "\"}",
				 P521_TOKEN, "RFC 7515, A.4");
	test_example("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\"}",
				 ED25519_TOKEN, "RFC 8037, A.4");

	key = key_of("{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}");
	is(judge_by(UNSECURED_TOKEN, key), AZ_SEGMENT_COUNT, "RFC 7515, A.5");
	is(judge_by(UNSECURED_TOKEN "AA", key), AZ_ALG_REFUSED, "it with a signature");
	az_key_free(key);
}

/* ---- every algorithm ---- */

static AzReason
verify(const AzKey *key, const unsigned char *sig, size_t len)
{
	return az_signature_verify(key, (const unsigned char *) MESSAGE, strlen(MESSAGE), sig, len);
}

/*
 * Whether no signature verifies that differs from this one in one bit.
 */
static bool
every_bit_counts(const AzKey *key, unsigned char *sig, size_t len)
{
	size_t		step = len > 200 ? 61 : 1;
	size_t		bit;

	for (bit = 0; bit < 8 * len; bit += step)
	{
		AzReason	reason;

		sig[bit / 8] ^= 1 << bit % 8;
		reason = verify(key, sig, len);
		sig[bit / 8] ^= 1 << bit % 8;
		if (reason != AZ_SIGNATURE)
			return false;
	}
	return true;
}

static void
test_algorithm(AzAlg alg)
{
	static const unsigned char other[] = "what was not signed";
	const char *name = az_alg_info(alg)->name;
	unsigned char sig[SIGNATURE_MAX];
	Signer		signer;
	Signer		stranger;
	AzKey	   *key;
	size_t		len;

	if (!signer_init(&signer, alg))
	{
		ok(az_alg_info(alg)->kty == AZ_KTY_AKP, "%s: not offered by this OpenSSL", name);
		return;
	}
	key = key_of_signer(&signer, "");
	ok(az_key_alg(key) == alg, "%s: the key is bound to it", name);
	len = signer_sign(&signer, (const unsigned char *) MESSAGE, strlen(MESSAGE), sig);

	ok(verify(key, sig, len) == AZ_OK, "%s: accept", name);
	ok(az_signature_verify(key, other, sizeof(other), sig, len) == AZ_SIGNATURE,
	   "%s: refuse another message", name);
	ok(az_signature_verify(key, other, 0, sig, len) == AZ_SIGNATURE,
	   "%s: refuse the empty message", name);
	ok(verify(key, sig, len) == AZ_OK, "%s: accept again", name);
	ok(every_bit_counts(key, sig, len), "%s: every bit of the signature counts", name);
	ok(verify(key, sig, len) == AZ_OK, "%s: accept still", name);
	ok(verify(key, sig, len - 1) == AZ_SIGNATURE, "%s: refuse one byte less", name);
	sig[len] = 0;
	ok(verify(key, sig, len + 1) == AZ_SIGNATURE, "%s: refuse one byte more", name);
	ok(verify(key, sig, 0) == AZ_SIGNATURE, "%s: refuse an empty signature", name);
	ok(verify(key, sig, len / 2) == AZ_SIGNATURE, "%s: refuse half of it", name);

	len = signer_sign(&signer, other, 0, sig);
	ok(az_signature_verify(key, other, 0, sig, len) == AZ_OK,
	   "%s: accept the empty message", name);

	if (az_alg_info(alg)->kty != AZ_KTY_RSA)
	{
		MUST(signer_init(&stranger, alg));
		len = signer_sign(&stranger, (const unsigned char *) MESSAGE, strlen(MESSAGE), sig);
		ok(verify(key, sig, len) == AZ_SIGNATURE, "%s: refuse another key's", name);
		signer_free(&stranger);
	}
	az_key_free(key);
	signer_free(&signer);
}

/*
 * One key, signatures of every RSA algorithm: only its own is accepted.
 */
static void
test_rsa_schemes(void)
{
	AzAlg		bound;
	AzAlg		used;

	for (bound = AZ_RS256; bound <= AZ_PS512; bound++)
	{
		Signer		signer;
		AzKey	   *key;

		MUST(signer_init(&signer, bound));
		key = key_of_signer(&signer, "");
		for (used = AZ_RS256; used <= AZ_PS512; used++)
		{
			unsigned char sig[SIGNATURE_MAX];
			size_t		len;

			signer.alg = used;
			len = signer_sign(&signer, (const unsigned char *) MESSAGE,
							  strlen(MESSAGE), sig);
			ok(verify(key, sig, len) == (used == bound ? AZ_OK : AZ_SIGNATURE),
			   "%s %s signature with a key for %s", used == bound ? "accept" : "refuse",
			   az_alg_info(used)->name, az_alg_info(bound)->name);
		}
		az_key_free(key);
		signer_free(&signer);
	}
}

static void
try_rsa(const Signer *signer, const AzKey *key, const char *hash, const char *mask,
		int salt, AzReason expected, const char *what)
{
	unsigned char sig[SIGNATURE_MAX];
	size_t		len = sign_with(signer, hash, mask, salt, (const unsigned char *) MESSAGE,
								strlen(MESSAGE), sig);

	is(verify(key, sig, len), expected, what);
}

static void
test_rsa_details(void)
{
	unsigned char sig[SIGNATURE_MAX];
	Signer		signer;
	AzKey	   *key;
	BIGNUM	   *n = NULL;

	MUST(signer_init(&signer, AZ_PS256));
	key = key_of_signer(&signer, "");
	try_rsa(&signer, key, "SHA256", "SHA256", 32, AZ_OK, "PS256 with a salt of 32 bytes");
	try_rsa(&signer, key, "SHA256", "SHA256", 0, AZ_SIGNATURE, "PS256 without salt");
	try_rsa(&signer, key, "SHA256", "SHA256", 20, AZ_SIGNATURE, "a salt of 20 bytes");
	try_rsa(&signer, key, "SHA256", "SHA256", 48, AZ_SIGNATURE, "a salt of 48 bytes");
	try_rsa(&signer, key, "SHA256", "SHA1", 32, AZ_SIGNATURE, "a mask with SHA-1");
	try_rsa(&signer, key, "SHA512", "SHA256", 32, AZ_SIGNATURE, "another hash");
	az_key_free(key);

	signer.alg = AZ_RS256;
	key = key_of_signer(&signer, "");
	try_rsa(&signer, key, "SHA256", NULL, 0, AZ_OK, "RS256 with SHA-256");
	try_rsa(&signer, key, "SHA1", NULL, 0, AZ_SIGNATURE, "RS256 with SHA-1");

	/* signatures that are no residues, and trivial ones */
	MUST(EVP_PKEY_get_bn_param(signer.pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1);
	MUST(BN_bn2binpad(n, sig, 256) == 256);
	is(verify(key, sig, 256), AZ_SIGNATURE, "the modulus as the signature");
	memset(sig, 0xff, 256);
	is(verify(key, sig, 256), AZ_SIGNATURE, "more than the modulus");
	memset(sig, 0, 256);
	is(verify(key, sig, 256), AZ_SIGNATURE, "0");
	sig[255] = 1;
	is(verify(key, sig, 256), AZ_SIGNATURE, "1");
	BN_free(n);
	az_key_free(key);
	signer_free(&signer);
}

/*
 * r and s: only the raw pair, each in its range (RFC 7518, 3.4).
 */
static void
test_ec_details(AzAlg alg)
{
	const AzAlgInfo *info = az_alg_info(alg);
	size_t		len = info->coord_len;
	unsigned char sig[SIGNATURE_MAX];
	unsigned char der[256];
	unsigned char order[66];
	unsigned char changed[2 * 66 + 2];
	Signer		signer;
	AzKey	   *key;
	BIGNUM	   *n = NULL;
	BIGNUM	   *s;
	size_t		der_len;

	MUST(signer_init(&signer, alg));
	key = key_of_signer(&signer, "");
	MUST(EVP_PKEY_get_bn_param(signer.pkey, OSSL_PKEY_PARAM_EC_ORDER, &n) == 1);
	MUST(BN_bn2binpad(n, order, (int) len) == (int) len);

	der_len = sign_with(&signer, info->hash, NULL, 0, (const unsigned char *) MESSAGE,
						strlen(MESSAGE), der);
	der_to_raw(der, der_len, sig, len);
	ok(verify(key, sig, 2 * len) == AZ_OK, "%s: accept r and s", info->name);
	ok(verify(key, der, der_len) == AZ_SIGNATURE, "%s: refuse DER", info->name);

	/* n - s is as good a signature (RFC 8725 has no rule against it) */
	s = BN_bin2bn(sig + len, (int) len, NULL);
	MUST(s != NULL && BN_sub(s, n, s) == 1);
	memcpy(changed, sig, len);
	MUST(BN_bn2binpad(s, changed + len, (int) len) == (int) len);
	ok(verify(key, changed, 2 * len) == AZ_OK, "%s: accept n - s", info->name);
	BN_free(s);

	memcpy(changed, sig + len, len);
	memcpy(changed + len, sig, len);
	ok(verify(key, changed, 2 * len) == AZ_SIGNATURE, "%s: refuse s and r", info->name);
	memcpy(changed, sig, 2 * len);
	memset(changed, 0, len);
	ok(verify(key, changed, 2 * len) == AZ_SIGNATURE, "%s: refuse r = 0", info->name);
	memcpy(changed, order, len);
	ok(verify(key, changed, 2 * len) == AZ_SIGNATURE, "%s: refuse r = n", info->name);
	memcpy(changed, sig, len);
	memset(changed + len, 0, len);
	ok(verify(key, changed, 2 * len) == AZ_SIGNATURE, "%s: refuse s = 0", info->name);
	memcpy(changed + len, order, len);
	ok(verify(key, changed, 2 * len) == AZ_SIGNATURE, "%s: refuse s = n", info->name);
	memset(changed, 0, 2 * len);
	ok(verify(key, changed, 2 * len) == AZ_SIGNATURE, "%s: refuse r = s = 0", info->name);
	memset(changed, 0xff, 2 * len);
	ok(verify(key, changed, 2 * len) == AZ_SIGNATURE, "%s: refuse what is greater than n",
	   info->name);
	changed[0] = 0;
	memcpy(changed + 1, sig, 2 * len);
	ok(verify(key, changed, 2 * len + 1) == AZ_SIGNATURE, "%s: refuse a leading zero",
	   info->name);
	BN_free(n);
	az_key_free(key);
	signer_free(&signer);
}

/*
 * RFC 8032, 5.1.7: S below the order of the group.
 */
static void
test_ed25519_details(void)
{
	static const unsigned char order[32] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
		0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10
	};
	unsigned char sig[SIGNATURE_MAX];
	unsigned int carry = 0;
	Signer		signer;
	AzKey	   *key;
	int			i;

	MUST(signer_init(&signer, AZ_ED25519));
	key = key_of_signer(&signer, "");
	MUST(signer_sign(&signer, (const unsigned char *) MESSAGE, strlen(MESSAGE), sig) == 64);
	is(verify(key, sig, 64), AZ_OK, "Ed25519");
	for (i = 0; i < 32; i++)
	{
		carry += (unsigned int) sig[32 + i] + order[i];
		sig[32 + i] = (unsigned char) carry;
		carry >>= 8;
	}
	is(verify(key, sig, 64), AZ_SIGNATURE, "S plus the order of the group");
	memset(sig, 0, 64);
	sig[0] = 1;
	is(verify(key, sig, 64), AZ_SIGNATURE, "R the neutral point and S = 0");
	az_key_free(key);
	signer_free(&signer);
}

/* ---- the compact form ---- */

static void
parse(AzReason expected, const char *token, size_t len, const char *what)
{
	char	   *copy = malloc(len > 0 ? len : 1);
	AzJws		jws;

	/* without terminator, for the sanitizers */
	MUST(copy != NULL);
	memcpy(copy, token, len);
	is(az_jws_parse(copy, len, &jws), expected, what);
	az_jws_free(&jws);
	ok(jws.header == NULL && jws.payload == NULL && jws.signature == NULL,
	   "and nothing remains");
	free(copy);
}

#define PARSE(expected, token, what)	parse(expected, token, sizeof(token) - 1, what)

/* {"alg":"HS256"} */
#define HEADER		"eyJhbGciOiJIUzI1NiJ9"

static void
test_segments(void)
{
	PARSE(AZ_OK, HEADER ".e30.AAAA", "three segments");
	PARSE(AZ_OK, HEADER "..AAAA", "an empty payload");
	PARSE(AZ_TOKEN_MISSING, "", "nothing");
	PARSE(AZ_SEGMENT_COUNT, HEADER, "one segment");
	PARSE(AZ_SEGMENT_COUNT, HEADER ".e30", "two segments");
	PARSE(AZ_SEGMENT_COUNT, HEADER ".e30.AAAA.", "four segments");
	PARSE(AZ_SEGMENT_COUNT, HEADER ".e30.AAAA.e30", "four full segments");
	PARSE(AZ_ENCRYPTED, HEADER ".e30.AAAA.AAAA.AAAA", "five segments");
	PARSE(AZ_ENCRYPTED, HEADER "....AAAA", "five segments, some empty");
	PARSE(AZ_SEGMENT_COUNT, HEADER ".e30.AAAA.AAAA.AAAA.AAAA", "six segments");
	PARSE(AZ_SEGMENT_COUNT, ".", "a dot");
	PARSE(AZ_SEGMENT_COUNT, "..", "two dots");
	PARSE(AZ_SEGMENT_COUNT, ".e30.AAAA", "no header");
	PARSE(AZ_SEGMENT_COUNT, HEADER ".e30.", "no signature");

	PARSE(AZ_ALPHABET, HEADER ".e30.AAAA ", "a blank behind");
	PARSE(AZ_ALPHABET, " " HEADER ".e30.AAAA", "a blank before");
	PARSE(AZ_ALPHABET, HEADER ".e30.AAAA\n", "a newline behind");
	PARSE(AZ_ALPHABET, HEADER ".e30.AAAA\0", "a NUL behind");
	PARSE(AZ_ALPHABET, HEADER ".e3\0.AAAA", "a NUL inside");
	PARSE(AZ_ALPHABET, HEADER ".e30=.AAAA", "padding");
	PARSE(AZ_ALPHABET, HEADER ".e30.AAA+", "a plus");
	PARSE(AZ_ALPHABET, HEADER ".e30.AAA/", "a slash");
	PARSE(AZ_ALPHABET, "Bearer " HEADER ".e30.AAAA", "the word Bearer");
	PARSE(AZ_ALPHABET, "\"" HEADER ".e30.AAAA\"", "quotes");
	PARSE(AZ_ALPHABET, "\xef\xbb\xbf" HEADER ".e30.AAAA", "a byte-order mark");
	PARSE(AZ_BASE64URL, HEADER ".e30.A", "one character");
	PARSE(AZ_BASE64URL, HEADER ".e30.AAAAA", "five characters");
	PARSE(AZ_BASE64URL, HEADER ".e31.AAAA", "unused bits of the payload");
	PARSE(AZ_BASE64URL, HEADER ".e30.AB", "unused bits of the signature");
	PARSE(AZ_ALPHABET, HEADER ".e31.AAA!", "unused bits, and a character");

	PARSE(AZ_HEADER_JSON, "AAAA.e30.AAAA", "a header of NUL bytes");
	PARSE(AZ_HEADER_JSON, "W10.e30.AAAA", "an array as the header");
	PARSE(AZ_HEADER_JSON, "bnVsbA.e30.AAAA", "null as the header");
	PARSE(AZ_HEADER_JSON, "eyJhIjoxLCJhIjoxfQ.e30.AAAA", "a header with a name twice");
	PARSE(AZ_HEADER_JSON, "eyJhIjoxfSA0.e30.AAAA", "a header with text behind");
	PARSE(AZ_BASE64URL, "W10.e31.AAAA", "an array as the header, and unused bits");
}

static void
test_many_dots(void)
{
	char	   *dots = malloc(1000000);

	MUST(dots != NULL);
	memset(dots, '.', 1000000);
	parse(AZ_SEGMENT_COUNT, dots, 1000000, "a million dots");
	free(dots);
}

/* ---- the header ---- */

static void
header(AzReason expected, const char *text, const char *what)
{
	Signer		signer;
	char	   *token;
	AzJws		jws;

	MUST(signer_init(&signer, AZ_HS256));
	token = signer_token(&signer, text, "{}");
	MUST(az_jws_parse(token, strlen(token), &jws) == AZ_OK);
	is(az_jws_header(&jws), expected, what);
	az_jws_free(&jws);
	free(token);
}

static void
test_header(void)
{
	AzJws		jws;
	static const char token[] = HEADER ".e30.AAAA";

	header(AZ_OK, "{\"alg\":\"HS256\"}", "a plain header");
	header(AZ_OK, "{\"alg\":\"HS256\",\"unheard\":{\"of\":[1]}}", "an extra parameter");
	header(AZ_HEADER_CRITICAL, "{\"alg\":\"HS256\",\"crit\":[\"x\"],\"x\":1}", "crit");
	header(AZ_HEADER_CRITICAL, "{\"alg\":\"HS256\",\"crit\":[]}", "an empty crit");
	header(AZ_HEADER_CRITICAL, "{\"alg\":\"HS256\",\"crit\":null}", "crit that is null");
	header(AZ_HEADER_CRITICAL, "{\"alg\":\"HS256\",\"b64\":true}", "b64");
	header(AZ_HEADER_CRITICAL, "{\"alg\":\"HS256\",\"b64\":false}", "b64 that is false");
	header(AZ_HEADER_CRITICAL, "{\"alg\":\"HS256\",\"zip\":\"DEF\"}", "zip");
	header(AZ_HEADER_CRITICAL, "{\"alg\":\"HS256\",\"cty\":\"JWT\"}", "cty");
	header(AZ_OK, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"\"}", "typ and kid");
	header(AZ_HEADER_TYPE, "{\"alg\":\"HS256\",\"typ\":1}", "typ that is a number");
	header(AZ_HEADER_TYPE, "{\"alg\":\"HS256\",\"typ\":null}", "typ that is null");
	header(AZ_HEADER_TYPE, "{\"alg\":\"HS256\",\"kid\":1}", "kid that is a number");
	header(AZ_HEADER_TYPE, "{\"alg\":\"HS256\",\"kid\":[\"a\"]}", "kid that is an array");
	header(AZ_HEADER_CRITICAL, "{\"typ\":1,\"crit\":1}", "crit before typ");
	header(AZ_OK, "{\"alg\":\"HS256\",\"jwk\":1,\"jku\":2,\"x5u\":3,\"x5c\":4}",
		   "what would bring a key is not looked at");

	MUST(az_jws_parse(token, strlen(token), &jws) == AZ_OK);
	MUST(az_jws_header(&jws) == AZ_OK);
	ok(jws.kid == NULL && jws.typ == NULL && !jws.alg_missing &&
	   jws.algs == AZ_ALG_BIT(AZ_HS256), "what a plain header says");
	ok(jws.signing_len == strlen(HEADER ".e30") && jws.payload_len == 2 &&
	   jws.signature_len == 3, "where the parts are");
	az_jws_free(&jws);
}

/*
 * A token of this header, properly signed.
 */
static void
with_alg(AzReason expected, const char *text, const char *what)
{
	Signer		signer;
	AzKey	   *key;
	char	   *token;

	MUST(signer_init(&signer, AZ_HS256));
	key = key_of_signer(&signer, "");
	token = signer_token(&signer, text, "{}");
	is(judge_by(token, key), expected, what);
	free(token);
	az_key_free(key);
}

static void
test_alg(void)
{
	with_alg(AZ_OK, "{\"alg\":\"HS256\"}", "HS256");
	with_alg(AZ_OK, "{\"\\u0061lg\":\"HS\\u003256\"}", "HS256 with escapes");
	with_alg(AZ_ALG_MISSING, "{}", "no alg");
	with_alg(AZ_ALG_MISSING, "{\"ALG\":\"HS256\"}", "ALG");
	with_alg(AZ_ALG_MISSING, "{\"alg\":null}", "alg that is null");
	with_alg(AZ_ALG_MISSING, "{\"alg\":[\"HS256\"]}", "alg that is an array");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"none\"}", "none");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"None\"}", "None");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"\"}", "an empty alg");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"hs256\"}", "hs256");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"HS256 \"}", "HS256 and a blank");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"HS2560\"}", "HS2560");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"HS25\"}", "HS25");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"HS1\"}", "HS1");
	with_alg(AZ_ALG_REFUSED, "{\"alg\":\"ESP256\"}", "ESP256, a name of COSE");
	with_alg(AZ_KEY_MISMATCH, "{\"alg\":\"HS384\"}", "HS384 with a key for HS256");
	with_alg(AZ_KEY_MISMATCH, "{\"alg\":\"RS256\"}", "RS256 with a key for HS256");
}

/*
 * What the attacks on the type of the key do: the public key as a secret.
 */
static void
test_confusion(void)
{
	static const char *const headers[] = {
		"{\"alg\":\"HS256\"}", "{\"alg\":\"HS256\",\"kid\":\"a\"}"
	};
	Signer		signer;
	Signer		attacker;
	AzKey	   *key;
	char	   *token;
	char	   *jwk;
	char		embedded[9000];
	size_t		i;

	MUST(signer_init(&signer, AZ_ED25519));
	MUST(signer_init(&attacker, AZ_HS256));
	jwk = signer_jwk(&signer, ",\"kid\":\"a\"");
	key = key_of(jwk);
	memcpy(attacker.secret, jwk, sizeof(attacker.secret));
	for (i = 0; i < 2; i++)
	{
		token = signer_token(&attacker, headers[i], "{}");
		is(judge_by(token, key), AZ_KEY_MISMATCH, "an HMAC keyed with a public key");
		free(token);
	}
	free(jwk);

	/* a key in the header is not a key */
	signer_free(&attacker);
	MUST(signer_init(&attacker, AZ_ED25519));
	jwk = signer_jwk(&attacker, ",\"kid\":\"a\"");
	snprintf(embedded, sizeof(embedded), "{\"alg\":\"EdDSA\",\"kid\":\"a\",\"jwk\":%s}", jwk);
	token = signer_token(&attacker, embedded, "{}");
	is(judge_by(token, key), AZ_SIGNATURE, "a key in the header");
	free(token);
	token = signer_token(&signer, embedded, "{}");
	is(judge_by(token, key), AZ_OK, "the same header, signed by the right key");
	free(token);
	free(jwk);
	az_key_free(key);
	signer_free(&attacker);
	signer_free(&signer);
}

/* ---- the key ---- */

/*
 * Which of keys a header chooses, as digits, beside the reason.
 */
static void
choose(AzReason expected, const char *numbers, const char *text, AzKey *const *keys, size_t n,
	   AzAlgs allowed, bool kid_required, const char *what)
{
	Signer		signer;
	AzCandidateKeys candidates;
	char	   *token;
	AzJws		jws;
	AzReason	reason;
	bool		as_expected;
	size_t		i;

	MUST(signer_init(&signer, AZ_HS256));
	token = signer_token(&signer, text, "{}");
	MUST(az_jws_parse(token, strlen(token), &jws) == AZ_OK);
	MUST(az_jws_header(&jws) == AZ_OK);
	reason = az_jws_choose_keys(&jws, keys, n, allowed, kid_required, &candidates);
	as_expected = reason == expected && candidates.n == strlen(numbers);
	for (i = 0; as_expected && numbers[i] != '\0'; i++)
		as_expected = candidates.key[i] == keys[numbers[i] - '0'];
	ok(as_expected, "%s: %s", what, name_of(reason));
	az_jws_free(&jws);
	free(token);
}

static void
test_choose(void)
{
	enum
	{
		RS_A, PS_B, ES_C, HS_A, ED, RS
	};
	AzKey	   *keys[6];
	AzKey	   *some[3];
	Signer		signer;

	MUST(signer_init(&signer, AZ_RS256));
	keys[RS_A] = key_of_signer(&signer, ",\"kid\":\"a\"");
	keys[RS] = key_of_signer(&signer, "");
	signer.alg = AZ_PS256;
	keys[PS_B] = key_of_signer(&signer, ",\"kid\":\"b\"");
	signer_free(&signer);
	MUST(signer_init(&signer, AZ_ES256));
	keys[ES_C] = key_of_signer(&signer, ",\"kid\":\"c\"");
	signer_free(&signer);
	MUST(signer_init(&signer, AZ_HS256));
	keys[HS_A] = key_of_signer(&signer, ",\"kid\":\"a\"");
	MUST(signer_init(&signer, AZ_ED25519));
	keys[ED] = key_of_signer(&signer, "");
	signer_free(&signer);

	/* by kid */
	choose(AZ_OK, "0", "{\"alg\":\"RS256\",\"kid\":\"a\"}", keys, 3, AZ_ALGS_ALL, true, "by kid");
	choose(AZ_OK, "1", "{\"alg\":\"PS256\",\"kid\":\"b\"}", keys, 3, AZ_ALGS_ALL, true,
		   "by another kid");
	choose(AZ_KEY_MISMATCH, "", "{\"alg\":\"PS256\",\"kid\":\"a\"}", keys, 3, AZ_ALGS_ALL, true,
		   "one kid, another algorithm");
	choose(AZ_KEY_NOT_FOUND, "", "{\"alg\":\"RS256\",\"kid\":\"A\"}", keys, 3, AZ_ALGS_ALL, true,
		   "a kid in upper case");
	choose(AZ_KEY_NOT_FOUND, "", "{\"alg\":\"RS256\",\"kid\":\"aa\"}", keys, 3, AZ_ALGS_ALL,
		   false, "a longer kid");
	choose(AZ_KEY_NOT_FOUND, "", "{\"alg\":\"RS256\",\"kid\":\"\"}", keys, 3, AZ_ALGS_ALL,
		   false, "the empty kid");
	choose(AZ_OK, "0", "{\"alg\":\"RS256\",\"kid\":\"a\"}", keys, 4, AZ_ALGS_ALL, true,
		   "one kid, two algorithms");
	choose(AZ_OK, "3", "{\"alg\":\"HS256\",\"kid\":\"a\"}", keys, 4, AZ_ALGS_ALL, true,
		   "the other of the two");

	/* what the issuer may use */
	choose(AZ_ALG_REFUSED, "", "{\"alg\":\"HS256\",\"kid\":\"a\"}", keys, 4, AZ_ALGS_RSA, true,
		   "an algorithm that is not allowed");
	choose(AZ_ALG_REFUSED, "", "{\"alg\":\"none\",\"kid\":\"a\"}", keys, 4, AZ_ALGS_ALL, true,
		   "none");
	choose(AZ_ALG_MISSING, "", "{\"kid\":\"a\"}", keys, 4, AZ_ALGS_ALL, true, "no algorithm");

	/* a token without kid */
	choose(AZ_KEY_ID_MISSING, "", "{\"alg\":\"ES256\"}", keys, 3, AZ_ALGS_ALL, true,
		   "no kid where one is required");
	choose(AZ_KEY_ID_MISSING, "", "{\"alg\":\"ES256\",\"kid\":\"\"}", keys, 3, AZ_ALGS_ALL, true,
		   "an empty kid where one is required");
	choose(AZ_OK, "2", "{\"alg\":\"ES256\"}", keys, 3, AZ_ALGS_ALL, false,
		   "no kid, one key of that algorithm");
	choose(AZ_KEY_MISMATCH, "", "{\"alg\":\"ES384\"}", keys, 3, AZ_ALGS_ALL, false,
		   "no kid, no key of that algorithm");
	some[0] = keys[RS_A];
	some[1] = keys[PS_B];
	some[2] = keys[RS_A];
	choose(AZ_OK, "02", "{\"alg\":\"RS256\"}", some, 3, AZ_ALGS_ALL, false,
		   "no kid, two keys of that algorithm");
	choose(AZ_OK, "02", "{\"alg\":\"RS256\",\"kid\":\"a\"}", some, 3, AZ_ALGS_ALL, true,
		   "a kid, two keys of that algorithm");

	/* a key without kid */
	choose(AZ_OK, "4", "{\"alg\":\"EdDSA\",\"kid\":\"x\"}", keys, 5, AZ_ALGS_ALL, false,
		   "a key without kid serves any token");
	choose(AZ_OK, "4", "{\"alg\":\"Ed25519\"}", keys, 5, AZ_ALGS_ALL, false,
		   "and one without kid");
	choose(AZ_KEY_NOT_FOUND, "", "{\"alg\":\"EdDSA\",\"kid\":\"x\"}", keys, 5, AZ_ALGS_ALL, true,
		   "but not where a kid is required");
	choose(AZ_KEY_MISMATCH, "", "{\"alg\":\"EdDSA\",\"kid\":\"a\"}", keys, 5, AZ_ALGS_ALL, false,
		   "nor where a key has that kid");
	choose(AZ_OK, "05", "{\"alg\":\"RS256\"}", keys, 6, AZ_ALGS_ALL, false,
		   "no kid: those that have one, and those that have none");
	choose(AZ_OK, "5", "{\"alg\":\"RS256\",\"kid\":\"\"}", keys, 6, AZ_ALGS_ALL, false,
		   "the empty kid: those that have none");
	choose(AZ_OK, "5", "{\"alg\":\"RS256\",\"kid\":\"x\"}", keys, 6, AZ_ALGS_ALL, false,
		   "a kid that no key has: those that have none");
	choose(AZ_KEY_MISMATCH, "", "{\"alg\":\"Ed448\"}", keys + 4, 1, AZ_ALGS_ALL, false,
		   "Ed448 with a key of Ed25519");
	choose(AZ_KEY_MISMATCH, "", "{\"alg\":\"EdDSA\"}", keys + 4, 1,
		   AZ_ALGS_ALL & ~AZ_ALG_BIT(AZ_ED25519), false, "EdDSA where only Ed448 is allowed");
	choose(AZ_KEY_NOT_FOUND, "", "{\"alg\":\"RS256\"}", keys, 0, AZ_ALGS_ALL, false, "no keys");

	az_key_free(keys[0]);
	az_key_free(keys[1]);
	az_key_free(keys[2]);
	az_key_free(keys[3]);
	az_key_free(keys[4]);
	az_key_free(keys[5]);
}

/* Q16: eight keys of one algorithm are tried, and nine are none */
static void
test_candidates(void)
{
	AzKey	   *keys[10];
	Signer		signer;
	char	   *token;
	char	   *named;
	size_t		n;

	for (n = 0; n < 9; n++)
	{
		MUST(signer_init(&signer, AZ_HS256));
		keys[n] = key_of_signer(&signer, n % 2 == 0 ? "" : ",\"kid\":\"k\"");
		if (n < 8)
			signer_free(&signer);
	}
	token = signer_token(&signer, "{\"alg\":\"HS256\"}", "{}");
	named = signer_token(&signer, "{\"alg\":\"HS256\",\"kid\":\"k\"}", "{}");
	signer_free(&signer);

	choose(AZ_OK, "01234567", "{\"alg\":\"HS256\"}", keys, 8, AZ_ALGS_ALL, false, "eight keys");
	choose(AZ_KEY_AMBIGUOUS, "", "{\"alg\":\"HS256\"}", keys, 9, AZ_ALGS_ALL, false, "nine keys");
	choose(AZ_OK, "1357", "{\"alg\":\"HS256\",\"kid\":\"k\"}", keys, 9, AZ_ALGS_ALL, false,
		   "those of the kid among nine");
	is(judge(token, strlen(token), keys + 1, 8, AZ_ALGS_ALL, false), AZ_OK,
	   "the last of eight holds");
	is(judge(token, strlen(token), keys, 8, AZ_ALGS_ALL, false), AZ_SIGNATURE,
	   "none of eight does");
	is(judge(token, strlen(token), keys, 9, AZ_ALGS_ALL, false), AZ_KEY_AMBIGUOUS,
	   "of nine none is tried");
	is(judge(named, strlen(named), keys, 9, AZ_ALGS_ALL, false), AZ_SIGNATURE,
	   "with a kid those of it alone are tried");

	/* others do not count: of another algorithm, whatever it is */
	MUST(signer_init(&signer, AZ_ES256));
	keys[9] = keys[0];
	keys[0] = key_of_signer(&signer, "");
	signer_free(&signer);
	is(judge(token, strlen(token), keys, 9, AZ_ALGS_ALL, false), AZ_OK,
	   "one of nine has another algorithm");

	for (n = 0; n < 10; n++)
		az_key_free(keys[n]);
	free(token);
	free(named);
}

/*
 * The comparison is made again where the key is used.
 */
static void
test_binding(void)
{
	Signer		signer;
	AzKey	   *key;
	char	   *token;
	AzJws		jws;

	MUST(signer_init(&signer, AZ_PS256));
	key = key_of_signer(&signer, "");
	token = signer_token(&signer, "{\"alg\":\"RS256\"}", "{}");
	MUST(az_jws_parse(token, strlen(token), &jws) == AZ_OK && az_jws_header(&jws) == AZ_OK);
	is(az_jws_verify(&jws, key), AZ_KEY_MISMATCH, "a PS256 signature under RS256");
	az_jws_free(&jws);
	free(token);
	token = signer_token(&signer, "{\"alg\":\"PS256\"}", "{}");
	MUST(az_jws_parse(token, strlen(token), &jws) == AZ_OK && az_jws_header(&jws) == AZ_OK);
	is(az_jws_verify(&jws, key), AZ_OK, "a PS256 signature under PS256");
	az_jws_free(&jws);
	free(token);
	az_key_free(key);
	signer_free(&signer);
}

/* ---- the rest ---- */

static void
test_sha256(void)
{
	static const unsigned char abc[32] = {
		0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
		0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61,
		0xf2, 0x00, 0x15, 0xad
	};
	static const unsigned char empty[4] = {0xe3, 0xb0, 0xc4, 0x42};
	unsigned char digest[32];

	ok(az_sha256("abc", 3, digest) && memcmp(digest, abc, 32) == 0, "SHA-256 of abc");
	ok(az_sha256("", 0, digest) && memcmp(digest, empty, 4) == 0, "SHA-256 of nothing");
	ok(az_sha256("abc", 3, digest) && memcmp(digest, abc, 32) == 0, "SHA-256 again");
}

/*
 * OpenSSL's queue of errors belongs to the whole process: what stands there
 * does not disturb us, and we leave nothing.
 */
static void
test_error_queue(void)
{
	unsigned char sig[SIGNATURE_MAX];
	unsigned char digest[32];
	Signer		signer;
	AzKey	   *key;
	size_t		len;

	MUST(signer_init(&signer, AZ_RS256));
	key = key_of_signer(&signer, "");
	len = signer_sign(&signer, (const unsigned char *) MESSAGE, strlen(MESSAGE), sig);
	ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
	is(verify(key, sig, len), AZ_OK, "with an error in the queue");
	ok(ERR_peek_error() == 0, "the queue is empty");
	sig[0] ^= 1;
	is(verify(key, sig, len), AZ_SIGNATURE, "a wrong signature");
	ok(ERR_peek_error() == 0, "the queue is empty");
	ERR_raise(ERR_LIB_USER, ERR_R_INTERNAL_ERROR);
	ok(az_sha256("abc", 3, digest) && ERR_peek_error() == 0, "the queue is empty");
	az_key_free(key);
	signer_free(&signer);
}

int
main(void)
{
	AzAlg		alg;

	test_examples();
	for (alg = 0; alg < AZ_N_ALGS; alg++)
		test_algorithm(alg);
	test_rsa_schemes();
	test_rsa_details();
	for (alg = AZ_ES256; alg <= AZ_ES256K; alg++)
		test_ec_details(alg);
	test_ed25519_details();
	test_segments();
	test_many_dots();
	test_header();
	test_alg();
	test_confusion();
	test_choose();
	test_candidates();
	test_binding();
	test_sha256();
	test_error_queue();
	return tap_done();
}
