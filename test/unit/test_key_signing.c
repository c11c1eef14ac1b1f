/*-------------------------------------------------------------------------
 *
 * test_key_signing.c
 *	  Private keys that sign: what is taken for one, what comes out again, and
 *	  the example of RFC 8037.
 *
 *-------------------------------------------------------------------------
 */
#include "examples.h"
#include "token/key_signing.h"
#include "tokens.h"

/* RFC 8037, A.1 */
#define D		"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define X		ED25519_X
#define OTHER_X	"FDqjxkBO-5IWlHFm6xtSEVMJz8LNhuRyhfa7qcAuTDw"

#define JWK(more)	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":\"" D "\"" more "}"

static AzKeyStatus
load(const char *text, const char *kid, AzSigningKey **key, AzKeyError *error)
{
	AzJson	   *jwk = parse(text);
	AzKeyStatus status = az_signing_key_from_jwk(jwk, kid, key, error);

	az_json_free(jwk);
	if ((status == AZ_KEY_OK) != (*key != NULL) || (status == AZ_KEY_OK) != (error->why == NULL))
		ok(false, "a key or a reason: %s", text);
	return status;
}

/* RFC 8037, A.3 and A.4 */
static void
test_example(void)
{
	static const char token[] = ED25519_TOKEN;
	size_t		len = (size_t) (strrchr(token, '.') - token);
	unsigned char signature[AZ_SIGNATURE_ED25519];
	char		text[100];
	AzSigningKey *key;
	AzKeyError	error;
	int			i;

	must(load(JWK(), "a", &key, &error) == AZ_KEY_OK, "cannot load the key");
	ok(strcmp(az_signing_key_thumbprint(key), ED25519_THUMBPRINT) == 0, "thumbprint of RFC 8037");
	for (i = 0; i < 3; i++)
	{
		must(az_sign(key, (const unsigned char *) token, len, signature), "cannot sign");
		az_b64url_encode(signature, sizeof(signature), text);
		ok(strcmp(text, token + len + 1) == 0, "signature of RFC 8037, time %d", i + 1);
	}
	az_signing_key_free(key);
}

/* ---- what is taken for one ---- */

typedef struct Case
{
	const char *what;
	const char *jwk;
	bool		taken;
} Case;

static const Case cases[] = {
	{"x and d", JWK(""), true},
	{"its kid", JWK(",\"kid\":\"a\""), true},
	{"another kid", JWK(",\"kid\":\"b\""), false},
	{"a longer kid", JWK(",\"kid\":\"ab\""), false},
	{"kid \"\"", JWK(",\"kid\":\"\""), false},
	{"kid a number", JWK(",\"kid\":1"), false},
	{"kid null", JWK(",\"kid\":null"), false},
	{"alg EdDSA", JWK(",\"alg\":\"EdDSA\""), true},
	{"alg Ed25519", JWK(",\"alg\":\"Ed25519\""), true},
	{"alg Ed448", JWK(",\"alg\":\"Ed448\""), false},
	{"alg in another case", JWK(",\"alg\":\"eddsa\""), false},
	{"alg ES256", JWK(",\"alg\":\"ES256\""), false},
	{"alg none", JWK(",\"alg\":\"none\""), false},
	{"alg null", JWK(",\"alg\":null"), false},
	{"use sig", JWK(",\"use\":\"sig\""), true},
	{"use enc", JWK(",\"use\":\"enc\""), false},
	{"use a number", JWK(",\"use\":1"), false},
	{"key_ops sign", JWK(",\"key_ops\":[\"sign\"]"), true},
	{"key_ops sign and verify", JWK(",\"use\":\"sig\",\"key_ops\":[\"verify\",\"sign\"]"), true},
	{"key_ops verify", JWK(",\"key_ops\":[\"verify\"]"), false},
	{"key_ops empty", JWK(",\"key_ops\":[]"), false},
	{"key_ops a string", JWK(",\"key_ops\":\"sign\""), false},
	{"key_ops sign twice", JWK(",\"key_ops\":[\"sign\",\"sign\"]"), false},
	{"use sig, key_ops deriveKey too", JWK(",\"use\":\"sig\",\"key_ops\":[\"sign\",\"deriveKey\"]"), false},
	{"what nobody knows", JWK(",\"x5t\":5,\"ext\":true"), true},

	{"no object", "[1]", false},
	{"nothing", "{}", false},
	{"no kty", "{\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":\"" D "\"}", false},
	{"kty EC", "{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":\"" D "\"}", false},
	{"kty oct", "{\"kty\":\"oct\",\"k\":\"" D "\"}", false},
	{"kty in another case", "{\"kty\":\"okp\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":\"" D "\"}", false},
	{"no crv", "{\"kty\":\"OKP\",\"x\":\"" X "\",\"d\":\"" D "\"}", false},
	{"crv X25519", "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\",\"d\":\"" D "\"}", false},
	{"crv Ed448", "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" X "\",\"d\":\"" D "\"}", false},
	{"no d: a public key", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\"}", false},
	{"no x", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" D "\"}", false},
	{"d null", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":null}", false},
	{"another's x", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" OTHER_X "\",\"d\":\"" D "\"}", false},
	{"x and d exchanged", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" D "\",\"d\":\"" X "\"}", false},
	{"d padded", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":\"" D "=\"}", false},
	{"d with a bit that is left over", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\","
	"\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2B\"}", false},
	{"d in base64", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\","
	"\"d\":\"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}", false},
	{"d of 31 bytes", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\","
	"\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyufw\"}", false},
	{"d of 33 bytes", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":\"" D "A\"}", false},
	{"x of 33 bytes", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "A\",\"d\":\"" D "\"}", false},
	{"d empty", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":\"\"}", false},
};

static void
test_cases(void)
{
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		AzSigningKey *key;
		AzKeyError	error;
		AzKeyStatus status = load(cases[i].jwk, "a", &key, &error);

		ok((status == AZ_KEY_OK) == cases[i].taken && status != AZ_KEY_NO_MEMORY &&
		   strcmp(error.kid, "a") == 0, "%s: %s", cases[i].what,
		   error.why != NULL ? error.why : "taken");
		az_signing_key_free(key);
	}
}

static void
test_kid(void)
{
	char		kid[AZ_MAX_KID + 2];
	AzSigningKey *key;
	AzKeyError	error;

	ok(load(JWK(""), "", &key, &error) == AZ_KEY_REFUSED, "a key ID without bytes");
	ok(load(JWK(""), NULL, &key, &error) == AZ_KEY_REFUSED, "no key ID");
	ok(az_signing_key_generate("", &key, &error) == AZ_KEY_REFUSED && key == NULL,
	   "nor is one made so");
	memset(kid, 'k', sizeof(kid));
	kid[AZ_MAX_KID] = '\0';
	ok(load(JWK(""), kid, &key, &error) == AZ_KEY_OK && strcmp(az_signing_key_kid(key), kid) == 0,
	   "the longest key ID");
	az_signing_key_free(key);
	kid[AZ_MAX_KID] = 'k';
	kid[AZ_MAX_KID + 1] = '\0';
	ok(load(JWK(""), kid, &key, &error) == AZ_KEY_REFUSED, "a longer one");
	ok(az_signing_key_generate(kid, &key, &error) == AZ_KEY_REFUSED && key == NULL, "nor is one made so");
}

/* ---- what comes out ---- */

/* A public key verifies what the private one signs, and nothing else. */
static bool
is_pair(const AzSigningKey *key, const AzKey *public_key)
{
	static const unsigned char msg[] = "message";
	unsigned char signature[AZ_SIGNATURE_ED25519];

	if (!az_sign(key, msg, sizeof(msg), signature) ||
		az_signature_verify(public_key, msg, sizeof(msg), signature, sizeof(signature)) != AZ_OK ||
		az_signature_verify(public_key, msg, sizeof(msg) - 1, signature, sizeof(signature)) != AZ_SIGNATURE)
		return false;
	signature[5] ^= 1;
	return az_signature_verify(public_key, msg, sizeof(msg), signature, sizeof(signature)) == AZ_SIGNATURE;
}

static void
test_way_back(const char *kid, AzSigningKey *key)
{
	char	   *public_jwk = az_signing_key_public_jwk(key);
	char	   *private_jwk = az_signing_key_private_jwk(key);
	AzJson	   *json = parse(public_jwk);
	AzKey	   *public_key;
	AzSigningKey *again;
	AzKeyError	error;
	char	   *text;

	ok(az_jwk_is_private(json) == false && az_json_count(json) == 5 &&
	   az_key_from_jwk(json, 0, false, &public_key, &error) == AZ_KEY_OK &&
	   strcmp(az_key_kid(public_key), kid) == 0 && az_key_alg(public_key) == AZ_ED25519 &&
	   strcmp(az_key_thumbprint(public_key), az_signing_key_thumbprint(key)) == 0,
	   "the public JWK is that of the key: %s", public_jwk);
	ok(is_pair(key, public_key), "and verifies what it signs");
	az_json_free(json);

	json = parse(private_jwk);
	ok(az_jwk_is_private(json) && az_json_count(json) == 6, "the private JWK has one member more");
	az_json_free(json);
	must(load(private_jwk, kid, &again, &error) == AZ_KEY_OK, "cannot load what came out");
	text = az_signing_key_private_jwk(again);
	ok(strcmp(text, private_jwk) == 0 && is_pair(again, public_key), "and is the key again");
	free(text);
	free(public_jwk);
	free(private_jwk);
	az_signing_key_free(again);
	az_key_free(public_key);
}

static void
test_generated(void)
{
	static const char *const kids[] = {"2026-11", "\"\\\n\x01/\xc3\xa9\xf0\x9f\x98\x80"};
	AzSigningKey *key;
	AzSigningKey *other;
	AzKeyError	error;
	size_t		i;

	for (i = 0; i < sizeof(kids) / sizeof(kids[0]); i++)
	{
		must(az_signing_key_generate(kids[i], &key, &error) == AZ_KEY_OK && error.why == NULL,
			 "cannot make a key");
		ok(strcmp(az_signing_key_kid(key), kids[i]) == 0, "a key ID as it was given");
		test_way_back(kids[i], key);
		must(az_signing_key_generate(kids[i], &other, &error) == AZ_KEY_OK, "cannot make another");
		ok(strcmp(az_signing_key_thumbprint(key), az_signing_key_thumbprint(other)) != 0,
		   "each is a new one");
		az_signing_key_free(other);
		az_signing_key_free(key);
	}
	az_signing_key_free(NULL);
}

int
main(void)
{
	test_example();
	test_cases();
	test_kid();
	test_generated();
	return tap_done();
}
