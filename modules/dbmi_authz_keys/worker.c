/*-------------------------------------------------------------------------
 *
 * worker.c
 *	  A worker: it connects to one database, does what is due there, and goes.
 *
 * No worker stays: while nothing is due nobody is connected, so a database can be
 * dropped, renamed and copied, and what libcurl, a name that does not resolve or the
 * owner's code leaves behind is gone with the process.
 *
 *-------------------------------------------------------------------------
 */
#include "worker.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "key_set.h"
#include "refresh.h"
#include "report.h"

/* So many issuers, and milliseconds, for what is due; then others may come. */
#define MAX_DUE			100
#define LONGEST_ROUND	60000

bool
az_start_worker(Oid database, AzErrand errand)
{
	BackgroundWorker worker = {0};
	int			place = az_board_hire(database, errand);

	if (place < 0)
		return true;			/* the next one that ends makes room */
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "dbmi_authz_keys");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "az_keys_worker_main");
	snprintf(worker.bgw_name, sizeof(worker.bgw_name), "dbmi_authz_keys worker for database %u",
			 database);
	snprintf(worker.bgw_type, sizeof(worker.bgw_type), "dbmi_authz_keys worker");
	worker.bgw_main_arg = Int32GetDatum(place);
	if (RegisterDynamicBackgroundWorker(&worker, NULL))
		return true;
	az_board_dismiss(place);
	return false;
}

/* ---- errands ---- */

static void
take_settings(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
}

/* What one issuer has needed goes with it. */
static bool
refresh(const AzSource *source, bool wished)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz_keys issuer",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	bool		go_on;

	take_settings();
	go_on = az_refresh(source, wished);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return go_on;
}

static bool
grant_wish(const char *name)
{
	AzSource   *source;
	int			fault = az_store_find(name, &source);
	bool		go_on = true;

	if (fault != 0)
		az_report_fault("look for an issuer", fault);
	if (source != NULL)
		go_on = refresh(source, true);
	az_board_drop_wish(MyDatabaseId, name);
	return go_on;
}

static void
grant_wishes(void)
{
	char		name[AZ_ISSUER_MAX];

	while (az_board_take_wish(MyDatabaseId, name) && grant_wish(name))
		;
}

static void
refresh_due(void)
{
	TimestampTz end = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LONGEST_ROUND);
	List	   *due;
	ListCell   *lc;
	int			fault = az_store_due(MAX_DUE, &due);

	if (fault != 0)
		az_report_fault("look for issuers", fault);
	foreach(lc, due)
	{
		if (GetCurrentTimestamp() > end || !refresh(lfirst(lc), false))
			break;
	}
}

static bool
is_ready(void)
{
	AzStoreState state = AZ_STORE_EMPTY;
	int			fault = az_store_look(&state);

	if (fault != 0)
		az_report_fault("look for the extension", fault);
	else if (state == AZ_STORE_OLD)
		az_report_old();
	return fault == 0 && state == AZ_STORE_READY;
}

static void
run_errand(AzErrand errand)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "dbmi_authz_keys",
												  ALLOCSET_DEFAULT_SIZES);

	MemoryContextSwitchTo(context);
	if (!is_ready() || !az_fetch_init())
		return;
	if (errand == AZ_FOR_WISHES)
		grant_wishes();
	else
		refresh_due();
}

void
az_keys_worker_main(Datum place)
{
	Oid			database;
	AzErrand	errand;

	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	if (!az_board_begin(DatumGetInt32(place), &database, &errand))
		proc_exit(0);
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	az_store_init();
	az_report_init();
	pgstat_report_activity(STATE_RUNNING, "looking for issuers");
	run_errand(errand);
	az_board_leave();
	proc_exit(0);
}
