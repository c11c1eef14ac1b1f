/*-------------------------------------------------------------------------
 *
 * verify.c
 *	  The order of checks: a token in, an identity or one reason out.
 *
 * This page is the security argument.  The checks stand in the table below
 * in the order in which they run; the first that answers anything but AZ_OK
 * ends the verification with its reason.  Each is one function, above it the
 * rule that it enforces.
 *
 * Nothing of a token is believed before its signature holds.  Until then the
 * header serves to choose algorithm and key, and of the payload "iss" alone
 * is read, or that it is absent ("aud" for issuers that are chosen by it), to
 * choose whose key it must be (RFC 8725, 3.8 and 3.10).  An attacker gains nothing by lying in
 * either: the token must then hold under a key of the issuer that it named.
 *
 *-------------------------------------------------------------------------
 */
#include "token/verify.h"

#include <stdlib.h>
#include <string.h>

#include "token/actor.h"

#define MICROS		INT64_C(1000000)

/* The first instant that PostgreSQL can show: 4714-11-24 BC. */
#define TIME_FIRST	(INT64_C(-210866803200) * MICROS)

struct AzVerification
{
	/* what to judge, and by what: borrowed during az_verify() */
	const char *token;
	size_t		len;
	int64_t		now;
	const AzTrust *trust;
	const AzIdentity *known;	/* NULL: these bytes were not seen before */

	/* owned */
	AzJws		jws;
	AzJson	   *payload;
	char	   *actor;

	/* what the checks have found */
	AzCandidateKeys candidates;
	AzVerified	verified;

	/* what outlives one verification */
	AzBuilder  *builder;		/* owned */
	const AzIdentity *identity; /* borrowed from builder, or known */
	AzHint		hint;			/* about the last refusal */
};

typedef AzReason (*Check) (AzVerification *v);

static AzReason check_size(AzVerification *v);
static AzReason check_segments(AzVerification *v);
static AzReason check_payload(AzVerification *v);
static AzReason check_header(AzVerification *v);
static AzReason choose_issuer(AzVerification *v);
static AzReason choose_keys(AzVerification *v);
static AzReason check_signature(AzVerification *v);
static AzReason check_token_type(AzVerification *v);
static AzReason check_audience(AzVerification *v);
static AzReason check_expiration(AzVerification *v);
static AzReason check_not_before(AzVerification *v);
static AzReason check_issued_at(AzVerification *v);
static AzReason check_age(AzVerification *v);
static AzReason check_required_claims(AzVerification *v);
static AzReason check_claim_values(AzVerification *v);
static AzReason check_claim_types(AzVerification *v);
static AzReason check_bound(AzVerification *v);
static AzReason check_groups_listed(AzVerification *v);
static AzReason check_actor(AzVerification *v);
static AzReason check_revocation(AzVerification *v);
static AzReason make_identity(AzVerification *v);

static const Check checks[] = {
	/* somebody's bytes */
	check_size,
	check_segments,
	check_payload,
	check_header,
	choose_issuer,
	choose_keys,
	check_signature,

	/* from here on: the issuer's word */
	check_token_type,
	check_audience,
	check_expiration,
	check_not_before,
	check_issued_at,
	check_age,
	check_required_claims,
	check_claim_values,
	check_claim_types,
	check_bound,
	check_groups_listed,
	check_actor,
	check_revocation,
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

/* A newline at the end, as from a file or a pipe, is no part of the token. */
static AzReason
check_size(AzVerification *v)
{
	if (v->token == NULL || v->len == 0)
		return AZ_TOKEN_MISSING;
	if (v->len > v->trust->max_token_size)
		return AZ_TOKEN_TOO_LARGE;
	v->len = az_token_length(v->token, v->len);
	return v->len > 0 ? AZ_OK : AZ_TOKEN_MISSING;
}

/* RFC 7515, 7.1 and 5.2: three segments of strict base64url, a JSON header. */
static AzReason
check_segments(AzVerification *v)
{
	return az_jws_parse(v->token, v->len, &v->jws);
}

/* RFC 7519, 7.2: the payload is one JSON object, parsed here and only here. */
static AzReason
check_payload(AzVerification *v)
{
	AzJsonStatus status = az_json_parse((const char *) v->jws.payload,
										v->jws.payload_len, &v->payload);

	if (status == AZ_JSON_NO_MEMORY)
		return AZ_NO_MEMORY;
	if (status != AZ_JSON_OK || az_json_type(v->payload) != AZ_JSON_OBJECT)
		return AZ_PAYLOAD_JSON;
	v->verified.payload = v->payload;
	return AZ_OK;
}

/* RFC 7515, 4.1: what the header may say, and what it must not. */
static AzReason
check_header(AzVerification *v)
{
	return az_jws_header(&v->jws);
}

static const AzJson *
claim(const AzVerification *v, const char *name)
{
	return az_json_get_z(v->payload, name);
}

static bool
is_one_of(const AzNames *names, const AzJson *value)
{
	size_t		len;
	const char *text = az_json_string(value, &len);

	return text != NULL && az_names_has(names, text, len);
}

/* Is an accepted audience among those of the token? */
static bool
has_audience(const AzIssuer *issuer, const AzJson *aud)
{
	size_t		i;

	if (aud == NULL)
		return false;
	if (az_json_type(aud) != AZ_JSON_ARRAY)
		return is_one_of(&issuer->audience, aud);
	for (i = 0; i < az_json_count(aud); i++)
	{
		if (is_one_of(&issuer->audience, az_json_at(aud, i)))
			return true;
	}
	return false;
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
		return has_audience(issuer, hint->aud);
	if (issuer->unnamed)
		return hint->iss == NULL;
	return has_issuer(issuer, hint->iss);
}

/* RFC 8725, 3.8: the key must belong to the issuer, so the issuer comes first. */
static AzReason
choose_issuer(AzVerification *v)
{
	const AzTrust *trust = v->trust;
	AzTokenHint hint = {claim(v, "iss"), claim(v, "aud"), v->jws.kid, v->jws.kid_len};
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
	if (hint.iss == NULL)
		az_hint_unnamed(&v->hint);
	return AZ_ISSUER_UNTRUSTED;
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
	return reason;
}

/* Does this string of the block say the same?  NULL is AZ_NULL. */
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
 * Is all the same that the signature and the identity depend on: the bytes,
 * as the caller says, the issuer's row, and the key?
 */
static bool
is_known(const AzVerification *v)
{
	return v->known != NULL &&
		v->known->issuer_version == v->verified.issuer->version &&
		says(v->known, &v->known->trust_issuer, v->verified.issuer->issuer) &&
		az_is_key_of(v->verified.key, v->known);
}

/*
 * RFC 7515, 5.2: over the characters received.  The first candidate that holds
 * is the token's key, also for a token that was seen before.  What is no
 * wrong signature is no reason to go on: a library that fails decides nothing.
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

/* ---- after the signature: what it is and for whom ---- */

/* RFC 8725, 3.11: tokens of another kind are not taken for ours. */
static AzReason
check_token_type(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;
	bool		missing = v->jws.typ == NULL ||
		(v->jws.typ_len == 0 && issuer->token_type_required);

	if (missing ? !issuer->token_type_required :
		issuer->token_types.n == 0 ||
		az_issuer_takes_type(issuer, v->jws.typ, v->jws.typ_len))
		return AZ_OK;
	az_hint_type(&v->hint, issuer, missing);
	return AZ_TOKEN_TYPE;
}

/* RFC 7519, 4.1.3: a string or an array of strings, nothing beside them. */
static bool
is_audience(const AzJson *aud)
{
	size_t		len;
	size_t		i;

	if (aud == NULL || az_json_type(aud) != AZ_JSON_ARRAY)
		return az_json_string(aud, &len) != NULL;
	for (i = 0; i < az_json_count(aud); i++)
	{
		if (az_json_type(az_json_at(aud, i)) != AZ_JSON_STRING)
			return false;
	}
	return true;
}

/*
 * The issuer's audience_claims: where it is, the first that is present.  All of
 * them count where the issuer says so (merge_audience); none may be anything
 * but an audience then.  A token that has none of them is refused, unless that
 * is no fault of it (audience_optional).
 */
static bool
names_audience(const AzIssuer *issuer, const AzJson *payload)
{
	bool		found = false;
	size_t		present = 0;
	size_t		i;

	for (i = 0; i < issuer->audience_claims.n && (present == 0 || issuer->merge_audience); i++)
	{
		const AzJson *aud = az_claim_at(payload, &issuer->audience_claims.path[i]);

		if (aud == NULL)
			continue;
		if (!is_audience(aud))
			return false;
		found = found || has_audience(issuer, aud);
		present++;
	}
	return present > 0 ? found : issuer->audience_optional;
}

static AzReason
check_audience(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;

	if (issuer->any_audience || names_audience(issuer, v->payload))
		return AZ_OK;
	az_hint_audience(&v->hint, issuer);
	return AZ_AUDIENCE;
}

/* ---- after the signature: times ---- */

/* What lies beyond the last instant is as late as that, and so downwards. */
static int64_t
add_seconds(int64_t instant, int64_t seconds)
{
	int64_t		sum;

	if (__builtin_mul_overflow(seconds, MICROS, &sum) ||
		__builtin_add_overflow(instant, sum, &sum))
		return seconds > 0 ? INT64_MAX : TIME_FIRST;
	return sum;
}

/* Downwards to the microsecond.  NaN fails the first comparison. */
static bool
read_fraction(double seconds, int64_t *instant)
{
	int64_t		whole;
	int64_t		micros;

	if (!(seconds >= (double) (TIME_FIRST / MICROS) &&
		  seconds < (double) (INT64_MAX / MICROS + 1)))
		return false;
	whole = (int64_t) seconds;
	if ((double) whole > seconds)
		whole--;
	micros = (int64_t) ((seconds - (double) whole) * MICROS);
	return !__builtin_add_overflow(whole * MICROS, micros, instant);
}

/*
 * RFC 7519, 2: a NumericDate is a JSON number, fractions allowed.  False for
 * another type and for what does not fit.
 */
static bool
read_date(const AzJson *value, int64_t *instant)
{
	int64_t		seconds;
	double		real;

	if (az_json_integer(value, &seconds))
		return !__builtin_mul_overflow(seconds, MICROS, instant) &&
			*instant >= TIME_FIRST;
	return az_json_number(value, &real) && read_fraction(real, instant);
}

/* RFC 7519, 4.1.4: not accepted on or after it.  Every token must have one. */
static AzReason
check_expiration(AzVerification *v)
{
	const AzJson *exp = claim(v, "exp");
	AzVerified *verified = &v->verified;

	if (exp == NULL)
		return AZ_EXP_MISSING;
	if (!read_date(exp, &verified->expires))
		return AZ_EXP_INVALID;
	verified->deadline = add_seconds(verified->expires, verified->issuer->leeway_seconds);
	return v->now < verified->deadline ? AZ_OK : AZ_EXPIRED;
}

/* How far the issuer's clock may run ahead of ours. */
static int64_t
skew_of(const AzIssuer *issuer)
{
	return issuer->skew_seconds > issuer->leeway_seconds ?
		issuer->skew_seconds : issuer->leeway_seconds;
}

/* RFC 7519, 4.1.5: not accepted before it. */
static AzReason
check_not_before(AzVerification *v)
{
	const AzJson *nbf = claim(v, "nbf");
	int64_t		skew = skew_of(v->verified.issuer);
	int64_t		instant;

	v->verified.not_before = AZ_TIME_NONE;
	if (nbf == NULL)
		return AZ_OK;
	if (!read_date(nbf, &instant))
		return AZ_NBF_INVALID;
	v->verified.not_before = add_seconds(instant, -skew);
	return instant <= add_seconds(v->now, skew) ? AZ_OK : AZ_NOT_YET_VALID;
}

/* RFC 7519, 4.1.6, and no clock of an issuer runs ahead of ours by more. */
static AzReason
check_issued_at(AzVerification *v)
{
	const AzJson *iat = claim(v, "iat");

	v->verified.issued = AZ_TIME_NONE;
	if (iat == NULL)
		return AZ_OK;
	if (!read_date(iat, &v->verified.issued))
		return AZ_IAT_INVALID;
	return v->verified.issued <= add_seconds(v->now, skew_of(v->verified.issuer)) ?
		AZ_OK : AZ_ISSUED_IN_FUTURE;
}

static AzReason
refuse_missing(AzVerification *v, const char *option, const char *claim)
{
	az_hint_required(&v->hint, option, claim);
	return AZ_CLAIM_MISSING;
}

/* The issuer's max_age_seconds: a second end, counted from iat. */
static AzReason
check_age(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;
	int64_t		end;

	if (issuer->max_age_seconds == 0)
		return AZ_OK;
	if (v->verified.issued == AZ_TIME_NONE)
		return refuse_missing(v, "max_age_seconds", "iat");
	end = add_seconds(add_seconds(v->verified.issued, issuer->max_age_seconds),
					  issuer->leeway_seconds);
	if (end < v->verified.deadline)
		v->verified.deadline = end;
	if (v->now < end)
		return AZ_OK;
	az_hint_age(&v->hint, issuer);
	return AZ_TOO_OLD;
}

/* ---- after the signature: who it is ---- */

/* Present, not null and not "". */
static bool
is_given(const AzJson *value)
{
	size_t		len;

	if (value == NULL || az_json_type(value) == AZ_JSON_NULL)
		return false;
	return az_json_string(value, &len) == NULL || len > 0;
}

/*
 * A required claim that says who it is must be of a type that can: a string,
 * or an integer where number allows it.
 */
static bool
names_somebody(const AzVerification *v, const AzPath *path, bool number)
{
	const AzJson *value;
	AzJsonType	type;

	if (path->n != 1 ||
		!az_names_has(&v->verified.issuer->required_claims, path->name[0].data,
					  path->name[0].len))
		return true;
	value = az_claim_at(v->payload, path);
	if (value == NULL)
		return false;
	type = az_json_type(value);
	return type == AZ_JSON_STRING || (number && type == AZ_JSON_INTEGER);
}

static AzReason
check_required_claims(AzVerification *v)
{
	static const char option[] = "required_claims";
	const AzIssuer *issuer = v->verified.issuer;
	size_t		i;

	for (i = 0; i < issuer->required_claims.n; i++)
	{
		const AzName *name = &issuer->required_claims.name[i];

		if (!is_given(az_json_get(v->payload, name->data, name->len)))
			return refuse_missing(v, option, name->data);
	}
	if (!names_somebody(v, &issuer->user_id_claim, true))
		return refuse_missing(v, option, issuer->user_id_claim.name[0].data);
	if (!names_somebody(v, &issuer->owner_claim, true))
		return refuse_missing(v, option, issuer->owner_claim.name[0].data);
	if (!names_somebody(v, &issuer->email_claim, false))
		return refuse_missing(v, option, issuer->email_claim.name[0].data);
	return AZ_OK;
}

/* RFC 8725, 3.12: what tells this issuer's access tokens from its others. */
static AzReason
check_claim_values(AzVerification *v)
{
	const AzDemand *unmet = az_unmet_demand(&v->verified.issuer->claim_values, v->payload);

	if (unmet == NULL)
		return AZ_OK;
	az_hint_demand(&v->hint, unmet);
	return AZ_CLAIM_VALUE;
}

/* RFC 7519, 4.1.1, 4.1.2, 4.1.7: strings where present. */
static AzReason
check_claim_types(AzVerification *v)
{
	static const char *const names[] = {"iss", "sub", "jti"};
	size_t		i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		const AzJson *value = claim(v, names[i]);

		if (value != NULL && az_json_type(value) != AZ_JSON_STRING)
		{
			az_hint_string(&v->hint, names[i]);
			return AZ_CLAIM_TYPE;
		}
	}
	return AZ_OK;
}

/* RFC 7800, 3.1: it is for one who proves to have the key; here nobody does. */
static AzReason
check_bound(AzVerification *v)
{
	const AzJson *cnf = claim(v, "cnf");

	return v->verified.issuer->ignore_bound_tokens || cnf == NULL ||
		az_json_type(cnf) == AZ_JSON_NULL ? AZ_OK : AZ_BOUND;
}

/* What is not listed must not be read as "in no group". */
static AzReason
check_groups_listed(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;

	v->verified.groups_unlisted = issuer->groups_overage != AZ_OVERAGE_IGNORE &&
		!az_claim_lists_groups(issuer, v->payload);
	return v->verified.groups_unlisted && issuer->groups_overage == AZ_OVERAGE_REFUSE ?
		AZ_GROUPS_UNLISTED : AZ_OK;
}

/* RFC 8693, 4.1: who acts for the subject, and may that one. */
static AzReason
check_actor(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;
	AzReason	reason = az_read_actor(v->payload, &v->actor);

	v->verified.actor = v->actor;
	if (reason != AZ_OK || v->actor == NULL)
		return reason;
	if (issuer->actors.limited &&
		!az_names_has(&issuer->actors.among, v->actor, strlen(v->actor)))
		return AZ_ACTOR_REFUSED;

	/* nobody can be given one yet */
	return issuer->ceiling_required ? AZ_CEILING_MISSING : AZ_OK;
}

static AzReason
check_revocation(AzVerification *v)
{
	const AzTrust *trust = v->trust;
	char		number[AZ_JSON_NUMBER_MAX];
	size_t		len;
	AzRevocable what;

	if (trust->revoked == NULL)
		return AZ_OK;
	what.issuer = v->verified.issuer->issuer;
	what.token_id = az_json_string(claim(v, "jti"), &len);
	what.session_id = az_json_string(az_claim_at(v->payload, &v->verified.issuer->session_claim),
									 &len);
	what.subject = az_claim_subject(v->verified.issuer, v->payload, number, &len);
	what.actor = v->actor;
	what.issued = v->verified.issued;
	return trust->revoked(trust->arg, &what) ? AZ_REVOKED : AZ_OK;
}

/*
 * OpenID Connect Core 1.0, 2: when the user last proved who they are.  What is no
 * NumericDate counts as absent.
 */
static void
read_authentication(AzVerification *v)
{
	const AzJson *auth_time = claim(v, "auth_time");
	int64_t		instant;

	v->verified.authenticated = AZ_TIME_NONE;
	v->verified.authenticated_from = AZ_TIME_NONE;
	if (auth_time == NULL || !read_date(auth_time, &instant))
		return;
	v->verified.authenticated = instant;
	v->verified.authenticated_from = add_seconds(instant, -skew_of(v->verified.issuer));
}

static AzReason
make_identity(AzVerification *v)
{
	if (is_known(v))
		return v->identity = v->known, AZ_OK;
	read_authentication(v);
	return az_claims_build(v->builder, &v->verified, v->trust->converter, &v->identity);
}

/* ---- one verification ---- */

/* Everything but the identity and the hint goes. */
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

AzReason
az_verify_again(AzVerification *v, const char *token, size_t len, int64_t now,
				const AzTrust *trust, const AzIdentity *known, const AzIdentity **identity)
{
	AzReason	reason = AZ_OK;
	size_t		i;

	*identity = NULL;
	release(v);					/* a callback may have left by longjmp */
	az_hint_clear(&v->hint);
	v->identity = NULL;
	v->token = token;
	v->len = len;
	v->now = now;
	v->trust = trust;
	v->known = known;

	for (i = 0; i < sizeof(checks) / sizeof(checks[0]) && reason == AZ_OK; i++)
		reason = checks[i](v);

	release(v);
	if (reason == AZ_OK)
		*identity = v->identity;
	return reason;
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
