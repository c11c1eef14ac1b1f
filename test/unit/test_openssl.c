/*-------------------------------------------------------------------------
 *
 * test_openssl.c
 *	  OpenSSL fails, or does not have what we need: a refusal, never more.
 *
 * C7.2: whichever call of OpenSSL fails
 *
 * Each of our calls fails once while a key is loaded and a token verified:
 * once without being made, and once although it did its work, so that only
 * the answer tells.  Then OpenSSL is configured without its algorithms; for
 * that the program calls itself, since a process is configured once.
 *
 *-------------------------------------------------------------------------
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/param_build.h>
#include <openssl/provider.h>

#include <openssl/rand.h>

#include "token/crypto.h"
#include "examples.h"
#include "faults.h"

static long countdown;			/* to the call that fails; 0: none does */
static bool made_anyway;
static const char *failed;		/* its name */

static bool
fails(const char *name)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	failed = name;
	return true;
}

/* What a function answers when it fails, its name, parameters, arguments. */
#define WRAP(failure, name, parameters, arguments) \
	extern int __real_##name parameters; \
	extern int __wrap_##name parameters; \
	int __wrap_##name parameters \
	{ \
		if (!fails(#name)) \
			return __real_##name arguments; \
		if (made_anyway) \
			(void) __real_##name arguments; \
		return failure; \
	}

/* The same, where it is a pointer. */
#define WRAP_POINTER(type, name, parameters, arguments) \
	extern type *__real_##name parameters; \
	extern type *__wrap_##name parameters; \
	type *__wrap_##name parameters \
	{ \
		return fails(#name) ? NULL : __real_##name arguments; \
	}

WRAP_POINTER(OSSL_LIB_CTX, OSSL_LIB_CTX_get0_global_default, (void), ())
WRAP_POINTER(EVP_MAC, EVP_MAC_fetch, (OSSL_LIB_CTX *c, const char *n, const char *p), (c, n, p))
WRAP_POINTER(EVP_MAC_CTX, EVP_MAC_CTX_new, (EVP_MAC *m), (m))
WRAP(0, EVP_MAC_init, (EVP_MAC_CTX *c, const unsigned char *k, size_t n, const OSSL_PARAM p[]), (c, k, n, p))
WRAP(0, EVP_MAC_update, (EVP_MAC_CTX *c, const unsigned char *d, size_t n), (c, d, n))
WRAP(0, EVP_MAC_final, (EVP_MAC_CTX *c, unsigned char *o, size_t *l, size_t s), (c, o, l, s))
WRAP_POINTER(EVP_MD, EVP_MD_fetch, (OSSL_LIB_CTX *c, const char *n, const char *p), (c, n, p))
WRAP_POINTER(EVP_MD_CTX, EVP_MD_CTX_new, (void), ())
WRAP(0, EVP_MD_CTX_copy_ex, (EVP_MD_CTX *o, const EVP_MD_CTX *i), (o, i))
WRAP(0, EVP_DigestInit_ex2, (EVP_MD_CTX *c, const EVP_MD *m, const OSSL_PARAM p[]), (c, m, p))
WRAP(0, EVP_DigestUpdate, (EVP_MD_CTX *c, const void *d, size_t n), (c, d, n))
WRAP(0, EVP_DigestFinal_ex, (EVP_MD_CTX *c, unsigned char *o, unsigned int *l), (c, o, l))
WRAP_POINTER(EVP_PKEY_CTX, EVP_PKEY_CTX_new_from_name, (OSSL_LIB_CTX *c, const char *n, const char *p), (c, n, p))
WRAP_POINTER(EVP_PKEY_CTX, EVP_PKEY_CTX_new_from_pkey, (OSSL_LIB_CTX *c, EVP_PKEY *k, const char *p), (c, k, p))
WRAP(-1, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX *c), (c))
WRAP(-1, EVP_PKEY_fromdata, (EVP_PKEY_CTX *c, EVP_PKEY **k, int s, OSSL_PARAM p[]), (c, k, s, p))
WRAP(-1, EVP_PKEY_verify_init_ex, (EVP_PKEY_CTX *c, const OSSL_PARAM p[]), (c, p))
WRAP(-1, EVP_PKEY_verify, (EVP_PKEY_CTX *c, const unsigned char *s, size_t n, const unsigned char *d, size_t l), (c, s, n, d, l))
WRAP(-1, EVP_DigestVerify, (EVP_MD_CTX *c, const unsigned char *s, size_t n, const unsigned char *d, size_t l), (c, s, n, d, l))
WRAP(0, EVP_DigestVerifyInit_ex, (EVP_MD_CTX *c, EVP_PKEY_CTX **k, const char *m, OSSL_LIB_CTX *l, const char *p, EVP_PKEY *y, const OSSL_PARAM a[]), (c, k, m, l, p, y, a))
WRAP(-2, EVP_PKEY_CTX_set_rsa_padding, (EVP_PKEY_CTX *c, int p), (c, p))
WRAP(-2, EVP_PKEY_CTX_set_rsa_mgf1_md, (EVP_PKEY_CTX *c, const EVP_MD *m), (c, m))
WRAP(-2, EVP_PKEY_CTX_set_rsa_pss_saltlen, (EVP_PKEY_CTX *c, int n), (c, n))
WRAP(-2, EVP_PKEY_CTX_set_signature_md, (EVP_PKEY_CTX *c, const EVP_MD *m), (c, m))
WRAP(-1, EVP_PKEY_public_check, (EVP_PKEY_CTX *c), (c))
WRAP(0, EVP_PKEY_get_bn_param, (const EVP_PKEY *k, const char *n, BIGNUM **b), (k, n, b))
WRAP(0, EVP_PKEY_get_group_name, (const EVP_PKEY *k, char *o, size_t s, size_t *l), (k, o, s, l))
WRAP(0, EVP_PKEY_get_raw_public_key, (const EVP_PKEY *k, unsigned char *o, size_t *l), (k, o, l))
WRAP_POINTER(EVP_PKEY, EVP_PKEY_new_raw_public_key_ex, (OSSL_LIB_CTX *c, const char *n, const char *p, const unsigned char *k, size_t l), (c, n, p, k, l))
WRAP_POINTER(EVP_PKEY, EVP_PKEY_new_raw_private_key_ex, (OSSL_LIB_CTX *c, const char *n, const char *p, const unsigned char *k, size_t l), (c, n, p, k, l))
WRAP(0, EVP_DigestSignInit_ex, (EVP_MD_CTX *c, EVP_PKEY_CTX **k, const char *m, OSSL_LIB_CTX *l, const char *p, EVP_PKEY *y, const OSSL_PARAM a[]), (c, k, m, l, p, y, a))
WRAP(0, EVP_DigestSign, (EVP_MD_CTX *c, unsigned char *s, size_t *n, const unsigned char *d, size_t l), (c, s, n, d, l))
WRAP(0, RAND_priv_bytes, (unsigned char *b, int n), (b, n))
WRAP_POINTER(BIGNUM, BN_bin2bn, (const unsigned char *s, int n, BIGNUM *b), (s, n, b))
WRAP_POINTER(BIGNUM, BN_lebin2bn, (const unsigned char *s, int n, BIGNUM *b), (s, n, b))
WRAP(-1, BN_bn2binpad, (const BIGNUM *b, unsigned char *o, int n), (b, o, n))
WRAP_POINTER(BN_CTX, BN_CTX_new, (void), ())
WRAP_POINTER(BIGNUM, BN_copy, (BIGNUM *a, const BIGNUM *b), (a, b))
WRAP(0, BN_set_bit, (BIGNUM *a, int n), (a, n))
WRAP(0, BN_sub_word, (BIGNUM *a, BN_ULONG w), (a, w))
WRAP(0, BN_add_word, (BIGNUM *a, BN_ULONG w), (a, w))
WRAP(0, BN_mul_word, (BIGNUM *a, BN_ULONG w), (a, w))
WRAP(0, BN_sub, (BIGNUM *r, const BIGNUM *a, const BIGNUM *b), (r, a, b))
WRAP(0, BN_nnmod, (BIGNUM *r, const BIGNUM *a, const BIGNUM *m, BN_CTX *c), (r, a, m, c))
WRAP(0, BN_mod_sqr, (BIGNUM *r, const BIGNUM *a, const BIGNUM *m, BN_CTX *c), (r, a, m, c))
WRAP(0, BN_mod_mul, (BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *c), (r, a, b, m, c))
WRAP(0, BN_mod_add, (BIGNUM *r, const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *c), (r, a, b, m, c))
WRAP(-2, BN_kronecker, (const BIGNUM *a, const BIGNUM *b, BN_CTX *c), (a, b, c))
WRAP_POINTER(BIO, BIO_new_mem_buf, (const void *d, int n), (d, n))
WRAP(0, PEM_read_bio, (BIO *b, char **n, char **h, unsigned char **d, long *l), (b, n, h, d, l))
WRAP_POINTER(X509, d2i_X509, (X509 **x, const unsigned char **d, long l), (x, d, l))
WRAP_POINTER(EVP_PKEY, X509_get_pubkey, (X509 *x), (x))
WRAP_POINTER(EVP_PKEY, d2i_PUBKEY, (EVP_PKEY **k, const unsigned char **d, long l), (k, d, l))

static void
start(long n, bool anyway)
{
	countdown = n;
	made_anyway = anyway;
	failed = NULL;
}

static bool
stop(void)
{
	countdown = 0;
	return failed != NULL;
}

/* ---- calls that fail ---- */

static void
test_loader(const Subject *subject, Loader load, const char *how)
{
	const char *name = az_alg_info(subject->alg)->name;
	int			anyway;

	for (anyway = 0; anyway <= 1; anyway++)
	{
		int			wrong = 0;
		long		n = 0;
		bool		more;

		do
		{
			AzKey	   *key = NULL;
			AzKeyError	error;
			AzKeyStatus status;
			bool		fine;

			start(++n, anyway);
			status = load(subject, &key, &error);
			more = stop();
			fine = (key != NULL) == !more && (status == AZ_KEY_OK) == !more && ERR_peek_error() == 0 &&
				(error.why != NULL || status == AZ_KEY_NO_MEMORY || !more);
			if (!fine)
				printf("# %s failed, call %ld: status %d\n", more ? failed : "nothing", n, status);
			wrong += !fine;
			az_key_free(key);
		} while (more && n < 1000);
		ok(wrong == 0 && n > 4 && n < 1000, "%s from %s: refused when one of %ld calls fails%s",
		   name, how, n - 1, anyway ? " though it was made" : "");
	}
}

static void
test_verification(const Subject *subject)
{
	const char *name = az_alg_info(subject->alg)->name;
	AzKeyError	error;
	AzKey	   *key;
	AzIssuer   *issuer;
	int			anyway;

	MUST(load_jwk(subject, &key, &error) == AZ_KEY_OK);
	issuer = issuer_with("https://x/", key);
	for (anyway = 0; anyway <= 1; anyway++)
	{
		int			wrong = 0;
		long		n = 0;
		bool		more;
		bool		right;

		do
		{
			AzReason	reason;

			start(++n, anyway);
			reason = verify_all(issuer, subject->good, &right);
			more = stop();
			if (!right || reason != (more ? AZ_CRYPTO_FAILURE : AZ_OK) || ERR_peek_error() != 0)
			{
				wrong++;
				printf("# %s failed, call %ld: %s\n", more ? failed : "nothing", n,
					   az_reason_info(reason)->name);
			}
			start(n, anyway);
			wrong += verify_all(issuer, subject->forged, &right) !=
				(stop() ? AZ_CRYPTO_FAILURE : AZ_SIGNATURE) || !right;
		} while (more && n < 1000);
		ok(wrong == 0 && n > 2 && n < 1000, "%s: refused when one of %ld calls fails%s", name, n - 1,
		   anyway ? " though it was made" : "");
	}
	az_issuer_free(issuer);
}

static void
test_signing_key(const AzJson *jwk, const char *how)
{
	int			anyway;

	for (anyway = 0; anyway <= 1; anyway++)
	{
		int			wrong = 0;
		long		n = 0;
		bool		more;

		do
		{
			AzSigningKey *key = NULL;
			AzKeyError	error;
			AzKeyStatus status;
			bool		fine;

			start(++n, anyway);
			status = load_signing_key(jwk, &key, &error);
			more = stop();
			fine = (key != NULL) == !more && (status == AZ_KEY_OK) == !more && ERR_peek_error() == 0 &&
				(error.why != NULL || status == AZ_KEY_NO_MEMORY || !more);
			if (!fine)
				printf("# %s failed, call %ld: status %d\n", more ? failed : "nothing", n, status);
			wrong += !fine || (key != NULL && !is_signing_key(key));
			az_signing_key_free(key);
		} while (more && n < 1000);
		ok(wrong == 0 && n > 8 && n < 1000, "%s: refused when one of %ld calls fails%s",
		   how, n - 1, anyway ? " though it was made" : "");
	}
}

static void
test_hand_over(const AzJson *jwk)
{
	Subject		subject;
	AzKeyError	error;
	AzKey	   *key;
	AzKey	   *public_key;
	AzSigningKey *signing_key;
	AzIssuer   *issuer;
	AzTrust		trust = {.issuers = &issuer, .nissuers = 1, .max_token_size = 65536};
	AzVerification *verification = az_verification_new();
	const AzIdentity *id;
	int			anyway;

	MUST(subject_init(&subject, AZ_HS256) && load_jwk(&subject, &key, &error) == AZ_KEY_OK &&
		 load_signing_key(jwk, &signing_key, &error) == AZ_KEY_OK && verification != NULL);
	public_key = public_half_of(signing_key);
	issuer = issuer_with("https://x/", key);
	MUST(az_verify(verification, subject.good, strlen(subject.good), NOW, &trust, &id) == AZ_OK);
	for (anyway = 0; anyway <= 1; anyway++)
	{
		int			wrong = 0;
		long		n = 0;
		bool		more;
		bool		right;

		do
		{
			AzReason	reason;

			start(++n, anyway);
			reason = hand_over(signing_key, public_key, issuer, id, false, &right);
			more = stop();
			wrong += !right || reason != (more ? AZ_CRYPTO_FAILURE : AZ_OK) || ERR_peek_error() != 0;
			start(n, anyway);
			reason = hand_over(signing_key, public_key, issuer, id, true, &right);
			wrong += !right || reason != (stop() ? AZ_CRYPTO_FAILURE : AZ_ASSERTION_SIGNATURE);
		} while (more && n < 1000);
		ok(wrong == 0 && n > 4 && n < 1000, "an assertion: none is made or taken when one of %ld calls fails%s",
		   n - 1, anyway ? " though it was made" : "");
	}
	az_verification_free(verification);
	az_issuer_free(issuer);
	az_key_free(public_key);
	az_signing_key_free(signing_key);
	subject_free(&subject);
}

static void
test_signing(void)
{
	AzJson	   *jwk;

	MUST(az_json_parse(SIGNING_JWK, strlen(SIGNING_JWK), &jwk) == AZ_JSON_OK);
	test_signing_key(jwk, "a private JWK");
	test_signing_key(NULL, "a new key");
	test_hand_over(jwk);
	az_json_free(jwk);
}

static void
test_sha256(void)
{
	unsigned char digest[32];
	int			anyway;

	for (anyway = 0; anyway <= 1; anyway++)
	{
		int			wrong = 0;
		long		n = 0;
		bool		more;

		do
		{
			start(++n, anyway);
			wrong += az_sha256("abc", 3, digest) == (more = stop());
		} while (more && n < 1000);
		ok(wrong == 0 && n > 3 && n < 1000, "SHA-256: one of %ld calls fails", n - 1);
	}
}

/* ---- algorithms that are not there ---- */

typedef struct Example
{
	const char *what;
	const char *jwk;
	const char *token;
} Example;

static const Example examples[] = {
	{"HS256", "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"" OCT_K "\"}", OCT_TOKEN},
	{"RS256", "{\"kty\":\"RSA\",\"n\":\"" RSA_N "\",\"e\":\"AQAB\"}", RSA_TOKEN},
	{"ES256", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", P256_TOKEN},
	{"ES512", "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"" P521_X "\",\"y\":\"" P521_Y "\"}", P521_TOKEN},
	{"Ed25519", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\"}", ED25519_TOKEN},
};

static AzReason
judge(const char *token, AzKey *key)
{
	AzCandidateKeys chosen;
	AzJws		jws;
	AzReason	reason = az_jws_parse(token, strlen(token), &jws);

	if (reason == AZ_OK)
		reason = az_jws_header(&jws);
	if (reason == AZ_OK)
		reason = az_jws_choose_keys(&jws, &key, 1, AZ_ALGS_ALL, false, &chosen);
	if (reason == AZ_OK)
		reason = az_jws_verify(&jws, chosen.key[0]);
	az_jws_free(&jws);
	return reason;
}

static AzKeyStatus
load_example(const Example *example, AzKey **key)
{
	AzKeyError	error;
	AzKeyStatus status;
	AzJson	   *json;

	MUST(az_json_parse(example->jwk, strlen(example->jwk), &json) == AZ_JSON_OK);
	status = az_key_from_jwk(json, 0, true, key, &error);
	az_json_free(json);
	return status;
}

/* In a process of its own: exit status 0 when all of it is as it should be. */
static int
under_configuration(bool complete)
{
	unsigned char digest[32];
	int			wrong = az_sha256("abc", 3, digest) != complete;
	AzSigningKey *signing_key;
	AzKeyError	error;
	size_t		i;

	wrong += (az_signing_key_generate("c1", &signing_key, &error) == AZ_KEY_OK) != complete ||
		(signing_key != NULL) != complete || (complete && !is_signing_key(signing_key));
	az_signing_key_free(signing_key);

	for (i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
	{
		AzKey	   *key;
		AzKeyStatus status = load_example(&examples[i], &key);
		char	   *forged;

		if (!complete)
		{
			wrong += key != NULL || status == AZ_KEY_OK;
			continue;
		}
		if (key == NULL)
			return 2;
		forged = strdup(examples[i].token);
		MUST(forged != NULL);
		forged[strlen(forged) - 20] ^= 1;
		wrong += judge(examples[i].token, key) != AZ_OK || judge(forged, key) == AZ_OK;
		free(forged);
		az_key_free(key);
	}
	return wrong != 0;
}

/* The same in a child, as a session is one of the postmaster. */
static int
in_a_child(bool complete)
{
	int			status;
	pid_t		pid = fork();

	MUST(pid >= 0);
	if (pid == 0)
		exit(under_configuration(complete));
	MUST(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

static int
before_and_after_preparing(bool complete)
{
	int			wrong = in_a_child(complete);

	az_crypto_prepare_fork();
	wrong |= ERR_peek_error() != 0;
	return wrong | in_a_child(complete) | in_a_child(complete);
}

static void
test_configuration(const char *self, bool complete, const char *what, const char *sections)
{
	char		path[] = "/tmp/dbmi_authz_XXXXXX";
	int			fd = mkstemp(path);
	FILE	   *file = fdopen(fd, "w");
	int			status;
	pid_t		pid;

	MUST(file != NULL);
	fprintf(file, "openssl_conf = init\n[init]\n%s\n", sections);
	fclose(file);
	fflush(stdout);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
	{
		setenv("OPENSSL_CONF", path, 1);
		execl(self, self, complete ? "complete" : "crippled", (char *) NULL);
		_exit(127);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	unlink(path);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %s", what,
	   complete ? "good tokens are accepted, forged ones are not" : "every key is refused");
}

#define PROVIDER(name)	"providers = p\n[p]\n" name " = x\n[x]\nactivate = 1\n"

static void
test_configurations(const char *self)
{
	test_configuration(self, true, "the default provider", PROVIDER("default"));
	test_configuration(self, false, "the null provider alone", PROVIDER("null"));
	test_configuration(self, false, "the base provider alone", PROVIDER("base"));
	test_configuration(self, false, "the legacy provider alone", PROVIDER("legacy"));
	test_configuration(self, false, "only what is FIPS 140, and nothing is",
					   "alg_section = a\n[a]\ndefault_properties = fips=yes\n");
	test_configuration(self, false, "only algorithms that nobody offers",
					   "alg_section = a\n[a]\ndefault_properties = provider=elsewhere\n");
}

/*
 * Keys that were loaded before it is told to offer nothing: what is needed was
 * fetched with the key.  Whatever the answer, what is forged is refused.
 */
static void
test_late_change(void)
{
	AzKey	   *keys[sizeof(examples) / sizeof(examples[0])];
	size_t		n = sizeof(examples) / sizeof(examples[0]);
	int			accepted = 0;
	int			wrong = 0;
	int			refused = 0;
	AzKey	   *key;
	size_t		i;

	for (i = 0; i < n; i++)
		MUST(load_example(&examples[i], &keys[i]) == AZ_KEY_OK);
	MUST(EVP_set_default_properties(NULL, "provider=elsewhere") == 1);
	for (i = 0; i < n; i++)
	{
		char	   *forged = strdup(examples[i].token);

		MUST(forged != NULL);
		forged[strlen(forged) - 20] ^= 1;
		accepted += judge(examples[i].token, keys[i]) == AZ_OK;
		wrong += judge(forged, keys[i]) == AZ_OK;
		refused += load_example(&examples[i], &key) != AZ_KEY_OK && key == NULL;
		free(forged);
	}
	MUST(EVP_set_default_properties(NULL, "") == 1);
	for (i = 0; i < n; i++)
	{
		wrong += judge(examples[i].token, keys[i]) != AZ_OK;
		az_key_free(keys[i]);
	}
	ok(wrong == 0 && refused == (int) n,
	   "taken away later: %d of %zu keys go on verifying, no new one is made", accepted, n);
}

int
main(int argc, char **argv)
{
	AzAlg		alg;

	if (argc > 1)
		return before_and_after_preparing(strcmp(argv[1], "complete") == 0);

	setvbuf(stdout, NULL, _IOLBF, 0);
	test_sha256();				/* first: it fetches once */
	for (alg = 0; alg < AZ_N_ALGS; alg++)
	{
		Loader		loaders[4];
		const char *names[4];
		Subject		subject;
		size_t		n;
		size_t		i;

		if (!subject_init(&subject, alg))
		{
			ok(az_alg_info(alg)->kty == AZ_KTY_AKP, "%s: not offered by this OpenSSL",
			   az_alg_info(alg)->name);
			continue;
		}
		n = loaders_of(&subject, loaders, names);
		for (i = 0; i < n; i++)
			test_loader(&subject, loaders[i], names[i]);
		test_verification(&subject);
		subject_free(&subject);
	}
	test_configurations(argv[0]);
	test_signing();
	test_late_change();
	return tap_done();
}
