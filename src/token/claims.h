/*-------------------------------------------------------------------------
 *
 * claims.h
 *	  Claims to identity: the only place that knows claim names and shapes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_CLAIMS_H
#define AZ_CLAIMS_H

#include "token/builder.h"
#include "token/issuer.h"

/* What verify.c has already read and judged. */
typedef struct AzVerified
{
	const AzIssuer *issuer;
	const AzKey *key;			/* NULL: nobody has signed it */
	const AzJson *payload;
	int64_t		expires;		/* as in AzIdentity */
	int64_t		deadline;
	int64_t		not_before;
	int64_t		issued;
	int64_t		authenticated;
	int64_t		authenticated_from;
	bool		groups_unlisted;
	const char *actor;			/* as az_read_actor() names it */
	bool		asserted;		/* the key is a cluster key */
} AzVerified;

/*
 * Build the identity.  converter may be NULL: strings stay UTF-8.  The
 * result is borrowed from the builder.  AZ_OK, AZ_CLAIM_ENCODING,
 * AZ_TOKEN_TOO_LARGE or AZ_NO_MEMORY.
 */
extern AzReason az_claims_build(AzBuilder *builder, const AzVerified *verified,
								const AzConverter *converter,
								const AzIdentity **identity);

/*
 * The subject that a revocation may name, in UTF-8 and terminated: sub, else
 * the text of the user id claim, else NULL.  number is room for the text of an
 * integer.
 */
extern const char *az_claim_subject(const AzIssuer *issuer, const AzJson *payload,
									char number[AZ_JSON_NUMBER_MAX], size_t *len);

/*
 * Does the token hold the groups?  Not if it says that they are elsewhere: by
 * a member of _claim_names (OpenID Connect Core 1.0, 5.6.2) where the issuer's
 * groups begin, or by hasgroups (Entra).
 */
extern bool az_claim_lists_groups(const AzIssuer *issuer, const AzJson *payload);

#endif							/* AZ_CLAIMS_H */
