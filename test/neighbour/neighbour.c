/*-------------------------------------------------------------------------
 *
 * neighbour.c
 *	  Another extension, to which the settings "authz.*" belong: for
 *	  test/tap/210_neighbour.pl.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

static char *who;
static bool strict;

void		_PG_init(void);

void
_PG_init(void)
{
	DefineCustomStringVariable("authz.user", "Who.", NULL, &who, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("authz.strict", "How.", NULL, &strict, false,
							 PGC_SUSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("authz");
}

PG_FUNCTION_INFO_V1(neighbour_user);
Datum
neighbour_user(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(who));
}
