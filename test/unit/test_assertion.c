/*-------------------------------------------------------------------------
 *
 * test_assertion.c
 *	  What one server tells another: made, taken, and refused.
 *
 *-------------------------------------------------------------------------
 */
#include "examples.h"
#include "tokens.h"

#include "token/assertion.h"

#define D		"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define X		ED25519_X

static AzVerification *verification;

static AzSigningKey *
signing_key(void)
{
	AzJson	   *jwk = parse("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\",\"d\":\"" D "\"}");
	AzSigningKey *key;
	AzKeyError	error;

	must(az_signing_key_from_jwk(jwk, "c1", &key, &error) == AZ_KEY_OK, "key");
	az_json_free(jwk);
	return key;
}

static const AzKey *
find_key(void *arg, const char *kid, size_t len)
{
	return len == 2 && memcmp(kid, "c1", 2) == 0 ? arg : NULL;
}

int
main(void)
{
	AzIssuer   *issuer = new_issuer("https://x/", NULL);
	AzTrust		trust = {.issuers = &issuer, .nissuers = 1, .max_token_size = 65536};
	AzSigningKey *key = signing_key();
	AzAssertion assertion = {"1/db", "n", NULL, NOW_SECONDS, NOW_SECONDS + 60};
	AzVerification *other = az_verification_new();
	AzAssertionTrust by = {find_key, NULL, NULL};
	const AzIdentity *id;
	const AzIdentity *far;
	AzKey	   *public_key;
	AzKeyError	error;
	AzJson	   *jwk;
	char	   *text;
	char	   *token;

	verification = az_verification_new();
	add_audience(issuer, "api");
	text = az_signing_key_public_jwk(key);
	jwk = parse(text);
	must(az_key_from_jwk(jwk, 0, false, &public_key, &error) == AZ_KEY_OK, "public");
	az_json_free(jwk);
	by.arg = public_key;
	token = mint("{\"alg\":\"HS256\",\"kid\":\"k1\"}",
				 "{\"iss\":\"https://x/\",\"aud\":\"api\",\"exp\":1700000100,\"z\":{\"b\":1e5,\"\":[true,null,\"\\u0001\\ud83d\\ude00\"],\"a\":-0.0}}");
	must(az_verify(verification, token, strlen(token), NOW, &trust, &id) == AZ_OK, "verify");
	free(text);
	text = az_assertion_make(key, &assertion, id, NULL);
	printf("# %s\n", text);
	ok(az_is_assertion(text, strlen(text)) && !az_is_assertion(token, strlen(token)), "is");
	ok(az_verify_assertion(other, text, strlen(text), NOW, &trust, &by, &far) == AZ_OK && far->asserted, "taken");
	ok(az_verify(other, text, strlen(text), NOW, &trust, &far) == AZ_ASSERTION_NOT_HERE, "refused");
	free(text);
	free(token);
	az_key_free(public_key);
	az_signing_key_free(key);
	az_verification_free(verification);
	az_verification_free(other);
	az_issuer_free(issuer);
	return tap_done();
}
