/*-------------------------------------------------------------------------
 *
 * audit_value.c
 *	  A value of a column as it is recorded.
 *
 * to_jsonb() looks into the catalogs for each value, and obeys the settings of
 * who writes, who could have digits left out.  It is asked only for what has
 * parts.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_value.h"

#include <math.h>

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

static const struct
{
	Oid			type;
	AzValueKind kind;
}			kinds[] = {
	{BOOLOID, AZ_VALUE_BOOL},
	{INT2OID, AZ_VALUE_INT2},
	{INT4OID, AZ_VALUE_INT4},
	{INT8OID, AZ_VALUE_INT8},
	{FLOAT4OID, AZ_VALUE_FLOAT4},
	{FLOAT8OID, AZ_VALUE_FLOAT8},
	{NUMERICOID, AZ_VALUE_NUMERIC},
	{TEXTOID, AZ_VALUE_TEXT},
	{VARCHAROID, AZ_VALUE_TEXT},
	{BPCHAROID, AZ_VALUE_TEXT},
	{BYTEAOID, AZ_VALUE_BYTEA},
	{DATEOID, AZ_VALUE_TIME},
	{TIMESTAMPOID, AZ_VALUE_TIME},
	{TIMESTAMPTZOID, AZ_VALUE_TIME},
	{JSONOID, AZ_VALUE_JSON},
	{JSONBOID, AZ_VALUE_JSONB},
	{UUIDOID, AZ_VALUE_PRINTED},
	{NAMEOID, AZ_VALUE_PRINTED},
	{CHAROID, AZ_VALUE_PRINTED},
	{OIDOID, AZ_VALUE_PRINTED},
	{XID8OID, AZ_VALUE_PRINTED},
	{INETOID, AZ_VALUE_PRINTED},
	{CIDROID, AZ_VALUE_PRINTED},
	{MACADDROID, AZ_VALUE_PRINTED},
	{TIMEOID, AZ_VALUE_PRINTED},
	{TIMETZOID, AZ_VALUE_PRINTED},
	{BITOID, AZ_VALUE_PRINTED},
	{VARBITOID, AZ_VALUE_PRINTED},
	{TSVECTOROID, AZ_VALUE_PRINTED},
};

static AzValueKind
kind_of(Oid type)
{
	int			i;

	for (i = 0; i < (int) lengthof(kinds); i++)
	{
		if (kinds[i].type == type)
			return kinds[i].kind;
	}
	return type_is_enum(type) ? AZ_VALUE_PRINTED : AZ_VALUE_OTHER;
}

/* to_jsonb() asks the call what its argument is. */
static void
set_call(AzValueWriter *writer, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	Const	   *argument = makeNullConst(writer->type, -1, InvalidOid);

	fmgr_info_cxt(F_TO_JSONB, &writer->call, context);
	fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(argument),
											 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL),
					   &writer->call);
	MemoryContextSwitchTo(old);
}

void
az_value_writer_init(AzValueWriter *writer, Oid type, MemoryContext context)
{
	writer->type = getBaseType(type);
	writer->kind = kind_of(writer->type);
	if (writer->kind == AZ_VALUE_PRINTED)
	{
		Oid			output;
		bool		varlena;

		getTypeOutputInfo(writer->type, &output, &varlena);
		fmgr_info_cxt(output, &writer->call, context);
	}
	else if (writer->kind == AZ_VALUE_OTHER)
		set_call(writer, context);
}

static void
set_string(JsonbValue *json, char *bytes, int len)
{
	json->type = jbvString;
	json->val.string.val = bytes;
	json->val.string.len = len;
}

static void
set_numeric(JsonbValue *json, Numeric number)
{
	/* JSON has no such numbers */
	if (numeric_is_nan(number) || numeric_is_inf(number))
	{
		char	   *name = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));

		set_string(json, name, strlen(name));
		return;
	}
	json->type = jbvNumeric;
	json->val.numeric = number;
}

/* The shortest digits that give the same number again, whatever extra_float_digits says. */
static void
set_float(JsonbValue *json, double value, bool single)
{
	char	   *digits;

	if (isnan(value))
		set_string(json, "NaN", strlen("NaN"));
	else if (isinf(value))
	{
		digits = value > 0 ? "Infinity" : "-Infinity";
		set_string(json, digits, strlen(digits));
	}
	else
	{
		digits = single ? float_to_shortest_decimal((float) value) : double_to_shortest_decimal(value);
		set_numeric(json, DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(digits),
															  ObjectIdGetDatum(InvalidOid),
															  Int32GetDatum(-1))));
	}
}

static void
set_bytes(JsonbValue *json, Datum value)
{
	bytea	   *bytes = DatumGetByteaPP(value);
	Size		len = VARSIZE_ANY_EXHDR(bytes);
	char	   *digits;

	/* else jsonb cannot hold it, and says so */
	if (len > MaxAllocSize / 2 - 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value is too long to be recorded"),
				 errhint("List the columns of which authz.audit() is to keep values.")));
	digits = palloc(2 * len + 2);
	memcpy(digits, "\\x", 2);
	set_string(json, digits, 2 + hex_encode(VARDATA_ANY(bytes), len, digits + 2));
}

static void
set_container(JsonbValue *json, Jsonb *value)
{
	if (JB_ROOT_IS_SCALAR(value))
	{
		(void) JsonbExtractScalar(&value->root, json);
		return;
	}
	json->type = jbvBinary;
	json->val.binary.data = &value->root;
	json->val.binary.len = VARSIZE(value) - VARHDRSZ;
}

/*
 * json keeps what jsonb refuses: U+0000, characters that the database has none
 * for, numbers beyond numeric.  What looks like one of these stays a text.
 */
#define MAX_DIGITS		10000
#define MAX_EXPONENT	4

static bool
fits_jsonb(const char *text, int len)
{
	bool		exponent = false;
	int			digits = 0;
	int			i;

	for (i = 0; i < len; i++)
	{
		char		c = text[i];

		if (c == '\\' && i + 1 < len && text[i + 1] == 'u' &&
			(GetDatabaseEncoding() != PG_UTF8 || (len - i >= 6 && strncmp(text + i + 2, "0000", 4) == 0)))
			return false;
		if (c >= '0' && c <= '9')
		{
			if (++digits > (exponent ? MAX_EXPONENT : MAX_DIGITS))
				return false;
			continue;
		}
		exponent = c == 'e' || c == 'E' || (exponent && digits == 0 && (c == '+' || c == '-'));
		digits = 0;
	}
	return true;
}

static void
set_json(JsonbValue *json, Datum value)
{
	text	   *document = DatumGetTextPP(value);
	char	   *bytes = VARDATA_ANY(document);
	int			len = VARSIZE_ANY_EXHDR(document);

	if (fits_jsonb(bytes, len))
		set_container(json, DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
															   CStringGetDatum(pnstrdup(bytes, len)))));
	else
		set_string(json, bytes, len);
}

static void
set_time(JsonbValue *json, Datum value, Oid type)
{
	char	   *printed = JsonEncodeDateTime(NULL, value, type, NULL);

	set_string(json, printed, strlen(printed));
}

static void
set_printed(JsonbValue *json, Datum value, FmgrInfo *output)
{
	char	   *printed = OutputFunctionCall(output, value);

	set_string(json, printed, strlen(printed));
}

static void
set_text(JsonbValue *json, Datum value)
{
	text	   *string = DatumGetTextPP(value);

	set_string(json, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
}

void
az_value_write(AzValueWriter *writer, Datum value, JsonbValue *json)
{
	switch (writer->kind)
	{
		case AZ_VALUE_BOOL:
			json->type = jbvBool;
			json->val.boolean = DatumGetBool(value);
			break;
		case AZ_VALUE_INT2:
			set_numeric(json, int64_to_numeric(DatumGetInt16(value)));
			break;
		case AZ_VALUE_INT4:
			set_numeric(json, int64_to_numeric(DatumGetInt32(value)));
			break;
		case AZ_VALUE_INT8:
			set_numeric(json, int64_to_numeric(DatumGetInt64(value)));
			break;
		case AZ_VALUE_FLOAT4:
			set_float(json, DatumGetFloat4(value), true);
			break;
		case AZ_VALUE_FLOAT8:
			set_float(json, DatumGetFloat8(value), false);
			break;
		case AZ_VALUE_NUMERIC:
			set_numeric(json, DatumGetNumeric(value));
			break;
		case AZ_VALUE_TEXT:
			set_text(json, value);
			break;
		case AZ_VALUE_BYTEA:
			set_bytes(json, value);
			break;
		case AZ_VALUE_TIME:
			set_time(json, value, writer->type);
			break;
		case AZ_VALUE_JSON:
			set_json(json, value);
			break;
		case AZ_VALUE_JSONB:
			set_container(json, DatumGetJsonbP(value));
			break;
		case AZ_VALUE_PRINTED:
			set_printed(json, value, &writer->call);
			break;
		case AZ_VALUE_OTHER:
			set_container(json, DatumGetJsonbP(FunctionCall1(&writer->call, value)));
			break;
	}
}
