/*-------------------------------------------------------------------------
 *
 * spi.h
 *	  SQL that the extension runs itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_SPI_H
#define AZ_SPI_H

#include "server/compat.h"

#define AZ_SPI_MAX_PARAMS	12

typedef struct AzSpiParams
{
	int			n;
	Oid			type[AZ_SPI_MAX_PARAMS];
	Datum		value[AZ_SPI_MAX_PARAMS];
	char		isnull[AZ_SPI_MAX_PARAMS + 1];
} AzSpiParams;

/* Add a parameter.  A NULL pointer is SQL's NULL. */
extern void az_spi_param(AzSpiParams *params, Oid type, const void *varlena);
extern void az_spi_param_oid(AzSpiParams *params, Oid type, Oid value);
extern void az_spi_param_time(AzSpiParams *params, const int64 *time);
extern void az_spi_param_int2(AzSpiParams *params, int16 number);
extern void az_spi_param_int8(AzSpiParams *params, const int64 *number);
extern void az_spi_param_bool(AzSpiParams *params, bool value);

/*
 * Run one statement, inside SPI_connect(); returns the number of rows.  The
 * statement must name everything with its schema, operators too.
 */
extern uint64 az_spi_run(const char *sql, const AzSpiParams *params);

/*
 * The same for a statement that reads, and sees what is committed by now, whatever
 * the snapshot of the transaction.
 */
extern uint64 az_spi_look_up(const char *sql, const AzSpiParams *params);

/* One value of the result of the last of these; an error for SQL's NULL. */
extern char *az_spi_result(uint64 row, int column);
extern text *az_spi_result_text(uint64 row, int column);

/* The same, NULL for SQL's. */
extern char *az_spi_result_or_null(uint64 row, int column);

#endif							/* AZ_SPI_H */
