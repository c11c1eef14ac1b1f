/*-------------------------------------------------------------------------
 *
 * test_assertion.c
 *	  What one server tells another of who is in force: what is made is taken,
 *	  and is the identity that it was made of; everything else is refused.
 *
 *-------------------------------------------------------------------------
 */
#include <setjmp.h>

#include "token/assertion.h"
#include "same.h"
#include "signer.h"
#include "tokens.h"

#define KID			"k1"
#define MAX_SIZE	65536

static AzVerification *here;	/* of the server that asserts */
static AzVerification *there;	/* of the one that is told */

static AzSigningKey *signing_key;
static AzKey *cluster_key;		/* its public half */
static Signer cluster;			/* the same key, apart from the library */

static const char *
name_of(AzReason reason)
{
	return az_reason_info(reason)->name;
}

/* ---- two servers with one cluster key ---- */

static AzKey *
public_key_of(const char *text)
{
	AzJson	   *jwk = parse(text);
	AzKey	   *key;
	AzKeyError	error;

	must(az_key_from_jwk(jwk, 0, true, &key, &error) == AZ_KEY_OK, "cannot load a key");
	az_json_free(jwk);
	return key;
}

static void
start_cluster(void)
{
	AzKeyError	error;
	AzJson	   *json;
	char	   *text;
	unsigned char d[32];
	const char *member;
	size_t		len;

	here = az_verification_new();
	there = az_verification_new();
	must(here != NULL && there != NULL &&
		 az_signing_key_generate(KID, &signing_key, &error) == AZ_KEY_OK, "cannot make a key");
	text = az_signing_key_public_jwk(signing_key);
	cluster_key = public_key_of(text);
	free(text);

	text = az_signing_key_private_jwk(signing_key);
	json = parse(text);
	must(az_json_get_string(json, "d", &member, &len) &&
		 az_b64url_decode(member, len, d, &len) && len == sizeof(d), "no private member");
	cluster.alg = AZ_ED25519;
	cluster.pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, d, len);
	must(cluster.pkey != NULL, "cannot load the private key");
	az_json_free(json);
	free(text);
}

static void
stop_cluster(void)
{
	signer_free(&cluster);
	az_key_free(cluster_key);
	az_signing_key_free(signing_key);
	az_verification_free(here);
	az_verification_free(there);
}

/* What the side that is told does when it is asked. */
typedef struct Side
{
	const AzKey *key;			/* it has no other, under any kid that is asked for */
	AzReason	answer;			/* of its judge */
	int			asked;			/* how often the judge was */
	char		destination[40];	/* what the judge was told */
	char		nonce[40];
	char		stored[40];
	int64_t		issued;
	int64_t		expires;
	bool		has_anchor;
	unsigned char anchor[AZ_CHAIN_VALUE];
} Side;

static const AzKey *
find_key(void *arg, const char *kid, size_t len)
{
	(void) kid, (void) len;
	return ((Side *) arg)->key;
}

static AzReason
judge(void *arg, const AzAssertion *assertion)
{
	Side	   *side = arg;

	side->asked++;
	snprintf(side->destination, sizeof(side->destination), "%s", assertion->destination);
	snprintf(side->nonce, sizeof(side->nonce), "%s", assertion->nonce);
	snprintf(side->stored, sizeof(side->stored), "%s",
			 assertion->stored != NULL ? assertion->stored : "-");
	side->issued = assertion->issued;
	side->expires = assertion->expires;
	side->has_anchor = assertion->anchor != NULL;
	if (assertion->anchor != NULL)
		memcpy(side->anchor, assertion->anchor, AZ_CHAIN_VALUE);
	return side->answer;
}

static AzTrust
trust_of(AzIssuer **issuers, size_t n)
{
	AzTrust		trust = {.issuers = issuers, .nissuers = n, .max_token_size = MAX_SIZE};

	return trust;
}

static AzReason
take_at(const AzTrust *trust, Side *side, const char *text, int64_t now, const AzIdentity **id)
{
	AzAssertionTrust by = {find_key, judge, side};
	AzReason	reason = az_verify_assertion(there, text, strlen(text), now, trust, &by, id);

	if ((reason == AZ_OK) != (*id != NULL) ||
		(*id != NULL && (!az_identity_check(*id, (*id)->size) || !(*id)->asserted)))
		ok(false, "an asserted identity exactly when there is no reason against it");
	if (reason != AZ_OK && az_verification_hint(there) != NULL &&
		strlen(az_verification_hint(there)) < 20)
		ok(false, "a hint is a sentence");
	return reason;
}

static const AzAssertion usual = {"7/db", "n1", "digest", NOW_SECONDS, NOW_SECONDS + AZ_ASSERTION_SECONDS};

/* ---- what is made is the identity ---- */

/* Of a value: as it is written into an assertion. */
static char *
payload_of(const AzIdentity *id, const AzConverter *to_utf8)
{
	char	   *text = az_assertion_make(signing_key, &usual, id, to_utf8);
	char	   *payload;

	must(text != NULL, "cannot make an assertion");
	payload = strdup(strchr(text, '.') + 1);
	must(payload != NULL, "out of memory");
	*strchr(payload, '.') = '\0';
	free(text);
	return payload;
}

typedef struct Person
{
	const char *options;		/* NULL: none */
	const char *payload;		/* what follows "iss", "aud" and "exp" */
} Person;

#define BASE	"{\"iss\":\"https://x/\",\"aud\":\"api\",\"exp\":1700000100"

static void
test_same(void)
{
	static const Person people[] = {
		{NULL, "}"},
		{NULL, ",\"sub\":\"ann\",\"jti\":\"j\",\"sid\":\"s\",\"scope\":\"a b a\",\"roles\":[\"r\",\"q\",\"r\"],"
		"\"groups\":[],\"permissions\":[\"p\"],\"acr\":\"1\",\"amr\":[\"pwd\",\"otp\"],\"azp\":\"app\","
		"\"iat\":1699999999.25,\"nbf\":1699999990,\"auth_time\":1699999000}"},

		/* numbers are the same text again */
		{NULL, ",\"n\":[0,-0,-1,9223372036854775807,-9223372036854775808,0.0,-0.0,1.5,1e5,1E+2,1e-7,"
		"1.7976931348623157e308,5e-324,0.1,123456789012345678901234567890e-10,1e22,100000000000000000000.5]}"},
		{"{\"user_id_claim\":\"n\",\"owner_claim\":\"n\"}", ",\"n\":9007199254740993}"},

		/* strings are the same bytes: escapes, pairs, noncharacters, the edges of UTF-8 */
		{NULL, ",\"sub\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\u0080\\u07ff\\u0800\\ud7ff\\ue000\\uffff"
		"\\ud800\\udc00\\udbff\\udfff\\u2028<>&'\"}"},
		{NULL, ",\"\\u0001\\\"\":{\"\":\"\",\"\\ud83d\\ude00\":\"\xf0\x9f\x98\x80\"},\"\":[\"\"]}"},

		/* containers of every kind, empty ones too, and as deep as a payload can be */
		{NULL, ",\"a\":[],\"o\":{},\"m\":[[],{},[{}],{\"x\":[]},null,true,false,\"\",0]}"},
		{NULL, ",\"d\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}"},

		/* members in the order of the token, where lists are read off objects */
		{"{\"role_claims\":[{\"path\":[\"r\"],\"keys\":true}]}",
		",\"r\":{\"z\":1,\"a\":{\"q\":2,\"b\":3},\"\":null,\"m\":[]}}"},
		{"{\"role_claims\":[{\"path\":[\"r\"],\"keys\":true}]}", ",\"r\":{\"\":1,\"z\":0,\"a\":0}}"},
		{"{\"role_claims\":[{\"path\":[\"r\"],\"keys\":true}]}", ",\"r\":{\"z\":null,\"\":null,\"a\":null}}"},
		{NULL, ",\"org_id_to_org_member_info\":{\"o2\":{\"user_role\":\"Owner\",\"user_permissions\":[\"p\"]},"
		"\"o1\":{\"user_role\":\"Member\"},\"o3\":{\"user_role\":\"Member\"}}}"},
		{"{\"org_shape\":\"map\",\"org_claims\":[\"orgs\"],\"org_role_claims\":[\"roles\"]}",
		",\"orgs\":{\"z\":{\"roles\":[\"b\",\"a\"]},\"a\":{\"roles\":\"c\"}}}"},

		/* somebody acts; the ends of an identity */
		{"{\"leeway_seconds\":30,\"max_age_seconds\":60}", ",\"iat\":1699999990,\"act\":{\"sub\":\"bot\",\"iss\":\"https://y/\"}}"},
		{"{\"leeway_seconds\":30}", ",\"iat\":-1.5,\"exp2\":1}"},
		{"{\"groups_overage\":\"raise\"}", ",\"hasgroups\":true,\"groups\":[\"g\"]}"},
		{"{\"bound_tokens\":\"ignore\"}", ",\"cnf\":{\"jkt\":\"x\"}}"},
		{"{\"admin_groups\":[\"admins\"],\"client\":\"app\"}", ",\"groups\":[\"admins\"]}"},
	};
	size_t		i;

	for (i = 0; i < sizeof(people) / sizeof(people[0]); i++)
	{
		AzIssuer   *issuer = new_issuer("https://x/", people[i].options);
		AzTrust		trust = trust_of(&issuer, 1);
		Side		side = {.key = cluster_key};
		char		payload[2000];
		char	   *token;
		char	   *text;
		char	   *before;
		char	   *after;
		const AzIdentity *id;
		const AzIdentity *told;
		AzReason	reason;

		add_audience(issuer, "api");
		snprintf(payload, sizeof(payload), BASE "%s", people[i].payload);
		token = mint("{\"alg\":\"HS256\",\"kid\":\"" KID "\"}", payload);
		reason = az_verify(here, token, strlen(token), NOW, &trust, &id);
		if (reason != AZ_OK)
			printf("# %s\n", name_of(reason));
		must(reason == AZ_OK, people[i].payload);
		text = az_assertion_make(signing_key, &usual, id, NULL);
		must(text != NULL, "cannot make an assertion");
		reason = take_at(&trust, &side, text, NOW, &told);
		ok(reason == AZ_OK && is_same_person(id, told) && told->alg == AZ_ED25519 &&
		   strcmp(told->thumbprint, az_signing_key_thumbprint(signing_key)) == 0 &&
		   is_text(told, &told->trust_kid, KID) && told->not_before == AZ_TIME_NONE,
		   "the same identity (%s): %s", name_of(reason), people[i].payload);

		/* and what was told can be told on */
		before = payload_of(id, NULL);
		after = payload_of(told, NULL);
		ok(strcmp(before, after) == 0, "and the same payload again");
		free(before);
		free(after);
		free(text);
		free(token);
		az_issuer_free(issuer);
	}
}

/* ---- databases of another encoding ---- */

/* The way back from LATIN1. */
static bool
from_latin1(void *arg, const char *latin1, size_t len, char **out, size_t *out_len)
{
	char	   *utf8 = malloc(2 * len + 1);
	size_t		n = 0;
	size_t		i;

	must(utf8 != NULL && arg == NULL, "out of memory");
	for (i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) latin1[i];

		if (c < 0x80)
			utf8[n++] = (char) c;
		else
		{
			utf8[n++] = (char) (0xC0 | c >> 6);
			utf8[n++] = (char) (0x80 | (c & 0x3F));
		}
	}
	*out = utf8;
	*out_len = n;
	return true;
}

static bool
fits_never(void *arg, const char *text, size_t len, char **out, size_t *out_len)
{
	(void) arg, (void) text, (void) len, (void) out, (void) out_len;
	return false;
}

static void
test_encodings(void)
{
	static const AzConverter forth = {to_latin1, NULL};
	static const AzConverter back = {from_latin1, NULL};
	static const AzConverter never = {fits_never, NULL};
	AzIssuer   *issuer = new_issuer("https://x/", "{\"role_claims\":[{\"path\":[\"r\xc3\xa9\"],\"keys\":true}]}");
	AzTrust		utf8 = trust_of(&issuer, 1);
	AzTrust		latin1 = trust_of(&issuer, 1);
	Side		side = {.key = cluster_key};
	char	   *token = mint("{\"alg\":\"HS256\",\"kid\":\"" KID "\"}",
							 BASE ",\"sub\":\"\\u00e9 \\\"\\u00ff\",\"r\xc3\xa9\":{\"\\u00fc\":1,\"z\":2,\"\\u00e4\":3}}");
	AzVerification *third = az_verification_new();
	const AzIdentity *id;
	const AzIdentity *direct;
	const AzIdentity *told;
	char	   *text;
	char	   *other;

	add_audience(issuer, "api");
	latin1.converter = &forth;
	must(az_verify(here, token, strlen(token), NOW, &latin1, &id) == AZ_OK &&
		 az_verify(third, token, strlen(token), NOW, &utf8, &direct) == AZ_OK, "cannot verify");
	ok(is_text(id, &id->subject, "\xe9 \"\xff"), "the identity is in LATIN1");
	text = az_assertion_make(signing_key, &usual, id, &back);
	other = az_assertion_make(signing_key, &usual, direct, NULL);
	must(text != NULL && other != NULL, "cannot make an assertion");
	ok(strcmp(text, other) == 0, "the assertion is in UTF-8, whatever the database");
	ok(take_at(&utf8, &side, text, NOW, &told) == AZ_OK && is_same_person(direct, told),
	   "from LATIN1 to UTF-8: the same identity");
	ok(take_at(&latin1, &side, text, NOW, &told) == AZ_OK && is_same_person(id, told),
	   "from LATIN1 to LATIN1: the same identity");
	ok(az_assertion_make(signing_key, &usual, id, &never) == NULL,
	   "what has no way back is not asserted");
	free(text);
	free(other);
	free(token);

	/* SQL_ASCII takes UTF-8 as it is; what LATIN1 does not have is refused there */
	token = mint("{\"alg\":\"HS256\",\"kid\":\"" KID "\"}", BASE ",\"sub\":\"\\u0142\"}");
	must(az_verify(here, token, strlen(token), NOW, &utf8, &id) == AZ_OK, "cannot verify");
	text = az_assertion_make(signing_key, &usual, id, NULL);
	ok(take_at(&latin1, &side, text, NOW, &told) == AZ_CLAIM_ENCODING,
	   "a claim that the other database cannot have");
	free(text);
	free(token);
	az_verification_free(third);
	az_issuer_free(issuer);
}

/* ---- what cannot be made ---- */

static AzAssertion
with_times(int64_t issued, int64_t expires)
{
	AzAssertion assertion = usual;

	assertion.issued = issued;
	assertion.expires = expires;
	return assertion;
}

static void
test_make(void)
{
	AzIssuer   *issuer = new_issuer("https://x/", NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *token = mint("{\"alg\":\"HS256\",\"kid\":\"" KID "\"}", BASE "}");
	char		longest[AZ_ASSERTION_TEXT_MAX + 2];
	AzAssertion assertion;
	Side		side = {.key = cluster_key};
	const AzIdentity *id;
	const AzIdentity *told;
	char	   *text;
	int			which;
	size_t		i;
	static const int64_t times[][2] = {
		{NOW_SECONDS, NOW_SECONDS + 61}, {NOW_SECONDS, NOW_SECONDS}, {NOW_SECONDS, NOW_SECONDS - 1},
		{-1, 59}, {INT64_MIN, INT64_MAX}, {INT64_MAX, INT64_MIN}, {0, INT64_MAX}
	};

	add_audience(issuer, "api");
	must(az_verify(here, token, strlen(token), NOW, &trust, &id) == AZ_OK, "cannot verify");
	memset(longest, 'x', sizeof(longest));
	for (which = 0; which < 3; which++)
	{
		const char **member = which == 0 ? &assertion.destination :
			which == 1 ? &assertion.nonce : &assertion.stored;

		assertion = usual;
		*member = "";
		ok(az_assertion_make(signing_key, &assertion, id, NULL) == NULL, "text %d empty", which);
		*member = NULL;
		text = az_assertion_make(signing_key, &assertion, id, NULL);
		ok((text == NULL) == (which < 2), "text %d not given", which);
		free(text);
		*member = longest;
		longest[AZ_ASSERTION_TEXT_MAX + 1] = '\0';
		ok(az_assertion_make(signing_key, &assertion, id, NULL) == NULL, "text %d too long", which);
		longest[AZ_ASSERTION_TEXT_MAX] = '\0';
		text = az_assertion_make(signing_key, &assertion, id, NULL);
		ok(text != NULL && take_at(&trust, &side, text, NOW, &told) == AZ_OK,
		   "text %d as long as it may be", which);
		free(text);
		longest[AZ_ASSERTION_TEXT_MAX] = 'x';
	}
	for (i = 0; i < 2; i++)
	{
		unsigned char anchor[AZ_CHAIN_VALUE];

		memset(anchor, 0xfb, sizeof(anchor));
		assertion = usual;
		assertion.anchor = i == 0 ? NULL : anchor;
		text = az_assertion_make(signing_key, &assertion, id, NULL);
		ok(text != NULL && take_at(&trust, &side, text, NOW, &told) == AZ_OK && side.has_anchor == (i == 1) &&
		   (i == 0 || memcmp(side.anchor, anchor, sizeof(anchor)) == 0), "an anchor, or none");
		free(text);
	}
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
	{
		assertion = with_times(times[i][0], times[i][1]);
		ok(az_assertion_make(signing_key, &assertion, id, NULL) == NULL,
		   "from %lld to %lld", (long long) times[i][0], (long long) times[i][1]);
	}

	/* whatever the texts hold comes out as it went in */
	assertion = usual;
	assertion.destination = "\"},{\\\n\x01\xc3\xa9";
	assertion.nonce = "\",\"nonce\":\"n";
	assertion.stored = "\\\"";
	text = az_assertion_make(signing_key, &assertion, id, NULL);
	ok(take_at(&trust, &side, text, NOW, &told) == AZ_OK &&
	   strcmp(side.destination, assertion.destination) == 0 &&
	   strcmp(side.nonce, assertion.nonce) == 0 && strcmp(side.stored, assertion.stored) == 0,
	   "no text breaks out of its quotes");
	free(text);
	free(token);

	/* an identity that nobody has signed */
	must(az_read_unsigned(here, BASE "}", strlen(BASE "}"), &trust, NULL, &id) == AZ_OK, "cannot read");
	ok(az_assertion_make(signing_key, &usual, id, NULL) == NULL,
	   "what nobody has signed is not asserted");
	az_issuer_free(issuer);
}

/* ---- what is taken, and what is not ---- */

#define PAYLOAD	BASE ",\"sub\":\"ann\",\"iat\":1699999900}"
#define HEADER(more) \
	"{\"alg\":\"EdDSA\",\"typ\":\"" AZ_ASSERTION_TYPE "\",\"kid\":\"" KID "\"" more "}"
#define TIMES	",\"iat\":1700000000,\"exp\":1700000060"
#define TEXTS	",\"destination\":\"7/db\",\"nonce\":\"n1\""
#define GOOD	HEADER(TEXTS TIMES)
#define TYPED(typ) \
	"{\"alg\":\"EdDSA\"," typ "\"kid\":\"" KID "\"" TEXTS TIMES "}"
#define ALG(alg, kid) \
	"{" alg "\"typ\":\"" AZ_ASSERTION_TYPE "\"" kid TEXTS TIMES "}"

typedef struct Case
{
	const char *what;
	const char *header;			/* NULL: GOOD */
	const char *payload;		/* NULL: PAYLOAD */
	AzReason	expected;
} Case;

static const Case cases[] = {
	{"a good one", NULL, NULL, AZ_OK},
	{"with what is stored", HEADER(TEXTS TIMES ",\"stored\":\"d\""), NULL, AZ_OK},
	{"with members that nobody knows", HEADER(TEXTS TIMES ",\"x\":[1],\"jwk\":{},\"jku\":\"https://evil/\""), NULL, AZ_OK},

	/* what it is: RFC 8725, 3.11 */
	{"type with its prefix", TYPED("\"typ\":\"application/authz-assertion+jwt\","), NULL, AZ_OK},
	{"type in another case", TYPED("\"typ\":\"APPLICATION/Authz-Assertion+JWT\","), NULL, AZ_OK},
	{"type escaped", TYPED("\"typ\":\"\\u0061uthz-assertion\\u002bjwt\","), NULL, AZ_OK},
	{"no type", TYPED(""), NULL, AZ_ASSERTION_EXPECTED},
	{"type JWT", TYPED("\"typ\":\"JWT\","), NULL, AZ_ASSERTION_EXPECTED},
	{"type empty", TYPED("\"typ\":\"\","), NULL, AZ_ASSERTION_EXPECTED},
	{"type with a blank", TYPED("\"typ\":\"authz-assertion+jwt \","), NULL, AZ_ASSERTION_EXPECTED},
	{"type with two prefixes", TYPED("\"typ\":\"application/application/authz-assertion+jwt\","), NULL, AZ_ASSERTION_EXPECTED},
	{"type of another kind", TYPED("\"typ\":\"text/authz-assertion+jwt\","), NULL, AZ_ASSERTION_EXPECTED},
	{"type with a parameter", TYPED("\"typ\":\"authz-assertion+jwt;v=1\","), NULL, AZ_ASSERTION_EXPECTED},
	{"type a number", TYPED("\"typ\":1,"), NULL, AZ_HEADER_TYPE},
	{"type twice", TYPED("\"typ\":\"authz-assertion+jwt\",\"t\\u0079p\":\"JWT\","), NULL, AZ_HEADER_JSON},

	/* RFC 7515, 4.1 */
	{"crit", HEADER(TEXTS TIMES ",\"crit\":[\"nonce\"]"), NULL, AZ_HEADER_CRITICAL},
	{"crit empty", HEADER(TEXTS TIMES ",\"crit\":[]"), NULL, AZ_HEADER_CRITICAL},
	{"b64", HEADER(TEXTS TIMES ",\"b64\":false"), NULL, AZ_HEADER_CRITICAL},
	{"zip", HEADER(TEXTS TIMES ",\"zip\":\"DEF\""), NULL, AZ_HEADER_CRITICAL},
	{"cty", HEADER(TEXTS TIMES ",\"cty\":\"JWT\""), NULL, AZ_HEADER_CRITICAL},
	{"header an array", "[" GOOD "]", NULL, AZ_HEADER_JSON},
	{"header with more behind it", GOOD "{}", NULL, AZ_HEADER_JSON},
	{"nonce twice", HEADER(TEXTS TIMES ",\"nonce\":\"n2\""), NULL, AZ_HEADER_JSON},
	{"destination twice, once escaped", HEADER(TEXTS TIMES ",\"destinatio\\u006e\":\"8/db\""), NULL, AZ_HEADER_JSON},

	/* by which algorithm: RFC 8725, 3.1 */
	{"alg Ed25519", ALG("\"alg\":\"Ed25519\",", ",\"kid\":\"" KID "\""), NULL, AZ_OK},
	{"no alg", ALG("", ",\"kid\":\"" KID "\""), NULL, AZ_ASSERTION_MALFORMED},
	{"alg null", ALG("\"alg\":null,", ",\"kid\":\"" KID "\""), NULL, AZ_ASSERTION_MALFORMED},
	{"alg none", ALG("\"alg\":\"none\",", ",\"kid\":\"" KID "\""), NULL, AZ_ASSERTION_MALFORMED},
	{"alg HS256", ALG("\"alg\":\"HS256\",", ",\"kid\":\"" KID "\""), NULL, AZ_ASSERTION_MALFORMED},
	{"alg Ed448", ALG("\"alg\":\"Ed448\",", ",\"kid\":\"" KID "\""), NULL, AZ_ASSERTION_MALFORMED},
	{"alg ES256", ALG("\"alg\":\"ES256\",", ",\"kid\":\"" KID "\""), NULL, AZ_ASSERTION_MALFORMED},
	{"alg in another case", ALG("\"alg\":\"eddsa\",", ",\"kid\":\"" KID "\""), NULL, AZ_ASSERTION_MALFORMED},
	{"alg an array", ALG("\"alg\":[\"EdDSA\"],", ",\"kid\":\"" KID "\""), NULL, AZ_ASSERTION_MALFORMED},

	/* by whose key */
	{"no kid", ALG("\"alg\":\"EdDSA\",", ""), NULL, AZ_ASSERTION_MALFORMED},
	{"kid empty", ALG("\"alg\":\"EdDSA\",", ",\"kid\":\"\""), NULL, AZ_ASSERTION_MALFORMED},
	{"kid a number", ALG("\"alg\":\"EdDSA\",", ",\"kid\":1"), NULL, AZ_HEADER_TYPE},
	{"kid null", ALG("\"alg\":\"EdDSA\",", ",\"kid\":null"), NULL, AZ_HEADER_TYPE},
	{"another kid than the key's", ALG("\"alg\":\"EdDSA\",", ",\"kid\":\"k\""), NULL, AZ_ASSERTION_KEY},
	{"kid with more", ALG("\"alg\":\"EdDSA\",", ",\"kid\":\"k11\""), NULL, AZ_ASSERTION_KEY},

	/* for whom, and for which occasion */
	{"no destination", HEADER(",\"nonce\":\"n1\"" TIMES), NULL, AZ_ASSERTION_MALFORMED},
	{"destination null", HEADER(",\"destination\":null,\"nonce\":\"n1\"" TIMES), NULL, AZ_ASSERTION_MALFORMED},
	{"destination empty", HEADER(",\"destination\":\"\",\"nonce\":\"n1\"" TIMES), NULL, AZ_ASSERTION_MALFORMED},
	{"destination an array", HEADER(",\"destination\":[\"7/db\"],\"nonce\":\"n1\"" TIMES), NULL, AZ_ASSERTION_MALFORMED},
	{"destination in the payload", HEADER(",\"nonce\":\"n1\"" TIMES), BASE ",\"destination\":\"7/db\"}", AZ_ASSERTION_MALFORMED},
	{"no nonce", HEADER(",\"destination\":\"7/db\"" TIMES), NULL, AZ_ASSERTION_MALFORMED},
	{"nonce empty", HEADER(",\"destination\":\"7/db\",\"nonce\":\"\"" TIMES), NULL, AZ_ASSERTION_MALFORMED},
	{"nonce a number", HEADER(",\"destination\":\"7/db\",\"nonce\":1" TIMES), NULL, AZ_ASSERTION_MALFORMED},
	{"stored null", HEADER(TEXTS TIMES ",\"stored\":null"), NULL, AZ_ASSERTION_MALFORMED},
	{"stored empty", HEADER(TEXTS TIMES ",\"stored\":\"\""), NULL, AZ_ASSERTION_MALFORMED},
	{"stored an object", HEADER(TEXTS TIMES ",\"stored\":{}"), NULL, AZ_ASSERTION_MALFORMED},

	/* what shows later uses */
	{"an anchor", HEADER(TEXTS TIMES ",\"chain\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\""), NULL, AZ_OK},
	{"one of 31 bytes", HEADER(TEXTS TIMES ",\"chain\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg\""), NULL, AZ_ASSERTION_MALFORMED},
	{"one of 33 bytes", HEADER(TEXTS TIMES ",\"chain\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\""), NULL, AZ_ASSERTION_MALFORMED},
	{"one with unused bits", HEADER(TEXTS TIMES ",\"chain\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9\""), NULL, AZ_ASSERTION_MALFORMED},
	{"one that is padded", HEADER(TEXTS TIMES ",\"chain\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\""), NULL, AZ_ASSERTION_MALFORMED},
	{"one that is empty", HEADER(TEXTS TIMES ",\"chain\":\"\""), NULL, AZ_ASSERTION_MALFORMED},
	{"one that is null", HEADER(TEXTS TIMES ",\"chain\":null"), NULL, AZ_ASSERTION_MALFORMED},
	{"one that is a number", HEADER(TEXTS TIMES ",\"chain\":1"), NULL, AZ_ASSERTION_MALFORMED},
	{"two of them", HEADER(TEXTS TIMES ",\"chain\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\",\"chain\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\""), NULL, AZ_HEADER_JSON},

	/* when */
	{"no iat", HEADER(TEXTS ",\"exp\":1700000060"), NULL, AZ_ASSERTION_MALFORMED},
	{"no exp", HEADER(TEXTS ",\"iat\":1700000000"), NULL, AZ_ASSERTION_MALFORMED},
	{"exp in the payload alone", HEADER(TEXTS ",\"iat\":1700000000"), NULL, AZ_ASSERTION_MALFORMED},
	{"exp a real", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":1700000060.0"), NULL, AZ_ASSERTION_MALFORMED},
	{"exp with an exponent", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":17000000e2"), NULL, AZ_ASSERTION_MALFORMED},
	{"exp a string", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":\"1700000060\""), NULL, AZ_ASSERTION_MALFORMED},
	{"exp null", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":null"), NULL, AZ_ASSERTION_MALFORMED},
	{"exp true", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":true"), NULL, AZ_ASSERTION_MALFORMED},
	{"exp negative", HEADER(TEXTS ",\"iat\":-60,\"exp\":-1"), NULL, AZ_ASSERTION_MALFORMED},
	{"iat negative", HEADER(TEXTS ",\"iat\":-1,\"exp\":59"), NULL, AZ_ASSERTION_MALFORMED},
	{"the least iat, the greatest exp", HEADER(TEXTS ",\"iat\":-9223372036854775808,\"exp\":9223372036854775807"), NULL, AZ_ASSERTION_MALFORMED},
	{"the greatest exp", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":9223372036854775807"), NULL, AZ_ASSERTION_MALFORMED},
	{"exp beyond 64 bits", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":18446744073709551616"), NULL, AZ_HEADER_JSON},
	{"exp beyond a double", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":1e400"), NULL, AZ_HEADER_JSON},
	{"good for 60 seconds", HEADER(TEXTS ",\"iat\":1699999950,\"exp\":1700000010"), NULL, AZ_OK},
	{"good for 61 seconds", HEADER(TEXTS ",\"iat\":1699999950,\"exp\":1700000011"), NULL, AZ_ASSERTION_MALFORMED},
	{"good for no second", HEADER(TEXTS ",\"iat\":1700000000,\"exp\":1700000000"), NULL, AZ_ASSERTION_MALFORMED},
	{"ends before it begins", HEADER(TEXTS ",\"iat\":1700000005,\"exp\":1700000004"), NULL, AZ_ASSERTION_MALFORMED},
	{"the last second", HEADER(TEXTS ",\"iat\":1699999941,\"exp\":1700000001"), NULL, AZ_OK},
	{"the end", HEADER(TEXTS ",\"iat\":1699999940,\"exp\":1700000000"), NULL, AZ_ASSERTION_EXPIRED},
	{"long ago", HEADER(TEXTS ",\"iat\":0,\"exp\":60"), NULL, AZ_ASSERTION_EXPIRED},
	{"ten seconds ahead", HEADER(TEXTS ",\"iat\":1700000010,\"exp\":1700000060"), NULL, AZ_OK},
	{"eleven", HEADER(TEXTS ",\"iat\":1700000011,\"exp\":1700000060"), NULL, AZ_ASSERTION_AHEAD},
	{"the last instant", HEADER(TEXTS ",\"iat\":9223372036854775747,\"exp\":9223372036854775807"), NULL, AZ_ASSERTION_AHEAD},

	/* the payload: who it is of */
	{"no JSON", NULL, BASE, AZ_PAYLOAD_JSON},
	{"an array", NULL, "[]", AZ_PAYLOAD_JSON},
	{"empty", NULL, "", AZ_PAYLOAD_JSON},
	{"sub twice", NULL, BASE ",\"sub\":\"a\",\"su\\u0062\":\"b\"}", AZ_PAYLOAD_JSON},
	{"another issuer", NULL, "{\"iss\":\"https://evil/\",\"aud\":\"api\",\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},
	{"no issuer", NULL, "{\"aud\":\"api\",\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},
	{"iss an array", NULL, "{\"iss\":[\"https://x/\"],\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},

	/* the audience was the other server's to judge, and so was when it began */
	{"another audience", NULL, "{\"iss\":\"https://x/\",\"aud\":\"other\",\"exp\":1700000100}", AZ_OK},
	{"nbf ahead", NULL, BASE ",\"nbf\":1700000003}", AZ_OK},
	{"iat ahead", NULL, BASE ",\"iat\":1700000003}", AZ_OK},
	{"bound to a key", NULL, BASE ",\"cnf\":{\"jkt\":\"x\"}}", AZ_OK},

	/* what no server can have verified */
	{"no exp", NULL, "{\"iss\":\"https://x/\",\"aud\":\"api\"}", AZ_EXP_MISSING},
	{"exp a string", NULL, "{\"iss\":\"https://x/\",\"exp\":\"1700000100\"}", AZ_EXP_INVALID},
	{"nbf a string", NULL, BASE ",\"nbf\":\"1\"}", AZ_NBF_INVALID},
	{"iat a string", NULL, BASE ",\"iat\":\"1\"}", AZ_IAT_INVALID},
	{"iat null", NULL, BASE ",\"iat\":null}", AZ_IAT_INVALID},
	{"sub a number", NULL, BASE ",\"sub\":5}", AZ_CLAIM_TYPE},
	{"jti null", NULL, BASE ",\"jti\":null}", AZ_CLAIM_TYPE},
	{"act a string", NULL, BASE ",\"act\":\"bot\"}", AZ_ACTOR_CLAIM},
	{"groups elsewhere", NULL, BASE ",\"hasgroups\":true}", AZ_GROUPS_UNLISTED},

	/* the end of the token is that of the identity */
	{"the last second of the token", NULL, "{\"iss\":\"https://x/\",\"exp\":1700000001}", AZ_OK},
	{"the end of the token", NULL, "{\"iss\":\"https://x/\",\"exp\":1700000000}", AZ_EXPIRED},
	{"the token has ended", NULL, "{\"iss\":\"https://x/\",\"exp\":1}", AZ_EXPIRED},
};

/* The one issuer of these tests; it has a key of its own. */
static AzIssuer *
usual_issuer(const char *options)
{
	AzIssuer   *issuer = new_issuer("https://x/", options);

	add_audience(issuer, "api");
	return issuer;
}

static AzReason
take_under(const char *options, const Signer *signer, Side *side, const char *header,
		   const char *payload)
{
	AzIssuer   *issuer = usual_issuer(options);
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *text = signer_token(signer, header, payload);
	const AzIdentity *id;
	AzReason	reason = take_at(&trust, side, text, NOW, &id);

	free(text);
	az_issuer_free(issuer);
	return reason;
}

/* Does the reason come after the judge was asked? */
static bool
is_of_payload(AzReason reason)
{
	switch (reason)
	{
		case AZ_OK:
		case AZ_ISSUER_UNTRUSTED:
		case AZ_EXP_MISSING:
		case AZ_EXP_INVALID:
		case AZ_EXPIRED:
		case AZ_NBF_INVALID:
		case AZ_IAT_INVALID:
		case AZ_CLAIM_TYPE:
		case AZ_ACTOR_CLAIM:
		case AZ_GROUPS_UNLISTED:
			return true;
		default:
			return false;
	}
}

static void
test_cases(void)
{
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		const char *header = c->header != NULL ? c->header : GOOD;
		const char *payload = c->payload != NULL ? c->payload : PAYLOAD;
		Side		side = {.key = cluster_key};
		AzReason	reason = take_under(NULL, &cluster, &side, header, payload);

		ok(reason == c->expected, "%s: %s", name_of(reason), c->what);
		if (side.asked != is_of_payload(reason))
			ok(false, "the judge was asked %d times", side.asked);
	}
}

/* What the options of the issuer say of the claims. */
static void
test_options(void)
{
	static const struct
	{
		const char *options;
		const char *payload;
		AzReason	expected;
	}			under[] = {
		{"{\"required_claims\":[\"email\"]}", PAYLOAD, AZ_CLAIM_MISSING},
		{"{\"required_claims\":[\"sub\",\"iss\",\"exp\"]}", PAYLOAD, AZ_OK},
		{"{\"claim_values\":[{\"claim\":\"sub\",\"values\":[\"eve\"]}]}", PAYLOAD, AZ_CLAIM_VALUE},
		{"{\"claim_values\":[{\"claim\":\"sub\",\"values\":[\"ann\"]}]}", PAYLOAD, AZ_OK},
		{"{\"max_age_seconds\":100}", PAYLOAD, AZ_TOO_OLD},
		{"{\"max_age_seconds\":101}", PAYLOAD, AZ_OK},
		{"{\"leeway_seconds\":30}", "{\"iss\":\"https://x/\",\"exp\":1699999971}", AZ_OK},
		{"{\"leeway_seconds\":30}", "{\"iss\":\"https://x/\",\"exp\":1699999970}", AZ_EXPIRED},
		{"{\"actors\":[]}", BASE ",\"act\":{\"sub\":\"bot\"}}", AZ_ACTOR_REFUSED},
		{"{\"actors\":[\"bot\"]}", BASE ",\"act\":{\"sub\":\"bot\"}}", AZ_OK},
		{"{\"ceiling_required\":true}", BASE ",\"act\":{\"sub\":\"bot\"}}", AZ_CEILING_MISSING},
		{"{\"groups_overage\":\"ignore\"}", BASE ",\"hasgroups\":true}", AZ_OK},

		/* of how the token came they say nothing */
		{"{\"token_types\":[\"at+jwt\"],\"token_type_required\":true}", PAYLOAD, AZ_OK},
		{"{\"algorithms\":[\"HS256\"],\"key_id_required\":true}", PAYLOAD, AZ_OK},
		{"{\"bound_tokens\":\"refuse\"}", BASE ",\"cnf\":{\"x5t#S256\":\"x\"}}", AZ_OK},
	};
	size_t		i;

	for (i = 0; i < sizeof(under) / sizeof(under[0]); i++)
	{
		Side		side = {.key = cluster_key};
		AzReason	reason = take_under(under[i].options, &cluster, &side, GOOD, under[i].payload);

		ok(reason == under[i].expected && side.asked == 1, "%s: under %s: %s", name_of(reason),
		   under[i].options, under[i].payload);
	}
}

/* Whose it is: by name, by audience, by having no name. */
static void
test_issuers(void)
{
	AzIssuer   *issuers[3];
	AzTrust		trust = trust_of(issuers, 3);
	Side		side = {.key = cluster_key};
	static const struct
	{
		const char *payload;
		const char *issuer;		/* NULL: nobody's */
	}			whose[] = {
		{"{\"iss\":\"https://x/\",\"exp\":1700000100}", "https://x/"},
		{"{\"iss\":\"https://y/\",\"aud\":[\"a\",\"web\"],\"exp\":1700000100}", "by audience"},
		{"{\"exp\":1700000100}", "unnamed"},
		{"{\"iss\":\"https://y/\",\"exp\":1700000100}", NULL},
		{"{\"iss\":\"https://x/\",\"aud\":\"web\",\"exp\":1700000100}", NULL},
		{"{\"iss\":null,\"exp\":1700000100}", NULL},
	};
	size_t		i;

	issuers[0] = usual_issuer(NULL);
	issuers[1] = new_issuer("by audience", NULL);
	issuers[1]->by_audience = true;
	add_audience(issuers[1], "web");
	issuers[2] = new_issuer("unnamed", "{\"unnamed\":true}");
	for (i = 0; i < sizeof(whose) / sizeof(whose[0]); i++)
	{
		char	   *text = signer_token(&cluster, GOOD, whose[i].payload);
		const AzIdentity *id;
		AzReason	reason = take_at(&trust, &side, text, NOW, &id);

		if (whose[i].issuer != NULL)
			ok(reason == AZ_OK && is_text(id, &id->issuer, whose[i].issuer), "%s: %s's",
			   whose[i].payload, whose[i].issuer);
		else
			ok(reason == AZ_ISSUER_AMBIGUOUS ||
			   (reason == AZ_ISSUER_UNTRUSTED && strstr(az_verification_hint(there), "spread_trust") != NULL),
			   "%s: nobody's", whose[i].payload);
		free(text);
	}
	for (i = 0; i < 3; i++)
		az_issuer_free(issuers[i]);
}

/* ---- the judge ---- */

static bool
is_revoked(void *arg, const AzRevocable *what)
{
	(void) arg;
	return what->subject != NULL && strcmp(what->subject, "ann") == 0;
}

static void
test_judge(void)
{
	AzIssuer   *issuer = usual_issuer(NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	Side		side = {.key = cluster_key};
	AzAssertionTrust nobody = {find_key, NULL, &side};
	char	   *text = signer_token(&cluster, HEADER(TEXTS TIMES ",\"stored\":\"digest\""), PAYLOAD);
	const AzIdentity *id;

	ok(take_at(&trust, &side, text, NOW, &id) == AZ_OK && side.asked == 1 &&
	   strcmp(side.destination, "7/db") == 0 && strcmp(side.nonce, "n1") == 0 &&
	   strcmp(side.stored, "digest") == 0 && side.issued == NOW_SECONDS &&
	   side.expires == NOW_SECONDS + 60, "the judge is told what the header says, once");
	side.answer = AZ_ASSERTION_REPLAYED;
	ok(take_at(&trust, &side, text, NOW, &id) == AZ_ASSERTION_REPLAYED, "and its reason counts");
	side.answer = AZ_ASSERTION_DESTINATION;
	ok(take_at(&trust, &side, text, NOW, &id) == AZ_ASSERTION_DESTINATION, "whichever it is");
	ok(az_verify_assertion(there, text, strlen(text), NOW, &trust, &nobody, &id) == AZ_OK,
	   "where there is no judge, it is good");
	side.answer = AZ_OK;
	trust.revoked = is_revoked;
	ok(take_at(&trust, &side, text, NOW, &id) == AZ_REVOKED, "revocations count");
	free(text);
	az_issuer_free(issuer);
}

static jmp_buf away;

static AzReason
leave(void *arg, const AzAssertion *assertion)
{
	(void) arg, (void) assertion;
	longjmp(away, 1);
}

static const AzKey *
leave_too(void *arg, const char *kid, size_t len)
{
	(void) arg, (void) kid, (void) len;
	longjmp(away, 1);
}

/* Whoever is asked may leave; the next assertion is judged rightly. */
static void
test_leaps(void)
{
	AzIssuer   *issuer = usual_issuer(NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	Side		side = {.key = cluster_key};
	char	   *text = signer_token(&cluster, GOOD, PAYLOAD);
	volatile int which;

	for (which = 0; which < 2; which++)
	{
		AzAssertionTrust by = {which == 0 ? leave_too : find_key, leave, &side};
		const AzIdentity *id;

		if (setjmp(away) == 0)
		{
			(void) az_verify_assertion(there, text, strlen(text), NOW, &trust, &by, &id);
			ok(false, "nobody has left");
		}
		ok(take_at(&trust, &side, text, NOW, &id) == AZ_OK, "after a leap of %s",
		   which == 0 ? "who looks for the key" : "the judge");
	}
	free(text);
	az_issuer_free(issuer);
}

/* ---- attacks ---- */

/* Under which keys; whoever looks for one brings this. */
static void
test_keys(void)
{
	Side		side = {.key = NULL};
	Signer		other = {.alg = AZ_ED25519};
	AzAlg		alg;

	ok(take_under(NULL, &cluster, &side, GOOD, PAYLOAD) == AZ_ASSERTION_KEY, "no key");

	must(signer_init(&other, AZ_ED25519), "cannot make a key");
	side.key = cluster_key;
	ok(take_under(NULL, &other, &side, GOOD, PAYLOAD) == AZ_ASSERTION_SIGNATURE,
	   "another Ed25519 key, as an issuer may have it");
	signer_free(&other);

	/* a key of another kind stands there, and has signed it */
	for (alg = 0; alg < AZ_N_ALGS; alg++)
	{
		char	   *jwk;
		AzKey	   *key;
		char		header[400];
		AzReason	reason;

		if (alg == AZ_ED25519 || !signer_init(&other, alg))
			continue;
		jwk = signer_jwk(&other, ",\"kid\":\"" KID "\"");
		key = public_key_of(jwk);
		side.key = key;
		snprintf(header, sizeof(header), ALG("\"alg\":\"%s\",", ",\"kid\":\"" KID "\""), az_alg_info(alg)->name);
		reason = take_under(NULL, &other, &side, header, PAYLOAD);
		ok(reason == AZ_ASSERTION_MALFORMED, "%s: a key of %s, as it says", name_of(reason), az_alg_info(alg)->name);
		reason = take_under(NULL, &other, &side, GOOD, PAYLOAD);
		ok(reason == AZ_KEY_MISMATCH, "%s: a key of %s, called EdDSA", name_of(reason), az_alg_info(alg)->name);
		az_key_free(key);
		free(jwk);
		signer_free(&other);
	}

	/* a key without kid, as a careless caller might bring it */
	{
		char	   *jwk = signer_jwk(&cluster, "");
		AzKey	   *key = public_key_of(jwk);

		side.key = key;
		ok(take_under(NULL, &cluster, &side, GOOD, PAYLOAD) == AZ_ASSERTION_KEY, "a key without kid");
		az_key_free(key);
		free(jwk);
	}
}

/* RFC 8725, 2.1: the public key as a secret. */
static void
test_public_as_secret(void)
{
	char	   *jwk = az_signing_key_public_jwk(signing_key);
	Signer		hmac = {.alg = AZ_HS256};
	Side		side = {.key = cluster_key};
	AzJson	   *json = parse(jwk);
	const char *x;
	size_t		len;

	must(az_json_get_string(json, "x", &x, &len) &&
		 az_b64url_decode(x, len, hmac.secret, &len) && len == 32, "no x");
	ok(take_under(NULL, &hmac, &side, ALG("\"alg\":\"HS256\",", ",\"kid\":\"" KID "\""), PAYLOAD) == AZ_ASSERTION_MALFORMED &&
	   take_under(NULL, &hmac, &side, GOOD, PAYLOAD) == AZ_ASSERTION_SIGNATURE,
	   "HMAC with the public key");
	az_json_free(json);
	free(jwk);
}

/* One character of an assertion changed, or left out, or the rest cut off. */
static void
test_changes(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=\n ";
	AzIssuer   *issuer = usual_issuer(NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	Side		side = {.key = cluster_key};
	char	   *text = signer_token(&cluster, GOOD, PAYLOAD);
	size_t		len = strlen(text);
	char	   *changed = malloc(len + 2);
	const AzIdentity *id;
	int			taken = 0;
	size_t		i;

	must(changed != NULL, "out of memory");
	for (i = 0; i < len; i++)
	{
		size_t		j;

		strcpy(changed, text);
		for (j = 0; j < sizeof(alphabet) - 1; j += i % 3 + 1)
		{
			changed[i] = alphabet[j];
			taken += changed[i] != text[i] && take_at(&trust, &side, changed, NOW, &id) == AZ_OK;
		}
		strcpy(changed, text);
		changed[i] = '\0';
		taken += take_at(&trust, &side, changed, NOW, &id) == AZ_OK;
		strcpy(changed + i, text + i + 1);
		taken += take_at(&trust, &side, changed, NOW, &id) == AZ_OK;
	}
	ok(taken == 0, "no change of one character is taken");
	sprintf(changed, "%s\n", text);
	ok(take_at(&trust, &side, changed, NOW, &id) == AZ_OK, "but for a newline behind it");
	ok(side.asked == 1, "and the judge never hears of what nobody has signed");
	free(changed);
	free(text);
	az_issuer_free(issuer);
}

/* The parts of two good ones do not make a third. */
static void
test_parts(void)
{
	AzIssuer   *issuer = usual_issuer(NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	Side		side = {.key = cluster_key};
	char	   *one = signer_token(&cluster, GOOD, PAYLOAD);
	char	   *other = signer_token(&cluster, HEADER(",\"destination\":\"8/db\",\"nonce\":\"n2\"" TIMES),
									 BASE ",\"sub\":\"eve\",\"iat\":1699999900}");
	char	   *token = signer_token(&cluster, "{\"alg\":\"EdDSA\",\"kid\":\"" KID "\"}", BASE ",\"sub\":\"bob\"}");
	const char *texts[3];
	const AzIdentity *id;
	int			taken = 0;
	int			tried = 0;
	int			i;

	texts[0] = one;
	texts[1] = other;
	texts[2] = token;
	for (i = 0; i < 27; i++)
	{
		const char *header = texts[i % 3];
		const char *payload = strchr(texts[i / 3 % 3], '.') + 1;
		const char *signature = strrchr(texts[i / 9], '.') + 1;
		char		made[2000];

		snprintf(made, sizeof(made), "%.*s.%.*s.%s", (int) strcspn(header, "."), header,
				 (int) strcspn(payload, "."), payload, signature);
		tried++;
		taken += take_at(&trust, &side, made, NOW, &id) == AZ_OK;
	}
	ok(tried == 27 && taken == 2, "of %d ways to put three together, the two that were signed", tried);
	free(one);
	free(other);
	free(token);
	az_issuer_free(issuer);
}

static void
test_sizes(void)
{
	AzIssuer   *issuer = usual_issuer(NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	Side		side = {.key = cluster_key};
	const size_t huge = 10 * 1000 * 1000;
	char	   *header = malloc(huge + 1000);
	char	   *text;
	char	   *end;
	const AzIdentity *id;

	/* stored, of ten megabytes */
	must(header != NULL, "out of memory");
	end = header + sprintf(header, "{\"alg\":\"EdDSA\",\"typ\":\"" AZ_ASSERTION_TYPE "\",\"kid\":\"" KID "\"" TEXTS TIMES ",\"stored\":\"");
	memset(end, 'x', huge);
	strcpy(end + huge, "\"}");
	text = signer_token(&cluster, header, PAYLOAD);
	ok(take_at(&trust, &side, text, NOW, &id) == AZ_TOKEN_TOO_LARGE, "a digest of ten megabytes");
	ok(!az_is_assertion(text, strlen(text)), "is not even looked at");
	free(text);
	strcpy(end + AZ_ASSERTION_TEXT_MAX + 1, "\"}");
	text = signer_token(&cluster, header, PAYLOAD);
	ok(take_at(&trust, &side, text, NOW, &id) == AZ_ASSERTION_MALFORMED && az_is_assertion(text, strlen(text)),
	   "a digest that is too long");
	free(text);
	strcpy(end + AZ_ASSERTION_TEXT_MAX, "\"}");
	text = signer_token(&cluster, header, PAYLOAD);
	ok(take_at(&trust, &side, text, NOW, &id) == AZ_OK, "the longest digest");
	trust.max_token_size = 0;
	ok(take_at(&trust, &side, text, NOW, &id) == AZ_OK, "its header does not count against the size of tokens");
	free(text);
	free(header);

	ok(az_verify_assertion(there, "", 0, NOW, &trust, &(AzAssertionTrust) {find_key, judge, &side}, &id) == AZ_TOKEN_MISSING &&
	   az_verify_assertion(there, NULL, 0, NOW, &trust, &(AzAssertionTrust) {find_key, judge, &side}, &id) == AZ_TOKEN_MISSING &&
	   az_verify_assertion(there, "\n", 1, NOW, &trust, &(AzAssertionTrust) {find_key, judge, &side}, &id) == AZ_TOKEN_MISSING,
	   "nothing");
	az_issuer_free(issuer);
}

/* ---- the other way round: an assertion is no token ---- */

static const char *const spellings[] = {
	"authz-assertion+jwt", "AUTHZ-ASSERTION+JWT", "aUTHZ-aSSERTION+Jwt",
	"application/authz-assertion+jwt", "APPLICATION/authz-assertion+JWT",
};

static AzReason
verify_token(const char *options, bool old, const char *header)
{
	AzIssuer   *issuer = usual_issuer(options);
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *token = mint(header, PAYLOAD);
	const AzIdentity *id;
	AzReason	reason;

	issuer->to_be_updated = old;
	reason = az_verify(here, token, strlen(token), NOW, &trust, &id);
	free(token);
	az_issuer_free(issuer);
	return reason;
}

static void
test_no_token(void)
{
	static const char *const options[] = {
		NULL,					/* types are not looked at */
		"{\"token_types\":[\"JWT\"]}",
		"{\"token_types\":[\"authz-assertion+jwt\"]}",
		"{\"token_types\":[\"application/AUTHZ-assertion+jwt\"],\"token_type_required\":true}",
	};
	size_t		i;
	size_t		j;

	for (i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
	{
		char		header[200];
		int			refused = 0;

		snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"%s\"}", spellings[i]);
		for (j = 0; j < sizeof(options) / sizeof(options[0]); j++)
			refused += (verify_token(options[j], false, header) == AZ_ASSERTION_NOT_HERE) +
				(verify_token(options[j], true, header) == AZ_ASSERTION_NOT_HERE);
		ok(refused == 8, "a token of typ %s: refused whatever the issuer's options, before and after the update",
		   spellings[i]);
	}
	ok(verify_token(options[2], false, "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"authz-assertion+jw\"}") == AZ_TOKEN_TYPE,
	   "another typ is another reason");
	ok(verify_token(options[2], false, "{\"alg\":\"HS256\",\"kid\":\"k1\"}") == AZ_OK,
	   "and no typ is none");
}

/* Somebody gave the cluster key to an issuer as well, or the other way round. */
static void
test_shared_key(void)
{
	AzIssuer   *issuer = usual_issuer(NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	Side		side = {.key = cluster_key};
	char	   *jwk = az_signing_key_public_jwk(signing_key);
	char	   *text = signer_token(&cluster, GOOD, PAYLOAD);
	char	   *token = signer_token(&cluster, "{\"alg\":\"EdDSA\",\"kid\":\"" KID "\",\"typ\":\"JWT\"}", PAYLOAD);
	char	   *forged;
	AzIdentity *known;
	const AzIdentity *id;

	issuer->algorithms = AZ_ALG_BIT(AZ_ED25519);
	must(az_issuer_add_key(issuer, public_key_of(jwk)), "cannot add a key");
	ok(az_verify(here, text, strlen(text), NOW, &trust, &id) == AZ_ASSERTION_NOT_HERE,
	   "an assertion is no token, whatever key it is signed with");
	ok(az_verify(here, token, strlen(token), NOW, &trust, &id) == AZ_OK && !id->asserted,
	   "nor is a token an assertion");
	ok(take_at(&trust, &side, token, NOW, &id) == AZ_ASSERTION_EXPECTED, "also when it is given as one");

	/* who was asserted is never known again as the bearer of a token */
	must(take_at(&trust, &side, text, NOW, &id) == AZ_OK, "cannot take it");
	known = malloc(id->size);
	must(known != NULL, "out of memory");
	memcpy(known, id, id->size);
	forged = strdup(token);
	must(forged != NULL, "out of memory");
	/* another letter of base64url, whatever stands there */
	forged[strlen(forged) - 10] = forged[strlen(forged) - 10] == 'A' ? 'B' : 'A';
	ok(az_verify_again(here, forged, strlen(forged), NOW, &trust, known, &id) == AZ_SIGNATURE,
	   "an asserted identity saves no signature");
	known->asserted = 0;
	ok(az_verify_again(here, forged, strlen(forged), NOW, &trust, known, &id) == AZ_OK,
	   "as one of the issuer's does");
	free(known);
	free(forged);
	free(jwk);
	free(text);
	free(token);
	az_issuer_free(issuer);
}

/* ---- what the header says ---- */

static bool
says(const char *header)
{
	char	   *token = mint(header, "{}");
	bool		is = az_is_assertion(token, strlen(token));

	free(token);
	return is;
}

static void
test_is(void)
{
	static const char *const none[] = {
		"{}", "[]", "[\"authz-assertion+jwt\"]", "{\"typ\":\"JWT\"}", "{\"typ\":1}", "{\"typ\":null}",
		"{\"typ\":\"\"}", "{\"typ\":[\"authz-assertion+jwt\"]}", "{\"TYP\":\"authz-assertion+jwt\"}",
		"{\"typ\":\"authz-assertion+jwt\",\"typ\":\"authz-assertion+jwt\"}",
		"{\"typ\":\"authz-assertion+jwt\"", "{\"typ\":\"authz-assertion+jwt\"}}", "\"authz-assertion+jwt\"",
		"{\"x\":{\"typ\":\"authz-assertion+jwt\"}}",
	};
	char		header[200];
	char	   *token;
	size_t		i;
	size_t		len;
	int			n;

	for (i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
	{
		snprintf(header, sizeof(header), "{\"typ\":\"%s\"}", spellings[i]);
		ok(says(header), "is one: %s", header);
	}
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		ok(!says(none[i]), "is none: %s", none[i]);

	ok(!az_is_assertion("", 0) && !az_is_assertion(".", 1) && !az_is_assertion("..", 2) &&
	   !az_is_assertion("a", 1) && !az_is_assertion("\0.\0", 3), "nor is nothing");
	token = mint("{\"typ\":\"authz-assertion+jwt\"}", "");
	len = strcspn(token, ".");
	ok(az_is_assertion(token, len + 1) && !az_is_assertion(token, len), "one dot is enough, and needed");
	for (n = 0, i = 0; i < len; i++)
		n += az_is_assertion(token, i);
	ok(n == 0, "nor is the beginning of one");
	token[len - 1] = '=';
	ok(!az_is_assertion(token, strlen(token)), "nor what is padded");
	free(token);

	/* bounded, however long the header is */
	for (n = 0; n < 2; n++)
	{
		size_t		encoded = AZ_ASSERTION_HEADER_MAX + (n == 0 ? 0 : 4);
		char	   *text = malloc(encoded + 1);
		size_t		used = (size_t) snprintf(text, encoded, "{\"typ\":\"authz-assertion+jwt\"}");

		memset(text + used, ' ', encoded / 4 * 3 - used);
		text[encoded / 4 * 3] = '\0';
		ok(says(text) == (n == 0), "a header of %zu characters", encoded);
		free(text);
	}
}

int
main(void)
{
	start_cluster();
	test_same();
	test_encodings();
	test_make();
	test_cases();
	test_options();
	test_issuers();
	test_judge();
	test_leaps();
	test_keys();
	test_public_as_secret();
	test_changes();
	test_parts();
	test_sizes();
	test_no_token();
	test_shared_key();
	test_is();
	stop_cluster();
	return tap_done();
}
