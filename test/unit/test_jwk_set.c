/*-------------------------------------------------------------------------
 *
 * test_jwk_set.c
 *	  Which keys a set gives, what it is skipped for, and what refuses it.
 *
 *-------------------------------------------------------------------------
 */
#include <openssl/core_names.h>
#include <openssl/err.h>

#include "examples.h"
#include "token/b64url.h"
#include "token/jwk_set.h"
#include "signer.h"
#include "tap.h"

#define RSA(more)		"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"" more "}"
#define P256(more)		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"" more "}"
#define ED25519(more)	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\"" more "}"
#define OCT(more)		"{\"kty\":\"oct\",\"k\":\"" OCT_K "\"" more "}"
#define OFF_CURVE(more)	"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_X "\"" more "}"
#define WEAK(more)		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"" more "}"
/* RFC 7517, A.1 */
#define OTHER_X			"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define OTHER_Y			"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define SET(list)		"{\"keys\":[" list "]}"

#define STRICT		1
#define SECRETS		2
#define WHOLE		((int) AZ_WHOLE_SET)

static AzKeyStatus
read_text(const char *text, int how, AzKeySet *keys, AzKeyError *error)
{
	AzJson	   *json;
	AzKeyStatus status;

	MUST(az_json_parse(text, strlen(text), &json) == AZ_JSON_OK);
	status = az_key_set_read(json, 0, (how & SECRETS) != 0, (how & STRICT) != 0, keys, error);
	az_json_free(json);
	MUST(ERR_peek_error() == 0);
	return status;
}

/*
 * n keys, and the positions that were skipped as digits.
 */
static void
gives(size_t n, const char *skipped, const char *text, int how, const char *what)
{
	AzKeySet	keys;
	AzKeyError	error;
	AzKeyStatus status = read_text(text, how, &keys, &error);
	bool		as_expected = status == AZ_KEY_OK && error.why == NULL && keys.n == n &&
		keys.nskipped == strlen(skipped);
	size_t		i;

	for (i = 0; as_expected && i < keys.nskipped; i++)
		as_expected = keys.skipped[i].position == (size_t) (skipped[i] - '0') &&
			keys.skipped[i].why != NULL;
	ok(as_expected, "%s%s%s%s", what, how & STRICT ? ", strict" : "",
	   status == AZ_KEY_OK ? "" : ": ", status == AZ_KEY_OK ? "" : error.why);
	az_key_set_free(&keys);
}

static void
refuses(int position, const char *text, int how, const char *what)
{
	AzKeySet	keys;
	AzKeyError	error;
	AzKeyStatus status = read_text(text, how, &keys, &error);

	ok(status == AZ_KEY_REFUSED && error.position == (size_t) position &&
	   keys.keys == NULL && keys.skipped == NULL && keys.n == 0 && keys.nskipped == 0,
	   "refuse %s%s: %s", what, how & STRICT ? ", strict" : "",
	   status == AZ_KEY_REFUSED ? error.why : "it was not");
	az_key_set_free(&keys);
}

static void
test_good(void)
{
	int			how;

	for (how = SECRETS; how <= (SECRETS | STRICT); how++)
	{
		gives(1, "", SET(RSA("")), how, "one key");
		gives(3, "", SET(RSA(",\"kid\":\"a\"") "," P256(",\"kid\":\"b\"") "," ED25519(",\"kid\":\"A\"")),
			  how, "three keys");
		gives(2, "", SET(RSA("") "," P256("")), how, "two keys without kid");
		gives(2, "", SET(RSA(",\"kid\":\"a\"") "," RSA(",\"kid\":\"b\",\"alg\":\"PS256\"")), how,
			  "one key under two kids");
		gives(2, "", SET(RSA("") "," RSA(",\"alg\":\"PS256\"")), how, "one key, two algorithms, no kid");
		gives(1, "", SET(RSA("") "," RSA("")), how, "one key twice, without kid");
		gives(1, "023", SET(RSA(",\"use\":\"enc\"") "," P256("") ",{\"kty\":\"future\"},"
							RSA(",\"alg\":\"RSA-OAEP\"")), how, "one key between three others");
		gives(1, "0", SET(RSA(",\"use\":\"enc\",\"kid\":\"a\"") "," P256(",\"kid\":\"a\"")), how,
			  "the kid of a skipped entry");
		gives(2, "", SET(OCT(",\"alg\":\"HS256\"") "," OCT(",\"alg\":\"HS512\"")), how, "two secrets");
		gives(1, "", "{\"keys\":[" RSA("") "],\"more\":1}", how, "more members");
	}
}

/* Q14: a good key and an odd entry; the strict rule is that of 1.0 */
static void
test_odd(void)
{
	static const struct
	{
		const char *entry;
		const char *what;
	}			cases[] = {
		{"[]", "an array"},
		{"null", "null"},
		{"5", "a number"},
		{"\"" RSA_N "\"", "a string"},
		{"{}", "an empty object"},
		{"{\"kid\":\"x\"}", "an entry without kty"},
		{"{\"kty\":null}", "kty that is null"},
		{RSA(",\"kid\":null"), "a kid that is null"},
		{RSA(",\"kid\":5"), "a kid that is a number"},
		{RSA(",\"kid\":\"\""), "an empty kid"},
		{RSA(",\"alg\":null"), "an alg that is null"},
		{RSA(",\"use\":1"), "a use that is a number"},
		{P256(",\"alg\":\"RS256\""), "an algorithm that does not fit"},
		{P256(",\"alg\":\"HS256\""), "a public key for HMAC"},
		{WEAK(""), "a weak key"},
		{"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQ\"}", "an exponent of 1"},
		{OFF_CURVE(""), "a point off its curve"},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"" P256_Y "\"}", "an empty coordinate"},
		{"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"" P256_Y "\"}", "a coordinate of zeros"},
		{"{\"kty\":\"RSA\",\"n\":\"AAAA\",\"e\":\"AQAB\"}", "a modulus of zeros"},
		{"{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB=\"}", "padding"},
		{OCT(",\"alg\":\"HS256\""), "a secret"},
		{OCT(""), "a secret without alg"},
		{"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
		"a point of low order"},
	};
	char		text[4096];
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		snprintf(text, sizeof(text), SET("%s," P256(",\"kid\":\"good\"")), cases[i].entry);
		gives(1, "0", text, 0, cases[i].what);
		refuses(0, text, STRICT, cases[i].what);
		snprintf(text, sizeof(text), SET(P256(",\"kid\":\"good\"") ",%s"), cases[i].entry);
		gives(1, "1", text, 0, "behind the good one");
		snprintf(text, sizeof(text), SET("%s"), cases[i].entry);
		refuses(0, text, 0, "nothing else");
	}
	refuses(1, SET("{\"kty\":\"future\"}," WEAK("") "," OFF_CURVE("")), 0, "nothing usable, for the first of two reasons");
	gives(1, "023", SET(WEAK("") "," RSA("") "," OFF_CURVE("") ",null"), 0, "three odd entries");
	gives(1, "0", SET(WEAK(",\"kid\":\"a\",\"alg\":\"RS256\"") "," RSA(",\"kid\":\"a\",\"alg\":\"RS256\"")), 0,
		  "the kid and the algorithm of a skipped entry");
}

/* Q15: a key is named by kid and algorithm */
static void
test_names(void)
{
	gives(2, "", SET(RSA(",\"kid\":\"a\"") "," P256(",\"kid\":\"a\"")), 0, "one kid, two types");
	gives(3, "", SET(RSA(",\"kid\":\"a\",\"alg\":\"RS256\"") "," RSA(",\"kid\":\"a\",\"alg\":\"PS256\"") ","
					 RSA(",\"kid\":\"a\",\"alg\":\"RS512\"")), 0, "one key, one kid, three algorithms");
	gives(1, "", SET(RSA(",\"kid\":\"a\"") "," RSA(",\"kid\":\"a\",\"alg\":\"RS256\"") ","
					 RSA(",\"kid\":\"a\",\"use\":\"sig\"")), 0, "one key three times");
	refuses(1, SET(P256(",\"kid\":\"a\"") ",{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"" OTHER_X
				   "\",\"y\":\"" OTHER_Y "\"}"), 0, "two keys of one kid and algorithm");
	refuses(3, SET(P256(",\"kid\":\"a\"") ",null," RSA(",\"kid\":\"a\"")
				   ",{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"" OTHER_X "\",\"y\":\"" OTHER_Y "\"}"), 0,
			"two with others between them");
	refuses(1, SET(RSA(",\"kid\":\"a\"") "," P256(",\"kid\":\"a\"")), STRICT, "two keys of one kid");
	refuses(1, SET(RSA(",\"kid\":\"a\"") "," RSA(",\"kid\":\"a\"")), STRICT, "one key twice");
	refuses(2, SET(RSA(",\"kid\":\"a\"") ",{\"kty\":\"future\"}," P256(",\"kid\":\"a\"")), STRICT,
			"two with one between them");
}

static void
test_private(void)
{
	static const char *const entries[] = {
		RSA(",\"d\":\"AQAB\""), RSA(",\"d\":\"AQAB\",\"use\":\"enc\""), RSA(",\"p\":\"AQAB\""),
		RSA(",\"d\":null"), RSA(",\"kid\":5,\"d\":\"AQAB\""), RSA(",\"alg\":1,\"oth\":[]"),
		WEAK(",\"d\":\"AQAB\""), P256(",\"k\":\"AQAB\""),
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\",\"d\":\"AA\"}",
		"{\"kty\":\"AKP\",\"priv\":\"AA\"}",
		"{\"n\":\"AQAB\",\"d\":\"AQAB\"}", "{\"kty\":[\"RSA\"],\"q\":\"AQAB\"}",
		"{\"kty\":\"rsa\",\"n\":\"AQAB\",\"d\":\"AQAB\"}", "{\"kty\":\"future\",\"priv\":\"AQAB\"}",
	};
	char		text[4096];
	size_t		i;
	int			how;

	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		for (how = 0; how <= (SECRETS | STRICT); how++)
		{
			snprintf(text, sizeof(text), SET(P256("") ",null,%s"), entries[i]);
			refuses(2, text, how, "a private key");
		}
	gives(1, "1", SET(P256("") ",{\"kty\":\"DSA\",\"p\":\"AA\",\"q\":\"AA\",\"g\":\"AA\",\"y\":\"AA\"}"), 0,
		  "a public key of another type, whose members mean something else");
	gives(1, "1", SET(P256("") "," OCT(",\"d\":\"AA\"")), 0, "a secret is not private, but symmetric");
}

static void
test_company(void)
{
	int			how;

	for (how = 0; how <= (SECRETS | STRICT); how++)
	{
		refuses(WHOLE, SET(""), how, "an empty set");
		refuses(WHOLE, SET("{\"kty\":\"future\"}"), how, "nothing usable");
		refuses(WHOLE, SET(RSA(",\"use\":\"enc\"")), how, "only encryption");
		refuses(WHOLE, "{}", how, "no keys");
		refuses(WHOLE, "[" RSA("") "]", how, "an array");
		refuses(WHOLE, RSA(""), how, "a key alone");
		refuses(WHOLE, "{\"keys\":" RSA("") "}", how, "keys that is an object");
		refuses(WHOLE, "{\"keys\":null}", how, "keys that is null");
	}
	for (how = SECRETS; how <= (SECRETS | STRICT); how++)
	{
		refuses(1, SET(RSA("") "," OCT(",\"alg\":\"HS256\"")), how, "a secret beside a public key");
		refuses(1, SET(OCT(",\"alg\":\"HS256\"") "," RSA("")), how, "a public key beside a secret");
	}
	refuses(0, SET(OCT(",\"alg\":\"HS256\"")), STRICT, "a secret where none is allowed");
	refuses(1, SET(RSA("") "," OCT(",\"alg\":\"A256KW\"")), STRICT,
			"one that is not for signatures, too");
}

/*
 * The thumbprint of the only key of a set.
 */
static void
thumbprint_of(const char *text, int how, char thumbprint[AZ_THUMBPRINT_SIZE])
{
	AzKeySet	keys;
	AzKeyError	error;

	*thumbprint = '\0';
	if (read_text(text, how, &keys, &error) == AZ_KEY_OK && keys.n == 1)
		strcpy(thumbprint, az_key_thumbprint(keys.keys[0]));
	az_key_set_free(&keys);
}

/*
 * A P-256 key whose x begins with n zero bytes at least; bytes in base64url.
 */
static void
make_ec_with_zeros(size_t zeros, char x[3][64], char y[64])
{
	Signer		signer;

	for (;;)
	{
		unsigned char point[1 + 1 + 64] = {0};
		size_t		len;

		MUST(signer_init(&signer, AZ_ES256));
		MUST(EVP_PKEY_get_octet_string_param(signer.pkey, OSSL_PKEY_PARAM_PUB_KEY, point + 1, 65, &len) == 1);
		signer_free(&signer);
		MUST(len == 65 && point[1] == 4);
		point[1] = 0;
		if (point[2] != 0 || (zeros > 1 && point[3] != 0))
			continue;
		az_b64url_encode(point + 2, 32, x[0]);
		az_b64url_encode(point + 2 + zeros, 32 - zeros, x[1]);	/* Authlib's */
		az_b64url_encode(point + 1, 33, x[2]);
		az_b64url_encode(point + 34, 32, y);
		return;
	}
}

/* Q14: numbers with leading zeros or without are one key, with one thumbprint */
static void
test_zeros(void)
{
	unsigned char n[600] = {0};
	char		with_zeros[800];
	char		text[4096];
	char		canonical[AZ_THUMBPRINT_SIZE];
	char		thumbprint[AZ_THUMBPRINT_SIZE];
	char		x[3][64];
	char		y[64];
	size_t		len;
	size_t		i;

	thumbprint_of(SET(RSA("")), STRICT, canonical);
	MUST(az_b64url_decode(RSA_N, strlen(RSA_N), n + 3, &len));
	for (i = 0; i < 3; i++)
	{
		az_b64url_encode(n + i, len + 3 - i, with_zeros);
		snprintf(text, sizeof(text), SET("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AAABAAE\"}"), with_zeros);
		thumbprint_of(text, 0, thumbprint);
		ok(strcmp(thumbprint, canonical) == 0, "%zu zeros before the modulus", 3 - i);
		refuses(0, text, STRICT, "zeros before the modulus");
	}
	snprintf(text, sizeof(text), SET("{\"kid\":\"a\",\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}," RSA(",\"kid\":\"a\"")),
			 with_zeros);
	gives(1, "", text, 0, "with zeros and without is one key");

	make_ec_with_zeros(1, x, y);
	snprintf(text, sizeof(text), SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}"), x[0], y);
	thumbprint_of(text, STRICT, canonical);
	for (i = 1; i < 3; i++)
	{
		snprintf(text, sizeof(text), SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}"), x[i], y);
		thumbprint_of(text, 0, thumbprint);
		ok(*canonical != '\0' && strcmp(thumbprint, canonical) == 0, "%s", i == 1 ?
		   "a coordinate that lacks a zero" : "a coordinate that has one too many");
		refuses(0, text, STRICT, "a coordinate of another length");
	}
	refuses(0, SET("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA" ED25519_X "\"}"), 0,
			"a zero more where there is no number");
}

static void
test_report(void)
{
	static const char text[] = SET(RSA(",\"kid\":\"good\"") "," WEAK(",\"kid\":\"bad\"") ",7");
	AzKeySet	keys;
	AzKeyError	error;

	MUST(read_text(text, 0, &keys, &error) == AZ_KEY_OK && keys.nskipped == 2);
	ok(keys.skipped[0].position == 1 && strcmp(keys.skipped[0].kid, "bad") == 0 &&
	   strcmp(keys.skipped[0].why, "the RSA modulus is shorter than 2048 bits") == 0 &&
	   keys.skipped[1].position == 2 && strcmp(keys.skipped[1].kid, "") == 0 &&
	   strcmp(keys.skipped[1].why, "the key is not a JSON object") == 0,
	   "which entries were skipped, and why");
	az_key_set_free(&keys);
	ok(read_text(text, STRICT, &keys, &error) == AZ_KEY_REFUSED && error.position == 1 &&
	   strcmp(error.kid, "bad") == 0 && error.why != NULL, "which key a set was refused for");
	ok(read_text(SET("{\"kty\":\"RSA\",\"kid\":\"p\",\"d\":\"\"}"), 0, &keys, &error) == AZ_KEY_REFUSED &&
	   strcmp(error.kid, "p") == 0, "and a private one");
}

static void
test_size(void)
{
	AzKeySet	keys;
	AzKeyError	error;
	char	   *many = calloc(1, 40000);
	size_t		i;

	MUST(many != NULL);
	strcpy(many, "{\"keys\":[" RSA(""));
	for (i = 0; i < 1023; i++)
		strcat(many, ",{\"kty\":\"future\"}");
	strcat(many, "]}");
	ok(read_text(many, 0, &keys, &error) == AZ_KEY_OK && keys.n == 1 && keys.nskipped == 1023,
	   "1024 entries");
	az_key_set_free(&keys);
	many[strlen(many) - 2] = '\0';
	strcat(many, ",{\"kty\":\"future\"}]}");
	refuses(WHOLE, many, 0, "1025 entries");
	free(many);
}

int
main(void)
{
	test_good();
	test_odd();
	test_names();
	test_private();
	test_company();
	test_zeros();
	test_report();
	test_size();
	return tap_done();
}
