/*-------------------------------------------------------------------------
 *
 * verify_intern.h
 *	  A verification under way, for verify.c and verify_*.c alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_VERIFY_INTERN_H
#define AZ_VERIFY_INTERN_H

#include "token/assertion.h"

struct AzVerification
{
	/* what to judge, and by what: borrowed during az_verify() */
	const char *token;
	size_t		len;
	int64_t		now;
	const AzTrust *trust;
	const AzIdentity *known;	/* NULL: these bytes were not seen before */
	bool		is_unsigned;	/* there is no token, only claims */
	const AzAssertionTrust *by; /* NULL: it is no assertion */

	/* owned */
	AzJws		jws;
	AzJson	   *payload;
	char	   *actor;

	/* what the checks have found */
	AzCandidateKeys candidates;
	AzVerified	verified;
	AzAssertion assertion;
	unsigned char anchor[AZ_CHAIN_VALUE];	/* of the assertion, if it has one */

	/* what outlives one verification */
	AzBuilder  *builder;		/* owned */
	const AzIdentity *identity; /* borrowed from builder, or known */
	AzHint		hint;			/* about the last refusal */
};

/* A member of the payload; NULL: absent. */
static inline const AzJson *
az_payload_claim(const AzVerification *v, const char *name)
{
	return az_json_get_z(v->payload, name);
}

/* AZ_CLAIM_MISSING, with a hint that names the option that asks for the claim. */
extern AzReason az_refuse_missing_claim(AzVerification *v, const char *option,
										const char *claim);

/* Is an accepted audience among those of the token?  NULL has none. */
extern bool az_has_audience(const AzIssuer *issuer, const AzJson *aud);

/* The checks of what the issuer has signed; the rules stand in the .c files. */
extern AzReason az_check_token_type(AzVerification *v);
extern AzReason az_check_audience(AzVerification *v);
extern AzReason az_check_expiration(AzVerification *v);
extern AzReason az_check_not_before(AzVerification *v);
extern AzReason az_check_issued_at(AzVerification *v);
extern AzReason az_check_age(AzVerification *v);
extern AzReason az_check_required_claims(AzVerification *v);
extern AzReason az_check_claim_values(AzVerification *v);
extern AzReason az_check_claim_types(AzVerification *v);
extern AzReason az_check_bound(AzVerification *v);
extern AzReason az_check_groups_listed(AzVerification *v);
extern AzReason az_check_actor(AzVerification *v);
extern AzReason az_check_revocation(AzVerification *v);

/* Read auth_time; no token is refused for it. */
extern void az_read_authentication(AzVerification *v);

/* The checks of an assertion's header, before and after its signature. */
extern AzReason az_refuse_assertion(AzVerification *v);
extern AzReason az_check_assertion_type(AzVerification *v);
extern AzReason az_choose_cluster_key(AzVerification *v);
extern AzReason az_check_assertion_header(AzVerification *v);
extern AzReason az_check_assertion_times(AzVerification *v);
extern AzReason az_check_assertion_use(AzVerification *v);

/* Read nbf and iat as far as possible; the other server has judged them. */
extern AzReason az_read_begin(AzVerification *v);

/*
 * For claims that nobody has signed: read the times as far as possible; there
 * is no end.
 */
extern AzReason az_read_times(AzVerification *v);

#endif							/* AZ_VERIFY_INTERN_H */
