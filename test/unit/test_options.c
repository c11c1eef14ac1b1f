/*-------------------------------------------------------------------------
 *
 * test_options.c
 *	  Options of an issuer at work: beside each token that one refuses stands
 *	  one that it accepts, and the hint names what is configured.
 *
 *-------------------------------------------------------------------------
 */
#include "tokens.h"

#define HEADER		"{\"alg\":\"HS256\",\"kid\":\"k1\"}"
#define START		"{\"iss\":\"https://x/\",\"exp\":1700000100"

static AzVerification *verification;

typedef struct Case
{
	const char *options;
	const char *header;			/* NULL: HEADER */
	const char *payload;		/* the whole of it, or what follows START */
	AzReason	expected;
} Case;

/* What the issuer "https://x/" with audiences "api" and "web" says. */
static AzReason
judge(const Case *c, const AzIdentity **id)
{
	static AzIssuer *issuer;
	AzTrust		trust = {.issuers = &issuer, .nissuers = 1, .max_token_size = 65536};
	char		payload[2000];
	char	   *token;
	AzReason	reason;

	az_issuer_free(issuer);
	issuer = new_issuer("https://x/", c->options);
	add_audience(issuer, "api");
	add_audience(issuer, "web");
	snprintf(payload, sizeof(payload), "%s%s%s", c->payload[0] == '{' ? "" : START,
			 c->payload, c->payload[0] == '{' ? "" : "}");
	token = mint(c->header != NULL ? c->header : HEADER, payload);
	reason = az_verify(verification, token, strlen(token), NOW, &trust, id);
	if ((reason == AZ_OK) != (*id != NULL))
		ok(false, "an identity exactly when there is no reason against it");
	free(token);
	return reason;
}

static void
test_cases(const char *what, const Case *cases, size_t n)
{
	size_t		i;

	for (i = 0; i < n; i++)
	{
		const AzIdentity *id;
		AzReason	reason = judge(&cases[i], &id);

		ok(reason == cases[i].expected, "%s: %s: %s under %s", what,
		   az_reason_info(reason)->name, cases[i].payload, cases[i].options);
	}
}

#define TEST(what, cases)	test_cases(what, cases, sizeof(cases) / sizeof((cases)[0]))

/* ---- Q11: claims that must have a value ---- */

#define AUD		",\"aud\":\"api\""
#define AZP		"{\"claim_values\":[{\"claim\":\"azp\",\"values\":[\"my-app\",\"true\",\"7\",\"2.5\"]}]}"
#define ABSENT	"{\"claim_values\":[{\"claim\":[\"a\",\"b\"],\"absent\":true}]}"
#define BOTH	"{\"claim_values\":[{\"claim\":\"a\",\"values\":[\"x\"]},{\"claim\":\"a\",\"values\":[\"y\"]}," \
				"{\"claim\":\"b\",\"absent\":true}],\"required_claims\":[\"sub\"]}"
#define KEYS	"{\"claim_values\":[{\"claim\":{\"path\":[\"r\"],\"keys\":true},\"values\":[\"admin\"]}]}"

#define PRESENT	"{\"claim_values\":[{\"claim\":[\"a\",\"b\"],\"present\":true}]}"
#define ANY		"{\"claim_values\":[{\"claim\":\"first\",\"absent\":true},{\"any\":[{\"claim\":\"azp\",\"present\":true}," \
				"{\"claim\":\"appid\",\"present\":true},{\"claim\":\"kind\",\"values\":[\"app\"]}]},{\"claim\":\"last\",\"present\":true}]}"
#define PENDING	"{\"claim_values\":[{\"any\":[{\"claim\":\"sts\",\"absent\":true},{\"claim\":\"sts\",\"values\":[\"active\"]}]}]}"

static const Case claim_values[] = {
	{AZP, NULL, AUD ",\"azp\":\"my-app\"", AZ_OK},
	{AZP, NULL, AUD ",\"azp\":\"another-app\"", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":\"my-app \"", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":\"My-app\"", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":\"other my-app\"", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":\"\"", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":null", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD "", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":true", AZ_OK},
	{AZP, NULL, AUD ",\"azp\":false", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":7", AZ_OK},
	{AZP, NULL, AUD ",\"azp\":7.0", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":2.50", AZ_OK},
	{AZP, NULL, AUD ",\"azp\":[\"x\",\"my-app\"]", AZ_OK},
	{AZP, NULL, AUD ",\"azp\":[7]", AZ_OK},
	{AZP, NULL, AUD ",\"azp\":[\"x\"]", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":[]", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":[[\"my-app\"]]", AZ_CLAIM_VALUE},
	{AZP, NULL, AUD ",\"azp\":{\"my-app\":1}", AZ_CLAIM_VALUE},
	{ABSENT, NULL, AUD ",\"a\":{\"c\":1}", AZ_OK},
	{ABSENT, NULL, AUD ",\"a\":{\"b\":null}", AZ_OK},
	{ABSENT, NULL, AUD "", AZ_OK},
	{ABSENT, NULL, AUD ",\"a\":{\"b\":\"\"}", AZ_CLAIM_VALUE},
	{ABSENT, NULL, AUD ",\"a\":{\"b\":false}", AZ_CLAIM_VALUE},
	{ABSENT, NULL, AUD ",\"a\":{\"b\":[]}", AZ_CLAIM_VALUE},
	{BOTH, NULL, AUD ",\"sub\":\"s\",\"a\":[\"x\",\"y\"]", AZ_OK},
	{BOTH, NULL, AUD ",\"sub\":\"s\",\"a\":[\"x\",\"z\"]", AZ_CLAIM_VALUE},
	{BOTH, NULL, AUD ",\"sub\":\"s\",\"a\":[\"x\",\"y\"],\"b\":1", AZ_CLAIM_VALUE},
	{BOTH, NULL, AUD ",\"a\":[\"x\",\"z\"]", AZ_CLAIM_MISSING},
	{BOTH, NULL, AUD ",\"sub\":\"s\",\"jti\":5,\"a\":\"x\"", AZ_CLAIM_VALUE},
	{KEYS, NULL, AUD ",\"r\":{\"admin\":null}", AZ_OK},
	{KEYS, NULL, AUD ",\"r\":{\"writer\":{\"admin\":1}}", AZ_CLAIM_VALUE},
	{KEYS, NULL, AUD ",\"r\":[\"admin\"]", AZ_CLAIM_VALUE},
	{KEYS, NULL, AUD ",\"r\":\"admin\"", AZ_CLAIM_VALUE},
	{"{\"claim_values\":[]}", NULL, AUD "", AZ_OK},
	{PRESENT, NULL, AUD ",\"a\":{\"b\":\"\"}", AZ_OK},
	{PRESENT, NULL, AUD ",\"a\":{\"b\":[]}", AZ_OK},
	{PRESENT, NULL, AUD ",\"a\":{\"b\":null}", AZ_CLAIM_VALUE},
	{PRESENT, NULL, AUD ",\"a\":\"b\"", AZ_CLAIM_VALUE},
	{PRESENT, NULL, AUD "", AZ_CLAIM_VALUE},
	{ANY, NULL, AUD ",\"last\":1,\"azp\":\"x\"", AZ_OK},
	{ANY, NULL, AUD ",\"last\":1,\"appid\":\"x\"", AZ_OK},
	{ANY, NULL, AUD ",\"last\":1,\"kind\":\"app\"", AZ_OK},
	{ANY, NULL, AUD ",\"last\":1,\"azp\":\"x\",\"appid\":\"y\",\"kind\":\"app\"", AZ_OK},
	{ANY, NULL, AUD ",\"last\":1,\"kind\":\"user\"", AZ_CLAIM_VALUE},
	{ANY, NULL, AUD ",\"last\":1", AZ_CLAIM_VALUE},
	{ANY, NULL, AUD ",\"azp\":\"x\"", AZ_CLAIM_VALUE},
	{ANY, NULL, AUD ",\"last\":1,\"azp\":\"x\",\"first\":2", AZ_CLAIM_VALUE},
	{PENDING, NULL, AUD "", AZ_OK},
	{PENDING, NULL, AUD ",\"sts\":\"active\"", AZ_OK},
	{PENDING, NULL, AUD ",\"sts\":\"pending\"", AZ_CLAIM_VALUE},
};

/* ---- Q12: where the audience is ---- */

#define CLIENT	"{\"audience_claims\":[\"client_id\",[\"a\",\"b\"],\"aud\"]}"
#define ONLY	"{\"required_claims\":[\"aud\"]}"

#define OPTIONAL	"{\"audience_claims\":[\"client_id\",\"aud\"],\"audience_optional\":true}"
#define EITHER	"{\"audience_claims\":[\"aud\",\"azp\"]}"

static const Case audience_claims[] = {
	{CLIENT, NULL, ",\"client_id\":\"api\"", AZ_OK},
	{CLIENT, NULL, ",\"client_id\":[\"x\",\"web\"]", AZ_OK},
	{CLIENT, NULL, ",\"client_id\":\"x\"", AZ_AUDIENCE},
	{CLIENT, NULL, ",\"client_id\":\"x\",\"aud\":\"api\"", AZ_AUDIENCE},
	{CLIENT, NULL, ",\"client_id\":\"\",\"aud\":\"api\"", AZ_AUDIENCE},
	{CLIENT, NULL, ",\"client_id\":[],\"aud\":\"api\"", AZ_AUDIENCE},
	{CLIENT, NULL, ",\"client_id\":[\"api\",1]", AZ_AUDIENCE},
	{CLIENT, NULL, ",\"client_id\":7,\"aud\":\"api\"", AZ_AUDIENCE},
	{CLIENT, NULL, ",\"client_id\":null,\"aud\":\"api\"", AZ_OK},
	{CLIENT, NULL, ",\"a\":{\"b\":\"web\"},\"aud\":\"x\"", AZ_OK},
	{CLIENT, NULL, ",\"a\":{\"b\":\"x\"},\"aud\":\"web\"", AZ_AUDIENCE},
	{CLIENT, NULL, ",\"aud\":\"web\"", AZ_OK},
	{CLIENT, NULL, "", AZ_AUDIENCE},
	{"{\"audience_claims\":[\"azp\"]}", NULL, ",\"aud\":\"api\"", AZ_AUDIENCE},
	{"{\"audience_claims\":[\"azp\"]}", NULL, ",\"azp\":\"api\",\"aud\":5", AZ_OK},
	{ONLY, NULL, ",\"aud\":\"web\",\"client_id\":\"x\"", AZ_OK},

	/* Q12: the second place only where the first is empty */
	{EITHER, NULL, ",\"azp\":\"web\"", AZ_OK},
	{EITHER, NULL, ",\"aud\":[\"account\",\"api\"],\"azp\":\"x\"", AZ_OK},
	{EITHER, NULL, ",\"aud\":\"account\",\"azp\":\"web\"", AZ_AUDIENCE},
	{EITHER, NULL, ",\"azp\":\"x\"", AZ_AUDIENCE},
	{OPTIONAL, NULL, "", AZ_OK},
	{OPTIONAL, NULL, ",\"aud\":\"api\"", AZ_OK},
	{OPTIONAL, NULL, ",\"aud\":null,\"client_id\":null", AZ_OK},
	{OPTIONAL, NULL, ",\"aud\":\"x\"", AZ_AUDIENCE},
	{OPTIONAL, NULL, ",\"aud\":\"\"", AZ_AUDIENCE},
	{OPTIONAL, NULL, ",\"aud\":[]", AZ_AUDIENCE},
	{OPTIONAL, NULL, ",\"aud\":{}", AZ_AUDIENCE},
	{OPTIONAL, NULL, ",\"client_id\":\"x\",\"aud\":\"api\"", AZ_AUDIENCE},
	{"{\"audience_claims\":[\"aud\",\"azp\"],\"merge_claims\":true}", NULL, ",\"aud\":\"account\",\"azp\":\"web\"", AZ_AUDIENCE},
};

/* ---- Q13: tokens without iss ---- */

#define UNNAMED	"{\"unnamed\":true}"

static const Case unnamed[] = {
	{UNNAMED, NULL, "{\"exp\":1700000100,\"aud\":\"api\"}", AZ_OK},
	{UNNAMED, NULL, "{\"exp\":1700000100,\"aud\":\"api\",\"iss\":\"https://x/\"}", AZ_ISSUER_UNTRUSTED},
	{UNNAMED, NULL, "{\"exp\":1700000100,\"aud\":\"api\",\"iss\":\"\"}", AZ_ISSUER_UNTRUSTED},
	{UNNAMED, NULL, "{\"exp\":1700000100,\"aud\":\"api\",\"iss\":null}", AZ_ISSUER_UNTRUSTED},
	{UNNAMED, NULL, "{\"exp\":1700000100,\"aud\":\"api\",\"iss\":[]}", AZ_ISSUER_UNTRUSTED},
	{UNNAMED, NULL, "{\"exp\":1700000100,\"aud\":\"x\"}", AZ_AUDIENCE},
	{"{\"unnamed\":false}", NULL, "{\"exp\":1700000100,\"aud\":\"api\"}", AZ_ISSUER_UNTRUSTED},
	{"{\"unnamed\":false}", NULL, "{\"exp\":1700000100,\"aud\":\"api\",\"iss\":\"https://x/\"}", AZ_OK},
};

/* ---- Q18: the type of the token ---- */

#define TYPES(list)	"{\"token_types\":[" list "]}"
#define REQUIRED	"{\"token_type_required\":true}"
#define AT_JWT		"{\"token_types\":[\"at+jwt\"],\"token_type_required\":true}"
#define TYP(typ)	"{\"alg\":\"HS256\",\"typ\":\"" typ "\"}"

static const Case types[] = {
	{AT_JWT, TYP("at+jwt"), AUD, AZ_OK},
	{AT_JWT, TYP("AT+JWT"), AUD, AZ_OK},
	{AT_JWT, TYP("application/at+jwt"), AUD, AZ_OK},
	{AT_JWT, TYP("Application/At+JWT"), AUD, AZ_OK},
	{AT_JWT, TYP("JWT"), AUD, AZ_TOKEN_TYPE},
	{AT_JWT, TYP("at+jwt "), AUD, AZ_TOKEN_TYPE},
	{AT_JWT, TYP("application/application/at+jwt"), AUD, AZ_TOKEN_TYPE},
	{AT_JWT, TYP("text/at+jwt"), AUD, AZ_TOKEN_TYPE},
	{AT_JWT, TYP("at+jw"), AUD, AZ_TOKEN_TYPE},
	{AT_JWT, TYP("application/"), AUD, AZ_TOKEN_TYPE},
	{AT_JWT, TYP(""), AUD, AZ_TOKEN_TYPE},
	{AT_JWT, NULL, AUD, AZ_TOKEN_TYPE},
	{TYPES("\"application/at+jwt\""), TYP("at+jwt"), AUD, AZ_OK},
	{TYPES("\"APPLICATION/AT+JWT\""), TYP("application/at+jwt"), AUD, AZ_OK},
	{TYPES("\"application/x/y\""), TYP("x/y"), AUD, AZ_TOKEN_TYPE},
	{TYPES("\"application/x/y\""), TYP("Application/X/Y"), AUD, AZ_OK},
	{TYPES("\"application/\""), TYP(""), AUD, AZ_TOKEN_TYPE},
	{TYPES("\"application/\""), TYP("APPLICATION/"), AUD, AZ_OK},
	{TYPES("\"\\u00e9\""), TYP("\\u00c9"), AUD, AZ_TOKEN_TYPE},
	{TYPES("\"[\""), TYP("{"), AUD, AZ_TOKEN_TYPE},
	{TYPES("\"at+jwt\""), NULL, AUD, AZ_OK},
	{REQUIRED, TYP("whatever"), AUD, AZ_OK},
	{REQUIRED, TYP(""), AUD, AZ_TOKEN_TYPE},
	{REQUIRED, NULL, AUD, AZ_TOKEN_TYPE},
	{"{}", TYP(""), AUD, AZ_OK},
	{"{\"token_type_required\":false}", NULL, AUD, AZ_OK},
};

/* ---- Q22: tokens that are bound to a key ---- */

#define JKT	",\"cnf\":{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}"

static const Case bound[] = {
	{"{}", NULL, AUD JKT, AZ_BOUND},
	{"{\"bound_tokens\":\"refuse\"}", NULL, AUD ",\"cnf\":{\"x5t#S256\":\"x\"}", AZ_BOUND},
	{"{}", NULL, AUD ",\"cnf\":{}", AZ_BOUND},
	{"{}", NULL, AUD ",\"cnf\":\"\"", AZ_BOUND},
	{"{}", NULL, AUD ",\"cnf\":false", AZ_BOUND},
	{"{}", NULL, AUD ",\"cnf\":null", AZ_OK},
	{"{}", NULL, AUD ",\"a\":{\"cnf\":{}}", AZ_OK},
	{"{\"bound_tokens\":\"ignore\"}", NULL, AUD JKT, AZ_OK},
	{"{\"bound_tokens\":null}", NULL, AUD JKT, AZ_BOUND},
};

/* ---- Q20: groups that are elsewhere ---- */

#define ELSEWHERE	",\"_claim_names\":{\"groups\":\"src1\"},\"_claim_sources\":{\"src1\":{\"endpoint\":\"https://x/\"}}"
#define MY_GROUPS	"{\"group_claims\":[[\"ext\",\"g\"],\"h\"]}"

static const Case overage[] = {
	{"{}", NULL, AUD ELSEWHERE, AZ_GROUPS_UNLISTED},
	{"{\"groups_overage\":\"refuse\"}", NULL, AUD ELSEWHERE ",\"groups\":[\"a\"]", AZ_GROUPS_UNLISTED},
	{"{}", NULL, AUD ",\"hasgroups\":true", AZ_GROUPS_UNLISTED},
	{"{}", NULL, AUD ",\"_claim_names\":{\"groups\":null}", AZ_GROUPS_UNLISTED},
	{"{}", NULL, AUD ",\"hasgroups\":false", AZ_OK},
	{"{}", NULL, AUD ",\"hasgroups\":\"true\"", AZ_OK},
	{"{}", NULL, AUD ",\"_claim_names\":{\"address\":\"src1\"}", AZ_OK},
	{"{}", NULL, AUD ",\"_claim_names\":[\"groups\"]", AZ_OK},
	{"{}", NULL, AUD ",\"_claim_names\":\"groups\"", AZ_OK},
	{MY_GROUPS, NULL, AUD ELSEWHERE, AZ_OK},
	{MY_GROUPS, NULL, AUD ",\"_claim_names\":{\"ext\":\"s\"}", AZ_GROUPS_UNLISTED},
	{MY_GROUPS, NULL, AUD ",\"_claim_names\":{\"g\":\"s\"}", AZ_OK},
	{MY_GROUPS, NULL, AUD ",\"_claim_names\":{\"h\":\"s\"}", AZ_GROUPS_UNLISTED},
	{MY_GROUPS, NULL, AUD ",\"hasgroups\":true", AZ_GROUPS_UNLISTED},
	{"{\"group_claims\":[]}", NULL, AUD ELSEWHERE, AZ_OK},
	{"{\"groups_overage\":\"raise\"}", NULL, AUD ELSEWHERE, AZ_OK},
	{"{\"groups_overage\":\"ignore\"}", NULL, AUD ELSEWHERE, AZ_OK},
};

/* Only where asking for them is to be an error, does the identity say so. */
static void
test_unlisted(void)
{
	static const struct
	{
		Case		c;
		bool		unlisted;
	}			cases[] =
	{
		{{"{\"groups_overage\":\"raise\"}", NULL, AUD ELSEWHERE, AZ_OK}, true},
		{{"{\"groups_overage\":\"raise\"}", NULL, AUD ",\"hasgroups\":true", AZ_OK}, true},
		{{"{\"groups_overage\":\"raise\"}", NULL, AUD ",\"groups\":[\"a\"]", AZ_OK}, false},
		{{"{\"groups_overage\":\"ignore\"}", NULL, AUD ELSEWHERE, AZ_OK}, false},
		{{"{}", NULL, AUD, AZ_OK}, false},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const AzIdentity *id;

		ok(judge(&cases[i].c, &id) == AZ_OK && (id->groups_unlisted == 1) == cases[i].unlisted &&
		   az_identity_check(id, id->size), "%s under %s", cases[i].unlisted ? "unlisted" : "listed",
		   cases[i].c.options);
	}
}

/* ---- Q24: what the hint says ---- */

/* expected NULL: nothing that the reason's own hint does not say. */
static void
test_hint(const char *options, const char *header, const char *payload, const char *expected)
{
	Case		c = {options, header, payload, AZ_OK};
	const AzIdentity *id;
	AzReason	reason = judge(&c, &id);
	const char *hint = az_verification_hint(verification);
	bool		same = hint == NULL || expected == NULL ? hint == expected :
		strcmp(hint, expected) == 0;

	if (!ok(same, "hint of %s: %s", az_reason_info(reason)->name, payload))
		printf("# got: %s\n", hint != NULL ? hint : "(null)");
}

static void
test_hints(void)
{
	char		many[1500] = "{\"token_types\":[\"a0\"";
	char		name[20];
	int			i;

	test_hint(AZP, NULL, AUD ",\"azp\":\"secret\"",
			  "The issuer's option \"claim_values\" demands that the claim \"azp\" is \"my-app\", \"true\", \"7\" or \"2.5\"; "
			  "tokens of another kind, or for another application, may differ in that.");
	test_hint(AZP, NULL, AUD ",\"azp\":\"my-app\"", NULL);
	test_hint(ABSENT, NULL, AUD ",\"a\":{\"b\":\"secret\"}",
			  "The issuer's option \"claim_values\" demands that the claim \"a\".\"b\" is absent; "
			  "tokens of another kind, or for another application, may differ in that.");
	test_hint(KEYS, NULL, AUD ",\"r\":{\"secret\":1}",
			  "The issuer's option \"claim_values\" demands that the object \"r\" has the key \"admin\"; "
			  "tokens of another kind, or for another application, may differ in that.");
	test_hint(ANY, NULL, AUD ",\"kind\":\"secret\"",
			  "The issuer's option \"claim_values\" demands that the claim \"azp\" is present, or that the claim \"appid\" is present, "
			  "or that the claim \"kind\" is \"app\"; tokens of another kind, or for another application, may differ in that.");
	test_hint(NULL, NULL, ",\"aud\":\"secret\"",
			  "The claim \"aud\" must name \"api\" or \"web\", the audience of the issuer; alter_issuer changes that.");
	test_hint(CLIENT, NULL, ",\"client_id\":\"secret\"",
			  "The claim \"client_id\", \"a\".\"b\" or \"aud\" must name \"api\" or \"web\", the audience of the issuer; alter_issuer changes that.");
	test_hint("{\"token_types\":[\"at+jwt\"]}", "{\"alg\":\"HS256\",\"typ\":\"secret\"}", AUD,
			  "The header parameter typ must be \"at+jwt\", as the issuer's option \"token_types\" lists.");
	test_hint(AT_JWT, NULL, AUD, "The issuer's option \"token_type_required\" demands the header parameter typ.");
	test_hint("{\"required_claims\":[\"sub\",\"email\"]}", NULL, AUD ",\"sub\":\"s\"",
			  "The issuer's option \"required_claims\" demands the claim \"email\", and of a type that is fit for its use.");
	test_hint("{\"max_age_seconds\":60}", NULL, AUD,
			  "The issuer's option \"max_age_seconds\" demands the claim \"iat\", and of a type that is fit for its use.");
	test_hint("{\"max_age_seconds\":60}", NULL, AUD ",\"iat\":1600000000",
			  "Get a new token.  By the claim \"iat\" this one is older than the issuer's option \"max_age_seconds\" allows: 60.");
	test_hint("{\"algorithms\":[\"ES256\",\"RS256\",\"EdDSA\"]}", NULL, AUD,
			  "The issuer's option \"algorithms\" lists what it may sign with: RS256, ES256, Ed25519, Ed448.");
	test_hint(NULL, NULL, AUD ",\"jti\":7",
			  "Have the issuer write the claim \"jti\" as a string, or leave it out.");
	test_hint(NULL, NULL, "{\"iss\":\"https://secret/\"}", NULL);
	test_hint(NULL, NULL, "{\"aud\":\"secret\"}",
			  "The token has no claim \"iss\"; such tokens belong to an issuer with option \"unnamed\".");
	test_hint(NULL, NULL, "{\"iss\":\"https://x/\",\"aud\":\"api\",\"exp\":1}", NULL);

	/* more than is printed, and longer than there is room for */
	for (i = 1; i < 11; i++)
	{
		sprintf(name, ",\"a%d\"", i);
		strcat(many, name);
	}
	strcat(many, "]}");
	test_hint(many, "{\"alg\":\"HS256\",\"typ\":\"x\"}", AUD,
			  "The header parameter typ must be \"a0\", \"a1\", \"a2\", \"a3\", \"a4\", \"a5\", \"a6\", \"a7\" or one of 3 others, "
			  "as the issuer's option \"token_types\" lists.");
	strcpy(many, "{\"token_types\":[\"x");
	for (i = 0; i < 300; i++)
		strcat(many, "\xC3\xA9");
	strcat(many, "\"]}");
	{
		char		expected[300] = "The header parameter typ must be \"x";

		for (i = 0; i < 59; i++)
			strcat(expected, "\xC3\xA9");
		strcat(expected, "\", as the issuer's option \"token_types\" lists.");
		test_hint(many, "{\"alg\":\"HS256\",\"typ\":\"x\"}", AUD, expected);
	}
}

/* ---- over the objects of 1.0, what 1.0 did ---- */

static AzReason
judge_old(AzIssuer *issuer, const char *header, const char *more)
{
	AzTrust		trust = {.issuers = &issuer, .nissuers = 1, .max_token_size = 65536};
	char		payload[500];
	const AzIdentity *id;
	AzReason	reason;
	char	   *token;

	snprintf(payload, sizeof(payload), START "%s}", more);
	token = mint(header, payload);
	reason = az_verify(verification, token, strlen(token), NOW, &trust, &id);
	free(token);
	return reason;
}

static void
test_before_the_update(void)
{
	static const char no_kid[] = "{\"alg\":\"HS256\"}";
	AzIssuer   *issuer = new_issuer("https://x/", "{\"token_types\":[\"at+jwt\"]}");

	add_audience(issuer, "api");
	issuer->to_be_updated = true;
	ok(judge_old(issuer, HEADER, AUD ",\"act\":\"bot\"") == AZ_OK &&
	   judge_old(issuer, HEADER, AUD ",\"act\":null") == AZ_OK, "act is any claim");
	ok(judge_old(issuer, "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}", AUD) == AZ_OK &&
	   judge_old(issuer, "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"AT+JWT\"}", AUD) == AZ_TOKEN_TYPE &&
	   judge_old(issuer, "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"application/at+jwt\"}", AUD) == AZ_TOKEN_TYPE,
	   "types are compared byte by byte");
	ok(judge_old(issuer, no_kid, AUD) == AZ_OK, "one key without kid is found");
	must(az_issuer_add_key(issuer, new_key("k2")), "out of memory");
	ok(judge_old(issuer, no_kid, AUD) == AZ_KEY_AMBIGUOUS && judge_old(issuer, HEADER, AUD) == AZ_OK,
	   "one of two is ambiguous");
	must(az_issuer_add_key(issuer, new_key(NULL)), "out of memory");
	ok(judge_old(issuer, no_kid, AUD) == AZ_OK, "but for one that has no kid either");
	issuer->to_be_updated = false;
	ok(judge_old(issuer, HEADER, AUD ",\"act\":\"bot\"") == AZ_ACTOR_CLAIM &&
	   judge_old(issuer, "{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"AT+JWT\"}", AUD) == AZ_OK &&
	   judge_old(issuer, no_kid, AUD) == AZ_OK, "after it all of that is as now");
	az_issuer_free(issuer);
}

int
main(void)
{
	verification = az_verification_new();
	must(verification != NULL, "out of memory");
	TEST("claim_values", claim_values);
	TEST("audience_claims", audience_claims);
	TEST("unnamed", unnamed);
	TEST("typ", types);
	TEST("cnf", bound);
	TEST("overage", overage);
	test_unlisted();
	test_hints();
	test_before_the_update();
	az_verification_free(verification);
	return tap_done();
}
