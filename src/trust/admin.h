/*-------------------------------------------------------------------------
 *
 * admin.h
 *	  What the functions that administer the trust have in common: their
 *	  arguments, their SQL, and an issuer's row.
 *
 * They look at the rights of their caller, and then read and write as the
 * owner of the tables: what that owner has hung on a table (triggers, rules,
 * defaults, views in its place) is code, which must not run with the rights
 * of a superuser who administers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef AZ_ADMIN_H
#define AZ_ADMIN_H

#include "server/compat.h"
#include "token/issuer.h"

/* ---- arguments; "what" names one in an error ---- */

/*
 * A text that is neither NULL nor empty, 22023 otherwise, and that a token
 * could hold, 22021 otherwise: SQL_ASCII takes what is no UTF-8.
 */
extern text *az_arg_text(FunctionCallInfo fcinfo, int argno, const char *what);

/* The same, but NULL is taken, and returned. */
extern text *az_arg_optional_text(FunctionCallInfo fcinfo, int argno, const char *what);

/* 22023 for NULL. */
extern void az_arg_required(FunctionCallInfo fcinfo, int argno, const char *what);

/* As UTF-8, terminated; 22021 when it has no such form. */
extern char *az_utf8(const text *value, int *len);

/* From UTF-8; 22P05 when the database cannot hold it. */
extern text *az_server_text(const char *utf8, const char *what);

/*
 * Parse a json value.  sqlstate is raised for what json_in() lets through and
 * we do not: duplicate members, U+0000, numbers out of range, a bare value.
 * The tree goes with the current memory context.
 */
extern AzJson *az_parse_json(const text *value, const char *what, int sqlstate);

/* ---- whose rights ---- */

/* Who called, while somebody else's rights are in force. */
typedef struct AzCaller
{
	Oid			user;
	int			context;		/* security context */
	int			nest_level;		/* of settings */
} AzCaller;

/*
 * Take the rights of that role, and nothing that its code could leave behind
 * for the caller: no setting, temporary object, cursor or deferred trigger.
 * An error gives the caller's rights back with the transaction.
 */
extern void az_begin_as(Oid role, AzCaller *caller);
extern void az_end_as(const AzCaller *caller);

/*
 * What the caller must have who administers, 42501 otherwise; table names
 * what is to be written, for the error.
 */
extern void az_check_administers(const char *table);

/*
 * The same, then connect to SPI as the owner of our tables.
 */
extern void az_begin_administering(const char *table, AzCaller *caller);
extern void az_end_administering(const AzCaller *caller);

/* The same for those who may have a row written without administering. */
extern void az_begin_as_owner(AzCaller *caller);

/* ---- SQL ---- */

#define AZ_SPI_MAX_PARAMS	6

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

/*
 * Run one statement, inside SPI_connect(); returns the number of rows.  The
 * statement must name everything with its schema, operators too.
 */
extern uint64 az_spi_run(const char *sql, const AzSpiParams *params);

/* One value of the result of the last az_spi_run(); an error for SQL's NULL. */
extern char *az_spi_result(uint64 row, int column);
extern text *az_spi_result_text(uint64 row, int column);

/* The same, NULL for SQL's. */
extern char *az_spi_result_or_null(uint64 row, int column);

/* ---- issuers; inside SPI_connect() ---- */

typedef struct AzProfile
{
	bool		by_audience;
	bool		audience_required;
	AzJson	   *options;
} AzProfile;

/* False when there is none of that name; F0000 when it is not usable. */
extern bool az_read_profile(const text *name, AzProfile *profile);

typedef struct AzIssuerRow
{
	text	   *issuer;
	text	   *profile;
	text	   *options;
} AzIssuerRow;

/*
 * Read the row and lock it, so that who changes an issuer or its keys does so
 * one after the other.  42704 when there is no such issuer.
 */
extern void az_lock_issuer(text *issuer, AzIssuerRow *row);

/* Its profile; F0000 when there is none, or it is not usable. */
extern void az_profile_of(const AzIssuerRow *row, AzProfile *profile);

/* For hints: what there is. */
extern const char *az_valid_profiles(void);
extern char *az_valid_algorithms(void);

/* "issuer \"x\" does not exist", 42704. */
pg_noreturn extern void az_raise_no_issuer(const text *issuer);

/*
 * The issuer that profile and options make.  sqlstate is raised when the
 * options are not what they must be.  Goes with the current memory context.
 */
extern AzIssuer *az_build_issuer(const text *issuer, const AzProfile *profile,
								 const AzJson *options, int sqlstate);

#endif							/* AZ_ADMIN_H */
