/*-------------------------------------------------------------------------
 *
 * test_faults.c
 *	  Memory runs out, at every place in turn: a refusal, and nothing else.
 *
 * Each allocation of the token library, of jansson and of OpenSSL fails once
 * while a key is loaded and a token verified, and then all that follow it as
 * well.  What must come of it: no acceptance of what is not to be accepted,
 * no key that is not the key, no memory that stays behind.  OpenSSL keeps
 * some for itself; about that the sanitizers judge.
 *
 * C7.1, C7.6: whichever allocation fails, of ours, jansson's or OpenSSL's
 *
 * The linker leads the library's calls here (--wrap, see the Makefile); the
 * other two let us set their functions.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE			/* memmem() */
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/rand.h>

#include "token/crypto.h"
#include "examples.h"
#include "faults.h"

static long countdown;			/* to the allocation that fails; 0: none does */
static bool lasting;			/* and all after it */
static bool happened;
static long ours;				/* blocks of the library and of jansson in use */

static bool
fails(void)
{
	if (happened && lasting)
		return true;
	if (countdown == 0 || --countdown > 0)
		return false;
	happened = true;
	return true;
}

static void *
counted(void *block)
{
	ours += block != NULL;
	return block;
}

/* C6.3: no block is given back with the secret of HMAC in it. */
static const unsigned char *secret; /* NULL: there is none */
static int	unwiped;

static void
look(void *block)
{
	if (secret != NULL && block != NULL)
		unwiped += memmem(block, malloc_usable_size(block), secret, 16) != NULL;
}

/* In the place of a function, with that body. */
#define WRAP(type, name, parameters, body) \
	extern type __real_##name parameters; \
	extern type __wrap_##name parameters; \
	type __wrap_##name parameters body

WRAP(void *, malloc, (size_t size),
	 { return fails() ? NULL : counted(__real_malloc(size)); })
WRAP(void *, calloc, (size_t n, size_t size),
	 { return fails() ? NULL : counted(__real_calloc(n, size)); })
WRAP(char *, strdup, (const char *text),
	 { return fails() ? NULL : counted(__real_strdup(text)); })
WRAP(char *, strndup, (const char *text, size_t len),
	 { return fails() ? NULL : counted(__real_strndup(text, len)); })
WRAP(void *, realloc, (void *block, size_t size),
	 {
		 void	   *moved = fails() ? NULL : __real_realloc(block, size);

		 ours += block == NULL && moved != NULL;
		 return moved;
	 })
WRAP(void, free, (void *block),
	 {
		 ours -= block != NULL;
		 look(block);
		 __real_free(block);
	 })

static void *
openssl_malloc(size_t size, const char *file, int line)
{
	(void) file, (void) line;
	return fails() ? NULL : __real_malloc(size);
}

static void *
openssl_realloc(void *block, size_t size, const char *file, int line)
{
	(void) file, (void) line;
	return fails() ? NULL : __real_realloc(block, size);
}

static void
openssl_free(void *block, const char *file, int line)
{
	(void) file, (void) line;
	look(block);
	__real_free(block);
}

static void
start(long n, bool all)
{
	countdown = n;
	lasting = all;
	happened = false;
}

/* Did anything fail since start()? */
static bool
stop(void)
{
	countdown = 0;
	lasting = false;
	return happened;
}

/* ---- keys ---- */

/* Does the key do what it is for, and no more? */
static bool
is_good(const Subject *subject, AzKey *key)
{
	AzIssuer   *issuer = issuer_with("https://x/", key);
	bool		right;
	bool		good;

	good = az_key_alg(key) == subject->alg && verify_all(issuer, subject->good, &right) == AZ_OK &&
		right && verify_all(issuer, subject->forged, &right) == AZ_SIGNATURE;
	issuer->nkeys = 0;			/* the caller's */
	az_issuer_free(issuer);
	return good;
}

static void
test_loader(const Subject *subject, Loader load, const char *how)
{
	int			all;

	for (all = 0; all <= 1; all++)
	{
		int			wrong = 0;
		int			refused = 0;
		int			odd = 0;
		long		n = 0;
		bool		failed;

		do
		{
			AzKey	   *key = NULL;
			AzKeyError	error;
			AzKeyStatus status;
			long		before = ours;

			secret = subject->pem == NULL ? subject->secret : NULL;
			start(++n, all);
			status = load(subject, &key, &error);
			failed = stop();
			wrong += (status == AZ_KEY_OK) != (key != NULL) || ERR_peek_error() != 0 ||
				(error.why == NULL) != (status == AZ_KEY_OK || status == AZ_KEY_NO_MEMORY);
			if (key != NULL)
				wrong += !is_good(subject, key);
			else
			{
				refused++;
				odd += status != AZ_KEY_NO_MEMORY;
			}
			az_key_free(key);
			wrong += ours != before || unwiped != 0;
			secret = NULL;
		} while (failed && n < 100000);
		ok(wrong == 0 && refused > 5 && refused <= n - 1 && n < 100000,
		   "%s from %s: %s of %ld fails: refused %d times, the reason not memory %d times",
		   az_alg_info(subject->alg)->name, how, all ? "all from one on" : "one",
		   n - 1, refused, odd);
	}
}

static void
test_jwk_text(const Subject *subject)
{
	AzKeyError	error;
	AzKey	   *key;
	char	   *text;

	MUST(load_jwk(subject, &key, &error) == AZ_KEY_OK);
	start(1, true);
	text = az_key_to_jwk(key);
	ok(stop() && text == NULL, "%s: no memory for its text", az_alg_info(subject->alg)->name);
	az_key_free(key);
}

/* ---- tokens ---- */

/*
 * A refusal of a good token that may come of an allocation that failed.  Of
 * Edwards curves and RSASSA-PSS, OpenSSL then says just that the signature is
 * wrong.
 */
static bool
is_failure(const Subject *subject, AzReason reason)
{
	return reason == AZ_NO_MEMORY || reason == AZ_CRYPTO_FAILURE ||
		(reason == AZ_SIGNATURE && (az_alg_info(subject->alg)->kty == AZ_KTY_OKP ||
									(subject->alg >= AZ_PS256 && subject->alg <= AZ_PS512)));
}

static void
test_verification(const Subject *subject)
{
	AzKeyError	error;
	AzKey	   *key;
	AzIssuer   *issuer;
	int			all;

	MUST(load_jwk(subject, &key, &error) == AZ_KEY_OK);
	issuer = issuer_with("https://x/", key);
	for (all = 0; all <= 1; all++)
	{
		int			wrong = 0;
		int			refused = 0;
		long		n = 0;
		bool		failed;
		bool		right;

		do
		{
			long		before = ours;
			AzReason	reason;

			start(++n, all);
			reason = verify_all(issuer, subject->good, &right);
			failed = stop();
			wrong += !right || (reason != AZ_OK && (!failed || !is_failure(subject, reason)));
			refused += reason != AZ_OK;

			start(n, all);
			reason = verify_all(issuer, subject->forged, &right);
			stop();
			wrong += !right || !(reason == AZ_SIGNATURE || is_failure(subject, reason));
			wrong += ours != before || ERR_peek_error() != 0;
		} while (failed && n < 100000);
		wrong += verify_all(issuer, subject->good, &right) != AZ_OK || !right;
		ok(wrong == 0 && refused > 20 && n < 100000,
		   "%s: %s of %ld allocations fails while a token is verified: refused %d times",
		   az_alg_info(subject->alg)->name, all ? "all from one on" : "one", n - 1, refused);
	}
	az_issuer_free(issuer);
}

/* The same object again and again, as a backend has it: it stays fit for use. */
static void
test_reuse(const Subject *subject)
{
	AzVerification *verification = az_verification_new();
	AzKeyError	error;
	AzKey	   *key;
	AzIssuer   *issuer;
	AzTrust		trust = {.issuers = &issuer, .nissuers = 1, .max_token_size = 65536};
	const AzIdentity *id;
	int			wrong = 0;
	long		n = 0;
	bool		failed;

	MUST(verification != NULL && load_jwk(subject, &key, &error) == AZ_KEY_OK);
	issuer = issuer_with("https://x/", key);
	do
	{
		AzReason	reason;

		start(++n, false);
		reason = az_verify(verification, subject->good, strlen(subject->good), NOW, &trust, &id);
		failed = stop();
		wrong += (reason == AZ_OK) != (id != NULL) || (id != NULL && !is_ann(id)) ||
			(reason != AZ_OK && !is_failure(subject, reason));
		wrong += az_verify(verification, subject->good, strlen(subject->good), NOW, &trust,
						   &id) != AZ_OK || !is_ann(id);
		wrong += az_verify(verification, subject->forged, strlen(subject->forged), NOW, &trust,
						   &id) != AZ_SIGNATURE || id != NULL;
	} while (failed && n < 100000);
	ok(wrong == 0 && n > 10, "%s: after each of %ld failures the next token is judged rightly",
	   az_alg_info(subject->alg)->name, n - 1);
	az_verification_free(verification);
	az_issuer_free(issuer);
}

/* ---- keys that sign, and assertions ---- */

/* C6.3, of "d": no block that the library or OpenSSL gives back holds it. */
static void
test_signing_key(const AzJson *jwk, const char *how)
{
	static unsigned char d[33];
	size_t		d_len;
	AzSigningKey *key;
	AzKeyError	error;
	int			all;

	MUST(az_b64url_decode(SIGNING_D, strlen(SIGNING_D), d, &d_len) && d_len == 32);
	/* what OpenSSL keeps from the first time */
	MUST(load_signing_key(jwk, &key, &error) == AZ_KEY_OK && is_signing_key(key));
	az_signing_key_free(key);
	for (all = 0; all <= 1; all++)
	{
		int			wrong = 0;
		int			refused = 0;
		int			odd = 0;
		long		n = 0;
		bool		failed;

		do
		{
			AzKeyStatus status;
			long		before = ours;

			secret = jwk != NULL ? d : NULL;
			start(++n, all);
			status = load_signing_key(jwk, &key, &error);
			failed = stop();
			wrong += (status == AZ_KEY_OK) != (key != NULL) || ERR_peek_error() != 0 ||
				(error.why == NULL) != (status == AZ_KEY_OK || status == AZ_KEY_NO_MEMORY);
			if (key != NULL)
				wrong += !is_signing_key(key);
			else
			{
				refused++;
				odd += status != AZ_KEY_NO_MEMORY;
			}
			az_signing_key_free(key);
			wrong += ours != before || unwiped != 0;
			secret = NULL;
		} while (failed && n < 100000);
		ok(wrong == 0 && refused > 5 && refused <= n - 1 && n < 100000,
		   "%s: %s of %ld fails: refused %d times, the reason not memory %d times",
		   how, all ? "all from one on" : "one", n - 1, refused, odd);
	}
}

static void
test_signing_text(const AzSigningKey *key)
{
	char	   *text;
	long		n;

	for (n = 1; n <= 2; n++)
	{
		start(n, false);
		text = az_signing_key_private_jwk(key);
		ok(stop() && text == NULL, "a private JWK: no memory for text %ld", n);
	}
	start(1, false);
	text = az_signing_key_public_jwk(key);
	ok(stop() && text == NULL, "a public JWK: no memory for its text");
}

/* Either the identity, or a reason; and nothing stays behind. */
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
	int			all;

	MUST(subject_init(&subject, AZ_HS256) && load_jwk(&subject, &key, &error) == AZ_KEY_OK &&
		 load_signing_key(jwk, &signing_key, &error) == AZ_KEY_OK && verification != NULL);
	test_signing_text(signing_key);
	public_key = public_half_of(signing_key);
	issuer = issuer_with("https://x/", key);
	MUST(az_verify(verification, subject.good, strlen(subject.good), NOW, &trust, &id) == AZ_OK);
	for (all = 0; all <= 1; all++)
	{
		int			wrong = 0;
		int			refused = 0;
		long		n = 0;
		bool		failed;
		bool		right;

		do
		{
			long		before = ours;
			AzReason	reason;

			start(++n, all);
			reason = hand_over(signing_key, public_key, issuer, id, false, &right);
			failed = stop();
			/* what verifying an Ed25519 signature without memory comes to: see is_failure() */
			wrong += !right || (reason != AZ_OK && !(failed && (reason == AZ_NO_MEMORY || reason == AZ_CRYPTO_FAILURE ||
																reason == AZ_ASSERTION_SIGNATURE)));
			refused += reason != AZ_OK;
			start(n, all);
			reason = hand_over(signing_key, public_key, issuer, id, true, &right);
			stop();
			wrong += !right || reason == AZ_OK;
			wrong += ours != before || ERR_peek_error() != 0;
		} while (failed && n < 100000);
		wrong += hand_over(signing_key, public_key, issuer, id, false, &right) != AZ_OK || !right;
		ok(wrong == 0 && refused > 20 && n < 100000,
		   "an assertion: %s of %ld allocations fails while it is made and taken: refused %d times",
		   all ? "all from one on" : "one", n - 1, refused);
	}
	az_verification_free(verification);
	az_issuer_free(issuer);
	az_key_free(public_key);
	az_signing_key_free(signing_key);
	subject_free(&subject);
}

static void
test_is_assertion(void)
{
	static const char token[] = "eyJ0eXAiOiJhdXRoei1hc3NlcnRpb24rand0In0..";	/* {"typ":"authz-assertion+jwt"} */
	int			wrong = !az_is_assertion(token, strlen(token));
	long		n = 0;
	bool		failed;

	do
	{
		long		before = ours;

		start(++n, false);
		(void) az_is_assertion(token, strlen(token));
		failed = stop();
		wrong += ours != before;
	} while (failed && n < 1000);
	ok(wrong == 0 && n > 3, "what the header says: one of %ld fails", n - 1);
}

static void
test_signing(void)
{
	AzJson	   *jwk;

	MUST(az_json_parse(SIGNING_JWK, strlen(SIGNING_JWK), &jwk) == AZ_JSON_OK);
	test_signing_key(jwk, "a private JWK");
	test_signing_key(NULL, "a new key");
	test_hand_over(jwk);
	test_is_assertion();
	az_json_free(jwk);
}

/* ---- issuers ---- */

static AzIssuer *
make_issuer(const AzJson *options, AzKey *key)
{
	AzIssuer   *issuer = az_issuer_new("https://x/", 10);
	AzOptionError error;
	bool		applied;

	if (issuer == NULL)
	{
		az_key_free(key);
		return NULL;
	}
	applied = az_issuer_apply(issuer, options, &error);
	if (!applied && strcmp(error.why, "Out of memory.") != 0)
		ok(false, "%s: %s", error.name, error.why);
	/* the issuer owns the key from here on, also when this fails */
	if (!az_issuer_add_key(issuer, key) || !applied ||
		!az_issuer_add_audience(issuer, "api", 3))
	{
		az_issuer_free(issuer);
		return NULL;
	}
	return issuer;
}

static void
test_issuer(const Subject *subject)
{
	AzJson	   *options;
	int			refused = 0;
	int			wrong = 0;
	long		n = 0;
	bool		failed;

	MUST(az_json_parse(options_text, strlen(options_text), &options) == AZ_JSON_OK);
	do
	{
		long		before = ours;
		AzIssuer   *issuer;
		AzKeyError	error;
		AzKey	   *key;

		MUST(load_jwk(subject, &key, &error) == AZ_KEY_OK);
		start(++n, false);
		issuer = make_issuer(options, key);
		failed = stop();
		refused += issuer == NULL;
		wrong += (issuer == NULL) != failed;
		if (issuer != NULL)
			wrong += issuer->nkeys != 1 || issuer->audience.n != 1 || issuer->scope_claims.n != 2 ||
				issuer->owner_claim.n != 2 || issuer->algorithms == 0 || issuer->client == NULL;
		az_issuer_free(issuer);
		wrong += ours != before;
	} while (failed && n < 100000);
	ok(wrong == 0 && refused > 20, "an issuer: one of %ld fails: refused %d times", n - 1, refused);
	az_json_free(options);
}

/* ---- a converter that fails is no lack of memory ---- */

static bool
refuse_all(void *arg, const char *utf8, size_t len, char **out, size_t *out_len)
{
	(void) arg, (void) utf8, (void) len, (void) out, (void) out_len;
	return false;
}

static void
test_converter(void)
{
	static const AzConverter converter = {refuse_all, NULL};
	static const char text[] = "{\"sub\":\"\\u00e9\"}";
	AzBuilder  *builder = az_builder_new();
	AzIdentity	header = {0};
	const AzIdentity *id;
	AzJson	   *json;

	MUST(builder != NULL && az_json_parse(text, strlen(text), &json) == AZ_JSON_OK);
	az_builder_start(builder, &converter);
	az_builder_tree(builder, json);
	start(1, true);
	az_builder_string(builder, "more", 4);
	stop();
	ok(az_builder_finish(builder, &header, &id) == AZ_CLAIM_ENCODING && id == NULL,
	   "the first failure is the one that is told");
	az_json_free(json);
	az_builder_free(builder);
}

/* ---- OpenSSL that has not begun ---- */

/*
 * In a process where OpenSSL has done nothing yet, what fails may be its own
 * beginning.  One process for each place, and there are thousands: every
 * step-th is enough.
 *
 * The very first step is the server's, which asks OpenSSL for random numbers
 * before it has sessions (pg_strong_random).  Where memory runs out in that
 * one, OpenSSL 3.5 waits for itself forever.
 */
static int
begin_and_verify(long n)
{
	static const char jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}";
	unsigned char digest[32];
	AzJson	   *json;
	AzKey	   *key = NULL;
	AzKeyError	error;
	char		forged[] = P256_TOKEN;
	AzJws		jws;
	bool		wrong = false;
	int			i;

	MUST(az_json_parse(jwk, strlen(jwk), &json) == AZ_JSON_OK);
	MUST(RAND_bytes(digest, sizeof(digest)) == 1);
	alarm(60);					/* a process that waits forever is wrong */
	start(n, false);
	wrong |= !az_sha256("abc", 3, digest) && !happened;
	wrong |= (az_key_from_jwk(json, 0, false, &key, &error) == AZ_KEY_OK) != (key != NULL);
	for (i = 0; i < 2 && key != NULL; i++)
	{
		AzReason	reason = az_jws_parse(i == 0 ? P256_TOKEN : forged, strlen(forged), &jws);

		if (reason == AZ_OK)
			reason = az_jws_header(&jws);
		if (reason == AZ_OK)
			reason = az_jws_verify(&jws, key);
		wrong |= i == 1 ? reason == AZ_OK : reason != AZ_OK && !happened;
		az_jws_free(&jws);
		forged[30] ^= 1;
	}
	wrong |= !stop() && key == NULL;
	az_key_free(key);
	az_json_free(json);
	return wrong ? 1 : happened ? 0 : 3;
}

static void
test_beginning(long step)
{
	int			wrong = 0;
	int			processes = 0;
	int			status = 0;
	long		n;

	for (n = 1; n < 1000000 && status != 3; n += step, processes++)
	{
		pid_t		pid;

		fflush(stdout);
		pid = fork();
		MUST(pid >= 0);
		if (pid == 0)
			_exit(begin_and_verify(n));
		MUST(waitpid(pid, &status, 0) == pid);
		status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
		if (status != 0 && status != 3)
			printf("# allocation %ld: %d\n", n, status);
		wrong += status != 0 && status != 3;
	}
	ok(wrong == 0 && processes > 50, "OpenSSL begins without memory, at %d places of %ld",
	   processes, n - step);
}

int
main(void)
{
	AzAlg		alg;

	setvbuf(stdout, NULL, _IOLBF, 0);
	MUST(CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1);
	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	test_beginning(23);

	for (alg = 0; alg < AZ_N_ALGS; alg++)
	{
		const char *name = az_alg_info(alg)->name;
		Loader		loaders[6];
		const char *names[6];
		Subject		subject;
		AzKeyError	error;
		AzKey	   *key;
		size_t		n;
		size_t		i;

		if (!subject_init(&subject, alg))
		{
			ok(az_alg_info(alg)->kty == AZ_KTY_AKP, "%s: not offered by this OpenSSL", name);
			continue;
		}
		n = loaders_of(&subject, loaders, names);
		loaders[n] = load_jwks_leniently, names[n++] = "a JWK set of which entries may be skipped";
		if (subject.pem == NULL)
			loaders[n] = load_judged_secret, names[n++] = "a secret that is judged";
		for (i = 0; i < n; i++)
		{
			/* what OpenSSL keeps from the first time */
			MUST(loaders[i](&subject, &key, &error) == AZ_KEY_OK && is_good(&subject, key));
			az_key_free(key);
			test_loader(&subject, loaders[i], names[i]);
		}
		test_jwk_text(&subject);
		test_verification(&subject);
		test_reuse(&subject);
		if (alg == AZ_HS256)
			test_issuer(&subject);
		subject_free(&subject);
	}
	test_signing();
	test_converter();
	return tap_done();
}
