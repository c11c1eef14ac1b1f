/*-------------------------------------------------------------------------
 *
 * admin.c
 *	  What the functions that administer the trust have in common.
 *
 * All SQL of theirs goes through az_spi_run().  It depends on no search_path:
 * every name in it is qualified, and no syntax is used that looks an
 * operator up by its bare name (IN, IS DISTINCT FROM, CASE x WHEN y).
 *
 *-------------------------------------------------------------------------
 */
#include "trust/admin.h"

#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "server/encoding.h"
#include "server/malloced.h"
#include "server/release.h"

/* A longer string is not worth quoting. */
#define MAX_QUOTED	128

/* ----------------------------------------------------------------
 * Arguments
 * ----------------------------------------------------------------
 */

void
az_arg_required(FunctionCallInfo fcinfo, int argno, const char *what)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be null", what)));
}

text *
az_arg_text(FunctionCallInfo fcinfo, int argno, const char *what)
{
	text	   *value;
	char	   *utf8;
	int			len;

	az_arg_required(fcinfo, argno, what);
	value = PG_GETARG_TEXT_PP(argno);
	if (VARSIZE_ANY_EXHDR(value) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be empty", what)));
	utf8 = az_utf8(value, &len);
	explicit_bzero(utf8, len);
	pfree(utf8);
	return value;
}

text *
az_arg_optional_text(FunctionCallInfo fcinfo, int argno, const char *what)
{
	return PG_ARGISNULL(argno) ? NULL : az_arg_text(fcinfo, argno, what);
}

char *
az_utf8(const text *value, int *len)
{
	char	   *utf8 = az_to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), len);

	if (utf8 == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("invalid byte sequence for encoding \"UTF8\"")));
	return utf8;
}

text *
az_server_text(const char *utf8, const char *what)
{
	char	   *server = az_from_utf8(utf8);
	text	   *value;

	if (server == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
				 errmsg("%s does not fit the encoding of the database", what),
				 errhint("Use a database whose encoding is UTF8.")));
	value = cstring_to_text(server);
	explicit_bzero(server, strlen(server));
	pfree(server);
	return value;
}

AzJson *
az_parse_json(const text *value, const char *what, int sqlstate)
{
	AzJson	   *json;
	int			len;
	char	   *utf8 = az_utf8(value, &len);
	AzJsonStatus status = az_json_parse(utf8, len, &json);

	az_free_with(CurrentMemoryContext, az_release_json, json);
	explicit_bzero(utf8, len);
	pfree(utf8);

	switch (status)
	{
		case AZ_JSON_OK:
			return json;
		case AZ_JSON_NO_MEMORY:
			az_raise_no_memory();
		case AZ_JSON_TOO_DEEP:
			ereport(ERROR,
					(errcode(sqlstate),
					 errmsg("malformed %s", what),
					 errdetail("It nests deeper than %d levels.", AZ_JSON_MAX_DEPTH)));
			break;
		case AZ_JSON_INVALID:
			break;
	}
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("malformed %s", what),
			 errdetail("Expected a JSON object.  A member that occurs twice, U+0000, half of a surrogate pair and a number out of range are refused.")));
	pg_unreachable();
}

/* ----------------------------------------------------------------
 * Whose rights
 * ----------------------------------------------------------------
 */

void
az_begin_as(Oid role, AzCaller *caller)
{
	GetUserIdAndSecContext(&caller->user, &caller->context);
	SetUserIdAndSecContext(role, caller->context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	caller->nest_level = NewGUCNestLevel();
}

void
az_end_as(const AzCaller *caller)
{
	AtEOXact_GUC(false, caller->nest_level);
	SetUserIdAndSecContext(caller->user, caller->context);
}

void
az_check_administers(const char *table)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_DATABASE_OWNER))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s", table),
				 errdetail("Only superusers and the owner of the database write to it.")));
}

/*
 * The role that the tables belong to, and not whoever a table was given to:
 * this one can do the least.
 */
void
az_begin_as_owner(AzCaller *caller)
{
	az_begin_as(ROLE_PG_DATABASE_OWNER, caller);
	SPI_connect();
}

void
az_begin_administering(const char *table, AzCaller *caller)
{
	az_check_administers(table);
	az_begin_as_owner(caller);
}

void
az_end_administering(const AzCaller *caller)
{
	SPI_finish();
	az_end_as(caller);
}

/* ----------------------------------------------------------------
 * SQL
 * ----------------------------------------------------------------
 */

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

uint64
az_spi_run(const char *sql, const AzSpiParams *params)
{
	AzSpiParams	copy = *params;
	int			result;

	az_warn_of_release(true);
	result = SPI_execute_with_args(sql, copy.n, copy.type, copy.value,
								   copy.isnull, false, 0);
	if (result < 0)
		elog(ERROR, "could not run a statement: %s", SPI_result_code_string(result));
	return SPI_processed;
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

/* ----------------------------------------------------------------
 * Issuers
 * ----------------------------------------------------------------
 */

void
az_raise_no_issuer(const text *issuer)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("issuer \"%s\" does not exist", text_to_cstring(issuer)),
			 errhint("Table authz.issuer lists them; they are compared byte for byte.")));
	pg_unreachable();
}

void
az_lock_issuer(text *issuer, AzIssuerRow *row)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, issuer);
	if (az_spi_run("SELECT i.profile, i.options FROM authz.issuer i"
			   " WHERE i.issuer OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE",
			   &params) == 0)
		az_raise_no_issuer(issuer);
	row->issuer = issuer;
	row->profile = az_spi_result_text(0, 1);
	row->options = az_spi_result_text(0, 2);
}

bool
az_read_profile(const text *name, AzProfile *profile)
{
	AzSpiParams	params = {0};

	az_spi_param(&params, TEXTOID, name);
	if (az_spi_run("SELECT p.chosen_by, p.audience_required, p.options FROM authz.profile p"
			   " WHERE p.profile OPERATOR(pg_catalog.=) $1", &params) == 0)
		return false;
	profile->by_audience = strcmp(az_spi_result(0, 1), "aud") == 0;
	profile->audience_required = strcmp(az_spi_result(0, 2), "t") == 0;
	profile->options = az_parse_json(az_spi_result_text(0, 3), "options of profile",
									 ERRCODE_CONFIG_FILE_ERROR);
	return true;
}

const char *
az_valid_profiles(void)
{
	AzSpiParams	params = {0};
	const char *list;

	az_spi_run("SELECT pg_catalog.string_agg(pg_catalog.concat('\"', p.profile, '\"'), ', ' ORDER BY p.profile)"
		   " FROM authz.profile p", &params);
	list = az_spi_result_or_null(0, 1);
	return list ? psprintf("Valid profiles are %s.", list) : "Table authz.profile is empty.";
}

void
az_profile_of(const AzIssuerRow *row, AzProfile *profile)
{
	if (!az_read_profile(row->profile, profile))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("profile \"%s\" of issuer \"%s\" does not exist",
						text_to_cstring(row->profile), text_to_cstring(row->issuer)),
				 errhint("%s", az_valid_profiles())));
}

/* ----------------------------------------------------------------
 * Options
 * ----------------------------------------------------------------
 */

static void
append_name(StringInfo list, const char *name)
{
	if (list->len > 0)
		appendStringInfoString(list, ", ");
	appendStringInfoString(list, name);
}

static char *
valid_options(void)
{
	StringInfoData list;
	const char *name;
	size_t		i;

	initStringInfo(&list);
	for (i = 0; (name = az_option_name(i)) != NULL; i++)
		append_name(&list, name);
	return psprintf("Valid options are %s.", list.data);
}

char *
az_valid_algorithms(void)
{
	StringInfoData list;
	int			i;

	initStringInfo(&list);
	for (i = 0; i < AZ_N_ALGS; i++)
		append_name(&list, az_alg_info(i)->name);
	append_name(&list, "EdDSA");
	return psprintf("Valid algorithms are %s.", list.data);
}

/* Which element of an array is meant. */
static void
append_element(StringInfo hint, const AzJson *array, size_t element)
{
	size_t		len;
	const char *string = az_json_string(az_json_at(array, element - 1), &len);

	appendStringInfo(hint, "Look at element %zu of the array", element);
	if (string != NULL && len > 0 && len <= MAX_QUOTED)
		string = az_from_utf8(string);
	else
		string = NULL;
	if (string != NULL)
		appendStringInfo(hint, ", \"%s\"", string);
	appendStringInfoString(hint, ".  ");
}

/* Which part of the value is wrong, and what would be right; "" where the detail says it. */
static char *
option_hint(const AzJson *options, const AzOptionError *error)
{
	StringInfoData hint;

	initStringInfo(&hint);
	if (error->element > 0)
		append_element(&hint, az_json_get_z(options, error->name), error->element);
	if (strcmp(error->name, "algorithms") == 0)
		appendStringInfoString(&hint, az_valid_algorithms());
	while (hint.len > 0 && hint.data[hint.len - 1] == ' ')
		hint.data[--hint.len] = '\0';
	return hint.data;
}

static void
apply_options(AzIssuer *issuer, const AzJson *options, int sqlstate)
{
	AzOptionError error;
	const char *name;
	const char *hint;

	if (az_issuer_apply(issuer, options, &error))
		return;
	if (error.no_memory)
		az_raise_no_memory();
	name = text_to_cstring(az_server_text(error.name, "name of issuer option"));
	if (error.why == NULL)
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("unrecognized issuer option \"%s\"", name),
				 errhint("%s", valid_options())));
	if (*name == '\0')
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("invalid issuer options"),
				 errdetail_internal("%s", error.why)));
	hint = option_hint(options, &error);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("invalid value for issuer option \"%s\"", name),
			 errdetail_internal("%s", error.why),
			 *hint ? errhint("%s", hint) : 0));
}

AzIssuer *
az_build_issuer(const text *issuer, const AzProfile *profile,
				const AzJson *options, int sqlstate)
{
	int			len;
	char	   *name = az_utf8(issuer, &len);
	AzIssuer   *built = az_issuer_new(name, len);

	az_free_with(CurrentMemoryContext, az_release_issuer, built);
	if (built == NULL)
		az_raise_no_memory();
	apply_options(built, profile->options, ERRCODE_CONFIG_FILE_ERROR);
	apply_options(built, options, sqlstate);
	return built;
}
