/*-------------------------------------------------------------------------
 *
 * arguments.c
 *	  Arguments of administrative functions.
 *
 *-------------------------------------------------------------------------
 */
#include "server/arguments.h"

#include "utils/builtins.h"

#include "server/encoding.h"
#include "server/malloced.h"

void
az_raise_misuse(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg_internal("%s", message),
			 errhint("%s", hint)));
}

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

const char *
az_arg_optional_name(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : pstrdup(NameStr(*PG_GETARG_NAME(argno)));
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
