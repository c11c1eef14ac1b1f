/*-------------------------------------------------------------------------
 *
 * audit_value.c
 *	  A value of a column as it is recorded.
 *
 * to_jsonb() looks into the catalogs for each value, obeys the settings of the
 * role that writes, which could have digits left out, and calls casts that
 * users make.  Here only output functions run, which superusers make.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_value.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

#include "records/audit_json.h"

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
	if (type_is_enum(type))
		return AZ_VALUE_PRINTED;
	if (OidIsValid(get_element_type(type)))
		return AZ_VALUE_ARRAY;
	return type_is_rowtype(type) ? AZ_VALUE_ROW : AZ_VALUE_OTHER;
}

static void
init_array(AzValueWriter *writer, MemoryContext context)
{
	Oid			element = get_element_type(writer->type);

	get_typlenbyvalalign(element, &writer->len, &writer->by_value, &writer->align);
	writer->parts = MemoryContextAllocZero(context, sizeof(AzValueWriter));
	az_value_writer_init(writer->parts, element, context);
	writer->obeys_settings = writer->parts->obeys_settings;
}

static void
init_row(AzValueWriter *writer, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	int			i;

	writer->desc = lookup_rowtype_tupdesc_copy(writer->type, -1);
	writer->parts = palloc0(sizeof(AzValueWriter) * writer->desc->natts);
	MemoryContextSwitchTo(old);
	for (i = 0; i < writer->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(writer->desc, i);

		if (attribute->attisdropped)
			continue;
		az_value_writer_init(&writer->parts[i], attribute->atttypid, context);
		if (writer->parts[i].obeys_settings)
			writer->obeys_settings = true;
	}
}

static void
init_printed(AzValueWriter *writer, MemoryContext context)
{
	Oid			output;
	bool		varlena;

	getTypeOutputInfo(writer->type, &output, &varlena);
	fmgr_info_cxt(output, &writer->call, context);
	writer->obeys_settings = writer->kind == AZ_VALUE_OTHER;
}

void
az_value_writer_init(AzValueWriter *writer, Oid type, MemoryContext context)
{
	check_stack_depth();
	writer->type = getBaseType(type);
	writer->kind = kind_of(writer->type);
	writer->obeys_settings = false;
	if (writer->kind == AZ_VALUE_ARRAY)
		init_array(writer, context);
	else if (writer->kind == AZ_VALUE_ROW)
		init_row(writer, context);
	else if (writer->kind == AZ_VALUE_PRINTED || writer->kind == AZ_VALUE_OTHER)
		init_printed(writer, context);
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

static void
set_json(JsonbValue *json, Datum value)
{
	text	   *document = DatumGetTextPP(value);
	char	   *bytes = VARDATA_ANY(document);
	int			len = VARSIZE_ANY_EXHDR(document);

	if (az_fits_jsonb(bytes, len))
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

static void
push_part(JsonbParseState **state, JsonbIteratorToken token, AzValueWriter *writer, Datum value,
		  bool isnull)
{
	JsonbValue	json;

	json.type = jbvNull;
	if (!isnull)
		az_value_write(writer, value, &json);
	(void) pushJsonbValue(state, token, &json);
}

/* The elements of an array, as they lie there. */
typedef struct Elements
{
	AzValueWriter *writer;
	Datum	   *values;
	bool	   *nulls;
	int			next;
} Elements;

static JsonbValue *
push_dimension(JsonbParseState **state, Elements *elements, const int *sizes, int dimensions)
{
	int			i;

	(void) pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (i = 0; dimensions > 0 && i < sizes[0]; i++)
	{
		if (dimensions > 1)
		{
			(void) push_dimension(state, elements, sizes + 1, dimensions - 1);
			continue;
		}
		push_part(state, WJB_ELEM, elements->writer, elements->values[elements->next],
				  elements->nulls[elements->next]);
		elements->next++;
	}
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static void
set_array(AzValueWriter *writer, Datum value, JsonbValue *json)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	Elements	elements = {.writer = writer->parts};
	JsonbParseState *state = NULL;
	int			n;

	deconstruct_array(array, ARR_ELEMTYPE(array), writer->len, writer->by_value, writer->align,
					  &elements.values, &elements.nulls, &n);
	set_container(json, JsonbValueToJsonb(push_dimension(&state, &elements, ARR_DIMS(array),
														 ARR_NDIM(array))));
}

static void
set_row(AzValueWriter *writer, Datum value, JsonbValue *json)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	HeapTupleData row = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	TupleDesc	desc = writer->desc;
	Datum	   *values = palloc(sizeof(Datum) * desc->natts);
	bool	   *nulls = palloc(sizeof(bool) * desc->natts);
	JsonbParseState *state = NULL;
	int			i;

	heap_deform_tuple(&row, desc, values, nulls);
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);
		JsonbValue	name;

		if (attribute->attisdropped)
			continue;
		set_string(&name, NameStr(attribute->attname), strlen(NameStr(attribute->attname)));
		(void) pushJsonbValue(&state, WJB_KEY, &name);
		push_part(&state, WJB_VALUE, &writer->parts[i], values[i], nulls[i]);
	}
	set_container(json, JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
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
		case AZ_VALUE_ARRAY:
			set_array(writer, value, json);
			break;
		case AZ_VALUE_ROW:
			set_row(writer, value, json);
			break;
		case AZ_VALUE_PRINTED:
		case AZ_VALUE_OTHER:
			set_printed(json, value, &writer->call);
			break;
	}
}
