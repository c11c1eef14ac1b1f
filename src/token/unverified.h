/*-------------------------------------------------------------------------
 *
 * unverified.h
 *	  What a token says about its issuer and its key, for the log of tokens
 *	  that were refused.
 *
 * Nothing of it is to be believed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_UNVERIFIED_H
#define AZ_UNVERIFIED_H

#include "token/json.h"
#include "token/jws.h"

typedef struct AzUnverified
{
	AzJws		jws;			/* owned, */
	AzJson	   *payload;		/* and this */
	const char *iss;			/* borrowed, UTF-8; NULL: absent, or no string */
	size_t		iss_len;
	const char *kid;			/* likewise */
	size_t		kid_len;
} AzUnverified;

/*
 * True if it has the shape of a token.  Call az_free_unverified() in every
 * case, and raise nothing in between.
 */
extern bool az_read_unverified(const char *token, size_t len, AzUnverified *unverified);
extern void az_free_unverified(AzUnverified *unverified);

#endif							/* AZ_UNVERIFIED_H */
