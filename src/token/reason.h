/*-------------------------------------------------------------------------
 *
 * reason.h
 *	  The closed list of reasons why a token is refused.
 *
 * One reason maps to one RFC 6750 error and one description.  Descriptions
 * are constants: no byte of a token ever reaches them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_REASON_H
#define AZ_REASON_H

typedef enum AzReason
{
	AZ_OK = 0,
	AZ_TOKEN_MISSING,			/* NULL or empty */
	AZ_TOKEN_TOO_LARGE,
	AZ_SEGMENT_COUNT,			/* not exactly three segments */
	AZ_ENCRYPTED,				/* five segments: a JWE */
	AZ_ALPHABET,				/* a byte outside base64url and the dot */
	AZ_BASE64URL,				/* length, or unused bits that are not zero */
	AZ_HEADER_JSON,
	AZ_PAYLOAD_JSON,
	AZ_HEADER_CRITICAL,			/* crit, b64, zip, cty */
	AZ_HEADER_TYPE,				/* alg, typ or kid is not a string */
	AZ_ALG_MISSING,
	AZ_NOT_INSTALLED,			/* the database has no tables of ours */
	AZ_ISSUER_UNTRUSTED,
	AZ_ISSUER_AMBIGUOUS,
	AZ_ALG_REFUSED,				/* unrecognized, or not in the issuer's list */
	AZ_KEY_ID_MISSING,
	AZ_KEY_NOT_FOUND,
	AZ_KEY_AMBIGUOUS,
	AZ_KEY_MISMATCH,			/* the key is bound to another algorithm */
	AZ_SIGNATURE,
	AZ_TOKEN_TYPE,
	AZ_AUDIENCE,
	AZ_EXP_MISSING,
	AZ_EXP_INVALID,
	AZ_EXPIRED,
	AZ_NBF_INVALID,
	AZ_NOT_YET_VALID,
	AZ_IAT_INVALID,
	AZ_ISSUED_IN_FUTURE,
	AZ_TOO_OLD,
	AZ_CLAIM_MISSING,			/* a required claim is absent, null or "" */
	AZ_CLAIM_VALUE,				/* not what claim_values demands */
	AZ_CLAIM_TYPE,				/* iss, sub or jti is not a string */
	AZ_BOUND,					/* cnf: the client must prove that it has a key
								 * */
	AZ_GROUPS_UNLISTED,			/* it says that its groups are elsewhere */
	AZ_ACTOR_CLAIM,				/* act does not name somebody */
	AZ_ACTOR_REFUSED,			/* not among the issuer's actors, or it allows
								 * none */
	AZ_CEILING_MISSING,			/* the issuer demands one for actors */
	AZ_REVOKED,
	AZ_CLAIM_ENCODING,			/* does not fit the database encoding */
	AZ_ASSERTION_NOT_HERE,		/* an assertion was given as a token */
	AZ_ASSERTION_EXPECTED,		/* something else was given as an assertion */
	AZ_ASSERTION_MALFORMED,		/* a member of its header, or its algorithm */
	AZ_ASSERTION_KEY,			/* no cluster key has its kid */
	AZ_ASSERTION_SIGNATURE,
	AZ_ASSERTION_AHEAD,			/* iat */
	AZ_ASSERTION_EXPIRED,
	AZ_ASSERTION_DESTINATION,	/* for another server */
	AZ_ASSERTION_REPLAYED,
	AZ_ASSERTION_CROWD,			/* too many to remember which were used */
	AZ_NO_MEMORY,
	AZ_CRYPTO_FAILURE,			/* the library failed; nothing is known */
	AZ_N_REASONS
} AzReason;

typedef struct AzReasonInfo
{
	const char *name;			/* for programs: "segment-count" */
	const char *error;			/* RFC 6750, 3.1: invalid_request, invalid_token;
								 * NULL when there was no token */
	const char *description;	/* RFC 6750 error_description */
	const char *hint;			/* what to do; NULL for AZ_OK */
} AzReasonInfo;

extern const AzReasonInfo *az_reason_info(AzReason reason);

#endif							/* AZ_REASON_H */
