/*-------------------------------------------------------------------------
 *
 * launcher.c
 *	  The launcher: it looks after the databases that are listed, and has workers
 *	  started for them.
 *
 * It is connected to no database, fetches nothing and runs no SQL, so that nothing
 * that hangs makes it late for a wish.
 *
 *-------------------------------------------------------------------------
 */
#include "launcher.h"

#include <signal.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "board.h"
#include "listed.h"
#include "worker.h"

/* Of one database: one worker that hangs does not keep others waiting. */
#define WISH_WORKERS	2

/* Seconds until one that failed is started again. */
#define RESTART			5

static bool stuck = false;

void
az_register_launcher(void)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "dbmi_authz_keys");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "az_keys_launcher_main");
	snprintf(worker.bgw_name, sizeof(worker.bgw_name), "dbmi_authz_keys launcher");
	snprintf(worker.bgw_type, sizeof(worker.bgw_type), "dbmi_authz_keys launcher");
	RegisterBackgroundWorker(&worker);
}

/* Told once, until it works again. */
static bool
start(Oid database, AzErrand errand)
{
	bool		started = az_start_worker(database, errand);

	if (!started && !stuck)
		ereport(LOG,
				(errmsg("could not start a worker to fetch keys: too many background workers"),
				 errhint("Increase the parameter \"%s\".", "max_worker_processes")));
	if (started != !stuck)
		az_board_set_stuck(!started);
	stuck = !started;
	return started;
}

static bool
may_start(Oid database, AzErrand errand)
{
	int			all = az_board_count_workers(InvalidOid, AZ_FOR_DUE);

	if (az_board_is_avoided(database))
		return false;
	if (errand == AZ_FOR_DUE)
		return az_board_count_workers(database, AZ_FOR_DUE) == 0 &&
			all < az_keys_max_workers / 2;
	return az_board_count_workers(database, AZ_FOR_WISHES) < WISH_WORKERS &&
		all + az_board_count_workers(InvalidOid, AZ_FOR_WISHES) < az_keys_max_workers;
}

/* What waits for a worker that is not there is looked at again when one ends. */
static void
start_for_wishes(const List *databases)
{
	ListCell   *lc;

	foreach(lc, databases)
	{
		if (az_board_is_wished(lfirst_oid(lc)) && may_start(lfirst_oid(lc), AZ_FOR_WISHES))
			(void) start(lfirst_oid(lc), AZ_FOR_WISHES);
	}
}

/*
 * Those that have waited, in turn; the others wait, also for a server that has no
 * room for workers: or one database would have all that there is.
 */
static List *
start_for_due(List *waiting)
{
	List	   *still = NIL;
	ListCell   *lc;

	foreach(lc, waiting)
	{
		Oid			database = lfirst_oid(lc);

		if (!may_start(database, AZ_FOR_DUE) || !start(database, AZ_FOR_DUE))
			still = lappend_oid(still, database);
	}
	list_free(waiting);
	return still;
}

/* A worker that the owner's code, or whatever else, has stopped. */
static void
end_overdue(void)
{
	int			i;

	for (i = 0; i < AZ_MAX_WORKERS; i++)
	{
		pid_t		pid = az_board_overdue(i);

		if (pid != 0)
			(void) kill(pid, SIGTERM);
	}
}

/* New, in the caller's memory context. */
static List *
look_at_databases(List *old)
{
	Oid			oids[AZ_MAX_DATABASES];
	List	   *found = az_listed_databases();
	int			n = 0;
	ListCell   *lc;

	foreach(lc, found)
		oids[n++] = lfirst_oid(lc);
	az_board_set_databases(oids, n);
	list_free(old);
	return found;
}

/* Those that wait already come first, so that none waits for ever. */
static List *
line_up(List *waiting, const List *databases)
{
	List	   *line = NIL;
	ListCell   *lc;

	foreach(lc, waiting)
	{
		if (list_member_oid(databases, lfirst_oid(lc)))
			line = lappend_oid(line, lfirst_oid(lc));
	}
	list_free(waiting);
	return list_concat_unique_oid(line, databases);
}

static void
sleep_until(TimestampTz then)
{
	long		milliseconds = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), then);
	long		nap = az_keys_naptime * 1000L;

	pgstat_report_activity(STATE_IDLE, NULL);
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 Min(milliseconds, nap), PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	if (ShutdownRequestPending)
		proc_exit(1);			/* and is started again, unless the server stops */
}

/* Or the clock was set back, and would have us wait for what it said before. */
static bool
is_time(TimestampTz next)
{
	TimestampTz now = GetCurrentTimestamp();

	return now >= next || next > TimestampTzPlusMilliseconds(now, az_keys_naptime * 1000L);
}

static void
run(void)
{
	List	   *databases = NIL;
	List	   *waiting = NIL;
	TimestampTz next = 0;

	for (;;)
	{
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			az_tell_again();
			next = 0;
		}
		if (is_time(next))
		{
			databases = look_at_databases(databases);
			waiting = line_up(waiting, databases);
			next = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), az_keys_naptime * 1000L);
			end_overdue();
		}
		start_for_wishes(databases);
		waiting = start_for_due(waiting);
		sleep_until(next);
	}
}

void
az_keys_launcher_main(Datum nothing)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	az_board_open();
	MemoryContextSwitchTo(AllocSetContextCreate(TopMemoryContext, "dbmi_authz_keys",
												ALLOCSET_DEFAULT_SIZES));
	run();
}
