/*-------------------------------------------------------------------------
 *
 * dbmi_authz_keys.c
 *	  A background worker that keeps the keys of issuers fresh: module start.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

#include "board.h"
#include "launcher.h"
#include "server/links.h"
#include "settings.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

static shmem_request_hook_type prev_request = NULL;
static shmem_startup_hook_type prev_startup = NULL;

static void
request_memory(void)
{
	if (prev_request)
		prev_request();
	RequestAddinShmemSpace(az_board_size());
	RequestNamedLWLockTranche("dbmi_authz_keys", 1);
}

static void
start_memory(void)
{
	if (prev_startup)
		prev_startup();
	az_board_init();
}

void
_PG_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("library \"%s\" is loaded by the server only", "dbmi_authz_keys"),
				 errhint("Add it to the parameter \"%s\", and restart the server.",
						 "shared_preload_libraries")));
	az_keys_settings_init();
	prev_request = shmem_request_hook;
	shmem_request_hook = request_memory;
	prev_startup = shmem_startup_hook;
	shmem_startup_hook = start_memory;
	az_register_launcher();
	*find_rendezvous_variable(AZ_KEY_WANTED_LINK) = (void *) az_board_wish;
}
