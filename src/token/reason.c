/*-------------------------------------------------------------------------
 *
 * reason.c
 *	  Why a token is refused, in the words of RFC 6750.
 *
 * Everything here is constant.  A description goes to whoever sent the token
 * and may stand in a WWW-Authenticate header, so it is printable ASCII
 * without double quote and backslash (RFC 6750, 3).  A hint is for the
 * administrator.
 *
 *-------------------------------------------------------------------------
 */
#include "token/reason.h"

#include <stddef.h>

#define INVALID		"invalid_token"

static const AzReasonInfo reasons[AZ_N_REASONS] = {
	[AZ_OK] = {"ok", NULL, "Token is valid", NULL},
	[AZ_TOKEN_MISSING] = {"token-missing", NULL, "Missing token", NULL},
	[AZ_TOKEN_TOO_LARGE] = {"token-too-large", INVALID,
		"Token is too large",
		"The limit is the setting dbmi_authz.max_token_size."},
	[AZ_SEGMENT_COUNT] = {"segment-count", INVALID,
		"Malformed token: expected header, payload and signature",
		"Only the compact serialization of a JWS is accepted."},
	[AZ_ENCRYPTED] = {"encrypted", INVALID,
		"Malformed token: expected a signed token, not an encrypted one", NULL},
	[AZ_ALPHABET] = {"alphabet", INVALID,
		"Malformed token: character outside base64url", NULL},
	[AZ_BASE64URL] = {"base64url", INVALID,
		"Malformed token: invalid base64url", NULL},
	[AZ_HEADER_JSON] = {"header-json", INVALID,
		"Malformed token: header is not a valid JSON object", NULL},
	[AZ_PAYLOAD_JSON] = {"payload-json", INVALID,
		"Malformed token: payload is not a valid JSON object", NULL},
	[AZ_HEADER_CRITICAL] = {"header-critical", INVALID,
		"Unsupported header parameter",
		"The header parameters crit, b64, zip and cty are never accepted."},
	[AZ_HEADER_TYPE] = {"header-type", INVALID,
		"Malformed token: header parameter of the wrong type", NULL},
	[AZ_ALG_MISSING] = {"alg-missing", INVALID, "Missing algorithm", NULL},
	[AZ_ISSUER_UNTRUSTED] = {"issuer-untrusted", INVALID,
		"Invalid token issuer",
		"Issuers are compared byte for byte; add_issuer makes one trusted."},
	[AZ_ISSUER_AMBIGUOUS] = {"issuer-ambiguous", INVALID,
		"Invalid token issuer",
		"More than one issuer accepts this audience."},
	[AZ_ALG_REFUSED] = {"alg-refused", INVALID,
		"Invalid or unsupported algorithm",
		"The issuer's option \"algorithms\" lists what it may sign with."},
	[AZ_KEY_ID_MISSING] = {"key-id-missing", INVALID, "Missing key ID", NULL},
	[AZ_KEY_NOT_FOUND] = {"key-not-found", INVALID,
		"No matching key",
		"Load the issuer's current keys with set_jwks."},
	[AZ_KEY_AMBIGUOUS] = {"key-ambiguous", INVALID,
		"More than one matching key",
		"Give the issuer's keys distinct key IDs."},
	[AZ_KEY_MISMATCH] = {"key-mismatch", INVALID,
		"Key is bound to another algorithm",
		"A key verifies only the algorithm that it was added with."},
	[AZ_SIGNATURE] = {"signature", INVALID, "Invalid token signature", NULL},
	[AZ_TOKEN_TYPE] = {"token-type", INVALID,
		"Invalid token type",
		"The issuer's option \"token_types\" lists the accepted types."},
	[AZ_AUDIENCE] = {"audience", INVALID, "Invalid token audience", NULL},
	[AZ_EXP_MISSING] = {"exp-missing", INVALID,
		"Missing expiration claim", NULL},
	[AZ_EXP_INVALID] = {"exp-invalid", INVALID,
		"Invalid expiration claim", NULL},
	[AZ_EXPIRED] = {"expired", INVALID, "Token has expired", NULL},
	[AZ_NBF_INVALID] = {"nbf-invalid", INVALID,
		"Invalid not-before claim", NULL},
	[AZ_NOT_YET_VALID] = {"not-yet-valid", INVALID,
		"Token is not yet valid",
		"Check the clocks, or raise the issuer's option \"leeway_seconds\"."},
	[AZ_IAT_INVALID] = {"iat-invalid", INVALID,
		"Invalid issued-at claim", NULL},
	[AZ_ISSUED_IN_FUTURE] = {"issued-in-future", INVALID,
		"Token was issued in the future",
		"Check the clocks, or raise the issuer's option \"leeway_seconds\"."},
	[AZ_TOO_OLD] = {"too-old", INVALID,
		"Token is too old",
		"The issuer's option \"max_age_seconds\" limits the age of its tokens."},
	[AZ_CLAIM_MISSING] = {"claim-missing", INVALID,
		"Invalid payload in token",
		"The issuer's option \"required_claims\" lists what a token must hold."},
	[AZ_CLAIM_TYPE] = {"claim-type", INVALID,
		"Invalid claim in token",
		"The claims iss, sub and jti must be strings."},
	[AZ_REVOKED] = {"revoked", INVALID, "Token was revoked", NULL},
	[AZ_CLAIM_ENCODING] = {"claim-encoding", INVALID,
		"Token holds a claim that the database encoding cannot represent", NULL},
	/* RFC 6750, 3.1 has no code for our own failures. */
	[AZ_NO_MEMORY] = {"no-memory", INVALID,
		"Token could not be verified", "The server ran out of memory."},
	[AZ_CRYPTO_FAILURE] = {"crypto-failure", INVALID,
		"Token could not be verified", "The cryptographic library failed."},
};

const AzReasonInfo *
az_reason_info(AzReason reason)
{
	return &reasons[reason];
}
