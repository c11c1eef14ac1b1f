/*-------------------------------------------------------------------------
 *
 * token_setting.h
 *	  The setting dbmi_authz.token: a raw token goes in, a label stays.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_TOKEN_SETTING_H
#define AZ_TOKEN_SETTING_H

#include "server/report.h"
#include "session/session.h"

/*
 * Set it to a raw token, for the session or the transaction, as SET does.  A
 * refused token raises an error, and no identity remains (R8).
 */
extern void az_set_token_setting(const char *token, size_t len, bool is_local);

/*
 * Set it, for the transaction, to what another server hands over.  NULL raises
 * an error: there was no memory.
 */
extern void az_set_handed(AzAdoption *adoption);

/* Set it, for the transaction, to an identity that nobody has signed. */
extern void az_set_simulated(const AzVerifiedToken *identity);

/*
 * Log out: nobody is in force then, by a value of the setting, which a
 * rollback takes back.
 */
extern void az_clear_token_setting(void);

#define AZ_SESSION_ONLY_MESSAGE \
	"parameter \"" AZ_TOKEN_SETTING "\" can only be set within a session"
#define AZ_SESSION_ONLY_HINT	"Use SET, or set_token, in the session that the token is for."

/* May be called again when it raised. */
extern void az_token_setting_init(void);

/* The library has been loaded; cannot raise. */
extern void az_token_setting_ready(void);

#endif							/* AZ_TOKEN_SETTING_H */
