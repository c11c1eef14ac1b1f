/*-------------------------------------------------------------------------
 *
 * test_pem.c
 *	  One PEM block is one public key, and a key like a JWK.
 *
 *-------------------------------------------------------------------------
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "token/jwk.h"
#include "signer.h"
#include "tap.h"

#define PEM_MAX		8192

static const char *const status_names[] = {
	[AZ_KEY_OK] = "accept",
	[AZ_KEY_NOT_FOR_SIGNATURES] = "skip",
	[AZ_KEY_REFUSED] = "refuse",
	[AZ_KEY_NO_MEMORY] = "no memory",
};

static AzKeyStatus
load(const char *pem, size_t len, const char *kid, const char *alg, AzAlgs bind,
	 AzKey **key, AzKeyError *error)
{
	char	   *copy = malloc(len > 0 ? len : 1);
	AzKeyStatus status;

	/* without terminator, for the sanitizers */
	MUST(copy != NULL);
	memcpy(copy, pem, len);
	status = az_key_from_pem(copy, len, kid, alg, bind, key, error);
	free(copy);
	return status;
}

static void
expect_bytes(AzKeyStatus expected, const char *pem, size_t len, const char *alg,
			 const char *what)
{
	AzKey	   *key;
	AzKeyError	error;
	AzKeyStatus status = load(pem, len, NULL, alg, 0, &key, &error);

	ok(status == expected && (key != NULL) == (status == AZ_KEY_OK) &&
	   (error.why == NULL) == (status == AZ_KEY_OK) && ERR_peek_error() == 0,
	   "%s %s%s%s", status_names[expected], what, error.why != NULL ? ": " : "",
	   error.why != NULL ? error.why : "");
	az_key_free(key);
}

static void
expect(AzKeyStatus expected, const char *pem, const char *alg, const char *what)
{
	expect_bytes(expected, pem, strlen(pem), alg, what);
}

/* What a BIO in memory holds, as a string in buf; frees the BIO. */
static char *
text_of(BIO *bio, char *buf)
{
	int			len = BIO_read(bio, buf, PEM_MAX - 1);

	MUST(len > 0 && len < PEM_MAX - 1);
	buf[len] = '\0';
	BIO_free(bio);
	return buf;
}

static char *
public_pem(EVP_PKEY *pkey, char *buf)
{
	BIO		   *bio = BIO_new(BIO_s_mem());

	MUST(bio != NULL && PEM_write_bio_PUBKEY(bio, pkey) == 1);
	return text_of(bio, buf);
}

static char *
private_pem(EVP_PKEY *pkey, char *buf)
{
	BIO		   *bio = BIO_new(BIO_s_mem());

	MUST(bio != NULL &&
		 PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1);
	return text_of(bio, buf);
}

/* Any bytes under any name. */
static char *
raw_pem(const char *name, const unsigned char *der, int len, char *buf)
{
	BIO		   *bio = BIO_new(BIO_s_mem());

	MUST(bio != NULL && PEM_write_bio(bio, name, "", der, len) > 0);
	return text_of(bio, buf);
}

/*
 * A certificate that signs itself; usage: the extension's text, or NULL.
 */
static char *
certificate_pem(EVP_PKEY *pkey, const char *usage, char *buf)
{
	X509	   *cert = X509_new();
	BIO		   *bio = BIO_new(BIO_s_mem());

	MUST(cert != NULL && bio != NULL && X509_set_version(cert, 2) == 1);
	MUST(ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1);
	MUST(X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL);
	MUST(X509_gmtime_adj(X509_getm_notAfter(cert), 3600) != NULL);
	MUST(X509_set_pubkey(cert, pkey) == 1);
	if (usage != NULL)
	{
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_key_usage, usage);

		MUST(ext != NULL && X509_add_ext(cert, ext, -1) == 1);
		X509_EXTENSION_free(ext);
	}
	MUST(X509_sign(cert, pkey, EVP_sha256()) > 0);
	MUST(PEM_write_bio_X509(bio, cert) == 1);
	X509_free(cert);
	return text_of(bio, buf);
}

/*
 * The key in a PEM block is the one that its JWK describes.
 */
static void
test_same(AzAlg alg)
{
	const char *name = az_alg_info(alg)->name;
	char		pem[PEM_MAX];
	Signer		signer;
	AzJson	   *json;
	AzKey	   *key;
	AzKey	   *twin;
	AzKeyError	error;
	char	   *jwk;

	if (!signer_init(&signer, alg))
	{
		ok(az_alg_info(alg)->kty == AZ_KTY_AKP, "%s: not offered by this OpenSSL", name);
		return;
	}
	public_pem(signer.pkey, pem);
	jwk = signer_jwk(&signer, "");
	MUST(az_json_parse(jwk, strlen(jwk), &json) == AZ_JSON_OK);
	MUST(az_key_from_jwk(json, 0, false, &twin, &error) == AZ_KEY_OK);

	if (ok(load(pem, strlen(pem), "k", NULL, 0, &key, &error) == AZ_KEY_OK, "accept %s", name))
	{
		ok(az_key_alg(key) == alg, "%s: bound to it", name);
		ok(strcmp(az_key_thumbprint(key), az_key_thumbprint(twin)) == 0,
		   "%s: the key of the JWK", name);
		ok(strcmp(az_key_kid(key), "k") == 0 && strcmp(error.kid, "k") == 0, "%s: its kid", name);
	}
	az_key_free(key);
	expect(AZ_KEY_OK, pem, name, "it with its algorithm");
	expect(AZ_KEY_REFUSED, pem, alg == AZ_ES256 ? "ES384" : "ES256", "it with another");
	expect(AZ_KEY_REFUSED, pem, "HS256", "it with HS256");
	expect(AZ_KEY_NOT_FOR_SIGNATURES, pem, "none", "it with none");

	az_json_free(json);
	free(jwk);
	az_key_free(twin);
	signer_free(&signer);
}

static void
bound(AzAlg expected, const char *pem, const char *alg, AzAlgs bind, const char *what)
{
	AzKey	   *key;
	AzKeyError	error;

	load(pem, strlen(pem), NULL, alg, bind, &key, &error);
	ok(key != NULL && az_key_alg(key) == expected, "%s: %s", what,
	   az_alg_info(expected)->name);
	ok(key != NULL && az_key_kid(key) == NULL, "without kid");
	az_key_free(key);
}

static void
test_binding(void)
{
	char		pem[PEM_MAX];
	Signer		signer;
	AzKey	   *key;
	AzKeyError	error;

	MUST(signer_init(&signer, AZ_RS256));
	public_pem(signer.pkey, pem);
	bound(AZ_RS256, pem, NULL, 0, "RSA");
	bound(AZ_PS512, pem, NULL, AZ_ALG_BIT(AZ_PS512), "where one is allowed");
	bound(AZ_RS256, pem, NULL, AZ_ALGS_ALL, "where all are");
	bound(AZ_PS256, pem, "PS256", AZ_ALG_BIT(AZ_PS512), "what was said");
	ok(load(pem, strlen(pem), "", NULL, 0, &key, &error) == AZ_KEY_REFUSED && key == NULL,
	   "refuse an empty kid");
	signer_free(&signer);
	MUST(signer_init(&signer, AZ_ED25519));
	bound(AZ_ED25519, public_pem(signer.pkey, pem), "EdDSA", 0, "EdDSA");
	signer_free(&signer);
}

static void
test_blocks(void)
{
	char		pem[PEM_MAX];
	char		other[PEM_MAX];
	char		text[2 * PEM_MAX + 64];
	unsigned char *der = NULL;
	Signer		signer;
	int			len;

	MUST(signer_init(&signer, AZ_RS256));

	/* PKCS#1 */
	len = i2d_PublicKey(signer.pkey, &der);
	MUST(len > 0);
	expect(AZ_KEY_OK, raw_pem("RSA PUBLIC KEY", der, len, pem), NULL, "RSA PUBLIC KEY");
	expect(AZ_KEY_REFUSED, raw_pem("PUBLIC KEY", der, len, pem), NULL, "it as PUBLIC KEY");
	expect(AZ_KEY_REFUSED, raw_pem("EC PUBLIC KEY", der, len, pem), NULL, "it as EC PUBLIC KEY");
	OPENSSL_free(der);

	/* SubjectPublicKeyInfo, and with a byte behind it */
	der = NULL;
	len = i2d_PUBKEY(signer.pkey, &der);
	MUST(len > 0);
	memcpy(text, der, (size_t) len);
	text[len] = 0;
	expect(AZ_KEY_OK, raw_pem("PUBLIC KEY", der, len, pem), NULL, "PUBLIC KEY");
	expect(AZ_KEY_REFUSED, raw_pem("PUBLIC KEY", (unsigned char *) text, len + 1, pem), NULL,
		   "it with a byte more");
	expect(AZ_KEY_REFUSED, raw_pem("PUBLIC KEY", der, len - 1, pem), NULL,
		   "it with a byte less");
	expect(AZ_KEY_REFUSED, raw_pem("RSA PUBLIC KEY", der, len, pem), NULL,
		   "it as RSA PUBLIC KEY");
	expect(AZ_KEY_REFUSED, raw_pem("CERTIFICATE", der, len, pem), NULL, "it as CERTIFICATE");
	OPENSSL_free(der);

	/* private keys */
	expect(AZ_KEY_REFUSED, private_pem(signer.pkey, pem), NULL, "a private key");
	der = NULL;
	len = i2d_PrivateKey(signer.pkey, &der);
	MUST(len > 0);
	expect(AZ_KEY_REFUSED, raw_pem("RSA PRIVATE KEY", der, len, pem), NULL,
		   "an RSA PRIVATE KEY");
	OPENSSL_free(der);

	/* Q25: what stands beside the block */
	public_pem(signer.pkey, pem);
	snprintf(text, sizeof(text), "\r\n \t%s\n\n ", pem);
	expect(AZ_KEY_OK, text, NULL, "white space around");
	snprintf(text, sizeof(text), "subject=CN = x\n-----\n%s", pem);
	expect(AZ_KEY_OK, text, NULL, "text before");
	snprintf(text, sizeof(text), "key: %s", pem);
	expect(AZ_KEY_OK, text, NULL, "text in the same line");
	snprintf(text, sizeof(text), "%skey -----END PUBLIC KEY-----\n", pem);
	expect(AZ_KEY_OK, text, NULL, "text behind");
	memcpy(text, pem, strlen(pem));
	memcpy(text + strlen(pem) - 1, "\" me\n", 6);
	expect(AZ_KEY_OK, text, NULL, "text in the last line");
	snprintf(text, sizeof(text), "%.*s", (int) strlen(pem) - 1, pem);
	expect(AZ_KEY_OK, text, NULL, "no newline behind");
	snprintf(text, sizeof(text), "%.*s", (int) strlen(pem) - 3, pem);
	expect(AZ_KEY_REFUSED, text, NULL, "a dash that is missing");
	snprintf(text, sizeof(text), "%s%s", pem, pem);
	expect(AZ_KEY_REFUSED, text, NULL, "two blocks");
	snprintf(text, sizeof(text), "%s\nand %s", pem, private_pem(signer.pkey, other));
	expect(AZ_KEY_REFUSED, text, NULL, "a private key behind");
	snprintf(text, sizeof(text), "x\n%s", private_pem(signer.pkey, other));
	expect(AZ_KEY_REFUSED, text, NULL, "a private key behind text");
	snprintf(text, sizeof(text), "%s-----BEGIN RSA PRIVATE KEY-----\n", pem);
	expect(AZ_KEY_REFUSED, text, NULL, "the beginning of a private key behind");
	snprintf(text, sizeof(text), "-----BEGIN NOTHING\n%s", pem);
	expect(AZ_KEY_REFUSED, text, NULL, "a beginning before the block");
	memcpy(text, pem, strlen(pem) + 1);
	expect_bytes(AZ_KEY_OK, text, strlen(pem) + 1, NULL, "a NUL behind");
	text[strlen(pem) - 20] = '\0';
	expect(AZ_KEY_REFUSED, text, NULL, "half of an end");
	expect(AZ_KEY_REFUSED, "", NULL, "nothing");
	expect(AZ_KEY_REFUSED, " \n", NULL, "white space");
	expect(AZ_KEY_REFUSED, "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", NULL,
		   "an empty block");
	expect(AZ_KEY_REFUSED, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me\n", NULL,
		   "a key of OpenSSH");
	snprintf(text, sizeof(text),
			 "-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n%s",
			 strchr(pem, '\n') + 1);
	expect(AZ_KEY_REFUSED, text, NULL, "a block with headers");
	signer_free(&signer);
}

static void
test_certificate(void)
{
	char		pem[PEM_MAX];
	Signer		signer;

	MUST(signer_init(&signer, AZ_ES256));
	expect(AZ_KEY_OK, certificate_pem(signer.pkey, NULL, pem), NULL, "a certificate");
	bound(AZ_ES256, pem, NULL, 0, "its key");
	expect(AZ_KEY_OK, certificate_pem(signer.pkey, "critical,digitalSignature,keyCertSign", pem),
		   NULL, "one for digital signatures");
	expect(AZ_KEY_REFUSED, certificate_pem(signer.pkey, "keyEncipherment", pem), NULL,
		   "one to encrypt keys");
	signer_free(&signer);
}

/* ---- secrets ---- */

/* As it is, and as it is handed around. */
static size_t
wrap(int how, const unsigned char *bytes, size_t len, unsigned char *text)
{
	static unsigned char inner[4 * PEM_MAX];
	size_t		n = 0;
	size_t		i;

	switch (how)
	{
		case 0:
			memcpy(text, bytes, len);
			return len;
		case 1:
			return (size_t) EVP_EncodeBlock(text, bytes, (int) len);
		case 2:
			n = (size_t) EVP_EncodeBlock(inner, bytes, (int) len);
			return (size_t) EVP_EncodeBlock(text, inner, (int) n);
		case 3:
			for (i = 0; i < len; i++)
				n += (size_t) sprintf((char *) text + n, i == 0 ? "\\x%02X" : "%02X", bytes[i]);
			return n;
		case 4:
			n = (size_t) EVP_EncodeBlock(inner, bytes, (int) len);
			return (size_t) sprintf((char *) text, "\"%.*s\\n\"\n", (int) n, (char *) inner);
		default:
			text[0] = '\n';
			memcpy(text + 1, bytes, len);
			return len + 1;
	}
}

/* Is it fit to be a secret, however it is wrapped? */
static void
secret_is(bool fit, const void *bytes, size_t len, const char *what)
{
	static const char *const ways[] = {
		"", ", in base64", ", in base64 twice", ", in hexadecimal", ", in base64 in quotes", ", behind a new line"
	};
	static unsigned char text[8 * PEM_MAX];
	int			how;

	for (how = 0; how < (int) (sizeof(ways) / sizeof(ways[0])); how++)
	{
		size_t		text_len = wrap(how, bytes, len, text);
		AzKey	   *key;
		AzKeyError	error;
		const char *why;
		AzKeyStatus status;

		MUST(az_key_from_secret(text, text_len, NULL, "HS256", &key, &error) == AZ_KEY_OK);
		status = az_key_judge_secret(key, &why);
		ok(status == (fit ? AZ_KEY_OK : AZ_KEY_REFUSED) && (why == NULL) == fit &&
		   ERR_peek_error() == 0, "%s %s%s", fit ? "accept" : "refuse", what, ways[how]);
		az_key_free(key);
	}
}

/* In UTF-16, as Windows writes it. */
static size_t
widen(const char *text, char *wide)
{
	size_t		n = 0;

	wide[n++] = (char) 0xff;
	wide[n++] = (char) 0xfe;
	for (; *text != '\0'; text++)
	{
		wide[n++] = *text;
		wide[n++] = '\0';
	}
	return n;
}

/* Q19: whoever has the public key could sign with it */
static void
test_secrets(void)
{
	static const AzAlg algs[] = {AZ_RS256, AZ_ES256, AZ_ES512, AZ_ED25519, AZ_ED448};
	static const struct
	{
		const char *text;
		const char *what;
	}			texts[] = {
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJGxvMZ5Lm3Yc0kUGvW0Y9FJ2sPm0uE me@host\n", "a key of OpenSSH"},
		{"\nssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ== me@host", "RSA, of OpenSSH"},
		{"command=\"x\" ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=", "EC, of OpenSSH, with options"},
		{"---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAABAQ==", "a key as RFC 4716 has it"},
		{"{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}", "a JWK"},
		{"\t{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AQAB\"}]}", "a JWK set"},
		{"{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ\"}", "a symmetric JWK"},
		{"-----BEGIN CERTIFICATE-----, and nothing more", "the beginning of PEM"},
		{"<RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue>", "XML"},
		{"{\"\\u006bty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}", "a JWK whose names are escaped"},
		{"{\"n\": \"AQAB\", \"e\": \"AQAB\", \"padding\": \"that it is long enough\"}", "the numbers of an RSA key"},
		{"\"-----BEGIN PUBLIC KEY-----\\nMCowBQYDK2VwAyEA\"", "PEM as a string"},
	};
	unsigned char random[64];
	char		pem[PEM_MAX];
	char		wide[2 * PEM_MAX + 2];
	size_t		i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		secret_is(false, texts[i].text, strlen(texts[i].text), texts[i].what);
	for (i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
	{
		unsigned char *der = NULL;
		Signer		signer;
		int			len;

		MUST(signer_init(&signer, algs[i]));
		public_pem(signer.pkey, pem);
		secret_is(false, pem, strlen(pem), "a public key as PEM");
		secret_is(false, wide, widen(pem, wide), "it in UTF-16");
		len = i2d_PUBKEY(signer.pkey, &der);
		secret_is(false, der, (size_t) len, "a public key as DER");
		OPENSSL_free(der);
		if (az_alg_info(algs[i])->kty != AZ_KTY_OKP)
		{
			BIO		   *bio;
			X509	   *cert;
			PKCS7	   *bundle;

			certificate_pem(signer.pkey, NULL, pem);
			secret_is(false, pem, strlen(pem), "a certificate as PEM");
			bio = BIO_new_mem_buf(pem, -1);
			cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
			der = NULL;
			len = i2d_X509(cert, &der);
			secret_is(false, der, (size_t) len, "a certificate as DER");
			OPENSSL_free(der);
			bundle = PKCS7_new();
			MUST(bundle != NULL && PKCS7_set_type(bundle, NID_pkcs7_signed) == 1 &&
				 PKCS7_content_new(bundle, NID_pkcs7_data) == 1 &&
				 PKCS7_add_certificate(bundle, cert) == 1);
			der = NULL;
			len = i2d_PKCS7(bundle, &der);
			secret_is(false, der, (size_t) len, "a certificate in PKCS #7");
			OPENSSL_free(der);
			PKCS7_free(bundle);
			X509_free(cert);
			BIO_free(bio);
		}
		if (algs[i] == AZ_RS256)
		{
			der = NULL;
			len = i2d_PublicKey(signer.pkey, &der);
			secret_is(false, der, (size_t) len, "PKCS#1");
			OPENSSL_free(der);
		}
		signer_free(&signer);
	}

	secret_is(true, "correct horse battery staple and more words", 43, "words");
	secret_is(true, "kty, keys and BEGIN: words as others are", 40, "words about keys");
	secret_is(true, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 64, "hexadecimal digits");
	secret_is(true, "MIIBCgKCAQEA is how many keys begin, some of them", 47, "the beginning of a key");
	for (i = 0; i < 100; i++)
	{
		MUST(RAND_bytes(random, sizeof(random)) == 1);
		secret_is(true, random, sizeof(random), "random bytes");
	}
}

static void
generated(AzKeyStatus expected, EVP_PKEY *pkey, const char *what)
{
	char		pem[PEM_MAX];

	MUST(pkey != NULL);
	expect(expected, public_pem(pkey, pem), NULL, what);
	EVP_PKEY_free(pkey);
}

/*
 * RSA keys that may only make PSS signatures say so in their type.
 */
static EVP_PKEY *
pss_key(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY   *pkey = NULL;

	MUST(ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
		 EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048) == 1 &&
		 EVP_PKEY_keygen(ctx, &pkey) == 1);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static void
test_weak(void)
{
	unsigned char zero[32] = {1};

	generated(AZ_KEY_REFUSED, EVP_RSA_gen(1024), "RSA of 1024 bits");
	generated(AZ_KEY_NOT_FOR_SIGNATURES, pss_key(), "RSA for PSS alone");
	generated(AZ_KEY_NOT_FOR_SIGNATURES, EVP_EC_gen("P-224"), "P-224");
	generated(AZ_KEY_NOT_FOR_SIGNATURES, EVP_EC_gen("brainpoolP256r1"), "brainpoolP256r1");
	generated(AZ_KEY_NOT_FOR_SIGNATURES, EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), "X25519");
	generated(AZ_KEY_REFUSED,
			  EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, zero, sizeof(zero)),
			  "the neutral point of Ed25519");
}

/*
 * Curve parameters of the sender's own never reach a key: it is made anew
 * from the numbers, on the curve by name.
 */
static void
test_explicit_curve(void)
{
	char		pem[PEM_MAX];
	Signer		signer;
	AzKey	   *key;
	AzKeyError	error;
	char	   *jwk;

	MUST(signer_init(&signer, AZ_ES256));
	MUST(EVP_PKEY_set_utf8_string_param(signer.pkey, OSSL_PKEY_PARAM_EC_ENCODING,
										OSSL_PKEY_EC_ENCODING_EXPLICIT) == 1);
	public_pem(signer.pkey, pem);
	MUST(load(pem, strlen(pem), NULL, NULL, 0, &key, &error) == AZ_KEY_OK);
	jwk = az_key_to_jwk(key);
	ok(jwk != NULL && strstr(jwk, "\"crv\":\"P-256\"") != NULL,
	   "the parameters of P-256 written out are P-256");
	free(jwk);
	az_key_free(key);
	signer_free(&signer);
}

/*
 * P-256 with a point of the attacker's choice as its generator, who then
 * knows the private key to any public one (CVE-2020-0601).
 */
static void
test_other_generator(void)
{
	static const char *const names[] = {
		OSSL_PKEY_PARAM_EC_P, OSSL_PKEY_PARAM_EC_A, OSSL_PKEY_PARAM_EC_B,
		OSSL_PKEY_PARAM_EC_ORDER
	};
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY   *pkey = NULL;
	Signer		signer;
	BIGNUM	   *numbers[4] = {NULL};
	unsigned char point[65];
	size_t		len;
	size_t		i;

	MUST(bld != NULL && ctx != NULL && signer_init(&signer, AZ_ES256));
	MUST(EVP_PKEY_get_octet_string_param(signer.pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
										 sizeof(point), &len) == 1 && len == 65);
	MUST(OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_EC_FIELD_TYPE,
										 "prime-field", 0) == 1);
	for (i = 0; i < 4; i++)
		MUST(EVP_PKEY_get_bn_param(signer.pkey, names[i], &numbers[i]) == 1 &&
			 OSSL_PARAM_BLD_push_BN(bld, names[i], numbers[i]) == 1);
	MUST(OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_EC_GENERATOR, point, len) == 1);
	MUST(OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, len) == 1);
	params = OSSL_PARAM_BLD_to_param(bld);
	MUST(params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
		 EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1);
	generated(AZ_KEY_NOT_FOR_SIGNATURES, pkey, "P-256 with another generator");

	for (i = 0; i < 4; i++)
		BN_free(numbers[i]);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	signer_free(&signer);
}

int
main(void)
{
	AzAlg		alg;

	for (alg = AZ_RS256; alg < AZ_N_ALGS; alg++)
		if (az_alg_info(alg)->kty != AZ_KTY_RSA || alg == AZ_RS256)
			test_same(alg);
	test_binding();
	test_blocks();
	test_certificate();
	test_secrets();
	test_weak();
	test_explicit_curve();
	test_other_generator();
	return tap_done();
}
