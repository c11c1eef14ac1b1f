/*-------------------------------------------------------------------------
 *
 * login_section.h
 *	  The section of this database in the file of trust (token/login_trust.h).
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_LOGIN_SECTION_H
#define AZ_LOGIN_SECTION_H

#include "server/compat.h"
#include "lib/stringinfo.h"

/*
 * Append the section of this database as it is now: the issuers that
 * dbmi_authz_oauth.issuers names and this database believes, with their public
 * keys.  Returns how many.  With "tell" there is a WARNING for each issuer and
 * each key that is left out; secrets are left out without a WARNING where
 * there are other keys.
 */
extern int	az_append_login_section(StringInfo out, bool tell);

#endif							/* AZ_LOGIN_SECTION_H */
