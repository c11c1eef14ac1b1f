/*-------------------------------------------------------------------------
 *
 * issuer_row.c
 *	  An issuer's row and profile, for the functions that change them.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/issuer_row.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "server/arguments.h"
#include "server/encoding.h"
#include "server/malloced.h"
#include "server/own.h"
#include "server/spi.h"

/* A longer string is not worth quoting. */
#define MAX_QUOTED	128

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
az_require_issuer(text *issuer)
{
	AzSpiParams params = {0};

	az_spi_param(&params, TEXTOID, issuer);
	if (az_spi_run("SELECT i.issuer FROM authz.issuer i"
				   " WHERE i.issuer OPERATOR(pg_catalog.=) $1 FOR KEY SHARE", &params) == 0)
		az_raise_no_issuer(issuer);
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

/* ---- audience ---- */

static void
bad_audience(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid audience"),
			 errdetail_internal("%s", detail),
			 errhint("Pass what the claim aud of the tokens may be, as an array: '{https://api.example}'.")));
}

void
az_check_audience_argument(ArrayType *audience)
{
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;
	int			len;

	if (ARR_NDIM(audience) > 1)
		bad_audience("Expected an array of one dimension.");
	deconstruct_array(audience, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	if (n == 0)
		bad_audience("The array is empty.");
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			bad_audience("A value in the array is null.");
		if (VARSIZE_ANY_EXHDR(DatumGetPointer(values[i])) == 0)
			bad_audience("A value in the array is empty.");
		az_utf8(DatumGetTextPP(values[i]), &len);
	}
}

/* ---- options ---- */

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

/* Says which element of an array is wrong. */
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

pg_noreturn static void
raise_refused(const AzOptionError *error, const AzJson *options, int sqlstate)
{
	const char *name;
	const char *hint;

	if (error->no_memory)
		az_raise_no_memory();
	name = text_to_cstring(az_server_text(error->name, "name of issuer option"));
	if (error->why == NULL)
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("unrecognized issuer option \"%s\"", name),
				 errhint("%s", valid_options())));
	if (*name == '\0')
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("invalid issuer options"),
				 errdetail_internal("%s", error->why),
				 errhint("Pass an object, such as '{\"algorithms\": [\"RS256\"]}', or '{}' for none.")));
	hint = option_hint(options, error);
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("invalid value for issuer option \"%s\"", name),
			 errdetail_internal("%s", error->why),
			 *hint ? errhint("%s", hint) : 0));
	pg_unreachable();
}

static void
apply_options(AzIssuer *issuer, const AzJson *options, int sqlstate)
{
	AzOptionError error;

	if (!az_issuer_apply(issuer, options, &error))
		raise_refused(&error, options, sqlstate);
}

/* With objects of 1.0 an issuer that has a new option would count as absent. */
static void
check_known(const AzJson *options, int sqlstate)
{
	const char *name = az_objects_are_old() ? az_new_option(options) : NULL;

	if (name)
		ereport(ERROR,
				(errcode(sqlstate),
				 errmsg("unrecognized issuer option \"%s\"", name),
				 errdetail("The SQL objects of this database are those of version 1.0, which has no such option."),
				 errhint("Run ALTER EXTENSION dbmi_authz UPDATE in this database.")));
}

void
az_check_issuer(const AzIssuer *issuer, int sqlstate)
{
	AzOptionError error;

	if (!az_issuer_check(issuer, &error))
		raise_refused(&error, NULL, sqlstate);
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
	built->by_audience = profile->by_audience;
	apply_options(built, profile->options, ERRCODE_CONFIG_FILE_ERROR);
	check_known(options, sqlstate);
	apply_options(built, options, sqlstate);
	return built;
}
