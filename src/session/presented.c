/*-------------------------------------------------------------------------
 *
 * presented.c
 *	  A token as somebody presents it: what it says, once it was verified.
 *
 * Every login goes through here.
 *
 *-------------------------------------------------------------------------
 */
#include "session/presented.h"

#include "server/report.h"
#include "session/candidate.h"

static inline bool
starts_with_word(const char *s, size_t len, const char *word)
{
	size_t		word_len = strlen(word);

	return len > word_len && pg_strncasecmp(s, word, word_len) == 0 &&
		s[word_len] == ' ';
}

/* Spaces around, and one "Bearer " or "JWT " in front, are no part of it. */
void
az_trim_token(const char **token, size_t *len)
{
	const char *s = *token;
	size_t		n = *len;

	while (n > 0 && *s == ' ')
		s++, n--;
	if (starts_with_word(s, n, "Bearer"))
		s += strlen("Bearer"), n -= strlen("Bearer");
	else if (starts_with_word(s, n, "JWT"))
		s += strlen("JWT"), n -= strlen("JWT");
	while (n > 0 && *s == ' ')
		s++, n--;
	while (n > 0 && s[n - 1] == ' ')
		n--;
	*token = s;
	*len = n;
}

/* A token to a verified identity, through the backend's cache. */
AzReason
az_verify_presented(const char *token, size_t len, AzVerifiedToken *verified)
{
	az_trim_token(&token, &len);
	verified->hint = NULL;
	if (len == 0)
		return AZ_TOKEN_MISSING;
	return az_verify_token(token, len, az_unix_now(), verified);
}

/*
 * The same for a login.  R8 holds also for one that an error ends: a timeout
 * while it waits for a lock, a cancelled query, memory.
 */
AzReason
az_verify_login(const char *token, size_t len, AzVerifiedToken *verified)
{
	AzReason	reason;

	PG_TRY();
	{
		az_judge_login();
		reason = az_verify_presented(token, len, verified);
	}
	PG_CATCH();
	{
		az_reject(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, "invalid_token",
				  "Token could not be verified");
		PG_RE_THROW();
	}
	PG_END_TRY();
	return reason;
}
