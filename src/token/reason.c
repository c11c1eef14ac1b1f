/*-------------------------------------------------------------------------
 *
 * reason.c
 *	  Why a token is refused, in the words of RFC 6750.
 *
 * Everything here is constant; where a hint can name what is configured, hint.c
 * has a better one.  A description goes to whoever sent the token
 * and may stand in a WWW-Authenticate header, so it is printable ASCII
 * without double quote and backslash (RFC 6750, 3).  A hint says what to do,
 * to whoever administers the database or the issuer.
 *
 *-------------------------------------------------------------------------
 */
#include "token/reason.h"

#include <stddef.h>

#define INVALID		"invalid_token"

static const AzReasonInfo reasons[AZ_N_REASONS] = {
	[AZ_OK] = {"ok", NULL, "Token is valid", NULL},
	[AZ_TOKEN_MISSING] = {"token-missing", NULL, "Missing token",
		"Pass the signed token as the client sent it; neither null nor an empty string is one."},
	[AZ_TOKEN_TOO_LARGE] = {"token-too-large", INVALID,
		"Token is too large",
		"The limit is the setting dbmi_authz.max_token_size."},
	[AZ_SEGMENT_COUNT] = {"segment-count", INVALID,
		"Malformed token: expected header, payload and signature",
		"Only the compact serialization of a JWS is accepted."},
	[AZ_ENCRYPTED] = {"encrypted", INVALID,
		"Malformed token: expected a signed token, not an encrypted one",
		"Have the issuer sign its tokens (JWS) and not encrypt them (JWE)."},
	[AZ_ALPHABET] = {"alphabet", INVALID,
		"Malformed token: character outside base64url",
		"Pass the token unchanged, without quotes, padding or line breaks."},
	[AZ_BASE64URL] = {"base64url", INVALID,
		"Malformed token: invalid base64url",
		"Pass the token whole and unchanged; it was cut off or encoded anew."},
	[AZ_HEADER_JSON] = {"header-json", INVALID,
		"Malformed token: header is not a valid JSON object",
		"Pass the token as the issuer made it; no member may occur twice."},
	[AZ_PAYLOAD_JSON] = {"payload-json", INVALID,
		"Malformed token: payload is not a valid JSON object",
		"Pass the token as the issuer made it; no member may occur twice."},
	[AZ_HEADER_CRITICAL] = {"header-critical", INVALID,
		"Unsupported header parameter",
		"The header parameters crit, b64, zip and cty are never accepted."},
	[AZ_HEADER_TYPE] = {"header-type", INVALID,
		"Malformed token: header parameter of the wrong type",
		"Have the issuer write the header parameters alg, typ and kid as strings."},
	[AZ_ALG_MISSING] = {"alg-missing", INVALID, "Missing algorithm",
		"Have the issuer name its algorithm in the header parameter alg."},
	[AZ_NOT_INSTALLED] = {"not-installed", INVALID,
		"Invalid token issuer",
		"The tables of the extension are not in this database: run CREATE EXTENSION dbmi_authz, then trust the issuer with add_issuer."},
	[AZ_ISSUER_UNTRUSTED] = {"issuer-untrusted", INVALID,
		"Invalid token issuer",
		"Issuers are compared byte for byte; add_issuer makes one trusted."},
	[AZ_ISSUER_AMBIGUOUS] = {"issuer-ambiguous", INVALID,
		"Invalid token issuer",
		"More than one issuer accepts this audience, or tokens without iss; alter_issuer tells them apart."},
	[AZ_ALG_REFUSED] = {"alg-refused", INVALID,
		"Invalid or unsupported algorithm",
		"The issuer's option \"algorithms\" lists what it may sign with."},
	[AZ_KEY_ID_MISSING] = {"key-id-missing", INVALID, "Missing key ID",
		"Have the issuer name its key in the header parameter kid, or set its option \"key_id_required\" to false."},
	[AZ_KEY_NOT_FOUND] = {"key-not-found", INVALID,
		"No matching key",
		"Load the issuer's current keys with set_jwks."},
	[AZ_KEY_AMBIGUOUS] = {"key-ambiguous", INVALID,
		"More than one matching key",
		"More than eight keys may have signed it, and none is tried: have the issuer name its key in the header parameter kid, or remove old keys with drop_key."},
	[AZ_KEY_MISMATCH] = {"key-mismatch", INVALID,
		"Key is bound to another algorithm",
		"A key verifies only the algorithm that it was added with."},
	[AZ_SIGNATURE] = {"signature", INVALID, "Invalid token signature",
		"Compare the issuer's keys with those in table authz.issuer_key, and pass the token unchanged."},
	[AZ_TOKEN_TYPE] = {"token-type", INVALID,
		"Invalid token type",
		"The issuer's option \"token_types\" lists the accepted types."},
	[AZ_AUDIENCE] = {"audience", INVALID, "Invalid token audience",
		"The claim aud must name an audience of the issuer; alter_issuer changes the list of those."},
	[AZ_EXP_MISSING] = {"exp-missing", INVALID,
		"Missing expiration claim",
		"Have the issuer put the claim exp into its tokens; none is accepted without."},
	[AZ_EXP_INVALID] = {"exp-invalid", INVALID,
		"Invalid expiration claim",
		"Have the issuer write the claim exp as a number, in seconds since 1970."},
	[AZ_EXPIRED] = {"expired", INVALID, "Token has expired",
		"Get a new token from the issuer.  If it should still be valid, check the clocks or raise the issuer's option \"leeway_seconds\"."},
	[AZ_NBF_INVALID] = {"nbf-invalid", INVALID,
		"Invalid not-before claim",
		"Have the issuer write the claim nbf as a number, in seconds since 1970."},
	[AZ_NOT_YET_VALID] = {"not-yet-valid", INVALID,
		"Token is not yet valid",
		"The claim nbf is ahead of the clock: check the clocks, or raise the issuer's option \"skew_seconds\"."},
	[AZ_IAT_INVALID] = {"iat-invalid", INVALID,
		"Invalid issued-at claim",
		"Have the issuer write the claim iat as a number, in seconds since 1970."},
	[AZ_ISSUED_IN_FUTURE] = {"issued-in-future", INVALID,
		"Token was issued in the future",
		"The claim iat is ahead of the clock: check the clocks, or raise the issuer's option \"skew_seconds\"."},
	[AZ_TOO_OLD] = {"too-old", INVALID,
		"Token is too old",
		"The issuer's option \"max_age_seconds\" limits the age of its tokens."},
	[AZ_CLAIM_MISSING] = {"claim-missing", INVALID,
		"Invalid payload in token",
		"The issuer's option \"required_claims\" lists what a token must hold."},
	[AZ_CLAIM_VALUE] = {"claim-value", INVALID,
		"Invalid claim value in token",
		"The issuer's option \"claim_values\" says which claims must have which values."},
	[AZ_CLAIM_TYPE] = {"claim-type", INVALID,
		"Invalid claim in token",
		"The claims iss, sub and jti must be strings."},
	[AZ_BOUND] = {"bound", INVALID,
		"Token is bound to a key",
		"The claim cnf binds it to a key or certificate that nobody proves here; have the issuer send bearer tokens, or set its option \"bound_tokens\" to \"ignore\"."},
	[AZ_GROUPS_UNLISTED] = {"groups-unlisted", INVALID,
		"Token does not list the groups",
		"The user is in more groups than the token can hold (_claim_names, hasgroups); have the issuer send fewer, or app roles, or set its option \"groups_overage\" to \"raise\" or \"ignore\"."},
	[AZ_REVOKED] = {"revoked", INVALID, "Token was revoked",
		"Get a new token from the issuer; table authz.revocation says what is revoked."},
	[AZ_CLAIM_ENCODING] = {"claim-encoding", INVALID,
		"Token holds a claim that the database encoding cannot represent",
		"Use a database whose encoding is UTF8."},
	/* RFC 6750, 3.1 has no code for our own failures. */
	[AZ_NO_MEMORY] = {"no-memory", INVALID,
		"Token could not be verified",
		"The server ran out of memory; try again when it has more."},
	[AZ_CRYPTO_FAILURE] = {"crypto-failure", INVALID,
		"Token could not be verified",
		"The cryptographic library failed; look at its configuration on the server."},
};

const AzReasonInfo *
az_reason_info(AzReason reason)
{
	return &reasons[reason];
}
