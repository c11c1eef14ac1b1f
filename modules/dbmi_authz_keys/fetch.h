/*-------------------------------------------------------------------------
 *
 * fetch.h
 *	  One answer of the web, within the rules.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_KEYS_FETCH_H
#define AZ_KEYS_FETCH_H

#include "server/compat.h"

#include "freshness.h"

/* What came of it.  All but the last two are the words of authz.jwks_status. */
typedef enum AzOutcome
{
	AZ_FETCHED,
	AZ_TIMEOUT,
	AZ_UNREACHABLE,
	AZ_CERTIFICATE,
	AZ_PROXY,
	AZ_HTTP_STATUS,
	AZ_REDIRECT,
	AZ_TOO_LARGE,
	AZ_NOT_JSON,
	AZ_WRONG_ISSUER,
	AZ_NO_JWKS_URI,
	AZ_FORBIDDEN_URL,
	AZ_FORBIDDEN_HOST,
	AZ_FORBIDDEN_ADDRESS,
	AZ_REFUSED_KEYS,
	AZ_INTERNAL,
	AZ_UNCHANGED,				/* the ETag still holds */
	AZ_GIVEN_UP					/* somebody needs the database for himself */
} AzOutcome;

/* The word for it; NULL for success. */
extern const char *az_outcome_word(AzOutcome outcome);

typedef struct AzAnswer
{
	char	   *body;			/* terminated, palloc'd; NULL unless AZ_FETCHED */
	size_t		len;
	uint64		url;			/* a hash of where it came from */
	AzFreshness freshness;
	char		detail[128];	/* for the server's log: nothing that was sent to us */
} AzAnswer;

/*
 * GET that URL for the issuer of that name.  etag "": whatever stands there.  Stops
 * within a moment where the process is to end.
 */
extern AzOutcome az_fetch(const char *url, const char *issuer, const char *etag,
						  AzAnswer *answer);

/* To be called once, before. */
extern bool az_fetch_init(void);

#endif							/* AZ_KEYS_FETCH_H */
