/*-------------------------------------------------------------------------
 *
 * login.h
 *	  A token in, an identity for the session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LOGIN_H
#define AZ_LOGIN_H

#include "server/report.h"
#include "session/session.h"

/*
 * Verify a token and adopt its identity, for the session or the transaction.
 * When it is refused: az_login() raises, az_try_login() returns false, and
 * no identity remains (R8).  Spaces around the token and one "Bearer " or
 * "JWT " in front are removed.
 */
extern void az_login(const char *token, size_t len, bool is_local);
extern bool az_try_login(const char *token, size_t len, bool is_local);

extern void az_logout(void);

/*
 * Adopt an identity that nobody has signed, until the transaction ends or whoever
 * sets the token otherwise, as SET LOCAL.  It counts in this transaction alone.
 */
extern void az_adopt_simulated(const AzVerifiedToken *simulated);

/*
 * Verify without adopting anything; raises 28000.  Borrowed until the next
 * verification.
 */
extern const AzIdentity *az_verify_only(const char *token, size_t len);

/*
 * Refuse a change of identity that must not happen now: 55000 or 42501,
 * changing nothing.
 */
extern void az_check_may_change(void);

/*
 * The same afterwards, for a change that no hook of ours could refuse: the
 * error takes it back.
 */
extern void az_check_unchanged(const AzAnswer *answer);

#define AZ_SESSION_ONLY_MESSAGE \
	"parameter \"" AZ_TOKEN_SETTING "\" can only be set within a session"
#define AZ_SESSION_ONLY_HINT	"Use SET, or set_token, in the session that the token is for."

/* May be called again when it raised. */
extern void az_login_init(void);

/* The library has been loaded; cannot raise. */
extern void az_login_ready(void);

#endif							/* AZ_LOGIN_H */
