/*-------------------------------------------------------------------------
 *
 * as_owner.c
 *	  A transaction with the rights of pg_database_owner.
 *
 * As in trust/admin.c of the extension: the least rights that do, in an operation that
 * is restricted, so that code which the owner of the database has hung on a table
 * leaves nothing behind that would run with ours.  Deferred triggers are refused in
 * there, and so is every way back to the role that we have connected as.
 *
 *-------------------------------------------------------------------------
 */
#include "as_owner.h"

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"

typedef struct Fixed
{
	const char *name;
	const char *value;
} Fixed;

/*
 * ALTER DATABASE ... SET is the owner's.  What is set this way is set for good: no
 * function of the owner's changes it either.  What the owner's code reports is not
 * for the server's log; we say what failed.
 */
static const Fixed settings[] = {
	{"search_path", "pg_catalog"},
	{"lock_timeout", "5s"},
	{"statement_timeout", "0"}, /* we have our own */
	{"log_min_messages", "log"},
	{"default_transaction_read_only", "off"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_deferrable", "off"},
	{"row_security", "on"},
	{"exit_on_error", "off"},
	{"session_replication_role", "origin"},
	{"max_parallel_workers_per_gather", "0"},
	{"jit", "off"},
	{"synchronous_commit", "local"},	/* what is lost is fetched again */
	{"application_name", "dbmi_authz_keys"}
};

void
az_as_owner_init(void)
{
	size_t		i;

	for (i = 0; i < lengthof(settings); i++)
		SetConfigOption(settings[i].name, settings[i].value, PGC_SUSET, PGC_S_OVERRIDE);
}

static void
call_as_owner(void (*work) (void *arg), void *arg)
{
	Oid			user;
	int			context;
	int			nest_level;

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(ROLE_PG_DATABASE_OWNER,
						   context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	nest_level = NewGUCNestLevel();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	work(arg);
	PopActiveSnapshot();
	SPI_finish();
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(user, context);
}

static void
transact(void (*work) (void *arg), void *arg, int milliseconds)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	enable_timeout_after(STATEMENT_TIMEOUT, milliseconds);
	call_as_owner(work, arg);
	disable_timeout(STATEMENT_TIMEOUT, false);
	CommitTransactionCommand();
}

int
az_as_owner(void (*work) (void *arg), void *arg, int milliseconds)
{
	MemoryContext context = CurrentMemoryContext;
	volatile int fault = 0;

	PG_TRY();
	{
		transact(work, arg, milliseconds);
	}
	PG_CATCH();
	{
		HOLD_INTERRUPTS();
		fault = geterrcode();
		disable_all_timeouts(false);
		QueryCancelPending = false;
		FlushErrorState();
		AbortCurrentTransaction();
		RESUME_INTERRUPTS();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	pgstat_report_stat(false);
	return fault;
}

void
az_param(AzParams *params, Oid type, Datum value)
{
	Assert(params->n < AZ_MAX_PARAMS);
	params->type[params->n] = type;
	params->value[params->n++] = value;
}

uint64
az_run(const char *sql, const AzParams *params)
{
	int			result = SPI_execute_with_args(sql, params->n, (Oid *) params->type,
											   (Datum *) params->value, NULL, false, 0);

	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg_internal("%s", SPI_result_code_string(result))));
	return SPI_processed;
}

char *
az_result(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}
