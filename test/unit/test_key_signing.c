/*-------------------------------------------------------------------------
 *
 * test_key_signing.c
 *	  Private keys that sign: what is taken for one, what comes out again, and
 *	  the example of RFC 8037.
 *
 *-------------------------------------------------------------------------
 */
#include "examples.h"
#include "tokens.h"

#include "token/key_signing.h"
#include "token/jws.h"

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

int
main(void)
{
	test_example();
	return tap_done();
}
