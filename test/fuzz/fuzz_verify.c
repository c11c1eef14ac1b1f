/*-------------------------------------------------------------------------
 *
 * fuzz_verify.c
 *	  The whole verification: nothing is accepted that was not signed.
 *
 * The first byte says what the rest is: a token, or a header, a line feed and
 * a payload, which are signed here, and then changed in one place.  Whether an
 * accepted token was signed is found out apart from the library: HMAC and
 * Ed25519 give one signature for one text, so it is made again; of the keys
 * whose private halves nobody here has, one token each is known.
 *
 *-------------------------------------------------------------------------
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "token/b64url.h"
#include "fuzz.h"
#include "../unit/examples.h"

#define SECRET			"0123456789abcdef0123456789abcdef"
#define SIGNATURE_MAX	64

/* RFC 8037, A.1 */
#define ED25519_D		"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

static unsigned char rfc_secret[64];
static EVP_PKEY *ed25519;
static AzIssuer *issuers[3];
static AzVerification *verification;

static const char usual_options[] =
"{\"scope_claims\":[\"scope\",[\"realm_access\",\"roles\"]],\"role_claims\":[\"roles\"],"
"\"admin_groups\":[\"admins\"],\"email_claim\":\"email\",\"leeway_seconds\":0}";

/* Every option that demands something, of tokens that name nobody. */
static const char strict_options[] =
"{\"unnamed\":true,\"audience_claims\":[\"client_id\",[\"a\",\"b\"],\"aud\"],"
"\"claim_values\":[{\"claim\":\"azp\",\"values\":[\"app\",\"7\",\"true\"]},{\"claim\":\"nonce\",\"absent\":true},"
"{\"any\":[{\"claim\":\"sts\",\"absent\":true},{\"claim\":\"sts\",\"values\":[\"active\"]}]},"
"{\"claim\":{\"path\":[\"roles\"],\"keys\":true},\"values\":[\"r\"]}],"
"\"token_types\":[\"at+jwt\",\"application/x\"],\"token_type_required\":true,\"skew_seconds\":5,"
"\"session_claim\":[\"s\",\"id\"],\"groups_overage\":\"raise\",\"merge_claims\":true,"
"\"role_claims\":[{\"path\":\"roles\",\"keys\":true},\"more\"],\"org_shape\":\"list\",\"org_claims\":[\"orgs\"],"
"\"org_id_claim\":[[\"o\",\"id\"],\"id\"],\"client_id_claims\":[\"cid\",\"azp\"],\"org_role_claims\":[\"roles\"],\"application\":\"app\"}";

static AzIssuer *
make_issuer(const char *name, const char *options, const char *const *jwks, size_t n)
{
	AzIssuer   *issuer = az_issuer_new(name, strlen(name));
	AzOptionError option_error;
	AzJson	   *json;
	size_t		i;

	HOLDS(issuer != NULL);
	HOLDS(az_json_parse(options, strlen(options), &json) == AZ_JSON_OK);
	HOLDS(az_issuer_apply(issuer, json, &option_error));
	az_json_free(json);
	for (i = 0; i < n; i++)
	{
		AzKeyError	error;
		AzKey	   *key;

		HOLDS(az_json_parse(jwks[i], strlen(jwks[i]), &json) == AZ_JSON_OK);
		HOLDS(az_key_from_jwk(json, 0, true, &key, &error) == AZ_KEY_OK);
		HOLDS(az_issuer_add_key(issuer, key));
		az_json_free(json);
	}
	issuer->algorithms = AZ_ALGS_ALL;
	return issuer;
}

static void
prepare(void)
{
	static const char *const joe[] = {
		"{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}",
		"{\"kty\":\"RSA\",\"alg\":\"RS256\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" P521_X "\",\"y\":\"" P521_Y "\"}",
	};
	static const char *const ours[] = {
		"{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"h\","
		"\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}",
		"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"e\",\"x\":\"" ED25519_X "\"}",
		"{\"kty\":\"RSA\",\"alg\":\"PS256\",\"kid\":\"p\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}",
	};
	unsigned char seed[36];
	size_t		len;

	issuers[0] = make_issuer("joe", usual_options, joe, 4);
	issuers[0]->any_audience = true;
	issuers[1] = make_issuer("https://x/", usual_options, ours, 3);
	issuers[2] = make_issuer("strict", strict_options, ours, 3);
	HOLDS(az_issuer_add_audience(issuers[2], "api", 3));
	HOLDS(az_issuer_add_audience(issuers[1], "api", 3));
	HOLDS(az_b64url_decode(OCT_K, strlen(OCT_K), rfc_secret, &len) && len == 64);
	HOLDS(az_b64url_decode(ED25519_D, strlen(ED25519_D), seed, &len) && len == 32);
	ed25519 = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, len);
	verification = az_verification_new();
	HOLDS(ed25519 != NULL && verification != NULL);
}

static void
hmac(const void *secret, int secret_len, const char *text, size_t len, unsigned char *sig)
{
	HOLDS(HMAC(EVP_sha256(), secret, secret_len, (const unsigned char *) text, len, sig,
			   NULL) != NULL);
}

static void
sign_ed25519(const char *text, size_t len, unsigned char *sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t		sig_len = SIGNATURE_MAX;

	HOLDS(ctx != NULL && EVP_DigestSignInit(ctx, NULL, NULL, NULL, ed25519) == 1);
	HOLDS(EVP_DigestSign(ctx, sig, &sig_len, (const unsigned char *) text, len) == 1);
	EVP_MD_CTX_free(ctx);
}

/* Does the last segment say those bytes? */
static bool
ends_in(const char *token, size_t len, size_t text_len, const unsigned char *sig, size_t sig_len)
{
	char		encoded[AZ_B64URL_ENCODED_LEN(SIGNATURE_MAX) + 1];

	az_b64url_encode(sig, sig_len, encoded);
	return len - text_len - 1 == strlen(encoded) &&
		memcmp(token + text_len + 1, encoded, strlen(encoded)) == 0;
}

static bool
was_signed(const char *token, size_t len)
{
	static const char *const known[] = {RSA_TOKEN, P256_TOKEN, P521_TOKEN};
	unsigned char sig[SIGNATURE_MAX];
	size_t		text_len = len;
	size_t		i;

	while (text_len > 0 && token[text_len - 1] != '.')
		text_len--;
	HOLDS(text_len > 0);
	text_len--;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		size_t		known_len = (size_t) (strrchr(known[i], '.') - known[i]);

		if (known_len == text_len && memcmp(known[i], token, text_len) == 0)
			return true;
	}
	hmac(SECRET, 32, token, text_len, sig);
	if (ends_in(token, len, text_len, sig, 32))
		return true;
	hmac(rfc_secret, 64, token, text_len, sig);
	if (ends_in(token, len, text_len, sig, 32))
		return true;
	sign_ed25519(token, text_len, sig);
	return ends_in(token, len, text_len, sig, 64);
}

static bool
is_revoked(void *arg, const AzRevocable *what)
{
	(void) arg;
	return what->token_id != NULL && strcmp(what->token_id, "revoked") == 0;
}

static AzReason
judge(const char *token, size_t len, int64_t now)
{
	AzTrust		trust = {
		.issuers = issuers,
		.nissuers = 3,
		.max_token_size = 65536,
		.revoked = is_revoked
	};
	const AzIdentity *id = NULL;
	const char *text;
	size_t		text_len;
	AzReason	reason = az_verify(verification, token, len, now, &trust, &id);

	HOLDS((reason == AZ_OK) == (id != NULL));
	if (az_verification_hint(verification) != NULL)
		HOLDS(reason != AZ_OK && strlen(az_verification_hint(verification)) < sizeof(((AzHint *) NULL)->text));
	HOLDS(reason != AZ_NO_MEMORY && reason != AZ_CRYPTO_FAILURE);
	if (reason != AZ_OK)
		return reason;
	HOLDS(was_signed(token, len));
	HOLDS(az_identity_check(id, id->size));
	if (az_node_text(id, &id->issuer, &text, &text_len) && text_len == 6)
		HOLDS(az_node_member(id, &id->claims, "iss", 3) == NULL &&
			  az_node_member(id, &id->claims, "cnf", 3) == NULL &&
			  az_set_has(id, &id->roles, "r", 1));
	HOLDS(now < id->deadline && (id->not_before == AZ_TIME_NONE || id->not_before <= now));
	if (az_node_text(id, &id->token_id, &text, &text_len))
		HOLDS(text_len != 7 || memcmp(text, "revoked", 7) != 0);
	return reason;
}

/* Whether it holds or not, one change to it is never accepted. */
static void
change(char *token, size_t len, size_t place, int64_t now)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
	char		before = token[place];
	char		other = alphabet[(place + len) % 65];

	token[place] = other != before ? other : alphabet[(place + len + 1) % 65];
	HOLDS(judge(token, len, now) != AZ_OK);
	token[place] = before;
	HOLDS(judge(token, len - 1, now) != AZ_OK);
}

static void
sign_and_judge(const char *header, size_t header_len, const char *payload, size_t payload_len,
			   bool edwards, int64_t now)
{
	size_t		h = AZ_B64URL_ENCODED_LEN(header_len);
	size_t		p = AZ_B64URL_ENCODED_LEN(payload_len);
	size_t		len = h + 1 + p;
	char	   *token = malloc(len + 1 + AZ_B64URL_ENCODED_LEN(SIGNATURE_MAX) + 1);
	unsigned char sig[SIGNATURE_MAX];
	size_t		i;

	HOLDS(token != NULL);
	az_b64url_encode((const unsigned char *) header, header_len, token);
	az_b64url_encode((const unsigned char *) payload, payload_len, token + h + 1);
	token[h] = token[len] = '.';
	if (edwards)
		sign_ed25519(token, len, sig);
	else
		hmac(SECRET, 32, token, len, sig);
	token[len] = '.';
	az_b64url_encode(sig, edwards ? 64 : 32, token + len + 1);
	len += 1 + AZ_B64URL_ENCODED_LEN(edwards ? 64 : 32);
	if (judge(token, len, now) == AZ_OK)
		for (i = 0; i < 4; i++)
			change(token, len, (size_t) (i * len / 4 + header_len + payload_len) % len, now);
	free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *header;
	const char *payload;
	size_t		header_len;
	size_t		payload_len;
	int64_t		now;

	if (verification == NULL)
		prepare();
	if (size == 0)
		return 0;
	now = INT64_C(1000000) * (data[0] & 4 ? 1300819000 : 1700000000);
	header = (const char *) data + 1;
	header_len = first_line(header, size - 1, &payload, &payload_len);
	if (data[0] & 1)
		sign_and_judge(header, header_len, payload, payload_len, (data[0] & 2) != 0, now);
	else
		judge(header, size - 1, now);
	return 0;
}
