/*-------------------------------------------------------------------------
 *
 * test_verify.c
 *	  The order of checks: each refusal beside its accepting twin, and every
 *	  two of them in one token.
 *
 *-------------------------------------------------------------------------
 */
#include <setjmp.h>

#include "tokens.h"

#define HEADER		"{\"alg\":\"HS256\",\"kid\":\"k1\"}"
#define MAX_SIZE	65536

static AzVerification *verification;

static const char *
name_of(AzReason reason)
{
	return az_reason_info(reason)->name;
}

static AzReason
verify_at(const AzTrust *trust, const char *token, int64_t now, const AzIdentity **id)
{
	AzReason	reason = az_verify(verification, token, strlen(token), now, trust, id);

	if ((reason == AZ_OK) != (*id != NULL) ||
		(*id != NULL && !az_identity_check(*id, (*id)->size)))
		ok(false, "an identity exactly when there is no reason against it");
	return reason;
}

/* ---- one issuer, one token ---- */

typedef struct Case
{
	const char *what;
	const char *options;		/* NULL: none */
	const char *header;			/* NULL: HEADER */
	const char *payload;		/* what follows "iss", "aud" and "exp" */
	AzReason	expected;
} Case;

static AzTrust
trust_of(AzIssuer **issuers, size_t n)
{
	AzTrust		trust = {.issuers = issuers, .nissuers = n, .max_token_size = MAX_SIZE};

	return trust;
}

static AzReason
judge(const char *options, const char *header, const char *payload, int64_t now,
	  int64_t *deadline)
{
	AzIssuer   *issuer = new_issuer("https://x/", options);
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *token = mint(header != NULL ? header : HEADER, payload);
	const AzIdentity *id;
	AzReason	reason;

	add_audience(issuer, "api");
	add_audience(issuer, "web");
	reason = verify_at(&trust, token, now, &id);
	if (deadline != NULL)
		*deadline = id != NULL ? id->deadline : AZ_TIME_NONE;
	free(token);
	az_issuer_free(issuer);
	return reason;
}

static bool
judges(const char *what, const char *options, const char *header, const char *payload,
	   AzReason expected)
{
	AzReason	reason = judge(options, header, payload, NOW, NULL);

	return ok(reason == expected, "%s: %s", name_of(reason), what);
}

#define ISS		"{\"iss\":\"https://x/\""
#define BASE	ISS ",\"aud\":\"api\",\"exp\":1700000100"

static void
test_header(void)
{
	static const Case cases[] = {
		{"alg and kid", NULL, NULL, "}", AZ_OK},
		{"no kid, one key", NULL, "{\"alg\":\"HS256\"}", "}", AZ_OK},
		{"no kid where one is required", "{\"key_id_required\":true}", "{\"alg\":\"HS256\"}", "}",
		AZ_KEY_ID_MISSING},
		{"kid where one is required", "{\"key_id_required\":true}", NULL, "}", AZ_OK},
		{"another kid", NULL, "{\"alg\":\"HS256\",\"kid\":\"k2\"}", "}", AZ_KEY_NOT_FOUND},
		{"kid a number", NULL, "{\"alg\":\"HS256\",\"kid\":1}", "}", AZ_HEADER_TYPE},
		{"crit", NULL, "{\"alg\":\"HS256\",\"crit\":[\"x\"],\"x\":1}", "}", AZ_HEADER_CRITICAL},
		{"b64", NULL, "{\"alg\":\"HS256\",\"b64\":true}", "}", AZ_HEADER_CRITICAL},
		{"something else", NULL, "{\"alg\":\"HS256\",\"x\":1,\"jku\":\"https://evil/\"}", "}", AZ_OK},
		{"no alg", NULL, "{\"kid\":\"k1\"}", "}", AZ_ALG_MISSING},
		{"none", NULL, "{\"alg\":\"none\",\"kid\":\"k1\"}", "}", AZ_ALG_REFUSED},
		{"alg not listed", "{\"algorithms\":[\"RS256\"]}", NULL, "}", AZ_ALG_REFUSED},
		{"alg listed, key bound to another", "{\"algorithms\":[\"HS256\",\"HS384\"]}",
		"{\"alg\":\"HS384\",\"kid\":\"k1\"}", "}", AZ_KEY_MISMATCH},
		{"header no object", NULL, "[]", "}", AZ_HEADER_JSON},
		{"alg twice", NULL, "{\"alg\":\"HS256\",\"\\u0061lg\":\"HS256\"}", "}", AZ_HEADER_JSON},

		/* row 15: typ */
		{"typ, none demanded", NULL, "{\"alg\":\"HS256\",\"typ\":\"JOSE\"}", "}", AZ_OK},
		{"typ as demanded", "{\"token_types\":[\"JWT\",\"at+jwt\"]}",
		"{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", "}", AZ_OK},
		{"typ absent", "{\"token_types\":[\"JWT\",\"at+jwt\"]}", NULL, "}", AZ_OK},
		{"another typ", "{\"token_types\":[\"JWT\",\"at+jwt\"]}",
		"{\"alg\":\"HS256\",\"typ\":\"JOSE\"}", "}", AZ_TOKEN_TYPE},
		{"typ in another case", "{\"token_types\":[\"JWT\",\"at+jwt\"]}",
		"{\"alg\":\"HS256\",\"typ\":\"AT+JWT\"}", "}", AZ_OK},
		{"empty typ", "{\"token_types\":[\"JWT\"]}", "{\"alg\":\"HS256\",\"typ\":\"\"}", "}",
		AZ_TOKEN_TYPE},
		{"typ null", NULL, "{\"alg\":\"HS256\",\"typ\":null}", "}", AZ_HEADER_TYPE},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		payload[500];

		sprintf(payload, BASE "%s", cases[i].payload);
		judges(cases[i].what, cases[i].options, cases[i].header, payload, cases[i].expected);
	}
}

/* ---- iss, aud and the rest of the payload, all of it given ---- */

static void
test_payload(void)
{
	static const Case cases[] = {
		{"a payload", NULL, NULL, BASE "}", AZ_OK},
		{"no JSON", NULL, NULL, BASE, AZ_PAYLOAD_JSON},
		{"empty", NULL, NULL, "", AZ_PAYLOAD_JSON},
		{"an array", NULL, NULL, "[" BASE "}]", AZ_PAYLOAD_JSON},
		{"a member twice", NULL, NULL, BASE ",\"\\u0061ud\":\"api\"}", AZ_PAYLOAD_JSON},
		{"text behind it", NULL, NULL, BASE "}x", AZ_PAYLOAD_JSON},

		{"iss without its slash", NULL, NULL,
		"{\"iss\":\"https://x\",\"aud\":\"api\",\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},
		{"iss with more", NULL, NULL,
		"{\"iss\":\"https://x/y\",\"aud\":\"api\",\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},
		{"iss in another case", NULL, NULL,
		"{\"iss\":\"HTTPS://x/\",\"aud\":\"api\",\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},
		{"iss in an array", NULL, NULL,
		"{\"iss\":[\"https://x/\"],\"aud\":\"api\",\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},
		{"iss null", NULL, NULL,
		"{\"iss\":null,\"aud\":\"api\",\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},
		{"no iss", NULL, NULL, "{\"aud\":\"api\",\"exp\":1700000100}", AZ_ISSUER_UNTRUSTED},

		{"the other audience", NULL, NULL, ISS ",\"aud\":\"web\",\"exp\":1700000100}", AZ_OK},
		{"one of several", NULL, NULL, ISS ",\"aud\":[\"x\",\"web\"],\"exp\":1700000100}", AZ_OK},
		{"another audience", NULL, NULL, ISS ",\"aud\":\"x\",\"exp\":1700000100}", AZ_AUDIENCE},
		{"audience in another case", NULL, NULL, ISS ",\"aud\":\"API\",\"exp\":1700000100}", AZ_AUDIENCE},
		{"a list in a string", NULL, NULL, ISS ",\"aud\":\"api web\",\"exp\":1700000100}", AZ_AUDIENCE},
		{"no audience", NULL, NULL, ISS ",\"exp\":1700000100}", AZ_AUDIENCE},
		{"audience null", NULL, NULL, ISS ",\"aud\":null,\"exp\":1700000100}", AZ_AUDIENCE},
		{"audience a number", NULL, NULL, ISS ",\"aud\":5,\"exp\":1700000100}", AZ_AUDIENCE},
		{"audience an object", NULL, NULL, ISS ",\"aud\":{\"api\":1},\"exp\":1700000100}", AZ_AUDIENCE},
		{"no element", NULL, NULL, ISS ",\"aud\":[],\"exp\":1700000100}", AZ_AUDIENCE},
		{"an empty element", NULL, NULL, ISS ",\"aud\":[\"\"],\"exp\":1700000100}", AZ_AUDIENCE},
		{"a number beside it", NULL, NULL, ISS ",\"aud\":[\"api\",1],\"exp\":1700000100}", AZ_AUDIENCE},
		{"null beside it", NULL, NULL, ISS ",\"aud\":[null,\"api\"],\"exp\":1700000100}", AZ_AUDIENCE},
		{"nested", NULL, NULL, ISS ",\"aud\":[[\"api\"]],\"exp\":1700000100}", AZ_AUDIENCE},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		judges(cases[i].what, cases[i].options, cases[i].header, cases[i].payload,
			   cases[i].expected);
}

/* Row 7: unchecked means not looked at. */
static void
test_any_audience(void)
{
	static const char *const auds[] = {"", ",\"aud\":\"anything\"", ",\"aud\":5", ",\"aud\":[]", ",\"aud\":[1]"};
	AzIssuer   *issuer = new_issuer("https://x/", NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	size_t		i;

	for (i = 0; i < sizeof(auds) / sizeof(auds[0]); i++)
	{
		char		payload[200];
		char	   *token;
		const AzIdentity *id;

		sprintf(payload, ISS ",\"exp\":1700000100%s}", auds[i]);
		token = mint(HEADER, payload);
		issuer->any_audience = true;
		ok(verify_at(&trust, token, NOW, &id) == AZ_OK, "unchecked%s", auds[i]);
		issuer->any_audience = false;
		ok(verify_at(&trust, token, NOW, &id) == AZ_AUDIENCE, "checked%s", auds[i]);
		free(token);
	}
	az_issuer_free(issuer);
}

/* ---- times ---- */

typedef struct TimeCase
{
	const char *options;
	const char *claims;
	AzReason	expected;
} TimeCase;

static void
test_times(void)
{
	static const TimeCase cases[] = {
		/* not on or after exp */
		{NULL, "\"exp\":1700000001", AZ_OK},
		{NULL, "\"exp\":1700000000", AZ_EXPIRED},
		{NULL, "\"exp\":1699999999", AZ_EXPIRED},
		{NULL, "\"exp\":0", AZ_EXPIRED},
		{NULL, "\"exp\":-1", AZ_EXPIRED},
		{NULL, "\"exp\":1700000000.5", AZ_OK},
		{NULL, "\"exp\":1.7000001e9", AZ_OK},
		{NULL, "\"exp\":1699999999.9", AZ_EXPIRED},
		{NULL, "\"exp\":253402300799", AZ_OK},
		{NULL, "\"iat\":1", AZ_EXP_MISSING},
		{NULL, "\"exp\":null", AZ_EXP_INVALID},
		{NULL, "\"exp\":\"1999999999\"", AZ_EXP_INVALID},
		{NULL, "\"exp\":\"\"", AZ_EXP_INVALID},
		{NULL, "\"exp\":true", AZ_EXP_INVALID},
		{NULL, "\"exp\":[1999999999]", AZ_EXP_INVALID},
		{NULL, "\"exp\":{}", AZ_EXP_INVALID},

		/* leeway: row 9 */
		{"{\"leeway_seconds\":120}", "\"exp\":1699999900", AZ_OK},
		{"{\"leeway_seconds\":120}", "\"exp\":1699999881", AZ_OK},
		{"{\"leeway_seconds\":120}", "\"exp\":1699999880", AZ_EXPIRED},
		{"{\"leeway_seconds\":60}", "\"exp\":1699999950", AZ_OK},
		{"{\"leeway_seconds\":60}", "\"exp\":1699999900", AZ_EXPIRED},

		/* range: the microseconds fit 64 bits, and nothing wraps */
		{NULL, "\"exp\":9223372036854", AZ_OK},
		{NULL, "\"exp\":9223372036855", AZ_EXP_INVALID},
		{NULL, "\"exp\":9223372036854775807", AZ_EXP_INVALID},
		{NULL, "\"exp\":9223372036854.5", AZ_OK},
		{NULL, "\"exp\":9223372036854.9", AZ_EXP_INVALID},
		{NULL, "\"exp\":9.3e12", AZ_EXP_INVALID},
		{NULL, "\"exp\":1e308", AZ_EXP_INVALID},
		{NULL, "\"exp\":-1e308", AZ_EXP_INVALID},
		{NULL, "\"exp\":-210866803200", AZ_EXPIRED},
		{NULL, "\"exp\":-210866803201", AZ_EXP_INVALID},
		{NULL, "\"exp\":-9223372036854775808", AZ_EXP_INVALID},
		{NULL, "\"exp\":1e400", AZ_PAYLOAD_JSON},
		{NULL, "\"exp\":18446744073709551616", AZ_PAYLOAD_JSON},
		{"{\"leeway_seconds\":86400}", "\"exp\":9223372036854", AZ_OK},
		{"{\"leeway_seconds\":86400,\"max_age_seconds\":316224000}",
		"\"exp\":9223372036854,\"iat\":1700000000", AZ_OK},

		/* nbf: not before it */
		{NULL, "\"exp\":1700000100,\"nbf\":1700000000", AZ_OK},
		{NULL, "\"exp\":1700000100,\"nbf\":1700000000.001", AZ_NOT_YET_VALID},
		{NULL, "\"exp\":1700000100,\"nbf\":1700000001", AZ_NOT_YET_VALID},
		{NULL, "\"exp\":1700000100,\"nbf\":-1", AZ_OK},
		{NULL, "\"exp\":1700000100,\"nbf\":9223372036854", AZ_NOT_YET_VALID},
		{NULL, "\"exp\":1700000100,\"nbf\":9223372036855", AZ_NBF_INVALID},
		{NULL, "\"exp\":1700000100,\"nbf\":null", AZ_NBF_INVALID},
		{NULL, "\"exp\":1700000100,\"nbf\":\"0\"", AZ_NBF_INVALID},
		{NULL, "\"exp\":1700000100,\"nbf\":false", AZ_NBF_INVALID},
		{"{\"leeway_seconds\":120}", "\"exp\":1700000100,\"nbf\":1700000120", AZ_OK},
		{"{\"leeway_seconds\":120}", "\"exp\":1700000100,\"nbf\":1700000121", AZ_NOT_YET_VALID},

		/* iat: row 11 */
		{NULL, "\"exp\":1700000100,\"iat\":1700000000", AZ_OK},
		{NULL, "\"exp\":1700000100,\"iat\":1700000300", AZ_ISSUED_IN_FUTURE},
		{NULL, "\"exp\":1700000100,\"iat\":\"1\"", AZ_IAT_INVALID},
		{NULL, "\"exp\":1700000100,\"iat\":null", AZ_IAT_INVALID},
		{NULL, "\"exp\":1700000100,\"iat\":1e19", AZ_IAT_INVALID},
		{"{\"leeway_seconds\":60}", "\"exp\":1700000100,\"iat\":1700000060", AZ_OK},
		{"{\"leeway_seconds\":60}", "\"exp\":1700000100,\"iat\":1700000061", AZ_ISSUED_IN_FUTURE},

		/* Q23: a clock that runs ahead; exp is exact */
		{"{\"skew_seconds\":5}", "\"exp\":1700000100,\"iat\":1700000005", AZ_OK},
		{"{\"skew_seconds\":5}", "\"exp\":1700000100,\"iat\":1700000000.8", AZ_OK},
		{"{\"skew_seconds\":5}", "\"exp\":1700000100,\"iat\":1700000005.1", AZ_ISSUED_IN_FUTURE},
		{"{\"skew_seconds\":0}", "\"exp\":1700000100,\"iat\":1700000000.8", AZ_ISSUED_IN_FUTURE},
		{"{\"skew_seconds\":5}", "\"exp\":1700000100,\"nbf\":1700000005", AZ_OK},
		{"{\"skew_seconds\":5}", "\"exp\":1700000100,\"nbf\":1700000006", AZ_NOT_YET_VALID},
		{"{\"skew_seconds\":5}", "\"exp\":1700000000", AZ_EXPIRED},
		{"{\"skew_seconds\":5,\"leeway_seconds\":60}", "\"exp\":1700000100,\"iat\":1700000060", AZ_OK},
		{"{\"skew_seconds\":5,\"leeway_seconds\":60}", "\"exp\":1700000100,\"iat\":1700000061", AZ_ISSUED_IN_FUTURE},
		{"{\"skew_seconds\":60,\"leeway_seconds\":5}", "\"exp\":1700000100,\"iat\":1700000060", AZ_OK},
		{"{\"skew_seconds\":60,\"leeway_seconds\":5}", "\"exp\":1699999995", AZ_EXPIRED},
		{"{\"skew_seconds\":60,\"max_age_seconds\":600}", "\"exp\":1700000100,\"iat\":1699999400", AZ_TOO_OLD},

		/* a second end */
		{"{\"max_age_seconds\":600}", "\"exp\":1700000100,\"iat\":1699999401", AZ_OK},
		{"{\"max_age_seconds\":600}", "\"exp\":1700000100,\"iat\":1699999400", AZ_TOO_OLD},
		{"{\"max_age_seconds\":600}", "\"exp\":1700000100,\"iat\":-210866803200", AZ_TOO_OLD},
		{"{\"max_age_seconds\":600}", "\"exp\":1700000100", AZ_CLAIM_MISSING},
		{"{\"max_age_seconds\":0}", "\"exp\":1700000100", AZ_OK},
		{"{\"max_age_seconds\":600,\"leeway_seconds\":60}",
		"\"exp\":1700000100,\"iat\":1699999341", AZ_OK},
		{"{\"max_age_seconds\":600,\"leeway_seconds\":60}",
		"\"exp\":1700000100,\"iat\":1699999340", AZ_TOO_OLD},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const TimeCase *c = &cases[i];
		char		payload[300];
		char		what[300];

		sprintf(payload, ISS ",\"aud\":\"api\",%s}", c->claims);
		sprintf(what, "%s%s%s", c->claims, c->options != NULL ? " under " : "",
				c->options != NULL ? c->options : "");
		judges(what, c->options, NULL, payload, c->expected);
	}
}

static void
test_deadline(void)
{
	const char *payload = ISS ",\"aud\":\"api\",\"exp\":1700000100,\"iat\":1699999990,\"nbf\":1699999980}";
	const char *both = "{\"leeway_seconds\":60,\"max_age_seconds\":50}";
	int64_t		deadline;

	judge(NULL, NULL, payload, NOW, &deadline);
	ok(deadline == NOW + 100000000, "the end is exp");
	judge("{\"leeway_seconds\":60}", NULL, payload, NOW, &deadline);
	ok(deadline == NOW + 160000000, "leeway added");
	judge(both, NULL, payload, NOW, &deadline);
	ok(deadline == NOW + 100000000, "or the greatest age, if that comes first");
	ok(judge(both, NULL, payload, deadline - 1, NULL) == AZ_OK, "one microsecond before the end");
	ok(judge(both, NULL, payload, deadline, NULL) == AZ_TOO_OLD, "the end");
	judge("{\"leeway_seconds\":60,\"max_age_seconds\":300}", NULL, payload, NOW, &deadline);
	ok(deadline == NOW + 160000000, "a greatest age beyond exp changes nothing");

	judge("{\"skew_seconds\":60}", NULL, payload, NOW, &deadline);
	ok(deadline == NOW + 100000000, "skew is not added");
	judge("{\"leeway_seconds\":86400}", NULL, ISS ",\"aud\":\"api\",\"exp\":9223372036854}", NOW, &deadline);
	ok(deadline == INT64_MAX, "no end beyond the last instant");
	ok(judge(NULL, NULL, payload, INT64_MIN, NULL) == AZ_NOT_YET_VALID, "the first instant");
	ok(judge("{\"leeway_seconds\":60}", NULL, payload, INT64_MAX, NULL) == AZ_EXPIRED, "the last");
	{
		AzIssuer   *issuer = new_issuer("https://x/", "{\"leeway_seconds\":60}");
		AzTrust		trust = trust_of(&issuer, 1);
		char	   *token = mint(HEADER, payload);
		const AzIdentity *id;

		issuer->any_audience = true;
		verify_at(&trust, token, NOW, &id);
		ok(id->expires == NOW + 100000000 && id->issued == NOW - 10000000 &&
		   id->not_before == NOW - 80000000, "exp and iat as signed, nbf less leeway");
		issuer->leeway_seconds = 0;
		issuer->skew_seconds = 7;
		verify_at(&trust, token, NOW, &id);
		ok(id->not_before == NOW - 27000000, "or less skew");
		free(token);
		token = mint(HEADER, ISS ",\"exp\":1700000100.25,\"iat\":-0.5}");
		verify_at(&trust, token, NOW, &id);
		ok(id->expires == NOW + 100250000 && id->issued == -500000 &&
		   id->not_before == AZ_TIME_NONE, "fractions, also below zero");
		free(token);
		token = mint(HEADER, ISS ",\"exp\":1700000100,\"iat\":-1.0000005}");
		verify_at(&trust, token, NOW, &id);
		ok(id->issued == -1000001, "downwards to the microsecond");
		free(token);
		az_issuer_free(issuer);
	}
}

/* ---- claims that must be there, and of which type ---- */

static void
test_claims(void)
{
	static const char *const email = "{\"required_claims\":[\"email\"],\"owner_claim\":\"email\"}";
	static const char *const user = "{\"required_claims\":[\"user_id\"],\"user_id_claim\":\"user_id\"}";
	static const Case cases[] = {
		{"nothing required", NULL, NULL, "", AZ_OK},
		{"sub", "{\"required_claims\":[\"sub\"]}", NULL, ",\"sub\":\"s\"", AZ_OK},
		{"no sub", "{\"required_claims\":[\"sub\"]}", NULL, "", AZ_CLAIM_MISSING},
		{"sub null", "{\"required_claims\":[\"sub\"]}", NULL, ",\"sub\":null", AZ_CLAIM_MISSING},
		{"sub \"\"", "{\"required_claims\":[\"sub\"]}", NULL, ",\"sub\":\"\"", AZ_CLAIM_MISSING},
		{"sub \"\" where none is required", NULL, NULL, ",\"sub\":\"\"", AZ_OK},
		{"any claim", "{\"required_claims\":[\"https://x/y\"]}", NULL, ",\"https://x/y\":false", AZ_OK},
		{"an empty array is there", "{\"required_claims\":[\"r\"]}", NULL, ",\"r\":[]", AZ_OK},
		{"the top level counts", "{\"required_claims\":[\"r\"]}", NULL, ",\"a\":{\"r\":1}", AZ_CLAIM_MISSING},
		{"both", "{\"required_claims\":[\"a\",\"b\"]}", NULL, ",\"a\":1,\"b\":2", AZ_OK},
		{"one of both", "{\"required_claims\":[\"a\",\"b\"]}", NULL, ",\"a\":1", AZ_CLAIM_MISSING},

		/* types of the claims that say who it is */
		{"user id a string", user, NULL, ",\"user_id\":\"u\"", AZ_OK},
		{"user id an integer", user, NULL, ",\"user_id\":7", AZ_OK},
		{"user id a fraction", user, NULL, ",\"user_id\":7.5", AZ_CLAIM_MISSING},
		{"user id true", user, NULL, ",\"user_id\":true", AZ_CLAIM_MISSING},
		{"user id an array", user, NULL, ",\"user_id\":[\"u\"]", AZ_CLAIM_MISSING},
		{"user id an object", user, NULL, ",\"user_id\":{}", AZ_CLAIM_MISSING},
		{"user id not required", "{\"user_id_claim\":\"user_id\"}", NULL, ",\"user_id\":{}", AZ_OK},
		{"e-mail", email, NULL, ",\"email\":\"a@x\"", AZ_OK},
		{"no e-mail", email, NULL, "", AZ_CLAIM_MISSING},
		{"e-mail an array", email, NULL, ",\"email\":[\"a@x\"]", AZ_CLAIM_MISSING},
		{"e-mail a number", email, NULL, ",\"email\":5", AZ_CLAIM_MISSING},
		{"a path may be anything", "{\"required_claims\":[\"a\"],\"owner_claim\":[\"a\",\"b\"]}", NULL,
		",\"a\":{\"c\":1}", AZ_OK},

		/* RFC 7519: strings where present */
		{"sub and jti", NULL, NULL, ",\"sub\":\"s\",\"jti\":\"j\"", AZ_OK},
		{"sub a number", NULL, NULL, ",\"sub\":5", AZ_CLAIM_TYPE},
		{"sub null", NULL, NULL, ",\"sub\":null", AZ_CLAIM_TYPE},
		{"jti a number", NULL, NULL, ",\"jti\":5", AZ_CLAIM_TYPE},
		{"jti null", NULL, NULL, ",\"jti\":null", AZ_CLAIM_TYPE},
		{"jti an array", NULL, NULL, ",\"jti\":[\"j\"]", AZ_CLAIM_TYPE},
		{"sid may be anything", NULL, NULL, ",\"sid\":5", AZ_OK},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		payload[500];

		sprintf(payload, BASE "%s}", cases[i].payload);
		judges(cases[i].what, cases[i].options, NULL, payload, cases[i].expected);
	}
}

/* ---- who acts for the subject: RFC 8693, 4.1 ---- */

static void
test_actors(void)
{
	static const char *const among = "{\"actors\":[\"bot\",\"https://y/ bot\"]}";
	static const Case cases[] = {
		{"nobody acts", NULL, NULL, "", AZ_OK},
		{"an actor", NULL, NULL, ",\"act\":{\"sub\":\"bot\"}", AZ_OK},
		{"with more about it", NULL, NULL, ",\"act\":{\"sub\":\"bot\",\"client_id\":7}", AZ_OK},
		{"of this issuer", NULL, NULL, ",\"act\":{\"iss\":\"https://x/\",\"sub\":\"bot\"}", AZ_OK},
		{"of another issuer", NULL, NULL, ",\"act\":{\"iss\":\"https://y/\",\"sub\":\"bot\"}", AZ_OK},
		{"inner ones tell nothing", NULL, NULL, ",\"act\":{\"sub\":\"bot\",\"act\":{\"sub\":5}}", AZ_OK},
		{"act.iss null is absent", NULL, NULL, ",\"act\":{\"iss\":null,\"sub\":\"bot\"}", AZ_OK},
		{"sub with a space", NULL, NULL, ",\"act\":{\"sub\":\"my bot at https://y/\"}", AZ_OK},
		{"sub with a space of another issuer", NULL, NULL, ",\"act\":{\"iss\":\"https://y/\",\"sub\":\"https://z/ bot\"}", AZ_OK},
		{"may_act is another claim", NULL, NULL, ",\"may_act\":{\"sub\":5}", AZ_OK},

		{"act null", NULL, NULL, ",\"act\":null", AZ_ACTOR_CLAIM},
		{"act a string", NULL, NULL, ",\"act\":\"bot\"", AZ_ACTOR_CLAIM},
		{"act an array", NULL, NULL, ",\"act\":[{\"sub\":\"bot\"}]", AZ_ACTOR_CLAIM},
		{"act false", NULL, NULL, ",\"act\":false", AZ_ACTOR_CLAIM},
		{"no sub", NULL, NULL, ",\"act\":{}", AZ_ACTOR_CLAIM},
		{"sub of the inner one", NULL, NULL, ",\"act\":{\"act\":{\"sub\":\"bot\"}}", AZ_ACTOR_CLAIM},
		{"act.sub a number", NULL, NULL, ",\"act\":{\"sub\":5}", AZ_ACTOR_CLAIM},
		{"act.sub null", NULL, NULL, ",\"act\":{\"sub\":null}", AZ_ACTOR_CLAIM},
		{"act.sub \"\"", NULL, NULL, ",\"act\":{\"sub\":\"\"}", AZ_ACTOR_CLAIM},
		{"act.iss a number", NULL, NULL, ",\"act\":{\"iss\":5,\"sub\":\"bot\"}", AZ_ACTOR_CLAIM},
		{"sub as if of another issuer", NULL, NULL, ",\"act\":{\"sub\":\"https://y/ bot\"}", AZ_ACTOR_CLAIM},
		{"the same beside its own issuer", NULL, NULL, ",\"act\":{\"iss\":\"https://x/\",\"sub\":\"https://y/ bot\"}", AZ_ACTOR_CLAIM},
		{"act.iss \"\"", NULL, NULL, ",\"act\":{\"iss\":\"\",\"sub\":\"bot\"}", AZ_ACTOR_CLAIM},
		{"act.iss with a space", NULL, NULL, ",\"act\":{\"iss\":\"https://y/ b\",\"sub\":\"ot\"}", AZ_ACTOR_CLAIM},

		/* the option actors */
		{"one of them", among, NULL, ",\"act\":{\"sub\":\"bot\"}", AZ_OK},
		{"one of another issuer", among, NULL, ",\"act\":{\"iss\":\"https://y/\",\"sub\":\"bot\"}", AZ_OK},
		{"nobody", among, NULL, "", AZ_OK},
		{"none of them", among, NULL, ",\"act\":{\"sub\":\"Bot\"}", AZ_ACTOR_REFUSED},
		{"the inner one is one of them", among, NULL,
		",\"act\":{\"sub\":\"b\",\"act\":{\"sub\":\"bot\"}}", AZ_ACTOR_REFUSED},
		{"the same of a third issuer", among, NULL,
		",\"act\":{\"iss\":\"https://z/\",\"sub\":\"bot\"}", AZ_ACTOR_REFUSED},
		{"nobody may act", "{\"actors\":[]}", NULL, ",\"act\":{\"sub\":\"bot\"}", AZ_ACTOR_REFUSED},
		{"and nobody does", "{\"actors\":[]}", NULL, "", AZ_OK},
		{"a null keeps what was", "{\"actors\":null}", NULL, ",\"act\":{\"sub\":\"bot\"}", AZ_OK},

		/* the option ceiling_required */
		{"no ceiling", "{\"ceiling_required\":true}", NULL, ",\"act\":{\"sub\":\"bot\"}", AZ_CEILING_MISSING},
		{"nobody needs one", "{\"ceiling_required\":true}", NULL, "", AZ_OK},
		{"none needed", "{\"ceiling_required\":false}", NULL, ",\"act\":{\"sub\":\"bot\"}", AZ_OK},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		payload[500];

		sprintf(payload, BASE "%s}", cases[i].payload);
		judges(cases[i].what, cases[i].options, NULL, payload, cases[i].expected);
	}
}

static bool
has_ceiling(void *arg, const char *issuer, const char *actor)
{
	return strcmp(issuer, "https://x/") == 0 && strcmp(actor, arg) == 0;
}

/* The option ceiling_required asks for that of the outermost one. */
static void
test_ceilings(void)
{
	AzIssuer   *issuer = new_issuer("https://x/", "{\"ceiling_required\":true}");
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *token = mint(HEADER, BASE ",\"act\":{\"sub\":\"bot\",\"act\":{\"sub\":\"b\"}}}");
	const AzIdentity *id;

	issuer->any_audience = true;
	trust.has_ceiling = has_ceiling;
	trust.arg = (char *) "bot";
	ok(verify_at(&trust, token, NOW, &id) == AZ_OK && id->needs_ceiling, "an actor with a ceiling");
	trust.arg = (char *) "b";
	ok(verify_at(&trust, token, NOW, &id) == AZ_CEILING_MISSING, "the inner one has one");
	free(token);
	az_issuer_free(issuer);
}

/* How the actor is called, and that it is stored once where it can be. */
static void
test_actor_names(void)
{
	static const struct
	{
		const char *claims;
		const char *expected;	/* NULL: nobody */
	}			cases[] = {
		{"", NULL},
		{",\"act\":{\"sub\":\"bot\"}", "bot"},
		{",\"act\":{\"sub\":\"b\",\"act\":{\"sub\":\"c\"}}", "b"},
		{",\"act\":{\"sub\":\"my bot\"}", "my bot"},
		{",\"act\":{\"iss\":\"https://x/\",\"sub\":\"bot\"}", "bot"},
		{",\"act\":{\"iss\":\"https://X/\",\"sub\":\"bot\"}", "https://X/ bot"},
		{",\"act\":{\"iss\":\"y\",\"sub\":\" \\u017c\"}", "y  \xC5\xBC"},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		AzIssuer   *issuer = new_issuer("https://x/", NULL);
		AzTrust		trust = trust_of(&issuer, 1);
		char		payload[400];
		char	   *token;
		const AzIdentity *id;
		const char *expected = cases[i].expected;

		sprintf(payload, BASE "%s}", cases[i].claims);
		token = mint(HEADER, payload);
		issuer->any_audience = true;
		must(verify_at(&trust, token, NOW, &id) == AZ_OK, "refused");
		ok(az_identity_check(id, id->size), "the block is well-formed");
		if (expected == NULL)
			ok(is_null(&id->actor) && is_null(&id->trust_actor), "nobody acts");
		else
			ok(is_text(id, &id->actor, expected) && is_text(id, &id->trust_actor, expected) &&
			   id->actor.off == id->trust_actor.off, "\"%s\" acts", expected);
		free(token);
		az_issuer_free(issuer);
	}
}

/* ---- several issuers ---- */

/* Issuers to be found, and what was asked for. */
typedef struct Found
{
	AzIssuer  **issuers;
	size_t		n;
	int			calls;
	char		text[200];
	AzIssuer   *candidates[4];
} Found;

static int
type_of(const AzJson *claim)
{
	return claim ? (int) az_json_type(claim) : -1;
}

/* By name, and all that are chosen by audience: they do no harm. */
static AzCandidates
find(void *arg, const AzTokenHint *hint)
{
	Found	   *found = arg;
	AzCandidates answer = {found->candidates, 0};
	size_t		len;
	const char *iss = az_json_string(hint->iss, &len);
	size_t		i;

	found->calls++;
	snprintf(found->text, sizeof(found->text), "iss %d %s aud %d kid %.*s",
			 type_of(hint->iss), iss ? iss : "-", type_of(hint->aud),
			 hint->kid ? (int) hint->kid_len : 1, hint->kid ? hint->kid : "-");
	for (i = 0; i < found->n; i++)
	{
		AzIssuer   *issuer = found->issuers[i];

		if (issuer->by_audience || az_may_have_issued(issuer, hint))
			answer.issuers[answer.n++] = issuer;
	}
	return answer;
}

/* Among all of them, and among those that a callback finds: it is the same. */
static AzReason
judge_among(AzIssuer **issuers, size_t n, const char *payload, const char **name)
{
	static char found[100];
	AzTrust		trust = trust_of(issuers, n);
	Found		finding = {issuers, n, 0, "", {NULL}};
	char	   *token = mint(HEADER, payload);
	const AzIdentity *id;
	AzReason	among_found;
	AzReason	reason;

	trust.find = find;
	trust.arg = &finding;
	among_found = verify_at(&trust, token, NOW, &id);
	trust.find = NULL;
	reason = verify_at(&trust, token, NOW, &id);
	if (among_found != reason || finding.calls != 1)
		ok(false, "the same among those found: %s", payload);

	*name = "";
	if (id != NULL)
	{
		sprintf(found, "%.*s", (int) az_node_len(&id->issuer), az_node_bytes(id, &id->issuer));
		*name = found;
	}
	free(token);
	return reason;
}

static void
test_issuers(void)
{
	AzIssuer   *issuers[4];
	const char *name;
	size_t		i;

	issuers[0] = new_issuer("https://a/", NULL);
	issuers[1] = new_issuer("https://b/", NULL);
	issuers[2] = new_issuer("dbmi one", NULL);
	issuers[3] = new_issuer("dbmi two", NULL);
	add_audience(issuers[0], "api");
	add_audience(issuers[1], "api");
	add_audience(issuers[2], "one");
	add_audience(issuers[2], "uno");
	add_audience(issuers[3], "two");
	issuers[2]->by_audience = issuers[3]->by_audience = true;

#define AMONG(payload)	judge_among(issuers, 4, "{\"exp\":1700000100," payload "}", &name)
	ok(AMONG("\"iss\":\"https://b/\",\"aud\":\"api\"") == AZ_OK && strcmp(name, "https://b/") == 0,
	   "by iss");
	ok(AMONG("\"aud\":\"two\"") == AZ_OK && strcmp(name, "dbmi two") == 0, "by aud, without iss");
	ok(AMONG("\"aud\":\"uno\",\"iss\":\"https://elsewhere/\"") == AZ_OK &&
	   strcmp(name, "dbmi one") == 0, "by aud, whatever iss");
	ok(AMONG("\"aud\":[\"zzz\",\"one\",\"uno\"]") == AZ_OK, "by aud in an array");
	ok(AMONG("\"aud\":\"zzz\"") == AZ_ISSUER_UNTRUSTED, "by neither");
	ok(AMONG("\"iss\":\"dbmi one\",\"aud\":\"api\"") == AZ_ISSUER_UNTRUSTED,
	   "the name of an issuer by audience is no iss");
	ok(AMONG("\"aud\":[\"one\",\"two\"]") == AZ_ISSUER_AMBIGUOUS, "two by aud");
	ok(AMONG("\"iss\":\"https://a/\",\"aud\":[\"api\",\"one\"]") == AZ_ISSUER_AMBIGUOUS,
	   "one by iss, one by aud");
	ok(AMONG("\"aud\":[\"one\",7]") == AZ_AUDIENCE, "found by an array that is none");
	ok(AMONG("\"aud\":\"one\",\"iss\":5") == AZ_CLAIM_TYPE, "iss must be a string there, too");
	ok(AMONG("\"aud\":\"one\",\"iss\":null") == AZ_CLAIM_TYPE, "and not null");
	issuers[3]->any_audience = true;
	ok(AMONG("\"aud\":\"zzz\"") == AZ_ISSUER_UNTRUSTED, "not found by an unchecked audience");
	issuers[3]->any_audience = false;

	/* Q13: one whose tokens name none, beside all others; but two are too many */
	issuers[0]->unnamed = true;
	ok(AMONG("\"aud\":\"api\"") == AZ_OK && strcmp(name, "https://a/") == 0, "by no iss");
	ok(AMONG("\"iss\":\"https://a/\",\"aud\":\"api\"") == AZ_ISSUER_UNTRUSTED, "and no more by its name");
	ok(AMONG("\"iss\":\"https://b/\",\"aud\":\"api\"") == AZ_OK && strcmp(name, "https://b/") == 0,
	   "others by theirs");
	ok(AMONG("\"aud\":[\"api\",\"one\"]") == AZ_ISSUER_AMBIGUOUS, "by no iss, and by aud");
	ok(AMONG("\"aud\":\"one\"") == AZ_ISSUER_AMBIGUOUS, "whether or not it accepts that aud");
	issuers[1]->unnamed = true;
	ok(AMONG("\"aud\":\"api\"") == AZ_ISSUER_AMBIGUOUS, "two by no iss");
	issuers[0]->unnamed = issuers[1]->unnamed = false;
	ok(AMONG("\"aud\":\"api\"") == AZ_ISSUER_UNTRUSTED, "none");

	/* RFC 8725, 3.8: b's key does not sign for a */
	az_key_free(issuers[0]->keys[0]);
	{
		AzKeyError	error;

		must(az_key_from_secret((const unsigned char *) "another secret, of thirty-two up", 32, "k1",
								"HS256", &issuers[0]->keys[0], &error) == AZ_KEY_OK, "key");
	}
	ok(AMONG("\"iss\":\"https://b/\",\"aud\":\"api\"") == AZ_OK, "b signs for b");
	ok(AMONG("\"iss\":\"https://a/\",\"aud\":\"api\"") == AZ_SIGNATURE, "b does not sign for a");
	ok(judge_among(NULL, 0, BASE "}", &name) == AZ_ISSUER_UNTRUSTED, "nobody is trusted");

	for (i = 0; i < 4; i++)
		az_issuer_free(issuers[i]);
	issuers[0] = az_issuer_new("https://x/", 10);
	issuers[0]->any_audience = true;
	issuers[0]->algorithms = AZ_ALG_BIT(AZ_HS256);
	ok(judge_among(issuers, 1, BASE "}", &name) == AZ_KEY_NOT_FOUND, "an issuer without keys");
	az_issuer_free(issuers[0]);
}

/* ---- C11.2: a key that is not there is wished for, once, and nothing else is ---- */

typedef struct Wishes
{
	bool		granted;
	int			n;
	char		issuer[100];
} Wishes;

static bool
wish(void *arg, const AzIssuer *issuer)
{
	Wishes	   *wishes = arg;

	wishes->n++;
	snprintf(wishes->issuer, sizeof(wishes->issuer), "%s", issuer->issuer);
	return wishes->granted;
}

/* The reason, after that token; hint as az_verification_hint(), whole. */
static AzReason
verify_wishing(AzTrust *trust, const char *header, char *hint, size_t size)
{
	AzVerification *v = az_verification_new();
	char	   *token = mint(header, BASE "}");
	const AzIdentity *id;
	AzReason	reason;

	must(v != NULL, "out of memory");
	reason = az_verify(v, token, strlen(token), NOW, trust, &id);
	snprintf(hint, size, "%s", az_verification_hint(v) ? az_verification_hint(v) : "");
	az_verification_free(v);
	free(token);
	return reason;
}

static void
test_wishes(void)
{
	AzIssuer   *issuer = az_issuer_new("https://x/", 10);
	Wishes		wishes = {true, 0, ""};
	AzTrust		trust = trust_of(&issuer, 1);
	char		hint[200];

	must(issuer != NULL, "out of memory");
	issuer->any_audience = true;
	issuer->algorithms = AZ_ALG_BIT(AZ_HS256);
	trust.arg = &wishes;
	ok(verify_wishing(&trust, HEADER, hint, sizeof(hint)) == AZ_KEY_NOT_FOUND && *hint == '\0',
	   "nobody fetches keys");
	trust.fetches_key = wish;
	ok(verify_wishing(&trust, HEADER, hint, sizeof(hint)) == AZ_KEY_NOT_FOUND &&
	   wishes.n == 1 && strcmp(wishes.issuer, "https://x/") == 0 && strstr(hint, "being fetched"),
	   "wished for, and refused all the same");
	wishes.granted = false;
	ok(verify_wishing(&trust, HEADER, hint, sizeof(hint)) == AZ_KEY_NOT_FOUND &&
	   wishes.n == 2 && *hint == '\0', "nothing is promised that does not come");
	ok(verify_wishing(&trust, "{\"alg\":\"RS256\",\"kid\":\"k1\"}", hint, sizeof(hint)) == AZ_ALG_REFUSED &&
	   wishes.n == 2, "no wish for an algorithm that is refused");
	az_issuer_free(issuer);
}

/* What a token says to be found by, and what it does not. */
static void
test_hint(void)
{
	static const struct
	{
		const char *header;
		const char *payload;
		AzJsonType	iss;
		AzJsonType	aud;
		const char *text;
	}			cases[] =
	{
		{HEADER, "{\"iss\":\"https://x/\",\"aud\":\"api\"}",
		AZ_JSON_STRING, AZ_JSON_STRING, "iss %d https://x/ aud %d kid k1"},
		{"{\"alg\":\"HS256\"}", "{\"iss\":\"\",\"aud\":[]}",
		AZ_JSON_STRING, AZ_JSON_ARRAY, "iss %d  aud %d kid -"},
		{"{\"alg\":\"HS256\",\"kid\":\"\"}", "{\"iss\":7}",
		AZ_JSON_INTEGER, -1, "iss %d - aud %d kid "},
		{"{\"alg\":\"none\",\"kid\":\"k\"}", "{\"iss\":null,\"aud\":null}",
		AZ_JSON_NULL, AZ_JSON_NULL, "iss %d - aud %d kid k"},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Found		finding = {NULL, 0, 0, "", {NULL}};
		AzTrust		trust = trust_of(NULL, 0);
		char	   *token = mint(cases[i].header, cases[i].payload);
		char		expected[200];
		const AzIdentity *id;

		trust.find = find;
		trust.arg = &finding;
		snprintf(expected, sizeof(expected), cases[i].text, cases[i].iss, cases[i].aud);
		ok(verify_at(&trust, token, NOW, &id) == AZ_ISSUER_UNTRUSTED &&
		   strcmp(finding.text, expected) == 0, "%s", expected);
		free(token);
	}
}

/* ---- a token that was seen before ---- */

/* Two that may be trusted: what they are is changed between two looks. */
static AzIssuer *named;
static AzIssuer *by_audience;
static AzTrust trust;

static bool
revoke_all(void *arg, const AzRevocable *what)
{
	(void) arg;
	(void) what;
	return true;
}

static void
replace_key(const char *kid, const char *with)
{
	AzKey	   *key = NULL;
	AzKeyError	error;

	az_issuer_drop_key(named, named->keys[0]);
	must(az_key_from_secret((const unsigned char *) with, strlen(with), kid, "HS256",
							&key, &error) == AZ_KEY_OK &&
		 az_issuer_add_key(named, key), "cannot replace a key");
}

static void
change_nothing(void)
{
}

static void
write_key_again(void)
{
	replace_key("k1", secret);
}

static void
add_another_key(void)
{
	must(az_issuer_add_key(named, new_key("k2")), "cannot add a key");
}

static void
add_newer_key(void)
{
	AzKey	   *key = NULL;
	AzKeyError	error;

	must(az_key_from_secret((const unsigned char *) "fedcba9876543210fedcba9876543210", 32, "k1",
							"HS256", &key, &error) == AZ_KEY_OK, "cannot make a key");
	az_key_set_added(key, 1);
	must(az_issuer_add_key(named, key), "cannot add a key");
}

static void
alter_issuer(void)
{
	named->version++;
}

static void
take_another_name(void)
{
	trust.issuers = &by_audience;
	by_audience->version = named->version;
	add_audience(by_audience, "api");
}

static void
change_secret(void)
{
	replace_key("k1", "fedcba9876543210fedcba9876543210");
}

static void
take_kid_away(void)
{
	replace_key(NULL, secret);
}

static void
drop_key(void)
{
	az_issuer_drop_key(named, named->keys[0]);
}

static void
drop_issuer(void)
{
	trust.nissuers = 0;
}

static void
share_audience(void)
{
	trust.nissuers = 2;
	add_audience(by_audience, "api");
}

static void
revoke(void)
{
	trust.revoked = revoke_all;
}

static void
lower_max_size(void)
{
	trust.max_token_size = 10;
}

/*
 * With another signature the token passes exactly when the signature is not
 * looked at: when nothing has changed that it depends on.
 */
static void
test_again(void)
{
	static const struct
	{
		void		(*change) (void);
		const char *forged;
		bool		known;		/* with its own signature it passes: as what? */
		const char *what;
	}			cases[] =
	{
		{change_nothing, "ok", true, "nothing has changed"},
		{write_key_again, "ok", true, "its key was written again"},
		{add_another_key, "ok", true, "there is another key"},
		{add_newer_key, "ok", true, "a newer key of its kid is tried first"},
		{alter_issuer, "signature", false, "its issuer was altered"},
		{take_another_name, "signature", false, "another issuer, of the same version"},
		{change_secret, "signature", false, "another secret of its kid"},
		{take_kid_away, "signature", false, "its secret, without the kid"},
		{drop_key, "key-not-found", false, "its key is gone"},
		{drop_issuer, "issuer-untrusted", false, "its issuer is gone"},
		{share_audience, "issuer-ambiguous", false, "another issuer has its audience"},
		{revoke, "revoked", false, "it was revoked"},
		{lower_max_size, "token-too-large", false, "less is accepted"},
	};
	char	   *token = mint(HEADER, "{\"iss\":\"https://x/\",\"aud\":\"api\",\"exp\":1800000000}");
	char	   *forged = strdup(token);
	size_t		i;

	must(forged != NULL, "out of memory");
	/* one bit of the signature, of a character in its midst */
	forged[strlen(forged) - 20] = forged[strlen(forged) - 20] == 'A' ? 'B' : 'A';
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		AzIssuer   *issuers[2];
		const AzIdentity *id;
		AzIdentity *known;
		AzReason	reason;

		trust = trust_of(issuers, 1);
		named = issuers[0] = new_issuer("https://x/", NULL);
		by_audience = issuers[1] = new_issuer("x by audience", NULL);
		by_audience->by_audience = true;
		add_audience(named, "api");
		must(verify_at(&trust, token, NOW, &id) == AZ_OK, "not accepted before");
		known = malloc(id->size);
		must(known != NULL, "out of memory");
		memcpy(known, id, id->size);

		cases[i].change();
		reason = az_verify_again(verification, forged, strlen(forged), NOW, &trust, known, &id);
		ok(strcmp(name_of(reason), cases[i].forged) == 0 && id == (reason == AZ_OK ? known : NULL),
		   "%s, forged: %s", name_of(reason), cases[i].what);
		reason = az_verify_again(verification, token, strlen(token), NOW, &trust, known, &id);
		ok((id == known) == cases[i].known && (reason == AZ_OK) == (id != NULL),
		   "%s, %s: %s", name_of(reason), id == known ? "known" : "not known", cases[i].what);
		reason = az_verify_again(verification, token, strlen(token), INT64_C(1800000000000000),
								 &trust, known, &id);
		ok(reason != AZ_OK && id == NULL, "%s, later: %s", name_of(reason), cases[i].what);
		free(known);
		az_issuer_free(issuers[0]);
		az_issuer_free(issuers[1]);
	}
	free(forged);
	free(token);
}

/* ---- revocation ---- */

typedef struct Asked
{
	AzRevocable what;
	char		text[300];
	int			calls;
	bool		answer;
	bool		leave;
	jmp_buf		back;
} Asked;

static bool
revoked(void *arg, const AzRevocable *what)
{
	Asked	   *asked = arg;

#define TEXT(s)	((s) != NULL ? (s) : "-")
	asked->calls++;
	sprintf(asked->text, "%s %s %s %s %s %lld", what->issuer, TEXT(what->token_id),
			TEXT(what->session_id), TEXT(what->subject), TEXT(what->actor),
			what->issued == AZ_TIME_NONE ? -1LL : (long long) (what->issued / 1000000));
	if (asked->leave)
		longjmp(asked->back, 1);
	return asked->answer;
}

static void
test_revocation(void)
{
	static const struct
	{
		const char *options;
		const char *claims;
		const char *expected;
	}			cases[] = {
		{NULL, "", "https://x/ - - - - -1"},
		{NULL, ",\"jti\":\"J\",\"sid\":\"S\",\"sub\":\"U\",\"iat\":1700000000", "https://x/ J S U - 1700000000"},
		{NULL, ",\"sid\":5,\"sub\":\"U\"", "https://x/ - - U - -1"},
		{"{\"user_id_claim\":\"uid\"}", ",\"uid\":42", "https://x/ - - 42 - -1"},
		{"{\"user_id_claim\":\"uid\"}", ",\"uid\":\"u\"", "https://x/ - - u - -1"},
		{"{\"user_id_claim\":\"uid\"}", ",\"uid\":\"u\",\"sub\":\"s\"", "https://x/ - - s - -1"},
		{"{\"user_id_claim\":\"uid\"}", ",\"uid\":4.5", "https://x/ - - - - -1"},
		{"{\"user_id_claim\":[\"a\",\"b\"]}", ",\"a\":{\"b\":\"u\"}", "https://x/ - - u - -1"},

		/* Q30: the session's id elsewhere, as text */
		{"{\"session_claim\":\"session_id\"}", ",\"session_id\":\"S\",\"sid\":\"T\"", "https://x/ - S - - -1"},
		{"{\"session_claim\":\"session_id\"}", ",\"sid\":\"T\"", "https://x/ - - - - -1"},
		{"{\"session_claim\":[\"a\",\"b\"]}", ",\"a\":{\"b\":\"17\"}", "https://x/ - 17 - - -1"},
		{"{\"session_claim\":[\"a\",\"b\"]}", ",\"a\":{\"b\":[\"S\"]}", "https://x/ - - - - -1"},
		{NULL, ",\"act\":{\"iss\":\"https://y/\",\"sub\":\"bot\"},\"sub\":\"U\"", "https://x/ - - U https://y/ bot -1"},
	};
	size_t		i;
	Asked		asked;

	memset(&asked, 0, sizeof(asked));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		AzIssuer   *issuer = new_issuer("https://x/", cases[i].options);
		AzTrust		trust = trust_of(&issuer, 1);
		char		payload[400];
		char	   *token;
		const AzIdentity *id;

		sprintf(payload, BASE "%s}", cases[i].claims);
		token = mint(HEADER, payload);
		issuer->any_audience = true;
		trust.revoked = revoked;
		trust.arg = &asked;
		asked.answer = false;
		ok(verify_at(&trust, token, NOW, &id) == AZ_OK, "not revoked: %s", cases[i].expected);
		ok(strcmp(asked.text, cases[i].expected) == 0, "asked for %s", asked.text);
		asked.answer = true;
		ok(verify_at(&trust, token, NOW, &id) == AZ_REVOKED, "revoked");
		free(token);

		/* nobody is asked about a token that is refused anyway */
		asked.calls = 0;
		token = mint(HEADER, ISS ",\"exp\":1}");
		ok(verify_at(&trust, token, NOW, &id) == AZ_EXPIRED && asked.calls == 0, "asked last");
		free(token);
		az_issuer_free(issuer);
	}
}

/* ---- two faults in one token: the earlier is reported ---- */

typedef struct Fault
{
	AzReason	reason;
	const char *what;
} Fault;

enum
{
	F_SIZE, F_SEGMENTS, F_ALPHABET, F_HEADER_JSON, F_PAYLOAD_JSON, F_CRITICAL, F_ISSUER,
	F_ALG, F_KEY, F_SIGNATURE, F_TYPE, F_AUDIENCE, F_EXP, F_NBF, F_IAT, F_AGE, F_REQUIRED,
	F_VALUE, F_CLAIM_TYPE, F_BOUND, F_GROUPS, F_ACTOR, F_ACTORS, F_REVOKED, F_ENCODING, N_FAULTS
};

static const Fault faults[N_FAULTS] = {
	{AZ_TOKEN_TOO_LARGE, "too large"},
	{AZ_SEGMENT_COUNT, "a fourth segment"},
	{AZ_ALPHABET, "a blank"},
	{AZ_HEADER_JSON, "header no JSON"},
	{AZ_PAYLOAD_JSON, "payload no JSON"},
	{AZ_HEADER_CRITICAL, "crit"},
	{AZ_ISSUER_UNTRUSTED, "another issuer"},
	{AZ_ALG_REFUSED, "another algorithm"},
	{AZ_KEY_NOT_FOUND, "another kid"},
	{AZ_SIGNATURE, "another signature"},
	{AZ_TOKEN_TYPE, "another type"},
	{AZ_AUDIENCE, "another audience"},
	{AZ_EXPIRED, "expired"},
	{AZ_NOT_YET_VALID, "not yet valid"},
	{AZ_ISSUED_IN_FUTURE, "issued in the future"},
	{AZ_TOO_OLD, "too old"},
	{AZ_CLAIM_MISSING, "a claim missing"},
	{AZ_CLAIM_VALUE, "a claim of another value"},
	{AZ_CLAIM_TYPE, "jti a number"},
	{AZ_BOUND, "bound to a key"},
	{AZ_GROUPS_UNLISTED, "groups elsewhere"},
	{AZ_ACTOR_CLAIM, "act names nobody"},
	{AZ_ACTOR_REFUSED, "another actor"},
	{AZ_REVOKED, "revoked"},
	{AZ_CLAIM_ENCODING, "does not fit"},
};

#define HAS(fault)		((set & UINT32_C(1) << (fault)) != 0)

static char *
faulty_token(uint32_t set)
{
	char		header[300];
	char		payload[600];
	char	   *token;
	char	   *longer;
	size_t		len;

	sprintf(header, "%s{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"%s\"%s}",
			HAS(F_HEADER_JSON) ? "," : "", HAS(F_ALG) ? "HS512" : "HS256",
			HAS(F_KEY) ? "k2" : "k1", HAS(F_TYPE) ? "JOSE" : "JWT",
			HAS(F_CRITICAL) ? ",\"crit\":[\"exp\"]" : "");
	sprintf(payload, "%s{\"iss\":\"%s\",\"aud\":\"%s\",\"exp\":%d,\"nbf\":%d,\"iat\":%d,"
			"\"sub\":\"%s\",\"act\":{\"sub\":\"%s\"},\"azp\":\"%s\",\"jti\":%s,\"name\":\"%s\"%s%s}",
			HAS(F_PAYLOAD_JSON) ? "," : "", HAS(F_ISSUER) ? "https://y/" : "https://x/",
			HAS(F_AUDIENCE) ? "zzz" : "api", HAS(F_EXP) ? 1699999999 : 1700000100,
			HAS(F_NBF) ? 1700000001 : 1699999000,
			HAS(F_IAT) ? 1700000001 : HAS(F_AGE) ? 1600000000 : 1699999900,
			HAS(F_REQUIRED) ? "" : "s",
			HAS(F_ACTOR) ? "" : HAS(F_ACTORS) ? "x" : "bot", HAS(F_VALUE) ? "ours" : "app", HAS(F_CLAIM_TYPE) ? "5" : "\"j\"",
			HAS(F_ENCODING) ? "\xC5\xBC" : "z", HAS(F_BOUND) ? ",\"cnf\":{}" : "",
			HAS(F_GROUPS) ? ",\"hasgroups\":true" : "");
	token = mint(header, payload);
	len = strlen(token);
	if (HAS(F_SIGNATURE))
		token[len - 10] = token[len - 10] == 'A' ? 'B' : 'A';
	if (HAS(F_ALPHABET))
		token[len - 5] = ' ';
	if (!HAS(F_SEGMENTS))
		return token;
	longer = malloc(len + 3);
	must(longer != NULL, "out of memory");
	sprintf(longer, "%s.x", token);
	free(token);
	return longer;
}

static AzReason
judge_faulty(uint32_t set)
{
	static const AzConverter latin1 = {to_latin1, NULL};
	AzIssuer   *issuer = new_issuer("https://x/", "{\"token_types\":[\"JWT\"],"
									"\"max_age_seconds\":3600,\"required_claims\":[\"sub\"],"
									"\"actors\":[\"bot\"],"
									"\"claim_values\":[{\"claim\":\"azp\",\"values\":[\"app\"]}]}");
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *token = faulty_token(set);
	const AzIdentity *id;
	Asked		asked;
	AzReason	reason;

	memset(&asked, 0, sizeof(asked));
	asked.answer = HAS(F_REVOKED);
	trust.revoked = revoked;
	trust.arg = &asked;
	trust.converter = &latin1;
	if (HAS(F_SIZE))
		trust.max_token_size = 100;
	add_audience(issuer, "api");
	reason = verify_at(&trust, token, NOW, &id);
	free(token);
	az_issuer_free(issuer);
	return reason;
}

static void
test_order(void)
{
	int			i;
	int			j;

	ok(judge_faulty(0) == AZ_OK, "no fault");
	for (i = 0; i < N_FAULTS; i++)
	{
		AzReason	reason = judge_faulty(UINT32_C(1) << i);

		ok(reason == faults[i].reason, "%s: %s", name_of(reason), faults[i].what);
		for (j = i + 1; j < N_FAULTS; j++)
		{
			reason = judge_faulty(UINT32_C(1) << i | UINT32_C(1) << j);
			ok(reason == faults[i].reason, "%s: %s and %s", name_of(reason),
			   faults[i].what, faults[j].what);
		}
	}
	for (i = 0; i < N_FAULTS; i++)
		ok(judge_faulty(UINT32_MAX << i) == faults[i].reason, "%s, and all behind it",
		   faults[i].what);
}

/* ---- the text of the token ---- */

static AzReason
judge_text(const char *text, size_t len, size_t max)
{
	AzIssuer   *issuer = new_issuer("https://x/", NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	const AzIdentity *id;
	AzReason	reason;

	issuer->any_audience = true;
	trust.max_token_size = max;
	reason = az_verify(verification, text, len, NOW, &trust, &id);
	if ((reason == AZ_OK) != (id != NULL))
		ok(false, "an identity exactly when there is no reason against it");
	az_issuer_free(issuer);
	return reason;
}

static void
test_text(void)
{
	static const struct
	{
		const char *end;
		AzReason	expected;
		const char *what;
	}			ends[] = {
		{"", AZ_OK, "nothing behind it"},
		{"\n", AZ_OK, "a newline behind it"},
		{"\r\n", AZ_OK, "a newline of Windows"},
		{"\n\n", AZ_ALPHABET, "two newlines"},
		{"\r", AZ_ALPHABET, "half of one"},
		{"\n\r", AZ_ALPHABET, "one reversed"},
		{" ", AZ_ALPHABET, "a space"},
		{" \n", AZ_ALPHABET, "a space and a newline"},
	};
	char	   *token = mint(HEADER, BASE "}");
	size_t		len = strlen(token);
	size_t		i;
	int			accepted = 0;
	int			flips = 0;

	ok(judge_text(token, len, len) == AZ_OK, "as large as allowed");
	ok(judge_text(token, len, len - 1) == AZ_TOKEN_TOO_LARGE, "one byte larger");
	ok(judge_text(NULL, 0, len) == AZ_TOKEN_MISSING, "no token");
	ok(judge_text("", 0, len) == AZ_TOKEN_MISSING, "an empty one");
	ok(judge_text(NULL, 5, len) == AZ_TOKEN_MISSING, "no token, whatever its length");
	ok(judge_text("a.b", 3, len) == AZ_SEGMENT_COUNT, "two segments");
	ok(judge_text("a.b.c.d.e", 9, len) == AZ_ENCRYPTED, "five segments");

	for (i = 0; i < len; i++)
		accepted += judge_text(token, i, len) == AZ_OK;
	ok(accepted == 0, "no beginning of it");

	/* Q25: one newline behind it, and nothing else */
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
	{
		char	   *text = malloc(len + 8);

		must(text != NULL, "out of memory");
		strcpy(text, token);
		strcat(text, ends[i].end);
		ok(judge_text(text, strlen(text), len + 8) == ends[i].expected, "%s", ends[i].what);
		ok(judge_text(ends[i].end, strlen(ends[i].end), len) != AZ_OK, "and nothing before that");
		free(text);
	}
	ok(judge_text("\n", 1, len) == AZ_TOKEN_MISSING && judge_text("\r\n", 2, len) == AZ_TOKEN_MISSING,
	   "a newline alone is none");
	for (i = 0; i < len; i++)
	{
		int			bit;

		for (bit = 0; bit < 8; bit++, flips++)
		{
			token[i] ^= (char) (1 << bit);
			accepted += judge_text(token, len, len) == AZ_OK;
			token[i] ^= (char) (1 << bit);
		}
	}
	ok(accepted == 0, "none of %d with one bit changed", flips);
	ok(judge_text(token, len, len) == AZ_OK, "but itself");
	free(token);
}

/* ---- callbacks that leave, and one object for many tokens ---- */

typedef struct Leap
{
	jmp_buf		back;
	int			countdown;
} Leap;

static bool
leap(void *arg, const char *utf8, size_t len, char **out, size_t *out_len)
{
	Leap	   *l = arg;

	if (--l->countdown == 0)
		longjmp(l->back, 1);
	return to_latin1(NULL, utf8, len, out, out_len);
}

/* That nothing is lost is for the leak checker to say. */
static void
test_leaps(void)
{
	static Asked asked;
	static Leap l;
	static volatile int left;
	AzConverter converter = {leap, &l};
	AzIssuer   *issuer = new_issuer("https://x/", NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *token = mint(HEADER, BASE ",\"sub\":\"\\u00e9\",\"roles\":[\"\\u00e8\"]}");
	const AzIdentity *id = NULL;

	issuer->any_audience = true;
	trust.revoked = revoked;
	trust.arg = &asked;
	asked.leave = true;
	if (setjmp(asked.back) == 0)
		verify_at(&trust, token, NOW, &id);
	else
		left++;
	ok(left == 1 && id == NULL, "left by the question whether it is revoked");

	asked.leave = false;
	trust.converter = &converter;
	l.countdown = 2;
	if (setjmp(l.back) == 0)
		verify_at(&trust, token, NOW, &id);
	else
		left++;
	ok(left == 2 && id == NULL, "left by the converter");

	ok(verify_at(&trust, token, NOW, &id) == AZ_OK && is_text(id, &id->subject, "\xE9"),
	   "and used again");

	/* left, and freed at once */
	az_verification_free(verification);
	verification = az_verification_new();
	must(verification != NULL, "out of memory");
	l.countdown = 1;
	if (setjmp(l.back) == 0)
		verify_at(&trust, token, NOW, &id);
	else
		left++;
	az_verification_free(verification);
	verification = az_verification_new();
	must(verification != NULL, "out of memory");
	ok(left == 3, "left, and freed");
	free(token);
	az_issuer_free(issuer);
}

/* ---- claims that nobody has signed ---- */

static void
test_unsigned(void)
{
	static const struct
	{
		const char *what;
		const char *options;
		const char *claims;
		AzReason	named;		/* the issuer is given */
		AzReason	chosen;		/* it is the one that the claims choose */
	}			cases[] = {
		{"a subject", NULL, ISS ",\"sub\":\"a\"}", AZ_OK, AZ_OK},
		{"no issuer", NULL, "{\"sub\":\"a\"}", AZ_OK, AZ_ISSUER_UNTRUSTED},
		{"another issuer", NULL, "{\"iss\":\"https://y/\",\"sub\":\"a\"}", AZ_OK, AZ_ISSUER_UNTRUSTED},
		{"an audience, times and a binding", "{\"max_age_seconds\":5}",
		ISS ",\"aud\":[5],\"exp\":1,\"nbf\":1800000000,\"iat\":1900000000,\"cnf\":{}}", AZ_OK, AZ_OK},
		{"times of other types", NULL, ISS ",\"exp\":\"x\",\"nbf\":[],\"iat\":{}}", AZ_OK, AZ_OK},
		{"required claims of a token", "{\"required_claims\":[\"iat\",\"exp\",\"nbf\",\"jti\",\"aud\"]}", ISS "}", AZ_OK, AZ_OK},
		{"one of a person", "{\"required_claims\":[\"email\"]}", ISS "}", AZ_CLAIM_MISSING, AZ_CLAIM_MISSING},
		{"a value", "{\"claim_values\":[{\"claim\":\"k\",\"values\":[\"v\"]}]}", ISS ",\"k\":\"v\"}", AZ_OK, AZ_OK},
		{"another value", "{\"claim_values\":[{\"claim\":\"k\",\"values\":[\"v\"]}]}", ISS ",\"k\":\"w\"}", AZ_CLAIM_VALUE, AZ_CLAIM_VALUE},
		{"a number for a subject", NULL, ISS ",\"sub\":5}", AZ_CLAIM_TYPE, AZ_CLAIM_TYPE},
		{"no actor", NULL, ISS ",\"act\":1}", AZ_ACTOR_CLAIM, AZ_ACTOR_CLAIM},
		{"groups elsewhere", NULL, ISS ",\"hasgroups\":true}", AZ_GROUPS_UNLISTED, AZ_GROUPS_UNLISTED},
		{"an array", NULL, "[]", AZ_PAYLOAD_JSON, AZ_PAYLOAD_JSON},
		{"a member twice", NULL, "{\"sub\":\"a\",\"sub\":\"b\"}", AZ_PAYLOAD_JSON, AZ_PAYLOAD_JSON},
		{"nothing", NULL, "", AZ_PAYLOAD_JSON, AZ_PAYLOAD_JSON},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		AzIssuer   *issuer = new_issuer("https://x/", cases[i].options);
		AzTrust		trust = trust_of(&issuer, 1);
		const AzIdentity *id;
		int			given;

		for (given = 0; given <= 1; given++)
		{
			AzReason	reason = az_read_unsigned(verification, cases[i].claims, strlen(cases[i].claims), &trust,
												  given ? issuer : NULL, &id);

			ok(reason == (given ? cases[i].named : cases[i].chosen) && (reason == AZ_OK) == (id != NULL),
			   "unsigned, %s: %s: %s", given ? "named" : "chosen", name_of(reason), cases[i].what);
			if (id != NULL)
				ok(az_identity_check(id, id->size) && id->deadline == INT64_MAX && id->not_before == AZ_TIME_NONE &&
				   id->thumbprint[0] == '\0' && is_text(id, &id->trust_issuer, "https://x/") &&
				   !az_is_key_of(issuer->keys[0], id), "it has no end and no key");
		}
		az_issuer_free(issuer);
	}
}

/* Neither leaves anything to the other. */
static void
test_unsigned_between(void)
{
	AzIssuer   *issuer = new_issuer("https://x/", NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *bound = mint(HEADER, BASE ",\"cnf\":{}}");
	const char *claims = BASE ",\"cnf\":{},\"sub\":\"a\"}";
	const AzIdentity *id;

	issuer->any_audience = true;
	trust.max_token_size = 200;
	ok(az_read_unsigned(verification, claims, strlen(claims), &trust, issuer, &id) == AZ_OK &&
	   id->expires == INT64_C(1700000100000000), "exp is told, and does not end it");
	ok(verify_at(&trust, bound, NOW, &id) == AZ_BOUND, "a token that follows is judged as one");
	ok(verify_at(&trust, claims, NOW, &id) == AZ_SEGMENT_COUNT, "claims are no token");
	trust.max_token_size = strlen(claims) - 1;
	ok(az_read_unsigned(verification, claims, strlen(claims), &trust, issuer, &id) == AZ_TOKEN_TOO_LARGE, "too many bytes");
	free(bound);
	az_issuer_free(issuer);
}

static void
test_reuse(void)
{
	AzIssuer   *issuer = new_issuer("https://x/", NULL);
	AzTrust		trust = trust_of(&issuer, 1);
	char	   *good = mint(HEADER, BASE ",\"sub\":\"good\"}");
	char	   *bad = mint(HEADER, ISS ",\"exp\":1,\"sub\":\"bad\"}");
	char		large[60000];
	char	   *big;
	const AzIdentity *id;
	int			i;
	int			wrong = 0;

	memset(large, ' ', sizeof(large));
	sprintf(large, BASE ",\"sub\":\"big\"");
	large[strlen(large)] = ' ';
	strcpy(large + 40000, "}");
	big = mint(HEADER, large);

	issuer->any_audience = true;
	for (i = 0; i < 300; i++)
	{
		wrong += verify_at(&trust, good, NOW, &id) != AZ_OK || !is_text(id, &id->subject, "good");
		wrong += verify_at(&trust, bad, NOW, &id) != AZ_EXPIRED || id != NULL;
		wrong += verify_at(&trust, big, NOW, &id) != AZ_OK || !is_text(id, &id->subject, "big");
	}
	ok(wrong == 0, "one object, %d tokens", 3 * i);
	free(good);
	free(bad);
	free(big);
	az_issuer_free(issuer);
	az_verification_free(NULL);
}

int
main(void)
{
	verification = az_verification_new();
	must(verification != NULL, "out of memory");
	test_header();
	test_payload();
	test_any_audience();
	test_times();
	test_deadline();
	test_claims();
	test_actors();
	test_actor_names();
	test_ceilings();
	test_issuers();
	test_wishes();
	test_hint();
	test_again();
	test_revocation();
	test_order();
	test_text();
	test_leaps();
	test_unsigned();
	test_unsigned_between();
	test_reuse();
	az_verification_free(verification);
	return tap_done();
}
