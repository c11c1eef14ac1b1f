/*-------------------------------------------------------------------------
 *
 * dbmi_authz.c
 *	  Verified identities inside PostgreSQL: module start.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "discretion.h"
#include "guard.h"
#include "login.h"
#include "registry.h"
#include "token_param.h"
#include "trust.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/*
 * The statement that loads the library may hold a token, and one that was set
 * before may be waiting to be judged.
 */
void
_PG_init(void)
{
	AzDiscretion discretion;

	az_be_discreet(&discretion);
	az_trust_init();
	az_registry_init();
	az_guard_init();
	az_token_param_init();
	az_session_init();
	az_login_init();
	az_be_free(&discretion);
}
