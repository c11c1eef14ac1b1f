/*-------------------------------------------------------------------------
 *
 * shared.c
 *	  Memory that all sessions of the server share, where it preloads the library.
 *
 * Every process that may have a session has a place of its own, which it alone
 * writes to, so sessions do not wait for each other.
 *
 *-------------------------------------------------------------------------
 */
#include "server/shared.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"

#define TRANCHE		"dbmi_authz"
#define MAX_AREAS	4

static const AzSharedArea *areas[MAX_AREAS];
static int	nareas = 0;
static LWLockPadded *locks = NULL;

static shmem_request_hook_type prev_request = NULL;
static shmem_startup_hook_type prev_startup = NULL;

void
az_share_area(const AzSharedArea *area)
{
	Assert(process_shared_preload_libraries_in_progress);
	if (nareas == MAX_AREAS)
		elog(ERROR, "too many areas of shared memory");
	areas[nareas++] = area;
}

static void
request(void)
{
	int			i;

	if (prev_request)
		prev_request();
	for (i = 0; i < nareas; i++)
		RequestAddinShmemSpace(areas[i]->size());
	RequestNamedLWLockTranche(TRANCHE, 2);
}

static void
start_up(void)
{
	int			i;

	if (prev_startup)
		prev_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (i = 0; i < nareas; i++)
	{
		bool		found;
		void	   *place = ShmemInitStruct(areas[i]->name, areas[i]->size(), &found);

		if (!found)
		{
			memset(place, 0, areas[i]->size());
			areas[i]->set_up(place);
		}
		*areas[i]->place = place;
	}
	locks = GetNamedLWLockTranche(TRANCHE);
	LWLockRelease(AddinShmemInitLock);
}

int
az_shared_places(void)
{
	return MaxBackends;
}

int
az_shared_place(void)
{
	int			number = MyProc ? az_proc_number() : -1;

	return number < MaxBackends ? number : -1;
}

LWLock *
az_shared_lock(void)
{
	return &locks[0].lock;
}

LWLock *
az_senders_lock(void)
{
	return &locks[1].lock;
}

void
az_shared_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	prev_request = shmem_request_hook;
	shmem_request_hook = request;
	prev_startup = shmem_startup_hook;
	shmem_startup_hook = start_up;
}
