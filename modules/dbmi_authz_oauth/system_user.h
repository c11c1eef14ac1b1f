/*-------------------------------------------------------------------------
 *
 * system_user.h
 *	  Who a verified token's bearer is to PostgreSQL, and which roles it names.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SYSTEM_USER_H
#define AZ_SYSTEM_USER_H

#include "server/compat.h"
#include "libpq/hba.h"
#include "token/identity.h"

/*
 * The issuer of a line of pg_hba.conf, where it may be the address of a discovery
 * document; palloc'd.  NULL: it is no such address.
 */
extern char *az_hba_issuer(const HbaLine *line);

/* Has the token all scopes that the line asks for? */
extern bool az_has_hba_scopes(const HbaLine *line, const AzIdentity *id);

/*
 * What pg_ident.conf calls whoever it is: "ISSUER SUBJECT", and just the subject
 * where there is no map and the role has to have this very name; palloc'd.  NULL: it
 * has no subject, or one that would not be read as it stands.
 */
extern char *az_system_user(const HbaLine *line, const char *issuer, const AzIdentity *id);

/* Does the token name the role in the claim of dbmi_authz_oauth.role_claim? */
extern bool az_names_role(const AzIdentity *id, const char *role);

/* Is that setting set? */
extern bool az_has_role_claim(void);

extern void az_define_role_claim(void);

#endif							/* AZ_SYSTEM_USER_H */
