/*-------------------------------------------------------------------------
 *
 * fuzz_assertion.c
 *	  Assertions: none is taken that the cluster's key has not signed, and what
 *	  is made of an identity is that identity.
 *
 * The first byte says what the rest is: a text; a header, a line feed and a payload,
 * which are signed here by the cluster's key, and then changed in one place; or the
 * payload of a token, which is verified, asserted, and verified again.  Whether it
 * was signed is found out apart from the library: Ed25519 gives one signature for one
 * text.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "token/assertion.h"
#include "../unit/examples.h"
#include "../unit/same.h"

#define SECRET			"0123456789abcdef0123456789abcdef"
#define SIGNATURE_LEN	64
#define MAX_SIZE		65536

/* RFC 8037, A.1 */
#define ED25519_D		"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

static EVP_PKEY *cluster;
static AzSigningKey *signing_key;
static AzKey *cluster_key;
static AzIssuer *issuers[2];
static AzVerification *here;
static AzVerification *there;
static int	asked;				/* how often the judge was */
static int64_t clock_seconds;

static const char options[] =
"{\"scope_claims\":[\"scope\",[\"realm_access\",\"roles\"]],\"role_claims\":[{\"path\":[\"roles\"],\"keys\":true},\"roles\"],"
"\"merge_claims\":true,\"admin_groups\":[\"admins\"],\"email_claim\":\"email\",\"leeway_seconds\":5,"
"\"groups_overage\":\"raise\",\"org_shape\":\"map\",\"org_claims\":[\"orgs\"],\"org_role_claims\":[\"roles\"]}";

static void
add_key(AzIssuer *issuer, const char *text)
{
	AzKeyError	error;
	AzJson	   *json;
	AzKey	   *key;

	HOLDS(az_json_parse(text, strlen(text), &json) == AZ_JSON_OK);
	HOLDS(az_key_from_jwk(json, 0, true, &key, &error) == AZ_KEY_OK);
	HOLDS(az_issuer_add_key(issuer, key));
	az_json_free(json);
}

/* One has the cluster's key as well, which helps nobody. */
static AzIssuer *
make_issuer(const char *name, const char *text)
{
	AzIssuer   *issuer = az_issuer_new(name, strlen(name));
	AzOptionError error;
	AzJson	   *json;

	HOLDS(issuer != NULL && az_json_parse(text, strlen(text), &json) == AZ_JSON_OK);
	HOLDS(az_issuer_apply(issuer, json, &error));
	az_json_free(json);
	add_key(issuer, "{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"c\","
			"\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}");
	add_key(issuer, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"c\",\"x\":\"" ED25519_X "\"}");
	issuer->algorithms = AZ_ALGS_ALL;
	issuer->any_audience = true;
	return issuer;
}

static void
prepare(void)
{
	static const char jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\",\"d\":\"" ED25519_D "\"}";
	static const char public_jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"c\",\"x\":\"" ED25519_X "\"}";
	unsigned char seed[36];
	AzKeyError	error;
	AzJson	   *json;
	size_t		len;

	HOLDS(az_b64url_decode(ED25519_D, strlen(ED25519_D), seed, &len) && len == 32);
	cluster = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, len);
	HOLDS(az_json_parse(jwk, strlen(jwk), &json) == AZ_JSON_OK);
	HOLDS(az_signing_key_from_jwk(json, "c", &signing_key, &error) == AZ_KEY_OK);
	az_json_free(json);
	HOLDS(az_json_parse(public_jwk, strlen(public_jwk), &json) == AZ_JSON_OK);
	HOLDS(az_key_from_jwk(json, 0, false, &cluster_key, &error) == AZ_KEY_OK);
	az_json_free(json);
	issuers[0] = make_issuer("https://x/", options);
	issuers[1] = make_issuer("unnamed", "{\"unnamed\":true,\"max_age_seconds\":600,\"required_claims\":[\"sub\"]}");
	here = az_verification_new();
	there = az_verification_new();
	HOLDS(cluster != NULL && here != NULL && there != NULL);
}

static void
sign(const char *text, size_t len, unsigned char *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t		sig_len = SIGNATURE_LEN;

	HOLDS(ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, cluster) == 1);
	HOLDS(EVP_DigestSign(ctx, sig, &sig_len, (const unsigned char *) text, len) == 1);
	EVP_MD_CTX_free(ctx);
}

static bool
was_signed(const char *token, size_t len)
{
	char		encoded[AZ_B64URL_ENCODED_LEN(SIGNATURE_LEN) + 1];
	unsigned char sig[SIGNATURE_LEN];
	size_t		text_len = len;

	while (text_len > 0 && token[text_len - 1] != '.')
		text_len--;
	HOLDS(text_len > 0);
	sign(token, text_len - 1, sig);
	az_b64url_encode(sig, sizeof(sig), encoded);
	return len - text_len == strlen(encoded) && memcmp(token + text_len, encoded, strlen(encoded)) == 0;
}

static const AzKey *
find_key(void *arg, const char *kid, size_t len)
{
	HOLDS(len > 0 && len <= AZ_MAX_KID && strlen(kid) == len);
	return arg;
}

static bool
is_text(const char *text)
{
	return strlen(text) > 0 && strlen(text) <= AZ_ASSERTION_TEXT_MAX;
}

/* Nobody hears of one that is not good for now. */
static AzReason
judge_use(void *arg, const AzAssertion *assertion)
{
	HOLDS(arg == cluster_key);
	HOLDS(is_text(assertion->destination) && is_text(assertion->nonce));
	HOLDS(assertion->stored == NULL || is_text(assertion->stored));
	HOLDS(az_assertion_is_short(assertion));
	HOLDS(assertion->expires > clock_seconds && assertion->issued <= clock_seconds + AZ_ASSERTION_SKEW);
	asked++;
	return strcmp(assertion->nonce, "used") == 0 ? AZ_ASSERTION_REPLAYED : AZ_OK;
}

static const AzTrust *
trust(void)
{
	static AzTrust all = {.issuers = issuers, .nissuers = 2, .max_token_size = MAX_SIZE};

	return &all;
}

static AzReason
judge(const char *token, size_t len, const AzIdentity **id)
{
	AzAssertionTrust by = {find_key, judge_use, cluster_key};
	int64_t		now = clock_seconds * INT64_C(1000000);
	bool		is = az_is_assertion(token, len);
	AzReason	reason;

	/* as a token it is worth nothing, though issuers have this very key */
	if (is)
		HOLDS(az_verify(there, token, len, now, trust(), id) != AZ_OK && *id == NULL);
	asked = 0;
	reason = az_verify_assertion(there, token, len, now, trust(), &by, id);
	HOLDS((reason == AZ_OK) == (*id != NULL));
	HOLDS(reason != AZ_NO_MEMORY && reason != AZ_CRYPTO_FAILURE && reason != AZ_ASSERTION_NOT_HERE);
	len = az_token_length(token, len);
	if (asked > 0)
		HOLDS(asked == 1 && is && was_signed(token, len));
	if (reason != AZ_OK)
		return reason;
	HOLDS(asked == 1);
	HOLDS(az_identity_check(*id, (*id)->size) && (*id)->asserted && (*id)->alg == AZ_ED25519);
	HOLDS(now < (*id)->deadline);
	return reason;
}

/*
 * With a use behind it: there is one way to write each, and none is of the chain that ends
 * with the anchor but those that are made from its beginning.
 */
static void
read_use(const char *text, size_t len)
{
	static unsigned char values[AZ_CHAIN_LAST + 1][AZ_CHAIN_VALUE];
	static bool made = false;
	AzAssertion assertion = {.anchor = values[0]};
	AzUse		use;
	char		again[AZ_CHAIN_TEXT_MAX + 1];
	size_t		n;

	HOLDS(made || az_chain_make((const unsigned char *) SECRET, values));
	made = true;
	if (!az_use_read(text, len, &n, &use))
		return;
	HOLDS(n <= len && use.number <= AZ_CHAIN_LAST && (use.number > 0 || n == len));
	if (use.number == 0)
		return;
	az_use_write(&use, again);
	HOLDS(strlen(again) == len - n && memcmp(again, text + n, len - n) == 0);
	HOLDS((az_assertion_use(&assertion, &use) == AZ_OK) ==
		  (memcmp(use.value, values[use.number], AZ_CHAIN_VALUE) == 0));
}

/* Whether it holds or not, one change to it is never accepted. */
static void
change(char *token, size_t len, size_t place)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	char		before = token[place];
	char		other = alphabet[(place + len) % 65];
	const AzIdentity *id;

	token[place] = other != before ? other : alphabet[(place + len + 1) % 65];
	HOLDS(judge(token, len, &id) != AZ_OK);
	token[place] = before;
	HOLDS(judge(token, len - 1, &id) != AZ_OK);
}

/* New memory. */
static char *
token_of(const char *header, size_t header_len, const char *payload, size_t payload_len, bool hmac,
		 size_t *len)
{
	size_t		h = AZ_B64URL_ENCODED_LEN(header_len);
	size_t		p = AZ_B64URL_ENCODED_LEN(payload_len);
	char	   *token = malloc(h + 1 + p + 1 + AZ_B64URL_ENCODED_LEN(SIGNATURE_LEN) + 1);
	unsigned char sig[SIGNATURE_LEN];
	size_t		sig_len = hmac ? 32 : SIGNATURE_LEN;

	HOLDS(token != NULL);
	az_b64url_encode((const unsigned char *) header, header_len, token);
	az_b64url_encode((const unsigned char *) payload, payload_len, token + h + 1);
	token[h] = '.';
	if (hmac)
		HOLDS(HMAC(EVP_sha256(), SECRET, 32, (const unsigned char *) token, h + 1 + p, sig, NULL) != NULL);
	else
		sign(token, h + 1 + p, sig);
	token[h + 1 + p] = '.';
	az_b64url_encode(sig, sig_len, token + h + p + 2);
	*len = h + p + 2 + AZ_B64URL_ENCODED_LEN(sig_len);
	return token;
}

static void
sign_and_judge(const char *header, size_t header_len, const char *payload, size_t payload_len)
{
	size_t		len;
	char	   *token = token_of(header, header_len, payload, payload_len, false, &len);
	const AzIdentity *id;
	size_t		i;

	if (judge(token, len, &id) == AZ_OK)
	{
		for (i = 0; i < 4; i++)
			change(token, len, (size_t) (i * len / 4 + header_len + payload_len) % len);
	}
	free(token);
}

static char *
assert_that(const AzIdentity *id)
{
	const AzAssertion assertion = {"7/db", "n", "d", clock_seconds, clock_seconds + 60};
	char	   *text = az_assertion_make(signing_key, &assertion, id, NULL);

	HOLDS(text != NULL);
	return text;
}

static void
verify_and_assert(const char *payload, size_t payload_len)
{
	static const char header[] = "{\"alg\":\"HS256\",\"kid\":\"c\"}";
	size_t		len;
	char	   *token = token_of(header, strlen(header), payload, payload_len, true, &len);
	const AzIdentity *id;
	const AzIdentity *told;
	char	   *text;
	char	   *again;

	if (az_verify(here, token, len, clock_seconds * INT64_C(1000000), trust(), &id) == AZ_OK)
	{
		text = assert_that(id);
		HOLDS(judge(text, strlen(text), &told) == AZ_OK);
		HOLDS(is_same_person(id, told));
		again = assert_that(told);
		HOLDS(strcmp(text, again) == 0);
		free(again);
		free(text);
	}
	free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *header;
	const char *payload;
	size_t		header_len;
	size_t		payload_len;
	const AzIdentity *id;

	if (cluster == NULL)
		prepare();
	if (size == 0)
		return 0;
	clock_seconds = data[0] & 4 ? 1300819000 : 1700000000;
	header = (const char *) data + 1;
	header_len = first_line(header, size - 1, &payload, &payload_len);
	switch (data[0] & 3)
	{
		case 0:
			read_use(header, size - 1);
			judge(header, size - 1, &id);
			break;
		case 1:
			sign_and_judge(header, header_len, payload, payload_len);
			break;
		default:
			verify_and_assert(header, size - 1);
	}
	return 0;
}
