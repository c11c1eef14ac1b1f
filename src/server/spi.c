/*-------------------------------------------------------------------------
 *
 * spi.c
 *	  SQL that the extension runs itself.
 *
 * All of it goes through az_spi_run().  It depends on no search_path: every name
 * in it is qualified, and no syntax is used that looks an operator up by its
 * bare name (IN, IS DISTINCT FROM, CASE x WHEN y).
 *
 *-------------------------------------------------------------------------
 */
#include "server/spi.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "server/release.h"

static void
add_param(AzSpiParams *params, Oid type, Datum value, bool isnull)
{
	Assert(params->n < AZ_SPI_MAX_PARAMS);
	params->type[params->n] = type;
	params->value[params->n] = value;
	params->isnull[params->n] = isnull ? 'n' : ' ';
	params->n++;
}

void
az_spi_param(AzSpiParams *params, Oid type, const void *varlena)
{
	add_param(params, type, PointerGetDatum(varlena), varlena == NULL);
}

void
az_spi_param_oid(AzSpiParams *params, Oid type, Oid value)
{
	add_param(params, type, ObjectIdGetDatum(value), false);
}

void
az_spi_param_time(AzSpiParams *params, const int64 *time)
{
	add_param(params, TIMESTAMPTZOID,
			  time ? TimestampTzGetDatum(*time) : (Datum) 0, time == NULL);
}

void
az_spi_param_int2(AzSpiParams *params, int16 number)
{
	add_param(params, INT2OID, Int16GetDatum(number), false);
}

void
az_spi_param_int8(AzSpiParams *params, const int64 *number)
{
	add_param(params, INT8OID, number ? Int64GetDatum(*number) : (Datum) 0, number == NULL);
}

void
az_spi_param_bool(AzSpiParams *params, bool value)
{
	add_param(params, BOOLOID, BoolGetDatum(value), false);
}

static uint64
run(const char *sql, const AzSpiParams *params, bool read_only)
{
	AzSpiParams	copy = *params;
	int			result;

	az_warn_of_release(true);
	result = SPI_execute_with_args(sql, copy.n, copy.type, copy.value,
								   copy.isnull, read_only, 0);
	if (result < 0)
		elog(ERROR, "could not run a statement: %s", SPI_result_code_string(result));
	return SPI_processed;
}

uint64
az_spi_run(const char *sql, const AzSpiParams *params)
{
	return run(sql, params, false);
}

uint64
az_spi_look_up(const char *sql, const AzSpiParams *params)
{
	uint64		rows;

	PushActiveSnapshot(GetLatestSnapshot());
	rows = run(sql, params, true);
	PopActiveSnapshot();
	return rows;
}

char *
az_spi_result_or_null(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

/* The owner of the database can have taken NOT NULL from a column. */
char *
az_spi_result(uint64 row, int column)
{
	char	   *value = az_spi_result_or_null(row, column);

	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("unexpected null value in column \"%s\"",
						SPI_fname(SPI_tuptable->tupdesc, column)),
				 errhint("Correct or remove the row, and declare the column NOT NULL again.")));
	return value;
}

text *
az_spi_result_text(uint64 row, int column)
{
	return cstring_to_text(az_spi_result(row, column));
}
