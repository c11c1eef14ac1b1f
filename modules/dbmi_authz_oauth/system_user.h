/*-------------------------------------------------------------------------
 *
 * system_user.h
 *	  The system user of a verified token, and the roles that it names.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SYSTEM_USER_H
#define AZ_SYSTEM_USER_H

#include "server/compat.h"
#include "libpq/hba.h"
#include "token/identity.h"

/*
 * The issuer of a line of pg_hba.conf, where it may be the address of a
 * discovery document; palloc'd.  NULL: it is not such an address.
 */
extern char *az_hba_issuer(const HbaLine *line);

/* Has the token all scopes that the line asks for? */
extern bool az_has_hba_scopes(const HbaLine *line, const AzIdentity *id);

/*
 * The name that pg_ident.conf has for the token's holder:  "ISSUER SUBJECT",
 * or just the subject where there is no map and the role has to have this very
 * name; palloc'd.  NULL: it has no subject, or one that would not be read as
 * it stands.
 */
extern char *az_system_user(const HbaLine *line, const char *issuer, const AzIdentity *id);

/* Does the token name the role in the claim of dbmi_authz_oauth.role_claim? */
extern bool az_names_role(const AzIdentity *id, const char *role);

/* Is that setting set? */
extern bool az_has_role_claim(void);

extern void az_define_role_claim(void);

#endif							/* AZ_SYSTEM_USER_H */
