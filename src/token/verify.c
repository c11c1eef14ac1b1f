/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  The order of checks: a token in, an identity or one reason out.
 *
 * This file is the security argument.  The checks stand in the table below in
 * the order in which they run; the first that answers anything but AZ_OK ends
 * the verification with its reason.  Each is one function, and the comment
 * above it names the rule that it enforces; those of the claims are in
 * verify_claims.c, those of times in verify_times.c, those of an assertion's
 * header in verify_assertion.c.
 *
 * Nothing of a token is believed before its signature holds.  Until then the
 * header serves to choose algorithm and key, and of the payload only "iss" is
 * read, or its absence noted ("aud" for issuers that are chosen by it), to
 * choose the issuer whose key it must be (RFC 8725, 3.8 and 3.10).  An
 * attacker gains nothing by lying in either: the token must then hold under a
 * key of the issuer that it named.
 *
 *-------------------------------------------------------------------------
 */
#include "token/verify_intern.h"

#include <stdlib.h>
#include <string.h>

typedef AzReason (*Check) (AzVerification *v);

static AzReason check_size(AzVerification *v);
static AzReason check_assertion_size(AzVerification *v);
static AzReason check_segments(AzVerification *v);
static AzReason check_payload(AzVerification *v);
static AzReason check_header(AzVerification *v);
static AzReason choose_issuer(AzVerification *v);
static AzReason choose_keys(AzVerification *v);
static AzReason check_signature(AzVerification *v);
static AzReason check_assertion_signature(AzVerification *v);
static AzReason make_identity(AzVerification *v);
static AzReason check_claims(AzVerification *v);
static AzReason choose_issuer_unless_given(AzVerification *v);

static const Check checks[] = {
	/* somebody's bytes */
	check_size,
	check_segments,
	check_payload,
	check_header,
	az_refuse_assertion,
	choose_issuer,
	choose_keys,
	check_signature,

	/* from here on: the issuer's word */
	az_check_token_type,
	az_check_audience,
	az_check_expiration,
	az_check_not_before,
	az_check_issued_at,
	az_check_age,
	az_check_required_claims,
	az_check_claim_values,
	az_check_claim_types,
	az_check_bound,
	az_check_groups_listed,
	az_check_actor,
	az_check_revocation,
	make_identity,
};

/*
 * An assertion (az_verify_assertion()).  A cluster key takes the place of the
 * issuer's keys.  The other server has judged whether the token is from this
 * issuer and for us.  What its claims mean and when it ends is judged here.
 */
static const Check assertions[] = {
	/* somebody's bytes */
	check_assertion_size,
	check_segments,
	check_payload,
	check_header,
	az_check_assertion_type,
	az_choose_cluster_key,
	check_assertion_signature,

	/* from here on: another server's word */
	az_check_assertion_header,
	az_check_assertion_times,
	az_check_assertion_use,

	/* and what an issuer signed before that */
	choose_issuer,
	az_check_expiration,
	az_read_begin,
	az_check_age,
	az_check_required_claims,
	az_check_claim_values,
	az_check_claim_types,
	az_check_groups_listed,
	az_check_actor,
	az_check_revocation,
	make_identity,
};

/*
 * Claims that nobody has signed (az_read_unsigned()): whether they are from
 * this issuer, valid now and for us is not checked.
 */
static const Check readings[] = {
	check_claims,
	choose_issuer_unless_given,
	az_read_times,
	az_check_required_claims,
	az_check_claim_values,
	az_check_claim_types,
	az_check_groups_listed,
	az_check_actor,
	make_identity,
};

/* ---- before the signature ---- */

size_t
az_token_length(const char *token, size_t len)
{
	if (len == 0 || token[len - 1] != '\n')
		return len;
	len--;
	return len > 0 && token[len - 1] == '\r' ? len - 1 : len;
}

/* A newline at the end, as from a file or a pipe, is not part of the token. */
static AzReason
check_size_within(AzVerification *v, size_t limit)
{
	if (v->token == NULL || v->len == 0)
		return AZ_TOKEN_MISSING;
	if (v->len > limit)
		return AZ_TOKEN_TOO_LARGE;
	v->len = az_token_length(v->token, v->len);
	return v->len > 0 ? AZ_OK : AZ_TOKEN_MISSING;
}

static AzReason
check_size(AzVerification *v)
{
	return check_size_within(v, v->trust->max_token_size);
}

/*
 * The payload is that of a token that was not too large, but the header is not
 * the token's.
 */
static AzReason
check_assertion_size(AzVerification *v)
{
	return check_size_within(v, az_assertion_max(v->trust->max_token_size));
}

/* RFC 7515, 7.1 and 5.2: three segments of strict base64url, a JSON header. */
static AzReason
check_segments(AzVerification *v)
{
	return az_jws_parse(v->token, v->len, &v->jws);
}

/* RFC 7519, 7.2: the payload is one JSON object, parsed here and only here. */
static AzReason
parse_payload(AzVerification *v, const char *text, size_t len)
{
	AzJsonStatus status = az_json_parse(text, len, &v->payload);

	if (status == AZ_JSON_NO_MEMORY)
		return AZ_NO_MEMORY;
	if (status != AZ_JSON_OK || az_json_type(v->payload) != AZ_JSON_OBJECT)
		return AZ_PAYLOAD_JSON;
	v->verified.payload = v->payload;
	return AZ_OK;
}

static AzReason
check_payload(AzVerification *v)
{
	return parse_payload(v, (const char *) v->jws.payload, v->jws.payload_len);
}

/* RFC 7515, 4.1: what the header may say, and what it must not. */
static AzReason
check_header(AzVerification *v)
{
	return az_jws_header(&v->jws);
}

/* RFC 7519, 4.1.1: one string, compared byte for byte. */
static bool
has_issuer(const AzIssuer *issuer, const AzJson *iss)
{
	size_t		len;
	const char *text = az_json_string(iss, &len);

	return text != NULL && len == issuer->issuer_len &&
		memcmp(text, issuer->issuer, len) == 0;
}

bool
az_may_have_issued(const AzIssuer *issuer, const AzTokenHint *hint)
{
	if (issuer->by_audience)
		return az_has_audience(issuer, hint->aud);
	if (issuer->unnamed)
		return hint->iss == NULL;
	return has_issuer(issuer, hint->iss);
}

/* RFC 8725, 3.8: the key must belong to the issuer, so the issuer comes first. */
static AzReason
choose_issuer(AzVerification *v)
{
	const AzTrust *trust = v->trust;
	AzTokenHint hint = {az_payload_claim(v, "iss"), az_payload_claim(v, "aud"), v->jws.kid, v->jws.kid_len,
	v->by != NULL};
	AzCandidates among = {trust->issuers, trust->nissuers};
	size_t		i;

	if (trust->find != NULL)
		among = trust->find(trust->arg, &hint);
	for (i = 0; i < among.n; i++)
	{
		if (!az_may_have_issued(among.issuers[i], &hint))
			continue;
		if (v->verified.issuer != NULL)
			return AZ_ISSUER_AMBIGUOUS;
		v->verified.issuer = among.issuers[i];
	}
	if (v->verified.issuer != NULL)
		return AZ_OK;
	if (v->by != NULL)
		az_hint_trust_differs(&v->hint);
	else if (hint.iss == NULL)
		az_hint_unnamed(&v->hint);
	return AZ_ISSUER_UNTRUSTED;
}

/*
 * With objects of 1.0 only one key counts: for a token without kid, one
 * without kid if there is any.
 */
static AzReason
choose_as_1_0(AzVerification *v)
{
	AzCandidateKeys *all = &v->candidates;
	AzCandidateKeys kidless = {0};
	size_t		i;

	for (i = 0; i < all->n; i++)
	{
		if (az_key_kid(all->key[i]) == NULL)
			kidless.key[kidless.n++] = all->key[i];
	}
	if (v->jws.kid == NULL && kidless.n > 0)
		*all = kidless;
	return all->n == 1 ? AZ_OK : AZ_KEY_AMBIGUOUS;
}

/* RFC 8725, 3.1: the algorithm is the key's, the header only has to agree. */
static AzReason
choose_keys(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;
	AzReason	reason = az_jws_choose_keys(&v->jws, issuer->keys, issuer->nkeys,
											issuer->algorithms, issuer->key_id_required,
											&v->candidates);

	if (reason == AZ_ALG_REFUSED)
		az_hint_algorithms(&v->hint, issuer);
	/* refused in any case; whether somebody fetches the key is told */
	if (reason == AZ_KEY_NOT_FOUND && v->trust->fetches_key &&
		v->trust->fetches_key(v->trust->arg, issuer))
		az_hint_fetching(&v->hint);
	if (reason == AZ_OK && issuer->to_be_updated)
		return choose_as_1_0(v);
	return reason;
}

/* Is this string of the block the same text?  NULL corresponds to AZ_NULL. */
static bool
says(const AzIdentity *id, const AzNode *node, const char *text)
{
	if (text == NULL || az_node_type(node) != AZ_STRING)
		return text == NULL && az_node_type(node) == AZ_NULL;
	return strlen(text) == az_node_len(node) &&
		memcmp(text, az_node_bytes(id, node), az_node_len(node)) == 0;
}

bool
az_is_key_of(const AzKey *key, const AzIdentity *id)
{
	return az_key_alg(key) == (AzAlg) id->alg &&
		strcmp(az_key_thumbprint(key), id->thumbprint) == 0 &&
		says(id, &id->trust_kid, az_key_kid(key));
}

/*
 * Is everything unchanged that the signature and the identity depend on: the
 * bytes (the caller says that they are), the issuer's row and the key?
 */
static bool
is_known(const AzVerification *v)
{
	return v->known != NULL && !v->known->asserted &&
		v->known->issuer_version == v->verified.issuer->version &&
		says(v->known, &v->known->trust_issuer, v->verified.issuer->issuer) &&
		az_is_key_of(v->verified.key, v->known);
}

/*
 * RFC 7515, 5.2: over the characters received.  The first candidate that holds
 * is the token's key, also for a token that was seen before.  The next one is
 * tried after a wrong signature only: when the library fails, nothing is
 * decided.
 */
static AzReason
check_signature(AzVerification *v)
{
	AzReason	reason = AZ_SIGNATURE;
	size_t		i;

	for (i = 0; i < v->candidates.n && reason == AZ_SIGNATURE; i++)
	{
		v->verified.key = v->candidates.key[i];
		reason = is_known(v) ? AZ_OK : az_jws_verify(&v->jws, v->verified.key);
	}
	return reason;
}

/* The same under a cluster key. */
static AzReason
check_assertion_signature(AzVerification *v)
{
	AzReason	reason = check_signature(v);

	v->verified.asserted = true;
	return reason == AZ_SIGNATURE ? AZ_ASSERTION_SIGNATURE : reason;
}

/* ---- after the signature: see verify_claims.c, verify_times.c; last of all ---- */

static AzReason
make_identity(AzVerification *v)
{
	if (is_known(v))
		return v->identity = v->known, AZ_OK;
	az_read_authentication(v);
	return az_claims_build(v->builder, &v->verified, v->trust->converter, &v->identity);
}

/* ---- claims that nobody has signed ---- */

static AzReason
check_claims(AzVerification *v)
{
	if (v->len > v->trust->max_token_size)
		return AZ_TOKEN_TOO_LARGE;
	return parse_payload(v, v->token, v->len);
}

static AzReason
choose_issuer_unless_given(AzVerification *v)
{
	return v->verified.issuer != NULL ? AZ_OK : choose_issuer(v);
}

/* ---- one verification ---- */

/* Free everything but the identity and the hint. */
static void
release(AzVerification *v)
{
	az_jws_free(&v->jws);
	az_json_free(v->payload);
	free(v->actor);
	memset(v, 0, offsetof(AzVerification, builder));
}

AzVerification *
az_verification_new(void)
{
	AzVerification *v = calloc(1, sizeof(AzVerification));

	if (v == NULL)
		return NULL;
	v->builder = az_builder_new();
	if (v->builder == NULL)
	{
		free(v);
		return NULL;
	}
	return v;
}

void
az_verification_free(AzVerification *v)
{
	if (v == NULL)
		return;
	release(v);
	az_builder_free(v->builder);
	free(v);
}

static void
start(AzVerification *v, const char *token, size_t len, const AzTrust *trust)
{
	release(v);					/* a callback may have left by longjmp */
	az_hint_clear(&v->hint);
	v->identity = NULL;
	v->token = token;
	v->len = len;
	v->trust = trust;
}

static AzReason
run(AzVerification *v, const Check *steps, size_t n, const AzIdentity **identity)
{
	AzReason	reason = AZ_OK;
	size_t		i;

	*identity = NULL;
	for (i = 0; i < n && reason == AZ_OK; i++)
		reason = steps[i](v);

	release(v);
	if (reason == AZ_OK)
		*identity = v->identity;
	return reason;
}

AzReason
az_verify_again(AzVerification *v, const char *token, size_t len, int64_t now,
				const AzTrust *trust, const AzIdentity *known, const AzIdentity **identity)
{
	start(v, token, len, trust);
	v->now = now;
	v->known = known;
	return run(v, checks, sizeof(checks) / sizeof(checks[0]), identity);
}

AzReason
az_verify_assertion(AzVerification *v, const char *token, size_t len, int64_t now,
					const AzTrust *trust, const AzAssertionTrust *by,
					const AzIdentity **identity)
{
	start(v, token, len, trust);
	v->now = now;
	v->by = by;
	return run(v, assertions, sizeof(assertions) / sizeof(assertions[0]), identity);
}

AzReason
az_read_unsigned(AzVerification *v, const char *claims, size_t len, const AzTrust *trust,
				 const AzIssuer *issuer, const AzIdentity **identity)
{
	start(v, claims, len, trust);
	v->is_unsigned = true;
	v->verified.issuer = issuer;
	return run(v, readings, sizeof(readings) / sizeof(readings[0]), identity);
}

const char *
az_verification_hint(const AzVerification *v)
{
	return v->hint.len > 0 ? v->hint.text : NULL;
}

AzReason
az_verify(AzVerification *v, const char *token, size_t len, int64_t now,
		  const AzTrust *trust, const AzIdentity **identity)
{
	return az_verify_again(v, token, len, now, trust, NULL, identity);
}
