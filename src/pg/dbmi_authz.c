/*-------------------------------------------------------------------------
 *
 * dbmi_authz.c
 *	  Verified identities inside PostgreSQL: module start.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "guard.h"
#include "login.h"
#include "registry.h"
#include "release.h"
#include "trust.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	az_warn_of_release(false);
	az_trust_init();
	az_registry_init();
	az_guard_init();
	az_session_init();
	az_login_init();
}
