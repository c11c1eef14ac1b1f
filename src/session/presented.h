/*-------------------------------------------------------------------------
 *
 * presented.h
 *	  A token as somebody presents it, and its verification.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_PRESENTED_H
#define AZ_PRESENTED_H

#include "server/compat.h"
#include "trust/cache.h"

/* Remove spaces around a token, and one "Bearer " or "JWT " in front. */
extern void az_trim_token(const char **token, size_t *len);

/*
 * Verify it, through the backend's cache; an empty one is AZ_TOKEN_MISSING.  Adopts
 * nothing.
 */
extern AzReason az_verify_presented(const char *token, size_t len, AzVerifiedToken *verified);

/* The same for a login: where an error ends it, nobody is left (R8). */
extern AzReason az_verify_login(const char *token, size_t len, AzVerifiedToken *verified);

/* Count a login whose token was verified by that and is adopted. */
extern void az_count_login(const AzVerifiedToken *verified);

/*
 * A login fails: nobody is left (R8), and the log is told (login_line.h).
 * token NULL: it is no longer there.
 */
extern void az_refuse_login(const char *token, size_t len, int sqlstate,
							const char *error, const char *description);
extern void az_refuse_login_for(const char *token, size_t len, AzReason reason);

/* The login is not even begun: only the log is told. */
extern void az_tell_refused(const char *token, size_t len, int sqlstate,
							const char *error, const char *description);

#endif							/* AZ_PRESENTED_H */
