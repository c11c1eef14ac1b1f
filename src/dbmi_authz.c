/*-------------------------------------------------------------------------
 *
 * dbmi_authz.c
 *	  Verified identities inside PostgreSQL: module start.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "objects/registry.h"
#include "planner/guard.h"
#include "session/login.h"
#include "trust/trust_table.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	az_trust_table_init();
	az_registry_init();
	az_guard_init();
	az_session_init();
	az_login_init();
}
