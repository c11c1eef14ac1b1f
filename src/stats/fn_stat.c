/*-------------------------------------------------------------------------
 *
 * fn_stat.c
 *	  What the views stat, stat_all and stat_refusals show; stat_reset().
 *
 * The views run these functions with the rights of the role that reads them.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "server/counts.h"
#include "trust/admin.h"

/* datname, scope, the counts, stats_reset */
#define N_COLUMNS	(AZ_N_COUNTS + 3)

static void
check_monitors(void)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_MONITOR))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for function stat_get_all"),
				 errdetail("Only members of pg_monitor see the counts of all databases.")));
}

/* A database that has been dropped is not told of; none: those that made room. */
static void
put_counts(ReturnSetInfo *result, Oid database)
{
	char	   *name = OidIsValid(database) ? get_database_name(database) : NULL;
	Datum		values[N_COLUMNS] = {0};
	bool		nulls[N_COLUMNS] = {0};
	AzCounts	counts;
	TimestampTz since;
	NameData	namedata;
	int			i;

	if (name == NULL && OidIsValid(database))
		return;
	az_read_counts(database, &counts, &since);
	nulls[0] = name == NULL;
	if (name)
	{
		namestrcpy(&namedata, name);
		values[0] = NameGetDatum(&namedata);
	}
	values[1] = CStringGetTextDatum(az_counts_are_shared() ? "server" : "session");
	for (i = 0; i < AZ_N_COUNTS; i++)
		values[2 + i] = Int64GetDatum((int64) counts.n[i]);
	values[2 + AZ_N_COUNTS] = TimestampTzGetDatum(since);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

AZ_SQL(authz_stat_get)
{
	az_check_owns_database("stat_get");
	InitMaterializedSRF(fcinfo, 0);
	put_counts((ReturnSetInfo *) fcinfo->resultinfo, MyDatabaseId);
	PG_RETURN_NULL();
}

AZ_SQL(authz_stat_get_all)
{
	Oid		   *databases;
	int			n;
	int			i;

	check_monitors();
	InitMaterializedSRF(fcinfo, 0);
	databases = az_counted_databases(&n);
	for (i = 0; i < n; i++)
		put_counts((ReturnSetInfo *) fcinfo->resultinfo, databases[i]);
	PG_RETURN_NULL();
}

static void
put_refusal(ReturnSetInfo *result, const char *reason, uint64 count)
{
	Datum		values[2];
	bool		nulls[2] = {0};

	values[0] = CStringGetTextDatum(reason);
	values[1] = Int64GetDatum((int64) count);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* All reasons, so that what did not happen is a count too. */
AZ_SQL(authz_stat_get_refusals)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	AzCounts	counts;
	TimestampTz since;
	int			reason;

	az_check_owns_database("stat_get_refusals");
	InitMaterializedSRF(fcinfo, 0);
	az_read_counts(MyDatabaseId, &counts, &since);
	for (reason = AZ_OK + 1; reason < AZ_N_REASONS; reason++)
		put_refusal(result, az_reason_info(reason)->name, counts.refused[reason]);
	put_refusal(result, "other", counts.refused[AZ_OTHER_REFUSAL]);
	PG_RETURN_NULL();
}

AZ_SQL(authz_stat_reset)
{
	az_check_owns_database("stat_reset");
	if (!az_reset_counts(MyDatabaseId))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("this database has no counts of its own"),
				 errdetail("Sessions of as many other databases as can be counted apart are open.")));
	PG_RETURN_VOID();
}
