/*-------------------------------------------------------------------------
 *
 * dbmi_authz_keys.c
 *	  A background worker that keeps the keys of issuers fresh: module start.
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
