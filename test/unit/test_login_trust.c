/*-------------------------------------------------------------------------
 *
 * test_login_trust.c
 *	  Which issuer the file of trust gives for a database, and what makes the file
 *	  one that nobody logs in by.
 *
 *-------------------------------------------------------------------------
 */
#include "examples.h"
#include "token/login_trust.h"
#include "signer.h"
#include "tap.h"

#define JWK			"{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"kid\":\"k\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}"
#define OCT			"{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}"
#define KEY(jwk)	"{\"added\":1,\"jwk\":" jwk "}"
#define OPTIONS		"\"profile\":{\"algorithms\":[\"ES256\",\"HS256\"]},\"options\":{\"leeway_seconds\":7}"
#define ISSUER_WITH(name, audience, options, keys) \
	"{\"issuer\":\"" name "\",\"audience\":" audience "," options ",\"keys\":[" keys "]}"
#define ISSUER(name)	ISSUER_WITH(name, "[\"a\",\"b\"]", OPTIONS, KEY(JWK))
#define SECTION(oid, issuers) \
	"{\"database\":" oid ",\"name\":\"d\",\"issuers\":[" issuers "]}"
#define TRUST(sections)	"{\"version\":1,\"databases\":[" sections "]}"
#define ONE(issuer)		TRUST(SECTION("5", issuer))

static AzLoginTrust
look_up(const char *text, int64_t database, const char *name, AzIssuer **issuer,
		const char **why)
{
	AzJson	   *file;
	AzLoginTrust found;

	MUST(az_json_parse(text, strlen(text), &file) == AZ_JSON_OK);
	found = az_login_issuer(file, database, name, issuer, why);
	az_json_free(file);
	return found;
}

static void
answers(AzLoginTrust expected, const char *text, int64_t database, const char *name,
		const char *what)
{
	AzIssuer   *issuer;
	const char *why;
	AzLoginTrust found = look_up(text, database, name, &issuer, &why);

	ok(found == expected && (issuer != NULL) == (found == AZ_LOGIN_TRUST_OK) &&
	   (found != AZ_LOGIN_TRUST_INVALID || why != NULL),
	   "%s%s%s", what, found == AZ_LOGIN_TRUST_INVALID ? ": " : "",
	   found == AZ_LOGIN_TRUST_INVALID ? why : "");
	az_issuer_free(issuer);
}

static void
accepts(const char *text, const char *what)
{
	answers(AZ_LOGIN_TRUST_OK, text, 5, "i", what);
}

static void
refuses(const char *text, const char *what)
{
	answers(AZ_LOGIN_TRUST_INVALID, text, 5, "i", what);
}

static void
test_what_it_gives(void)
{
	AzIssuer   *issuer;
	const char *why;

	MUST(look_up(TRUST(SECTION("5", ISSUER("i")) "," SECTION("6", ISSUER("j"))), 5, "i",
				 &issuer, &why) == AZ_LOGIN_TRUST_OK);
	ok(strcmp(issuer->issuer, "i") == 0 && issuer->nkeys == 1 &&
	   strcmp(az_key_kid(issuer->keys[0]), "k") == 0 && az_key_added(issuer->keys[0]) == 1,
	   "the issuer, with its key");
	ok(issuer->algorithms == AZ_ALG_BIT(AZ_ES256), "without the algorithms of secrets");
	ok(issuer->leeway_seconds == 7 && !issuer->any_audience && issuer->audience.n == 2 &&
	   az_names_has(&issuer->audience, "b", 1), "with its options and audiences");
	az_issuer_free(issuer);

	MUST(look_up(ONE(ISSUER_WITH("i", "null", OPTIONS, "")), 5, "i", &issuer, &why) == AZ_LOGIN_TRUST_OK);
	ok(issuer->any_audience && issuer->nkeys == 0, "without a key and with any audience");
	az_issuer_free(issuer);
}

static void
test_where(void)
{
	const char *both = TRUST(SECTION("5", ISSUER("i")) "," SECTION("6", ISSUER("j")));

	answers(AZ_LOGIN_TRUST_OK, both, 6, "j", "an issuer of the other database");
	answers(AZ_LOGIN_TRUST_NO_ISSUER, both, 5, "j", "not of this one");
	answers(AZ_LOGIN_TRUST_NO_ISSUER, both, 5, "I", "case counts");
	answers(AZ_LOGIN_TRUST_NO_ISSUER, both, 5, "", "no name");
	answers(AZ_LOGIN_TRUST_NO_ISSUER, ONE(""), 5, "i", "a section without issuers");
	answers(AZ_LOGIN_TRUST_NO_DATABASE, both, 7, "i", "a database without section");
	answers(AZ_LOGIN_TRUST_NO_DATABASE, both, 0, "i", "no database");
	answers(AZ_LOGIN_TRUST_NO_DATABASE, TRUST(""), 5, "i", "no section at all");
	answers(AZ_LOGIN_TRUST_OK, TRUST(SECTION("4294967295", ISSUER("i"))), INT64_C(4294967295), "i",
			"the greatest OID");
}

/* Each beside the twin that is accepted, which differs in one thing. */
static void
test_what_it_refuses(void)
{
	accepts(ONE(ISSUER("i")), "a file");
	refuses("[]", "an array");
	refuses("{}", "nothing in it");
	refuses("{\"version\":2,\"databases\":[" SECTION("5", ISSUER("i")) "]}", "another version");
	refuses("{\"version\":\"1\",\"databases\":[" SECTION("5", ISSUER("i")) "]}", "a version that is text");
	refuses("{\"version\":1.0,\"databases\":[" SECTION("5", ISSUER("i")) "]}", "a version that is a fraction");
	refuses("{\"databases\":[" SECTION("5", ISSUER("i")) "]}", "no version");
	refuses("{\"version\":1,\"databases\":[" SECTION("5", ISSUER("i")) "],\"more\":1}", "more members");
	refuses("{\"version\":1,\"databases\":" SECTION("5", ISSUER("i")) "}", "one database, not in a list");
	refuses("{\"version\":1,\"databases\":null}", "null for a list");

	accepts(TRUST(SECTION("5", ISSUER("i")) "," SECTION("6", "")), "two databases");
	refuses(TRUST(SECTION("5", ISSUER("i")) "," SECTION("5", "")), "one database twice");
	refuses(TRUST(SECTION("5", ISSUER("i")) ",1"), "a section that is none");
	refuses(TRUST(SECTION("5", ISSUER("i")) "," SECTION("0", "")), "OID 0");
	refuses(TRUST(SECTION("5", ISSUER("i")) "," SECTION("-5", "")), "a negative OID");
	refuses(TRUST(SECTION("5", ISSUER("i")) "," SECTION("4294967301", "")), "an OID that is too large");
	refuses(TRUST(SECTION("5", ISSUER("i")) "," SECTION("\"6\"", "")), "an OID that is text");
	refuses(TRUST("{\"database\":5,\"issuers\":[" ISSUER("i") "]}"), "a section without name");
	refuses(TRUST("{\"database\":5,\"name\":\"d\",\"issuers\":{}}"), "issuers that are no list");

	accepts(ONE(ISSUER("i") "," ISSUER("j")), "two issuers");
	refuses(ONE(ISSUER("i") "," ISSUER("i")), "one issuer twice");
	refuses(ONE(ISSUER("i") ",\"j\""), "an issuer that is none");
	refuses(ONE(ISSUER("i") "," ISSUER("")), "an issuer without a name");
	refuses(ONE(ISSUER_WITH("i", "\"a\"", OPTIONS, "")), "an audience that is no list");
	refuses(ONE(ISSUER_WITH("i", "[]", OPTIONS, "")), "no audience, which is not any");
	refuses(ONE(ISSUER_WITH("i", "[\"\"]", OPTIONS, "")), "an empty audience");
	refuses(ONE(ISSUER_WITH("i", "[null]", OPTIONS, "")), "a null among the audiences");
	refuses(ONE("{\"issuer\":\"i\"," OPTIONS ",\"keys\":[]}"), "an audience that is missing");
	refuses(ONE(ISSUER_WITH("i", "null", "\"profile\":{},\"options\":{\"nonsense\":1}", "")), "an option that nobody knows");
	refuses(ONE(ISSUER_WITH("i", "null", "\"profile\":{},\"options\":null", "")), "no options");
	refuses(ONE(ISSUER_WITH("i", "null", "\"profile\":{\"algorithms\":[\"HS256\"]},\"options\":{}", "")), "algorithms of secrets alone");
	refuses(ONE(ISSUER_WITH("i", "null", "\"profile\":{\"algorithms\":[\"ES256\"]},\"options\":{\"unnamed\":true}", "")), "an issuer whose tokens do not name it");

	accepts(ONE(ISSUER_WITH("i", "null", OPTIONS, KEY(JWK) "," KEY(JWK))), "two keys");
	refuses(ONE(ISSUER_WITH("i", "null", OPTIONS, KEY(OCT))), "a secret");
	refuses(ONE(ISSUER_WITH("i", "null", OPTIONS, KEY(JWK) "," KEY(OCT))), "a secret beside a public key");
	refuses(ONE(ISSUER_WITH("i", "null", OPTIONS, JWK)), "a key without its time");
	refuses(ONE(ISSUER_WITH("i", "null", OPTIONS, "{\"added\":\"1\",\"jwk\":" JWK "}")), "a time that is text");
	refuses(ONE(ISSUER_WITH("i", "null", OPTIONS, KEY("{}"))), "a key that is none");
	refuses(ONE(ISSUER_WITH("i", "null", OPTIONS, "null")), "null for a key");

	/* what is said of others is not read closely, but has its form */
	accepts(ONE(ISSUER("i") "," ISSUER_WITH("j", "null", OPTIONS, KEY(OCT))), "another issuer's key");
	refuses(ONE(ISSUER("i") ",{\"issuer\":\"j\"}"), "another issuer without members");
}

static void
test_names(void)
{
	AzIssuer   *issuer;
	const char *why;

	answers(AZ_LOGIN_TRUST_INVALID, ONE(ISSUER("a b")), 5, "a b", "a space in an issuer's name");
	answers(AZ_LOGIN_TRUST_INVALID, ONE(ISSUER("a\\nb")), 5, "a\nb", "a newline in an issuer's name");
	answers(AZ_LOGIN_TRUST_OK, ONE(ISSUER("a\xc3\xa4")), 5, "a\xc3\xa4", "other letters in an issuer's name");

	issuer = az_issuer_new("i", 1);
	issuer->algorithms = AZ_ALG_BIT(AZ_ES256) | AZ_ALG_BIT(AZ_HS256);
	ok(az_may_be_login_issuer(issuer, &why), "one that has secrets beside public keys");
	issuer->by_audience = true;
	ok(!az_may_be_login_issuer(issuer, &why) && why != NULL, "not one that is chosen by audience");
	az_issuer_free(issuer);
}

int
main(void)
{
	test_what_it_gives();
	test_where();
	test_what_it_refuses();
	test_names();
	return tap_done();
}
