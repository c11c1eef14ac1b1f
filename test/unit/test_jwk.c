/*-------------------------------------------------------------------------
 *
 * test_jwk.c
 *	  Which keys are keys: each refusal beside its accepting twin.
 *
 *-------------------------------------------------------------------------
 */
#include <openssl/err.h>

#include "examples.h"
#include "token/jwk.h"
#include "signer.h"
#include "tap.h"

#define TEXT_MAX	16384

static const char *const status_names[] = {
	[AZ_KEY_OK] = "accept",
	[AZ_KEY_NOT_FOR_SIGNATURES] = "skip",
	[AZ_KEY_REFUSED] = "refuse",
	[AZ_KEY_NO_MEMORY] = "no memory",
};

static AzKeyStatus
load(const char *text, AzAlgs bind, bool allow_oct, AzKey **key, AzKeyError *error)
{
	AzJson	   *jwk;
	AzKeyStatus status;

	MUST(az_json_parse(text, strlen(text), &jwk) == AZ_JSON_OK);
	status = az_key_from_jwk(jwk, bind, allow_oct, key, error);
	az_json_free(jwk);
	return status;
}

/*
 * Also: a key only with the status that says so, a reason only without.
 */
static bool
consistent(AzKeyStatus status, const AzKey *key, const AzKeyError *error)
{
	return (key != NULL) == (status == AZ_KEY_OK) &&
		(error->why == NULL) == (status == AZ_KEY_OK) && ERR_peek_error() == 0;
}

static void
expect(AzKeyStatus expected, const char *text, const char *what)
{
	AzKey	   *key;
	AzKeyError	error;
	AzKeyStatus status = load(text, 0, true, &key, &error);

	ok(status == expected && consistent(status, key, &error), "%s %s%s%s",
	   status_names[expected], what, error.why != NULL ? ": " : "",
	   error.why != NULL ? error.why : "");
	az_key_free(key);
}

#define ACCEPT(text, what)	expect(AZ_KEY_OK, text, what)
#define SKIP(text, what)	expect(AZ_KEY_NOT_FOR_SIGNATURES, text, what)
#define REFUSE(text, what)	expect(AZ_KEY_REFUSED, text, what)

#define RSA(more)		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"" more "}"
#define P256(more)		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"" more "}"
#define P521(more)		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" P521_X "\",\"y\":\"" P521_Y "\"" more "}"
#define ED25519(more)	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\"" more "}"
#define OCT(more)		"{\"kty\":\"oct\",\"k\":\"" OCT_K "\"" more "}"

/* ---- members ---- */

static void
test_type(void)
{
	ACCEPT(RSA(""), "an RSA key");
	REFUSE("[]", "an array");
	REFUSE("{}", "an empty object");
	REFUSE("{\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}", "a key without kty");
	REFUSE("{\"kty\":1,\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}", "kty that is a number");
	SKIP("{\"kty\":\"rsa\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}", "kty in lower case");
	SKIP("{\"kty\":\"future\"}", "a type of the future");
	REFUSE("{\"kty\":\"EC\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}", "RSA numbers as EC");
	REFUSE("{\"kty\":\"RSA\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		   "EC numbers as RSA");
	ACCEPT(RSA(",\"x5c\":1,\"x5u\":2,\"x5t\":3,\"unheard\":{\"of\":4}"),
		   "members that are not ours");
}

static void
test_kid(void)
{
	AzKey	   *key;
	AzKeyError	error;
	char		text[1024];
	char		kid[400];
	size_t		i;

	ACCEPT(P256(",\"kid\":\"a\""), "a kid");
	REFUSE(P256(",\"kid\":\"\""), "an empty kid");
	REFUSE(P256(",\"kid\":1"), "a kid that is a number");
	REFUSE(P256(",\"kid\":null"), "a kid that is null");

	load(P256(",\"kid\":\"a\\\"\\\\\\n\\u00e9\""), 0, true, &key, &error);
	ok(key != NULL && strcmp(az_key_kid(key), "a\"\\\n\xc3\xa9") == 0, "the kid, unescaped");
	ok(strcmp(error.kid, "a\"\\\n\xc3\xa9") == 0, "and in the report");
	az_key_free(key);
	load(P256(""), 0, true, &key, &error);
	ok(key != NULL && az_key_kid(key) == NULL && strcmp(error.kid, "") == 0, "no kid");
	az_key_free(key);

	/* the report is cut at a character: 127 bytes and one of two */
	memset(kid, 'k', 127);
	strcpy(kid + 127, "\xc3\xa9zz");
	snprintf(text, sizeof(text), P256(",\"kid\":\"%s\""), kid);
	load(text, 0, true, &key, &error);
	ok(key != NULL && strcmp(az_key_kid(key), kid) == 0, "a long kid is kept");
	ok(strlen(error.kid) == 127, "and cut in the report");
	az_key_free(key);
	for (i = 0; i < 300; i++)
		kid[i] = 'k';
	kid[300] = '\0';
	snprintf(text, sizeof(text), P256(",\"kid\":\"%s\""), kid);
	load(text, 0, true, &key, &error);
	ok(strlen(error.kid) == 128, "to 128 bytes");
	az_key_free(key);
}

static void
test_use(void)
{
	ACCEPT(RSA(",\"use\":\"sig\""), "use sig");
	SKIP(RSA(",\"use\":\"enc\""), "use enc");
	SKIP(RSA(",\"use\":\"SIG\""), "use SIG");
	SKIP(RSA(",\"use\":\"\""), "an empty use");
	REFUSE(RSA(",\"use\":1"), "use that is a number");
	REFUSE(RSA(",\"use\":null"), "use that is null");
	REFUSE(RSA(",\"use\":[\"sig\"]"), "use that is an array");
	ACCEPT(RSA(",\"key_ops\":[\"verify\"]"), "key_ops verify");
	ACCEPT(RSA(",\"key_ops\":[\"sign\",\"verify\"]"), "key_ops sign and verify");
	ACCEPT(RSA(",\"use\":\"sig\",\"key_ops\":[\"verify\",\"sign\"]"), "both");
	SKIP(RSA(",\"key_ops\":[]"), "empty key_ops");
	SKIP(RSA(",\"key_ops\":[\"encrypt\"]"), "key_ops encrypt");
	SKIP(RSA(",\"key_ops\":[\"sign\"]"), "key_ops sign alone");
	SKIP(RSA(",\"key_ops\":[\"Verify\"]"), "key_ops Verify");
	REFUSE(RSA(",\"key_ops\":\"verify\""), "key_ops that is a string");
	REFUSE(RSA(",\"key_ops\":null"), "key_ops that is null");
	REFUSE(RSA(",\"key_ops\":{\"verify\":1}"), "key_ops that is an object");
	REFUSE(RSA(",\"key_ops\":[\"verify\",1]"), "a number in key_ops");
	REFUSE(RSA(",\"key_ops\":[\"verify\",\"verify\"]"), "verify twice");
	REFUSE(RSA(",\"key_ops\":[\"encrypt\",\"encrypt\"]"), "encrypt twice");
	REFUSE(RSA(",\"use\":\"sig\",\"key_ops\":[\"verify\",\"encrypt\"]"),
		   "use sig, key_ops encrypt too");
	SKIP(RSA(",\"use\":\"enc\",\"key_ops\":[\"verify\"]"), "use enc, key_ops verify");
	ACCEPT(OCT(",\"alg\":\"HS256\",\"use\":\"sig\",\"key_ops\":[\"verify\"]"), "a secret to verify");
	SKIP(OCT(",\"alg\":\"HS256\",\"key_ops\":[\"sign\"]"), "a secret to sign");
	SKIP(OCT(",\"alg\":\"HS256\",\"use\":\"enc\""), "a secret to encrypt");
}

static void
bound(AzAlg expected, const char *text, AzAlgs bind, const char *what)
{
	AzKey	   *key;
	AzKeyError	error;

	load(text, bind, true, &key, &error);
	ok(key != NULL && az_key_alg(key) == expected, "%s: %s", what,
	   az_alg_info(expected)->name);
	az_key_free(key);
}

static void
test_alg(void)
{
	bound(AZ_RS256, RSA(""), 0, "RSA without alg");
	bound(AZ_RS256, RSA(""), AZ_ALGS_ALL, "where everything is allowed");
	bound(AZ_PS384, RSA(""), AZ_ALG_BIT(AZ_PS384), "where one is allowed");
	bound(AZ_PS384, RSA(""), AZ_ALG_BIT(AZ_PS384) | AZ_ALG_BIT(AZ_ES256),
		  "where one of RSA is allowed");
	bound(AZ_RS256, RSA(""), AZ_ALG_BIT(AZ_ES256), "where none of RSA is");
	bound(AZ_RS256, RSA(""), AZ_ALG_BIT(AZ_PS256) | AZ_ALG_BIT(AZ_PS384), "where two are");
	bound(AZ_RS512, RSA(",\"alg\":\"RS512\""), AZ_ALG_BIT(AZ_PS384), "what alg says");
	bound(AZ_ES256, P256(""), AZ_ALG_BIT(AZ_PS384), "P-256");
	bound(AZ_ES512, P521(""), 0, "P-521");
	bound(AZ_ED25519, ED25519(""), 0, "Ed25519");
	bound(AZ_ED25519, ED25519(",\"alg\":\"EdDSA\""), 0, "EdDSA");
	bound(AZ_ED25519, ED25519(",\"alg\":\"Ed25519\""), 0, "Ed25519 by name");

	REFUSE(RSA(",\"alg\":1"), "alg that is a number");
	REFUSE(RSA(",\"alg\":null"), "alg that is null");
	SKIP(RSA(",\"alg\":\"none\""), "alg none");
	SKIP(RSA(",\"alg\":\"RSA-OAEP\""), "alg RSA-OAEP");
	SKIP(RSA(",\"alg\":\"rs256\""), "alg in lower case");
	SKIP(RSA(",\"alg\":\"\""), "an empty alg");
	SKIP(P521(",\"alg\":\"ES521\""), "ES521, which does not exist");
	ACCEPT(P521(",\"alg\":\"ES512\""), "ES512");
	REFUSE(RSA(",\"alg\":\"HS256\""), "HS256 with an RSA key");
	REFUSE(RSA(",\"alg\":\"ES256\""), "ES256 with an RSA key");
	REFUSE(P256(",\"alg\":\"RS256\""), "RS256 with an EC key");
	REFUSE(P256(",\"alg\":\"ES384\""), "ES384 with P-256");
	REFUSE(P256(",\"alg\":\"ES256K\""), "ES256K with P-256");
	REFUSE(ED25519(",\"alg\":\"ES256\""), "ES256 with Ed25519");
	REFUSE(ED25519(",\"alg\":\"Ed448\""), "Ed448 with Ed25519");
	SKIP(P256(",\"alg\":\"ECDH-ES\""), "ECDH-ES");
}

static void
test_private(void)
{
	static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"};
	char		text[TEXT_MAX];
	size_t		i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		snprintf(text, sizeof(text), RSA(",\"%s\":\"AQAB\""), names[i]);
		expect(AZ_KEY_REFUSED, text, names[i]);
	}
	REFUSE(P256(",\"d\":\"AQAB\""), "d of an EC key");
	REFUSE(ED25519(",\"d\":\"AQAB\""), "d of an OKP key");
	REFUSE(RSA(",\"d\":null"), "d that is null");
	REFUSE(RSA(",\"d\":\"AQAB\",\"use\":\"enc\""), "a private key to encrypt");
	ACCEPT(RSA(",\"D\":\"AQAB\""), "D");
}

/* ---- secrets ---- */

static void
oct(AzKeyStatus expected, const char *alg, size_t len, const char *what)
{
	static const unsigned char secret[256];
	char		encoded[400];
	char		text[TEXT_MAX];
	AzKey	   *key;
	AzKeyError	error;
	AzKeyStatus status;

	az_b64url_encode(secret, len, encoded);
	snprintf(text, sizeof(text), "{\"kty\":\"oct\",\"alg\":\"%s\",\"k\":\"%s\"}", alg, encoded);
	expect(expected, text, what);
	status = az_key_from_secret(secret, len, NULL, alg, &key, &error);
	ok(status == expected && consistent(status, key, &error), "and as bytes");
	az_key_free(key);
}

static void
test_oct(void)
{
	AzKey	   *key;
	AzKeyError	error;

	ACCEPT(OCT(",\"alg\":\"HS256\""), "a secret");
	ok(load(OCT(",\"alg\":\"HS256\""), 0, false, &key, &error) == AZ_KEY_REFUSED && key == NULL,
	   "refuse it where secrets are not allowed");
	ok(load(OCT(",\"alg\":\"HS256\",\"use\":\"enc\""), 0, false, &key, &error) == AZ_KEY_REFUSED,
	   "whatever it is for");
	ok(load(RSA(""), 0, false, &key, &error) == AZ_KEY_OK, "accept a public key there");
	az_key_free(key);
	REFUSE(OCT(""), "a secret without alg");
	SKIP(OCT(",\"alg\":\"A256KW\""), "a secret to wrap keys");
	REFUSE(OCT(",\"alg\":\"RS256\""), "a secret for RS256");
	REFUSE("{\"kty\":\"oct\",\"alg\":\"HS256\"}", "a secret without k");
	REFUSE("{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":1}", "k that is a number");
	REFUSE("{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"" OCT_K "==\"}", "k with padding");

	oct(AZ_KEY_REFUSED, "HS256", 0, "an empty secret");
	oct(AZ_KEY_REFUSED, "HS256", 31, "31 bytes for HS256");
	oct(AZ_KEY_OK, "HS256", 32, "32 bytes for HS256");
	oct(AZ_KEY_REFUSED, "HS384", 47, "47 bytes for HS384");
	oct(AZ_KEY_OK, "HS384", 48, "48 bytes for HS384");
	oct(AZ_KEY_REFUSED, "HS512", 63, "63 bytes for HS512");
	oct(AZ_KEY_OK, "HS512", 64, "64 bytes for HS512");
	oct(AZ_KEY_OK, "HS256", 256, "256 bytes for HS256");
}

static void
test_secret(void)
{
	static const char words[] = "correct horse battery staple and more words";
	static const unsigned char bytes[32] = {0, 1, 2, 3, 200};
	AzKey	   *key;
	AzKeyError	error;

	ok(az_key_from_secret((const unsigned char *) words, strlen(words), "w", "HS256",
						  &key, &error) == AZ_KEY_OK, "accept words");
	ok(az_key_is_printable_secret(key) && strcmp(az_key_kid(key), "w") == 0,
	   "and see that they are words");
	az_key_free(key);
	ok(az_key_from_secret(bytes, 32, NULL, "HS256", &key, &error) == AZ_KEY_OK, "accept bytes");
	ok(!az_key_is_printable_secret(key) && az_key_kid(key) == NULL, "which are not words");
	az_key_free(key);
	load(ED25519(""), 0, false, &key, &error);
	ok(!az_key_is_printable_secret(key), "nor is a public key");
	az_key_free(key);

	ok(az_key_from_secret(bytes, 32, NULL, NULL, &key, &error) == AZ_KEY_REFUSED,
	   "refuse a secret without algorithm");
	ok(az_key_from_secret(bytes, 32, NULL, "ES256", &key, &error) == AZ_KEY_REFUSED,
	   "refuse a secret for ES256");
	ok(az_key_from_secret(bytes, 32, NULL, "none", &key, &error) == AZ_KEY_NOT_FOR_SIGNATURES,
	   "refuse a secret for none");
	ok(az_key_from_secret(bytes, 32, "", "HS256", &key, &error) == AZ_KEY_REFUSED && key == NULL,
	   "refuse an empty kid");
}

/* ---- RSA ---- */

static void
rsa(AzKeyStatus expected, const unsigned char *n, size_t n_len,
	const unsigned char *e, size_t e_len, const char *what)
{
	char		text[TEXT_MAX] = "{\"kty\":\"RSA\"";

	append_bytes(text, sizeof(text), "n", n, n_len);
	append_bytes(text, sizeof(text), "e", e, e_len);
	append(text, sizeof(text), "}");
	expect(expected, text, what);
}

/*
 * An odd number of that many bits without a factor below 1000.
 */
static BIGNUM *
modulus(int bits)
{
	BIGNUM	   *n = BN_new();
	BN_ULONG	p;
	bool		found = false;

	MUST(n != NULL && BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD) == 1);
	while (!found)
	{
		MUST(BN_add_word(n, 2) == 1);
		found = true;
		for (p = 3; p < 1000 && found; p += 2)
			found = BN_mod_word(n, p) != 0;
	}
	MUST(BN_num_bits(n) == bits);
	return n;
}

static void
rsa_number(AzKeyStatus expected, BIGNUM *n, const char *what)
{
	static const unsigned char e[] = {1, 0, 1};
	unsigned char bytes[4096];

	rsa(expected, bytes, (size_t) BN_bn2bin(n, bytes), e, 3, what);
	BN_free(n);
}

static void
test_rsa_size(void)
{
	static const unsigned char e[] = {1, 0, 1};
	unsigned char bytes[4096] = {0};
	BIGNUM	   *n;

	rsa_number(AZ_KEY_REFUSED, modulus(512), "512 bits");
	rsa_number(AZ_KEY_REFUSED, modulus(2047), "2047 bits");
	rsa_number(AZ_KEY_OK, modulus(2048), "2048 bits");
	rsa_number(AZ_KEY_OK, modulus(2049), "2049 bits");
	rsa_number(AZ_KEY_OK, modulus(16384), "16384 bits");
	rsa_number(AZ_KEY_REFUSED, modulus(16385), "16385 bits");

	n = modulus(2048);
	MUST(BN_sub_word(n, 1) == 1);
	rsa_number(AZ_KEY_REFUSED, n, "an even modulus");
	n = modulus(2046);
	MUST(BN_mul_word(n, 7) == 1);
	rsa_number(AZ_KEY_REFUSED, n, "a multiple of 7");

	n = modulus(2048);
	MUST(BN_bn2bin(n, bytes + 1) == 256);
	rsa(AZ_KEY_OK, bytes + 1, 256, e, 3, "256 bytes");
	rsa(AZ_KEY_REFUSED, bytes, 257, e, 3, "a zero byte before them");
	rsa(AZ_KEY_REFUSED, bytes, 0, e, 3, "an empty modulus");
	memset(bytes, 0, 256);
	rsa(AZ_KEY_REFUSED, bytes, 256, e, 3, "a modulus of zero bytes");
	BN_free(n);
}

/* One prime after the other, in moduli of any number of bytes beyond words. */
static void
test_small_factors(void)
{
	int			bits;

	for (bits = 2048; bits <= 2072; bits += 8)
	{
		BN_ULONG	p;
		BN_ULONG	q;
		char		what[60];

		snprintf(what, sizeof(what), "a modulus of %d bytes", bits / 8);
		rsa_number(AZ_KEY_OK, modulus(bits), what);
		for (p = 3; p <= 167; p += 2)
		{
			BIGNUM	   *n = modulus(bits - 1);

			for (q = 3; q < p && p % q != 0; q += 2)
				;
			MUST(BN_mul_word(n, p) == 1);
			snprintf(what, sizeof(what), "about %d bytes, a multiple of %lu", bits / 8, (unsigned long) p);
			if (q == p)
				rsa_number(AZ_KEY_REFUSED, n, what);
			else
				BN_free(n);
		}
	}
}

static void
test_rsa_exponent(void)
{
	static const unsigned char e[16] = {0, 0, 0, 3, 0, 0, 0, 0};
	static const unsigned char large[9] = {
		1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	static const unsigned char one[] = {1};
	static const unsigned char two[] = {2};
	static const unsigned char even[] = {1, 0, 2};
	unsigned char n[256];
	BIGNUM	   *bn = modulus(2048);

	MUST(BN_bn2bin(bn, n) == 256);
	BN_free(bn);
	rsa(AZ_KEY_OK, n, 256, e + 3, 1, "e = 3");
	rsa(AZ_KEY_REFUSED, n, 256, e, 0, "an empty e");
	rsa(AZ_KEY_REFUSED, n, 256, e, 1, "e = 0");
	rsa(AZ_KEY_REFUSED, n, 256, one, 1, "e = 1");
	rsa(AZ_KEY_REFUSED, n, 256, two, 1, "e = 2");
	rsa(AZ_KEY_REFUSED, n, 256, even, 3, "e = 65538");
	rsa(AZ_KEY_REFUSED, n, 256, e + 2, 2, "e = 3 with a zero byte before it");
	rsa(AZ_KEY_OK, n, 256, large + 1, 8, "e = 2^64 - 1");
	rsa(AZ_KEY_REFUSED, n, 256, large, 9, "e = 2^65 - 1");
	rsa(AZ_KEY_REFUSED, n, 256, n, 256, "e = n");
	REFUSE("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\"}", "no e");
	REFUSE("{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "no n");
	REFUSE("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":65537}", "e that is a number");
	REFUSE("{\"kty\":\"RSA\",\"n\":\"" RSA_N "==\",\"e\":\"AQAB\"}", "n with padding");
	REFUSE("{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\\n\"}", "e with a newline");
}

/*
 * k * M + 65537^a mod M, M the product of the primes up to 167: what the
 * flawed generator makes.  Another remainder modulo 11 makes it harmless.
 */
static void
test_roca(void)
{
	BN_CTX	   *ctx = BN_CTX_new();
	BIGNUM	   *m = BN_new();
	BIGNUM	   *n = BN_new();
	BIGNUM	   *t = BN_new();
	BIGNUM	   *other;
	BN_ULONG	p;
	BN_ULONG	q;

	MUST(ctx != NULL && m != NULL && n != NULL && t != NULL && BN_one(m) == 1);
	for (p = 2; p <= 167; p++)
	{
		for (q = 2; q < p && p % q != 0; q++)
			;
		if (q == p)
			MUST(BN_mul_word(m, p) == 1);
	}

	MUST(BN_set_word(n, 65537) == 1 && BN_rand(t, 100, 0, 0) == 1 &&
		 BN_mod_exp(n, n, t, m, ctx) == 1);
	MUST(BN_rand(t, 2049 - BN_num_bits(m), BN_RAND_TOP_TWO, 0) == 1 &&
		 BN_mul(t, t, m, ctx) == 1 && BN_add(n, n, t) == 1);

	other = BN_dup(n);
	MUST(other != NULL && BN_copy(t, m) != NULL && BN_div_word(t, 11) == 0);
	do
		MUST(BN_add(other, other, t) == 1);
	while (BN_mod_word(other, 11) < 2 || BN_mod_word(other, 11) == 10);
	rsa_number(AZ_KEY_REFUSED, n, "a modulus of the form of CVE-2017-15361");
	rsa_number(AZ_KEY_OK, other, "one that differs modulo 11");
	BN_free(m);
	BN_free(t);
	BN_CTX_free(ctx);
}

/* ---- EC ---- */

static void
test_ec(void)
{
	static const AzAlg algs[] = {AZ_ES256, AZ_ES384, AZ_ES512, AZ_ES256K};
	static const unsigned char zero[32];
	char		text[TEXT_MAX] = "{\"kty\":\"EC\",\"crv\":\"P-256\"";
	size_t		i;

	for (i = 0; i < 4; i++)
	{
		Signer		signer;
		char	   *jwk;

		MUST(signer_init(&signer, algs[i]));
		jwk = signer_jwk(&signer, "");
		ACCEPT(jwk, az_alg_info(algs[i])->crv);
		bound(algs[i], jwk, 0, "it is bound");
		free(jwk);
		signer_free(&signer);
	}

#define EC(crv, x, y)	"{\"kty\":\"EC\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\"}"
	ACCEPT(EC("P-256", P256_X, P256_Y), "a point");
	REFUSE(EC("P-256", P256_Y, P256_X), "a point with x and y exchanged");
	REFUSE(EC("P-256", P256_X, P256_X), "a point off the curve");
	REFUSE(EC("P-384", P256_X, P256_Y), "a point of P-256 on P-384");
	REFUSE(EC("secp256k1", P256_X, P256_Y), "a point of P-256 on secp256k1");
	REFUSE(EC("P-256", "AA" P256_X, P256_Y), "x with a zero byte before it");
	REFUSE(EC("P-256", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA", P256_Y),
		   "x of 31 bytes");
	REFUSE(EC("P-256", "", ""), "empty numbers");
	SKIP(EC("P-224", P256_X, P256_Y), "P-224");
	SKIP(EC("p-256", P256_X, P256_Y), "p-256");
	SKIP(EC("prime256v1", P256_X, P256_Y), "OpenSSL's name of the curve");
	REFUSE("{\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", "no crv");
	REFUSE("{\"kty\":\"EC\",\"crv\":256,\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		   "crv that is a number");
	REFUSE("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"}", "no y");
	REFUSE(EC("P-256", P256_X, P256_Y "="), "y with padding");

	append_bytes(text, sizeof(text), "x", zero, 32);
	append_bytes(text, sizeof(text), "y", zero, 32);
	append(text, sizeof(text), "}");
	REFUSE(text, "0, 0");
}

/* ---- Edwards curves ---- */

static void
okp(AzKeyStatus expected, const char *crv, const unsigned char *x, size_t len, const char *what)
{
	char		text[TEXT_MAX];

	snprintf(text, sizeof(text), "{\"kty\":\"OKP\",\"crv\":\"%s\"", crv);
	append_bytes(text, sizeof(text), "x", x, len);
	append(text, sizeof(text), "}");
	expect(expected, text, what);
}

/*
 * p + add as a little-endian y, with a sign; add may be negative.
 */
static void
near_prime(AzAlg alg, int add, int sign, unsigned char *y)
{
	bool		small = alg == AZ_ED25519;
	size_t		len = az_alg_info(alg)->coord_len;
	BIGNUM	   *p = BN_new();
	BIGNUM	   *t = BN_new();

	MUST(p != NULL && t != NULL && BN_set_bit(p, small ? 255 : 448) == 1);
	if (small)
		MUST(BN_sub_word(p, 19) == 1);
	else
		MUST(BN_set_bit(t, 224) == 1 && BN_sub(p, p, t) == 1 && BN_sub_word(p, 1) == 1);
	MUST((add < 0 ? BN_sub_word(p, (BN_ULONG) -add) : BN_add_word(p, (BN_ULONG) add)) == 1);
	MUST(BN_bn2lebinpad(p, y, (int) len) == (int) len);
	if (sign)
		y[len - 1] |= 0x80;
	BN_free(t);
	BN_free(p);
}

/*
 * The encodings of points of low order: canonical, with the sign of a zero x,
 * and not reduced.
 */
static void
test_low_order(AzAlg alg)
{
	const AzAlgInfo *info = az_alg_info(alg);
	size_t		len = info->coord_len;
	unsigned char y[57];
	int			sign;
	int			add;

	for (sign = 0; sign <= 1; sign++)
	{
		memset(y, 0, sizeof(y));
		y[len - 1] = sign ? 0x80 : 0;
		okp(AZ_KEY_REFUSED, info->crv, y, len, "y = 0");
		y[0] = 1;
		okp(AZ_KEY_REFUSED, info->crv, y, len, "y = 1");
		for (add = -1; add <= 1; add++)
		{
			near_prime(alg, add, sign, y);
			okp(AZ_KEY_REFUSED, info->crv, y, len, add < 0 ? "y = p - 1" :
				add == 0 ? "y = p" : "y = p + 1");
		}
		near_prime(alg, 3, sign, y);
		okp(AZ_KEY_REFUSED, info->crv, y, len, "y = p + 3");
	}
}

/*
 * Is there an x for this y?  By the equation of RFC 8032 as it stands, with
 * a division and a square root: x^2 = (1 - y^2) / (a - d y^2).
 */
static bool
has_x(AzAlg alg, BN_ULONG y)
{
	unsigned char prime[57];
	BN_CTX	   *ctx = BN_CTX_new();
	BIGNUM	   *p;
	BIGNUM	   *d = BN_new();
	BIGNUM	   *u = BN_new();
	BIGNUM	   *v = BN_new();
	bool		found;

	near_prime(alg, 0, 0, prime);
	p = BN_lebin2bn(prime, (int) az_alg_info(alg)->coord_len, NULL);
	MUST(ctx != NULL && p != NULL && d != NULL && u != NULL && v != NULL);
	if (alg == AZ_ED25519)
		MUST(BN_set_word(d, 121666) == 1 && BN_mod_inverse(d, d, p, ctx) != NULL &&
			 BN_mul_word(d, 121665) == 1);
	else
		MUST(BN_set_word(d, 39081) == 1);
	/* d is negated: a - d y^2 becomes a + d y^2 */
	MUST(BN_mul_word(d, y) == 1 && BN_mul_word(d, y) == 1 &&
		 (alg == AZ_ED25519 ? BN_sub_word(d, 1) : BN_add_word(d, 1)) == 1 &&
		 BN_nnmod(d, d, p, ctx) == 1 && BN_mod_inverse(v, d, p, ctx) != NULL);
	MUST(BN_set_word(u, y) == 1 && BN_mul_word(u, y) == 1 && BN_sub_word(u, 1) == 1 &&
		 BN_sub(u, p, u) == 1 && BN_mod_mul(u, u, v, p, ctx) == 1);
	found = BN_mod_sqrt(v, u, p, ctx) != NULL;
	ERR_clear_error();
	BN_free(v);
	BN_free(u);
	BN_free(d);
	BN_free(p);
	BN_CTX_free(ctx);
	return found;
}

/*
 * The small y that are on the curve, and no others, are accepted.
 */
static void
test_curve(AzAlg alg)
{
	const AzAlgInfo *info = az_alg_info(alg);
	int			points = 0;
	int			wrong = 0;
	int			y;

	for (y = 2; y < 256; y++)
	{
		unsigned char x[57] = {0};
		char		text[TEXT_MAX];
		AzKey	   *key;
		AzKeyError	error;
		bool		expected = has_x(alg, (BN_ULONG) y);

		x[0] = (unsigned char) y;
		snprintf(text, sizeof(text), "{\"kty\":\"OKP\",\"crv\":\"%s\"", info->crv);
		append_bytes(text, sizeof(text), "x", x, info->coord_len);
		append(text, sizeof(text), "}");
		load(text, 0, false, &key, &error);
		points += expected;
		wrong += (key != NULL) != expected;
		az_key_free(key);
	}
	ok(wrong == 0 && points > 80 && points < 180, "%s: accept the %d of 254 that have an x",
	   info->crv, points);
}

static void
test_okp(void)
{
	/* the two y of the points of order 8 */
	static const unsigned char eight[2][32] = {
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
			0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
		0x6d, 0x53, 0xfc, 0x05},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
			0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
		0x92, 0xac, 0x03, 0x7a}
	};
	unsigned char x[64] = {0};
	Signer		signer;
	char	   *jwk;
	size_t		len = 57;
	int			i;
	int			refused = 0;

	ACCEPT(ED25519(""), "Ed25519");
	SKIP("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED25519_X "\"}", "X25519");
	SKIP("{\"kty\":\"OKP\",\"crv\":\"ed25519\",\"x\":\"" ED25519_X "\"}", "ed25519");
	REFUSE("{\"kty\":\"OKP\",\"x\":\"" ED25519_X "\"}", "no crv");
	REFUSE("{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "no x");
	REFUSE("{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED25519_X "\"}", "32 bytes for Ed448");
	okp(AZ_KEY_REFUSED, "Ed25519", x, 0, "an empty x");
	okp(AZ_KEY_REFUSED, "Ed25519", eight[0], 31, "31 bytes for Ed25519");
	okp(AZ_KEY_REFUSED, "Ed25519", x, 33, "33 bytes for Ed25519");

	for (i = 0; i < 2; i++)
	{
		memcpy(x, eight[i], 32);
		okp(AZ_KEY_REFUSED, "Ed25519", x, 32, "a point of order 8");
		x[31] ^= 0x80;
		okp(AZ_KEY_REFUSED, "Ed25519", x, 32, "its negative");
	}
	test_low_order(AZ_ED25519);
	test_low_order(AZ_ED448);

	memset(x, 0, sizeof(x));
	x[0] = 2;
	okp(AZ_KEY_REFUSED, "Ed25519", x, 32, "y = 2, which is not on the curve");
	x[0] = 3;
	okp(AZ_KEY_OK, "Ed25519", x, 32, "y = 3, which is");
	x[31] = 0x80;
	okp(AZ_KEY_OK, "Ed25519", x, 32, "y = 3 with the other sign");
	test_curve(AZ_ED25519);
	test_curve(AZ_ED448);

	for (i = 0; i < 2; i++)
	{
		MUST(signer_init(&signer, i == 0 ? AZ_ED25519 : AZ_ED448));
		jwk = signer_jwk(&signer, "");
		ACCEPT(jwk, az_alg_info(signer.alg)->crv);
		bound(signer.alg, jwk, 0, "it is bound");
		free(jwk);
		signer_free(&signer);
	}

	/* the last byte of Ed448 holds the sign and nothing else */
	MUST(signer_init(&signer, AZ_ED448));
	MUST(EVP_PKEY_get_raw_public_key(signer.pkey, x, &len) == 1 && len == 57);
	okp(AZ_KEY_OK, "Ed448", x, 57, "a point of Ed448");
	x[56] |= 1;
	okp(AZ_KEY_REFUSED, "Ed448", x, 57, "one with a stray bit");
	signer_free(&signer);

	/* keys as they are made are never refused */
	for (i = 0; i < 50; i++)
	{
		AzKey	   *key;
		AzKeyError	error;

		MUST(signer_init(&signer, i % 2 == 0 ? AZ_ED25519 : AZ_ED448));
		jwk = signer_jwk(&signer, "");
		if (load(jwk, 0, false, &key, &error) != AZ_KEY_OK)
			refused++;
		az_key_free(key);
		free(jwk);
		signer_free(&signer);
	}
	ok(refused == 0, "accept 50 keys that were just made");
}

/* ---- ML-DSA ---- */

static void
test_akp(void)
{
	static const AzAlg algs[] = {AZ_ML_DSA_44, AZ_ML_DSA_65, AZ_ML_DSA_87};
	size_t		i;

	REFUSE("{\"kty\":\"AKP\",\"pub\":\"AAAA\"}", "no alg");
	SKIP("{\"kty\":\"AKP\",\"alg\":\"SLH-DSA-SHA2-128s\",\"pub\":\"AAAA\"}",
		 "an algorithm that is not ours");
	REFUSE("{\"kty\":\"AKP\",\"alg\":\"ES256\",\"pub\":\"AAAA\"}", "ES256");
	REFUSE("{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\"}", "no pub");
	REFUSE("{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AAAA\",\"priv\":\"AAAA\"}", "priv");

	for (i = 0; i < 3; i++)
	{
		const char *name = az_alg_info(algs[i])->name;
		char		text[TEXT_MAX];
		Signer		signer;
		char	   *jwk;

		snprintf(text, sizeof(text), "{\"kty\":\"AKP\",\"alg\":\"%s\",\"pub\":\"AAAA\"}", name);
		if (!signer_init(&signer, algs[i]))
		{
			/* this OpenSSL does not have it: not ours to use */
			SKIP(text, name);
			continue;
		}
		REFUSE(text, "a short pub");
		jwk = signer_jwk(&signer, "");
		ACCEPT(jwk, name);
		bound(algs[i], jwk, 0, "it is bound");
		free(jwk);
		signer_free(&signer);
	}
}

/* ---- thumbprints and text ---- */

static void
thumbprint(const char *expected, const char *text, const char *what)
{
	AzKey	   *key;
	AzKeyError	error;

	load(text, 0, true, &key, &error);
	ok(key != NULL && strcmp(az_key_thumbprint(key), expected) == 0, "thumbprint of %s", what);
	az_key_free(key);
}

/*
 * RFC 9964, appendix A: the key whose seed is zero, where OpenSSL has ML-DSA.
 */
static void
test_akp_thumbprint(void)
{
	unsigned char seed[32] = {0};
	OSSL_PARAM	params[2];
	Signer		signer = {AZ_ML_DSA_44, NULL, {0}};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "ML-DSA-44", NULL);
	char	   *jwk;

	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1)
	{
		ok(!signer_init(&signer, AZ_ML_DSA_44), "ML-DSA-44: not offered by this OpenSSL");
		EVP_PKEY_CTX_free(ctx);
		ERR_clear_error();
		return;
	}
	params[0] = OSSL_PARAM_construct_octet_string("seed", seed, sizeof(seed));
	params[1] = OSSL_PARAM_construct_end();
	MUST(EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
		 EVP_PKEY_keygen(ctx, &signer.pkey) == 1);
	EVP_PKEY_CTX_free(ctx);
	jwk = signer_jwk(&signer, "");
	thumbprint(RFC9964_THUMBPRINT, jwk, "RFC 9964, A");
	free(jwk);
	signer_free(&signer);
}

/*
 * The text of a key is a JWK that makes the same key.
 */
static void
round_trip(const char *text, const char *what)
{
	AzKey	   *key;
	AzKey	   *again;
	AzKeyError	error;
	char	   *jwk;
	bool		same;

	MUST(load(text, 0, true, &key, &error) == AZ_KEY_OK);
	jwk = az_key_to_jwk(key);
	MUST(jwk != NULL);
	same = load(jwk, 0, true, &again, &error) == AZ_KEY_OK &&
		az_key_alg(again) == az_key_alg(key) &&
		strcmp(az_key_thumbprint(again), az_key_thumbprint(key)) == 0 &&
		(az_key_kid(key) == NULL) == (az_key_kid(again) == NULL) &&
		(az_key_kid(key) == NULL || strcmp(az_key_kid(again), az_key_kid(key)) == 0);
	ok(same, "%s there and back: %.60s", what, jwk);
	ok(strstr(jwk, "EdDSA") == NULL && strstr(jwk, "unheard") == NULL && strstr(jwk, "use") == NULL,
	   "only what defines it");
	free(jwk);
	az_key_free(again);
	az_key_free(key);
}

static void
test_text(void)
{
	AzKey	   *key;
	AzKeyError	error;
	char	   *jwk;

	thumbprint(RFC7638_THUMBPRINT, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"alg\":\"RS256\","
			   "\"kid\":\"2011-04-29\",\"n\":\"" RFC7638_N "\"}", "RFC 7638, 3.1");
	thumbprint(ED25519_THUMBPRINT, ED25519(""), "RFC 8037, A.3");
	thumbprint(ED25519_THUMBPRINT, ED25519(",\"alg\":\"EdDSA\",\"kid\":\"a\""), "it with a kid");

	round_trip(RSA(",\"alg\":\"PS512\",\"use\":\"sig\",\"unheard\":\"of\""), "RSA");
	round_trip(P521(",\"kid\":\"a\\\"b\\\\c\\u0001\\u001f\\u007f\\u00e9/\""), "a kid with escapes");
	round_trip(ED25519(",\"alg\":\"EdDSA\""), "EdDSA");
	round_trip(OCT(",\"alg\":\"HS512\",\"kid\":\"s\""), "a secret");

	load(ED25519(",\"kid\":\"a\",\"use\":\"sig\""), 0, true, &key, &error);
	jwk = az_key_to_jwk(key);
	ok(jwk != NULL && strcmp(jwk, "{\"alg\":\"Ed25519\",\"crv\":\"Ed25519\",\"kid\":\"a\","
							 "\"kty\":\"OKP\",\"x\":\"" ED25519_X "\"}") == 0, "the very text");
	free(jwk);
	az_key_free(key);
	az_key_free(NULL);
}

int
main(void)
{
	test_type();
	test_kid();
	test_use();
	test_alg();
	test_private();
	test_oct();
	test_secret();
	test_rsa_size();
	test_rsa_exponent();
	test_small_factors();
	test_roca();
	test_ec();
	test_okp();
	test_akp();
	test_akp_thumbprint();
	test_text();
	return tap_done();
}
