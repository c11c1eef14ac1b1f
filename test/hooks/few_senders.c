/*-------------------------------------------------------------------------
 *
 * few_senders.c
 *	  Makes the place small in which a server remembers the senders of assertions:
 *	  for test/tap/384_assertion_type.pl.
 *
 * To be preloaded behind dbmi_authz.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"

PG_MODULE_MAGIC;

#define FEW	4

/* As src/trust/senders.c has them, said once more. */
#define SENDERS	16384
typedef struct Sender
{
	unsigned char id[16];
	uint64		newest;
	int64		until;
	int32		holders;
	int32		next;
} Sender;
typedef struct Senders
{
	int64		since;
	int32		capacity;
	int32		taken;
	int32		looked_at;
	Sender		senders[FLEXIBLE_ARRAY_MEMBER];
} Senders;

static shmem_startup_hook_type prev_startup = NULL;

void		_PG_init(void);

static void
start_up(void)
{
	bool		found;
	Senders    *all;

	prev_startup();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	all = ShmemInitStruct("dbmi_authz senders", offsetof(Senders, senders) +
						  SENDERS * (sizeof(Sender) + sizeof(int32)), &found);
	LWLockRelease(AddinShmemInitLock);
	if (!found || all->capacity != SENDERS)
		elog(FATAL, "the senders are kept in another way");
	all->capacity = FEW;
}

void
_PG_init(void)
{
	prev_startup = shmem_startup_hook;
	shmem_startup_hook = start_up;
}
