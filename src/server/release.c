/*-------------------------------------------------------------------------
 *
 * release.c
 *	  Is the server's minor release one that policies can be trusted to?
 *
 * The library is built for all minor releases of a version; some of them mend
 * holes in core's own row-level security.  The warning goes to those who can
 * have the server updated: to a superuser whose statement loads the library,
 * to the owner of the database who administers, and to the server's log when
 * the server itself loads the library.  Applications and health checks do none
 * of that, so no log fills up.
 *
 *-------------------------------------------------------------------------
 */
#include "server/release.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/guc.h"

/*
 * The first minor releases that make a kept plan again when a role has lost
 * BYPASSRLS or a membership (CVE-2026-14666).  They also have what was mended
 * before:  CVE-2023-2455, CVE-2023-39418, CVE-2024-10976, CVE-2025-8713.
 */
static const int needed[] = {150019, 160015, 170011, 180006};

static int
server_release(void)
{
	return atoi(GetConfigOption("server_version_num", false, false));
}

int
az_release_needed(void)
{
	int			release = server_release();
	int			i;

	for (i = 0; i < (int) lengthof(needed); i++)
	{
		if (needed[i] / 10000 == release / 10000)
			return release < needed[i] ? needed[i] : 0;
	}
	return 0;
}

/*
 * Statement and context may hold a token: the library is loaded by the first
 * call of any of its functions.
 */
static void
warn(int release)
{
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("PostgreSQL %s lacks fixes that row-level security depends on",
					GetConfigOption("server_version", false, false)),
			 errdetail("A query that was prepared before a role lost BYPASSRLS or a membership still shows the same rows as before (CVE-2026-14666)."),
			 errhint("Update the server to PostgreSQL %d.%d or later.",
					 release / 10000, release % 10000),
			 errhidestmt(true),
			 errhidecontext(true)));
}

/* While administering, the current role may be the owner of the tables. */
static bool
is_to_be_told(bool administers)
{
	Oid			caller = GetOuterUserId();

	return administers ? has_privs_of_role(caller, ROLE_PG_DATABASE_OWNER) :
		superuser_arg(caller);
}

void
az_warn_of_release(bool administers)
{
	static bool done = false;
	int			release;

	if (done)
		return;
	if (process_shared_preload_libraries_in_progress)
	{
		/* not "done": the sessions inherit this variable */
		release = az_release_needed();
		if (release != 0)
			warn(release);
		return;
	}
	/* no statement of the client: session_preload_libraries */
	if (MyBackendType != B_BACKEND || !IsTransactionState() ||
		debug_query_string == NULL || !is_to_be_told(administers))
		return;
	done = true;
	release = az_release_needed();
	if (release != 0)
		warn(release);
}
