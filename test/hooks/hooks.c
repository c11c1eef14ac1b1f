/*-------------------------------------------------------------------------
 *
 * hooks.c
 *	  A library that watches and forbids functions, as sepgsql does, and one
 *	  that calls ours without telling the planner: for test/tap/230_hooks.pl.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

PG_MODULE_MAGIC;

/* Names of functions, for the two hooks. */
static char *forbidden;
static char *watched;
static int	asked;				/* how often the access hook was, about the first */

void		_PG_init(void);

static bool
is_named(Oid function, const char *name)
{
	char	   *own = name && *name ? get_func_name(function) : NULL;

	return own && strcmp(own, name) == 0;
}

static void
access_hook(ObjectAccessType access, Oid class, Oid object, int sub, void *arg)
{
	if (access != OAT_FUNCTION_EXECUTE || !is_named(object, forbidden))
		return;
	asked++;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("the hook forbids %s", forbidden)));
}

static bool
needs_hook(Oid function)
{
	return is_named(function, watched);
}

static void
call_hook(FmgrHookEventType event, FmgrInfo *function, Datum *private)
{
	if (event == FHET_START)
		ereport(NOTICE, (errmsg("watched: %s", watched)));
}

void
_PG_init(void)
{
	DefineCustomStringVariable("hooks.forbidden", "Forbidden.", NULL, &forbidden, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("hooks.watched", "Watched.", NULL, &watched, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	object_access_hook = access_hook;
	needs_fmgr_hook = needs_hook;
	fmgr_hook = call_hook;
}

/* Our function of one argument, by its C symbol. */
PG_FUNCTION_INFO_V1(hooks_direct);
Datum
hooks_direct(PG_FUNCTION_ARGS)
{
	PGFunction	function = (PGFunction)
		load_external_function("$libdir/dbmi_authz", text_to_cstring(PG_GETARG_TEXT_PP(0)), true, NULL);

	return DirectFunctionCall1(function, PG_GETARG_DATUM(1));
}

/* The same, by its OID. */
PG_FUNCTION_INFO_V1(hooks_by_oid);
Datum
hooks_by_oid(PG_FUNCTION_ARGS)
{
	return OidFunctionCall1(PG_GETARG_OID(0), PG_GETARG_DATUM(1));
}

PG_FUNCTION_INFO_V1(hooks_asked);
Datum
hooks_asked(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(asked);
}

/* Of the same symbol as one of ours. */
PG_FUNCTION_INFO_V1(authz_has_scope);
Datum
authz_has_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}
