/*-------------------------------------------------------------------------
 *
 * faults.h
 *	  What is done with a key and a token, from one end to the other, so that
 *	  a step of it can be made to fail: for test_faults.c and test_openssl.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "token/assertion.h"
#include "token/claims.h"
#include "token/jwk_set.h"
#include "examples.h"
#include "signer.h"
#include "tap.h"
#include "token/verify.h"

#define NOW				(INT64_C(1700000000) * 1000000)
#define PAYLOAD(sub) \
	"{\"iss\":\"https://x/\",\"aud\":[\"api\",\"web\"],\"exp\":1700000100,\"iat\":1699999999.5," \
	"\"sub\":\"" sub "\",\"act\":{\"sub\":\"bot\",\"iss\":\"https://y/\"},\"acr\":\"1\",\"amr\":[\"pwd\"],\"scope\":\"a b\",\"roles\":[\"r\",\"q\",\"r\"],\"groups\":[\"admins\"]," \
	"\"deep\":{\"escaped\":\"\\u00e9\\n\",\"a\":[1,{\"b\":[null,true]}],\"large\":123456789012345678901234567890e-10," \
	"\"larger\":0.000000000000000000000000000000000000000000000000000000000000012345}," \
	"\"org_id_to_org_member_info\":{\"o2\":{\"user_role\":\"Owner\",\"user_permissions\":[\"p\"]}," \
	"\"o1\":{\"user_role\":\"Member\"}}}"

static const char options_text[] =
"{\"algorithms\":[\"HS256\",\"RS256\"],\"leeway_seconds\":5,\"required_claims\":[\"sub\"],"
"\"token_types\":[\"JWT\"],\"key_id_required\":true,\"scope_claims\":[\"scope\",[\"a\",\"b\"]],"
"\"owner_claim\":[\"user\",\"id\"],\"email_claim\":\"email\",\"admin_groups\":[\"admins\"],\"actors\":[\"https://y/ bot\"],"
"\"claim_values\":[{\"claim\":[\"a\",\"b\"],\"values\":[\"x\",\"y\"]},{\"claim\":\"nonce\",\"absent\":true},"
"{\"any\":[{\"claim\":\"p\",\"present\":true},{\"claim\":\"q\",\"absent\":true}]}],"
"\"audience_claims\":[\"azp\",\"aud\"],\"session_claim\":[\"s\",\"id\"],\"role_claims\":[{\"path\":[\"r\"],\"keys\":true}],"
"\"org_id_claim\":[[\"o\",\"id\"],\"id\"],\"client_id_claims\":[\"cid\"],"
"\"org_role_claims\":[\"roles\"],\"org_permission_claims\":[[\"p\",\"q\"]],"
"\"client\":\"app\",\"jwks_uri\":\"https://x/keys\"}";

/* One algorithm: its key in every form, a token that holds, one that does not. */
typedef struct Subject
{
	AzAlg		alg;
	char	   *jwk;
	char	   *jwks;
	char	   *pem;			/* NULL for HMAC */
	char	   *certificate;	/* EC only, else NULL */
	unsigned char secret[64];	/* HMAC only */
	char	   *good;
	char	   *forged;
	AzJson	   *jwk_json;
	AzJson	   *jwks_json;
} Subject;

static inline char *
text_of(BIO *bio)
{
	char	   *data;
	long		len = BIO_get_mem_data(bio, &data);
	char	   *text = calloc(1, (size_t) len + 1);

	MUST(text != NULL);
	memcpy(text, data, (size_t) len);
	BIO_free(bio);
	return text;
}

static inline char *
pem_of(EVP_PKEY *pkey)
{
	BIO		   *bio = BIO_new(BIO_s_mem());

	MUST(PEM_write_bio_PUBKEY(bio, pkey) == 1);
	return text_of(bio);
}

static inline char *
certificate_of(EVP_PKEY *pkey)
{
	X509	   *cert = X509_new();
	BIO		   *bio = BIO_new(BIO_s_mem());

	MUST(X509_set_version(cert, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	MUST(X509_set_pubkey(cert, pkey) == 1 && X509_sign(cert, pkey, EVP_sha256()) > 0);
	MUST(PEM_write_bio_X509(bio, cert) == 1);
	X509_free(cert);
	return text_of(bio);
}

/* False where OpenSSL does not have the algorithm. */
static inline bool
subject_init(Subject *subject, AzAlg alg)
{
	const AzAlgInfo *info = az_alg_info(alg);
	Signer		signer;
	char		header[100];
	size_t		size;
	char	   *last;

	memset(subject, 0, sizeof(*subject));
	subject->alg = alg;
	if (!signer_init(&signer, alg))
		return false;
	subject->jwk = signer_jwk(&signer, ",\"kid\":\"k1\"");
	size = strlen(subject->jwk) + 20;
	subject->jwks = malloc(size);
	MUST(subject->jwks != NULL);
	snprintf(subject->jwks, size, "{\"keys\":[%s]}", subject->jwk);
	if (signer.pkey != NULL)
		subject->pem = pem_of(signer.pkey);
	else
		memcpy(subject->secret, signer.secret, sizeof(subject->secret));
	if (info->kty == AZ_KTY_EC)
		subject->certificate = certificate_of(signer.pkey);

	snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"k1\",\"typ\":\"JWT\"}", info->name);
	subject->good = signer_token(&signer, header, PAYLOAD("ann"));
	subject->forged = signer_token(&signer, header, PAYLOAD("eve"));
	/* eve's claims under ann's signature */
	last = strrchr(subject->forged, '.');
	MUST(strlen(last) == strlen(strrchr(subject->good, '.')));
	strcpy(last, strrchr(subject->good, '.'));
	signer_free(&signer);

	MUST(az_json_parse(subject->jwk, strlen(subject->jwk), &subject->jwk_json) == AZ_JSON_OK);
	MUST(az_json_parse(subject->jwks, strlen(subject->jwks), &subject->jwks_json) == AZ_JSON_OK);
	return true;
}

static inline void
subject_free(Subject *subject)
{
	free(subject->jwk);
	free(subject->jwks);
	free(subject->pem);
	free(subject->certificate);
	free(subject->good);
	free(subject->forged);
	az_json_free(subject->jwk_json);
	az_json_free(subject->jwks_json);
}

/* ---- ways to a key: NULL when refused ---- */

typedef AzKeyStatus (*Loader) (const Subject *subject, AzKey **key, AzKeyError *error);

static inline AzKeyStatus
load_jwk(const Subject *subject, AzKey **key, AzKeyError *error)
{
	return az_key_from_jwk(subject->jwk_json, 0, true, key, error);
}

static inline AzKeyStatus
load_set(const Subject *subject, bool strict, AzKey **key, AzKeyError *error)
{
	AzKeySet	set;
	AzKeyStatus status = az_key_set_read(subject->jwks_json, 0, true, strict, &set, error);

	*key = NULL;
	if (status == AZ_KEY_OK)
	{
		*key = set.keys[0];
		set.keys[0] = NULL;
		/* memory that ran out is no fault of an entry */
		MUST(set.nskipped == 0);
	}
	az_key_set_free(&set);
	return status;
}

static inline AzKeyStatus
load_jwks(const Subject *subject, AzKey **key, AzKeyError *error)
{
	return load_set(subject, true, key, error);
}

/* Of a set that is not strict a key must never be missing for lack of memory. */
static inline AzKeyStatus
load_jwks_leniently(const Subject *subject, AzKey **key, AzKeyError *error)
{
	return load_set(subject, false, key, error);
}

static inline AzKeyStatus
load_text(const Subject *subject, const char *pem, AzKey **key, AzKeyError *error)
{
	return az_key_from_pem(pem, strlen(pem), "k1", az_alg_info(subject->alg)->name, 0, key, error);
}

static inline AzKeyStatus
load_pem(const Subject *subject, AzKey **key, AzKeyError *error)
{
	return load_text(subject, subject->pem, key, error);
}

static inline AzKeyStatus
load_certificate(const Subject *subject, AzKey **key, AzKeyError *error)
{
	return load_text(subject, subject->certificate, key, error);
}

static inline AzKeyStatus
load_secret(const Subject *subject, AzKey **key, AzKeyError *error)
{
	return az_key_from_secret(subject->secret, az_alg_info(subject->alg)->min_secret,
							  "k1", az_alg_info(subject->alg)->name, key, error);
}

static inline AzKeyStatus
load_judged_secret(const Subject *subject, AzKey **key, AzKeyError *error)
{
	AzKeyStatus status = load_secret(subject, key, error);

	if (status == AZ_KEY_OK)
		status = az_key_judge_secret(*key, &error->why);
	if (status != AZ_KEY_OK)
	{
		az_key_free(*key);
		*key = NULL;
	}
	return status;
}

/* Which of them there are for a subject; n is at least 3. */
static inline size_t
loaders_of(const Subject *subject, Loader *loaders, const char **names)
{
	size_t		n = 0;

	loaders[n] = load_jwk, names[n++] = "a JWK";
	loaders[n] = load_jwks, names[n++] = "a JWK set";
	if (subject->pem != NULL)
		loaders[n] = load_pem, names[n++] = "PEM";
	else
		loaders[n] = load_secret, names[n++] = "a secret";
	if (subject->certificate != NULL)
		loaders[n] = load_certificate, names[n++] = "a certificate";
	return n;
}

/* ---- a verification ---- */

static inline AzIssuer *
issuer_with(const char *name, AzKey *key)
{
	AzIssuer   *issuer = az_issuer_new(name, strlen(name));

	MUST(issuer != NULL && az_issuer_add_audience(issuer, "api", 3) &&
		 az_issuer_add_key(issuer, key));
	issuer->algorithms = AZ_ALGS_ALL;
	return issuer;
}

/* Is it ann's identity, and whole? */
static inline bool
is_ann(const AzIdentity *id)
{
	const char *text;
	size_t		len;

	return id != NULL && az_identity_check(id, id->size) &&
		az_node_text(id, &id->subject, &text, &len) && len == 3 && memcmp(text, "ann", 3) == 0 &&
		id->scopes.count == 2 && id->roles.count == 2 && id->norgs == 2 &&
		id->amr.count == 1 && az_node_len(&id->trust_actor) == 14 &&
		az_node_len(&id->claims) == 13;
}

/* All of it in a new AzVerification; *right: what was accepted is ann. */
static inline AzReason
verify_all(AzIssuer *issuer, const char *token, bool *right)
{
	AzVerification *verification = az_verification_new();
	AzTrust		trust = {.issuers = &issuer, .nissuers = 1, .max_token_size = 65536};
	const AzIdentity *id = NULL;
	AzReason	reason = AZ_NO_MEMORY;

	if (verification != NULL)
		reason = az_verify(verification, token, strlen(token), NOW, &trust, &id);
	*right = (reason == AZ_OK) == (id != NULL) && (id == NULL || is_ann(id));
	az_verification_free(verification);
	return reason;
}

/* ---- an assertion, from one server to another ---- */

/* RFC 8037, A.1 */
#define SIGNING_D	"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define SIGNING_JWK \
	"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"c1\",\"key_ops\":[\"sign\"],\"x\":\"" ED25519_X "\",\"d\":\"" SIGNING_D "\"}"

/* jwk NULL: a new one. */
static inline AzKeyStatus
load_signing_key(const AzJson *jwk, AzSigningKey **key, AzKeyError *error)
{
	return jwk != NULL ? az_signing_key_from_jwk(jwk, "c1", key, error) :
		az_signing_key_generate("c1", key, error);
}

static inline AzKey *
public_half_of(const AzSigningKey *key)
{
	char	   *text = az_signing_key_public_jwk(key);
	AzJson	   *jwk;
	AzKey	   *public_key;
	AzKeyError	error;

	MUST(text != NULL && az_json_parse(text, strlen(text), &jwk) == AZ_JSON_OK &&
		 az_key_from_jwk(jwk, 0, false, &public_key, &error) == AZ_KEY_OK);
	free(text);
	az_json_free(jwk);
	return public_key;
}

/* Does it sign what its public half verifies? */
static inline bool
is_signing_key(const AzSigningKey *key)
{
	AzKey	   *public_key = public_half_of(key);
	unsigned char signature[AZ_SIGNATURE_ED25519];
	bool		good = az_sign(key, (const unsigned char *) "m", 1, signature) &&
		az_signature_verify(public_key, (const unsigned char *) "m", 1, signature,
							sizeof(signature)) == AZ_OK &&
		strcmp(az_signing_key_kid(key), "c1") == 0;

	az_key_free(public_key);
	return good;
}

static inline const AzKey *
find_cluster_key(void *arg, const char *kid, size_t len)
{
	(void) kid, (void) len;
	return arg;
}

/*
 * Made and taken; AZ_CRYPTO_FAILURE when it was not even made.  forge: by a bit.
 * *right: what was accepted is ann, and asserted.
 */
static inline AzReason
hand_over(const AzSigningKey *key, AzKey *public_key, AzIssuer *issuer, const AzIdentity *id,
		  bool forge, bool *right)
{
	static const AzAssertion assertion = {"7/db", "n1", "digest", NOW / 1000000, NOW / 1000000 + 60};
	AzAssertionTrust by = {find_cluster_key, NULL, public_key};
	AzTrust		trust = {.issuers = &issuer, .nissuers = 1, .max_token_size = 65536};
	char	   *text = az_assertion_make(key, &assertion, id, NULL);
	AzVerification *verification = az_verification_new();
	const AzIdentity *told = NULL;
	AzReason	reason = AZ_CRYPTO_FAILURE;

	if (text != NULL && forge)
		text[strlen(text) - 20] ^= 1;
	if (text != NULL && verification != NULL)
		reason = az_verify_assertion(verification, text, strlen(text), NOW, &trust, &by, &told);
	*right = (reason == AZ_OK) == (told != NULL) && (told == NULL || (is_ann(told) && told->asserted));
	az_verification_free(verification);
	free(text);
	return reason;
}

#endif							/* FAULTS_H */
