/*-------------------------------------------------------------------------
 *
 * dbmi_authz_oauth.c
 *	  Login by token (PostgreSQL 18): module start.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
}
