/*-------------------------------------------------------------------------
 *
 * presented.c
 *	  A token as somebody presents it, and its verification.
 *
 * Every login goes through here.
 *
 *-------------------------------------------------------------------------
 */
#include "session/presented.h"

#include "server/counts.h"
#include "server/report.h"
#include "session/candidate.h"
#include "session/login_line.h"

static inline bool
starts_with_word(const char *s, size_t len, const char *word)
{
	size_t		word_len = strlen(word);

	return len > word_len && pg_strncasecmp(s, word, word_len) == 0 &&
		s[word_len] == ' ';
}

/*
 * Spaces around it, and one "Bearer " or "JWT " in front, are not part of it.
 */
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

void
az_tell_refused(const char *token, size_t len, int sqlstate, const char *error,
				const char *description)
{
	if (token != NULL)
		az_trim_token(&token, &len);
	az_log_login_refused(token, len, sqlstate, error, description);
}

/*
 * In this order, so that nobody is in force if writing the line raises an
 * error.
 */
void
az_refuse_login(const char *token, size_t len, int sqlstate, const char *error,
				const char *description)
{
	az_reject(sqlstate, error, description);
	az_tell_refused(token, len, sqlstate, error, description);
}

void
az_refuse_login_for(const char *token, size_t len, AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	az_reject_reason(reason);
	az_tell_refused(token, len, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, info->error,
					info->description);
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

/* The serial of a token that was new to the session when a login began. */
static uint32 new_serial = 0;

/*
 * The same for a login.  R8 holds also for a login that an error ends: a
 * timeout while it waits for a lock, a cancelled query, a lack of memory.
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
		az_refuse_login(token, len, ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
						"invalid_token", "Token could not be verified");
		PG_RE_THROW();
	}
	PG_END_TRY();
	if (reason == AZ_OK && verified->is_new)
		new_serial = verified->serial;
	return reason;
}

/* try_set_token() verifies the token twice; it still counts as new. */
void
az_count_login(const AzVerifiedToken *verified)
{
	az_count(AZ_TOKENS_ACCEPTED);
	if (verified->serial != new_serial)
		az_count(AZ_TOKENS_KNOWN);
	new_serial = 0;
}
