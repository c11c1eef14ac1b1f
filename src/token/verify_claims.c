/*-------------------------------------------------------------------------
 *
 * verify_claims.c
 *	  The checks of what an issuer has signed.  verify.c has their order.
 *
 *-------------------------------------------------------------------------
 */
#include "token/verify_intern.h"

#include <string.h>

#include "token/actor.h"

static bool
is_one_of(const AzNames *names, const AzJson *value)
{
	size_t		len;
	const char *text = az_json_string(value, &len);

	return text != NULL && az_names_has(names, text, len);
}

bool
az_has_audience(const AzIssuer *issuer, const AzJson *aud)
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

/* ---- what it is and for whom ---- */

/* RFC 8725, 3.11: tokens of another kind are not taken for ours. */
AzReason
az_check_token_type(AzVerification *v)
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

/* RFC 7519, 4.1.3: a string or an array of strings, and nothing else. */
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
 * The first of the issuer's audience_claims that is present is the audience.
 * A token that has none of them is refused, unless audience_optional allows
 * that.
 */
static bool
names_audience(const AzIssuer *issuer, const AzJson *payload)
{
	const AzPath *path = az_first_path(payload, &issuer->audience_claims);
	const AzJson *aud;

	if (path == NULL)
		return issuer->audience_optional;
	aud = az_claim_at(payload, path);
	return is_audience(aud) && az_has_audience(issuer, aud);
}

AzReason
az_check_audience(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;

	if (issuer->any_audience || names_audience(issuer, v->payload))
		return AZ_OK;
	az_hint_audience(&v->hint, issuer);
	return AZ_AUDIENCE;
}

AzReason
az_refuse_missing_claim(AzVerification *v, const char *option, const char *claim)
{
	az_hint_required(&v->hint, option, claim);
	return AZ_CLAIM_MISSING;
}

/* ---- who it is ---- */

/* Present, not null and not "". */
static bool
is_filled(const AzJson *value)
{
	size_t		len;

	return az_json_is_given(value) && (az_json_string(value, &len) == NULL || len > 0);
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

/* RFC 7519, 4.1: what a token says about itself, and not about its subject. */
static bool
is_of_token(const char *name)
{
	static const char *const names[] = {"iss", "aud", "exp", "nbf", "iat", "jti"};
	size_t		i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

AzReason
az_check_required_claims(AzVerification *v)
{
	static const char option[] = "required_claims";
	const AzIssuer *issuer = v->verified.issuer;
	size_t		i;

	for (i = 0; i < issuer->required_claims.n; i++)
	{
		const AzName *name = &issuer->required_claims.name[i];

		if (v->is_unsigned && is_of_token(name->data))
			continue;
		if (!is_filled(az_json_get(v->payload, name->data, name->len)))
			return az_refuse_missing_claim(v, option, name->data);
	}
	if (!names_somebody(v, &issuer->user_id_claim, true))
		return az_refuse_missing_claim(v, option, issuer->user_id_claim.name[0].data);
	if (!names_somebody(v, &issuer->owner_claim, true))
		return az_refuse_missing_claim(v, option, issuer->owner_claim.name[0].data);
	if (!names_somebody(v, &issuer->email_claim, false))
		return az_refuse_missing_claim(v, option, issuer->email_claim.name[0].data);
	return AZ_OK;
}

/*
 * RFC 8725, 3.12: what tells this issuer's access tokens from its other
 * tokens.
 */
AzReason
az_check_claim_values(AzVerification *v)
{
	const AzDemand *unmet = az_unmet_demand(&v->verified.issuer->claim_values, v->payload);

	if (unmet == NULL)
		return AZ_OK;
	az_hint_demand(&v->hint, unmet);
	return AZ_CLAIM_VALUE;
}

/* RFC 7519, 4.1.1, 4.1.2, 4.1.7: strings where present. */
AzReason
az_check_claim_types(AzVerification *v)
{
	static const char *const names[] = {"iss", "sub", "jti"};
	size_t		i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		const AzJson *value = az_payload_claim(v, names[i]);

		if (value != NULL && az_json_type(value) != AZ_JSON_STRING)
		{
			az_hint_string(&v->hint, names[i]);
			return AZ_CLAIM_TYPE;
		}
	}
	return AZ_OK;
}

/*
 * RFC 7800, 3.1: the token is for a client that proves that it has the key;
 * here no client does.
 */
AzReason
az_check_bound(AzVerification *v)
{
	return v->verified.issuer->ignore_bound_tokens ||
		!az_json_is_given(az_payload_claim(v, "cnf")) ? AZ_OK : AZ_BOUND;
}

/* A token that does not list the groups must not be read as "in no group". */
AzReason
az_check_groups_listed(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;

	v->verified.groups_unlisted = issuer->groups_overage != AZ_OVERAGE_IGNORE &&
		!az_claim_lists_groups(issuer, v->payload);
	return v->verified.groups_unlisted && issuer->groups_overage == AZ_OVERAGE_REFUSE ?
		AZ_GROUPS_UNLISTED : AZ_OK;
}

/* RFC 8693, 4.1: who acts for the subject, and whether that actor may. */
AzReason
az_check_actor(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;
	AzReason	reason;

	if (issuer->to_be_updated)
		return AZ_OK;
	reason = az_read_actor(v->payload, &v->actor);
	v->verified.actor = v->actor;
	if (reason != AZ_OK || v->actor == NULL)
		return reason;
	if (issuer->actors.limited &&
		!az_names_has(&issuer->actors.among, v->actor, strlen(v->actor)))
		return AZ_ACTOR_REFUSED;

	if (issuer->ceiling_required &&
		(v->trust->has_ceiling == NULL ||
		 !v->trust->has_ceiling(v->trust->arg, issuer->issuer, v->actor)))
		return AZ_CEILING_MISSING;
	return AZ_OK;
}

AzReason
az_check_revocation(AzVerification *v)
{
	const AzTrust *trust = v->trust;
	char		number[AZ_JSON_NUMBER_MAX];
	size_t		len;
	AzRevocable what;

	if (trust->revoked == NULL)
		return AZ_OK;
	what.issuer = v->verified.issuer->issuer;
	what.token_id = az_json_string(az_payload_claim(v, "jti"), &len);
	what.session_id = az_json_string(az_claim_at(v->payload, &v->verified.issuer->session_claim),
									 &len);
	what.subject = az_claim_subject(v->verified.issuer, v->payload, number, &len);
	what.actor = v->actor;
	what.issued = v->verified.issued;
	return trust->revoked(trust->arg, &what) ? AZ_REVOKED : AZ_OK;
}
