/*-------------------------------------------------------------------------
 *
 * login.h
 *	  A token in, an identity for the session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LOGIN_H
#define AZ_LOGIN_H

#include "trust/cache.h"

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
 * Adopt an identity that nobody has signed, until the transaction ends or the
 * token is set otherwise, as by SET LOCAL.  It counts in this transaction
 * alone.
 */
extern void az_adopt_simulated(const AzVerifiedToken *simulated);

/*
 * Verify without adopting anything; raises 28000.  Borrowed until the next
 * verification.
 */
extern const AzIdentity *az_verify_only(const char *token, size_t len);

#endif							/* AZ_LOGIN_H */
