/*-------------------------------------------------------------------------
 *
 * verify_times.c
 *	  The checks of when a token holds.  verify.c has their order.
 *
 *-------------------------------------------------------------------------
 */
#include "token/verify_intern.h"

#define MICROS		INT64_C(1000000)

/* The first instant that PostgreSQL can show: 4714-11-24 BC. */
#define TIME_FIRST	(INT64_C(-210866803200) * MICROS)

/* Add, and stop at the first and the last instant that can be represented. */
static int64_t
add_seconds(int64_t instant, int64_t seconds)
{
	int64_t		sum;

	if (__builtin_mul_overflow(seconds, MICROS, &sum) ||
		__builtin_add_overflow(instant, sum, &sum))
		return seconds > 0 ? INT64_MAX : TIME_FIRST;
	return sum;
}

/* Round down to the microsecond.  NaN fails the first comparison. */
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
AzReason
az_check_expiration(AzVerification *v)
{
	const AzJson *exp = az_payload_claim(v, "exp");
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

/* Read a time that may be absent; the reason is for one that is invalid. */
static AzReason
read_optional(const AzVerification *v, const char *name, AzReason invalid, int64_t *instant)
{
	const AzJson *value = az_payload_claim(v, name);

	*instant = AZ_TIME_NONE;
	return value == NULL || read_date(value, instant) ? AZ_OK : invalid;
}

/* RFC 7519, 4.1.5: not accepted before it. */
AzReason
az_check_not_before(AzVerification *v)
{
	int64_t		skew = skew_of(v->verified.issuer);
	int64_t		instant;
	AzReason	reason = read_optional(v, "nbf", AZ_NBF_INVALID, &instant);

	v->verified.not_before = AZ_TIME_NONE;
	if (reason != AZ_OK || instant == AZ_TIME_NONE)
		return reason;
	v->verified.not_before = add_seconds(instant, -skew);
	return instant <= add_seconds(v->now, skew) ? AZ_OK : AZ_NOT_YET_VALID;
}

/*
 * RFC 7519, 4.1.6: the clock of an issuer is not further ahead of ours than
 * that.
 */
AzReason
az_check_issued_at(AzVerification *v)
{
	AzReason	reason = read_optional(v, "iat", AZ_IAT_INVALID, &v->verified.issued);

	if (reason != AZ_OK || v->verified.issued == AZ_TIME_NONE)
		return reason;
	return v->verified.issued <= add_seconds(v->now, skew_of(v->verified.issuer)) ?
		AZ_OK : AZ_ISSUED_IN_FUTURE;
}

/*
 * The server that made an assertion has compared nbf and iat with its clock;
 * ours may be a little behind.
 */
AzReason
az_read_begin(AzVerification *v)
{
	int64_t		nbf;
	AzReason	reason = read_optional(v, "nbf", AZ_NBF_INVALID, &nbf);

	v->verified.not_before = AZ_TIME_NONE;
	return reason != AZ_OK ? reason :
		read_optional(v, "iat", AZ_IAT_INVALID, &v->verified.issued);
}

/* The issuer's max_age_seconds: a second end, counted from iat. */
AzReason
az_check_age(AzVerification *v)
{
	const AzIssuer *issuer = v->verified.issuer;
	int64_t		end;

	if (issuer->max_age_seconds == 0)
		return AZ_OK;
	if (v->verified.issued == AZ_TIME_NONE)
		return az_refuse_missing_claim(v, "max_age_seconds", "iat");
	end = add_seconds(add_seconds(v->verified.issued, issuer->max_age_seconds),
					  issuer->leeway_seconds);
	if (end < v->verified.deadline)
		v->verified.deadline = end;
	if (v->now < end)
		return AZ_OK;
	az_hint_age(&v->hint, issuer);
	return AZ_TOO_OLD;
}

/*
 * OpenID Connect Core 1.0, 2: when the user last proved who they are.  A value
 * that is not a NumericDate counts as absent.
 */
void
az_read_authentication(AzVerification *v)
{
	const AzJson *auth_time = az_payload_claim(v, "auth_time");
	int64_t		instant;

	v->verified.authenticated = AZ_TIME_NONE;
	v->verified.authenticated_from = AZ_TIME_NONE;
	if (auth_time == NULL || !read_date(auth_time, &instant))
		return;
	v->verified.authenticated = instant;
	v->verified.authenticated_from = add_seconds(instant, -skew_of(v->verified.issuer));
}

AzReason
az_read_times(AzVerification *v)
{
	const AzJson *exp = az_payload_claim(v, "exp");
	const AzJson *iat = az_payload_claim(v, "iat");
	AzVerified *verified = &v->verified;

	verified->deadline = INT64_MAX;
	verified->not_before = AZ_TIME_NONE;
	if (exp == NULL || !read_date(exp, &verified->expires))
		verified->expires = INT64_MAX;
	if (iat == NULL || !read_date(iat, &verified->issued))
		verified->issued = AZ_TIME_NONE;
	return AZ_OK;
}
