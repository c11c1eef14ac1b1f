/*-------------------------------------------------------------------------
 *
 * hint.h
 *	  What to do about a refusal, in a sentence that names what is configured.
 *
 * It names claims, options and their values as the administrator wrote them,
 * and never a byte of the token.  It has at most AZ_HINT_NAMES names of a
 * list, and is cut between two characters where it does not fit.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_HINT_H
#define AZ_HINT_H

#include "token/issuer.h"

#define AZ_HINT_NAMES	8

typedef struct AzHint
{
	size_t		len;
	char		text[600];		/* UTF-8, terminated; "": there is none */
} AzHint;

extern void az_hint_clear(AzHint *hint);

/* The token has no iss, and no issuer takes such. */
extern void az_hint_unnamed(AzHint *hint);

/* Another server trusts an issuer that we do not. */
extern void az_hint_trust_differs(AzHint *hint);

/* The algorithm is not among the issuer's. */
extern void az_hint_algorithms(AzHint *hint, const AzIssuer *issuer);

/* The key is not there, and somebody fetches it. */
extern void az_hint_fetching(AzHint *hint);

/* iat lies further back than max_age_seconds allows. */
extern void az_hint_age(AzHint *hint, const AzIssuer *issuer);

/* typ is missing, or not one of the issuer's token_types. */
extern void az_hint_type(AzHint *hint, const AzIssuer *issuer, bool missing);

/* No accepted audience is named. */
extern void az_hint_audience(AzHint *hint, const AzIssuer *issuer);

/* An option demands a claim that is not there, or of no use. */
extern void az_hint_required(AzHint *hint, const char *option, const char *claim);

/* A claim that must be a string is something else. */
extern void az_hint_string(AzHint *hint, const char *claim);

/* A demand of claim_values is not met, nor are those that would do instead. */
extern void az_hint_demand(AzHint *hint, const AzDemand *demand);

#endif							/* AZ_HINT_H */
