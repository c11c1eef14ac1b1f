/*-------------------------------------------------------------------------
 *
 * login_line.h
 *	  The line in the server's log for a login (dbmi_authz.log_logins).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LOGIN_LINE_H
#define AZ_LOGIN_LINE_H

#include "server/guc.h"
#include "token/identity.h"
#include "token/reason.h"

/* Are logins that succeed logged? */
static inline bool
az_logs_accepted(void)
{
	return az_log_logins == AZ_LOGINS_ALL;
}

/*
 * Somebody has logged in.  May raise for want of memory, as every report may; no
 * cancelled query is noticed in here.
 */
extern void az_log_login_accepted(const AzIdentity *id);

/*
 * A login was refused.  The token is what was presented, as az_trim_token()
 * leaves it; NULL: it is no longer there.  error may be NULL; neither it nor
 * the description holds a byte of a token.
 */
extern void az_log_login_refused(const char *token, size_t len, int sqlstate,
								 const char *error, const char *description);

/* The same for a token that did not verify, with the reason. */
extern void az_log_login_refused_for(const char *token, size_t len, AzReason reason);

#endif							/* AZ_LOGIN_LINE_H */
