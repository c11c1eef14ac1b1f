/*-------------------------------------------------------------------------
 *
 * guc.h
 *	  The plain settings.  dbmi_authz.token is not one of them: see
 *	  token_setting.c.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_GUC_H
#define AZ_GUC_H

#include "server/compat.h"

typedef enum AzTokenScope
{
	AZ_SCOPE_SESSION,
	AZ_SCOPE_TRANSACTION
} AzTokenScope;

extern int	az_token_scope;		/* AzTokenScope; ask az_scope() (token_scope.h) */

/* What the login by token that opened the connection is good for. */
typedef enum AzLoginIdentity
{
	AZ_LOGIN_OFF,				/* it is ignored */
	AZ_LOGIN_BASE,				/* its identity is in force while no token is
								 * set */
	AZ_LOGIN_ONLY				/* the same, and no other subject can be logged in */
} AzLoginIdentity;

extern int	az_login_identity;	/* AzLoginIdentity */
extern char *az_cluster_role;	/* the role whose connections take assertions;
								 * NULL or "": none */
extern int	az_max_token_size;	/* bytes */
extern bool az_plan_folding;
extern int	az_max_set_size;	/* keys */

typedef enum AzOlpDefault
{
	AZ_OLP_OPEN,
	AZ_OLP_CLOSED
} AzOlpDefault;

extern bool az_universal_olp;
extern int	az_olp_default;		/* AzOlpDefault */
extern bool az_hide_forbidden;
extern bool az_require_user_on_write;
extern bool az_simulate_writes;
extern int	az_denial_log_level;		/* 0: no */

/* Of which tables the reads are recorded. */
typedef enum AzLogReads
{
	AZ_READS_OFF,
	AZ_READS_PROTECTED,			/* those with row-level security */
	AZ_READS_ALL
} AzLogReads;

extern int	az_log_reads;		/* AzLogReads */
extern bool az_log_trust;

/* Which logins have a line in the log. */
typedef enum AzLogLogins
{
	AZ_LOGINS_OFF,
	AZ_LOGINS_FAILURES,			/* those that were refused */
	AZ_LOGINS_ALL
} AzLogLogins;

extern int	az_log_logins;		/* AzLogLogins */
extern int	az_log_rate;		/* such lines a second; 0: any number */

/* Behind which lines of the log the identity stands. */
typedef enum AzLogIdentity
{
	AZ_IDENTITY_OFF,
	AZ_IDENTITY_DENIALS,		/* those that say that something is not allowed */
	AZ_IDENTITY_ALL
} AzLogIdentity;

extern int	az_log_identity;	/* AzLogIdentity */
extern char *az_purpose;		/* the purpose, as the user states it; NULL or
								 * "": not stated */

/*
 * Define the settings.  May be called again after an error.  The arguments are
 * called after every change of dbmi_authz.token_scope or
 * dbmi_authz.login_identity, and of dbmi_authz.plan_folding.
 */
extern void az_guc_init(void (*identity_assigned) (void),
						void (*folding_assigned) (void));

#endif							/* AZ_GUC_H */
