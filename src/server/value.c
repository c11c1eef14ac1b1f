/*-------------------------------------------------------------------------
 *
 * value.c
 *	  A claim read as a value of a column's type.
 *
 * The arguments of type "anycompatible" end here.  Their real type is looked
 * up before a byte of them is read: any role may have PostgreSQL pass a value
 * of whatever type, by way of a cast made with our function.
 *
 *-------------------------------------------------------------------------
 */
#include "server/value.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

/*
 * citext is the type of that name that belongs to the extension of that name.
 * Only a superuser makes base types; an enum or composite type that somebody
 * renamed and added to the extension does not count.
 */
static bool
is_citext(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Form_pg_type form;
	bool		named;
	char	   *extension;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_type) GETSTRUCT(tuple);
	named = form->typtype == TYPTYPE_BASE && form->typlen == -1 &&
		!OidIsValid(form->typelem) &&
		strcmp(NameStr(form->typname), "citext") == 0;
	ReleaseSysCache(tuple);
	if (!named)
		return false;

	extension = get_extension_name(getExtensionOfObject(TypeRelationId, type));
	return extension != NULL && strcmp(extension, "citext") == 0;
}

static Oid
equality_of(Oid type)
{
	return lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO)->eq_opr_finfo.fn_oid;
}

/*
 * The type cache would read some twenty rows of catalogs and indexes for it, a
 * fifth of what a session's first query under a policy costs beyond its log-in.
 */
Oid
az_equality(AzValueKind kind, Oid type)
{
	switch (kind)
	{
		case AZ_VALUE_TEXT:
			return TextEqualOperator;
		case AZ_VALUE_UUID:
			return 2972;		/* these have no names */
		case AZ_VALUE_INT2:
			return 94;
		case AZ_VALUE_INT4:
			return Int4EqualOperator;
		case AZ_VALUE_INT8:
			return 410;
		default:
			return lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr;
	}
}

bool
az_value_kind(Oid type, AzValueKind *kind, Oid *base)
{
	*base = getBaseType(type);
	switch (*base)
	{
		case TEXTOID:
		case VARCHAROID:
			*kind = AZ_VALUE_TEXT;
			return true;
		case NAMEOID:
			*kind = AZ_VALUE_NAME;
			return true;
		case UUIDOID:
			*kind = AZ_VALUE_UUID;
			return true;
		case INT2OID:
			*kind = AZ_VALUE_INT2;
			return true;
		case INT4OID:
			*kind = AZ_VALUE_INT4;
			return true;
		case INT8OID:
			*kind = AZ_VALUE_INT8;
			return true;
		default:
			*kind = AZ_VALUE_CITEXT;
			return is_citext(*base) && OidIsValid(equality_of(*base));
	}
}

static void
refuse_type(Oid type)
{
	if (!OidIsValid(type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("could not determine the type of a value to compare with a claim"),
				 errhint(AZ_VALUE_TYPES_HINT)));
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a value of type %s cannot be compared with a claim",
					format_type_be(type)),
			 errhint(AZ_VALUE_TYPES_HINT)));
}

bool
az_value_type_of(Oid declared, MemoryContext context, AzValueType *type)
{
	if (!OidIsValid(declared) ||
		!az_value_kind(declared, &type->kind, &type->type))
		return false;
	if (type->kind == AZ_VALUE_CITEXT)
		fmgr_info_cxt(equality_of(type->type), &type->equal, context);
	return true;
}

static const AzValueType *
look_up_type(FmgrInfo *flinfo, int argno)
{
	Oid			declared = get_fn_expr_argtype(flinfo, argno);
	AzValueType *type;

	/* code that calls a C function directly gives no type, and no memory */
	if (!OidIsValid(declared))
		refuse_type(declared);
	type = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(AzValueType));
	if (!az_value_type_of(declared, flinfo->fn_mcxt, type))
		refuse_type(declared);
	flinfo->fn_extra = type;
	return type;
}

const AzValueType *
az_value_type(FunctionCallInfo fcinfo, int argno)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	if (flinfo != NULL && flinfo->fn_extra != NULL)
		return flinfo->fn_extra;
	return look_up_type(flinfo, argno);
}

static bool
text_equals(Datum value, const char *claim, size_t len)
{
	text	   *own = DatumGetTextPP(value);
	bool		equal = VARSIZE_ANY_EXHDR(own) == len &&
		memcmp(VARDATA_ANY(own), claim, len) == 0;

	if ((Pointer) own != DatumGetPointer(value))
		pfree(own);
	return equal;
}

static bool
name_equals(Datum value, const char *claim, size_t len)
{
	const char *own = NameStr(*DatumGetName(value));

	return strnlen(own, NAMEDATALEN) == len && memcmp(own, claim, len) == 0;
}

static bool
citext_equals(const AzValueType *type, Datum value, Oid collation,
			  const char *claim, size_t len)
{
	text	   *other = cstring_to_text_with_len(claim, len);
	bool		equal;

	if (!OidIsValid(collation))
		collation = DEFAULT_COLLATION_OID;
	equal = DatumGetBool(FunctionCall2Coll(unconstify(FmgrInfo *, &type->equal),
										   collation, value,
										   PointerGetDatum(other)));
	pfree(other);
	return equal;
}

static bool
integer_equals(int64 value, const char *claim, size_t len)
{
	int64		number;

	return az_read_integer(claim, len, PG_INT64_MIN, PG_INT64_MAX, &number) &&
		number == value;
}

/* What a hexadecimal digit stands for, -1 for any other byte; no branches. */
static inline int
hex_digit(char c)
{
	static const int8 above[256] = {
		['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6,
		['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
		['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
		['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16
	};

	return above[(unsigned char) c] - 1;
}

/*
 * Read what uuid_in takes: 32 digits of either case, a hyphen allowed after
 * each four, braces around.  With expected set, stop at the first byte that
 * differs; a scan over many identifiers is cheap then.
 */
static bool
walk_uuid(const char *text, size_t len, const unsigned char *expected,
		  unsigned char *uuid)
{
	const char *end = text + len;
	bool		braces = len > 0 && *text == '{';
	int			i;

	if (braces)
		text++;
	for (i = 0; i < UUID_LEN; i++)
	{
		int			high;
		int			low;

		if (end - text < 2)
			return false;
		high = hex_digit(text[0]);
		low = hex_digit(text[1]);
		if (high < 0 || low < 0)
			return false;
		if (expected != NULL && expected[i] != (high << 4 | low))
			return false;
		if (uuid != NULL)
			uuid[i] = high << 4 | low;
		text += 2;
		if (i % 2 == 1 && i < UUID_LEN - 1 && text < end && *text == '-')
			text++;
	}
	if (braces)
	{
		if (text == end || *text != '}')
			return false;
		text++;
	}
	return text == end;
}

bool
az_value_equals(const AzValueType *type, Datum value, Oid collation,
				const char *claim, size_t len)
{
	switch (type->kind)
	{
		case AZ_VALUE_TEXT:
			return text_equals(value, claim, len);
		case AZ_VALUE_NAME:
			return name_equals(value, claim, len);
		case AZ_VALUE_CITEXT:
			return citext_equals(type, value, collation, claim, len);
		case AZ_VALUE_UUID:
			return walk_uuid(claim, len, DatumGetUUIDP(value)->data, NULL);
		case AZ_VALUE_INT2:
			return integer_equals(DatumGetInt16(value), claim, len);
		case AZ_VALUE_INT4:
			return integer_equals(DatumGetInt32(value), claim, len);
		case AZ_VALUE_INT8:
			return integer_equals(DatumGetInt64(value), claim, len);
	}
	return false;
}

bool
az_read_integer(const char *text, size_t len, int64 min, int64 max,
				int64 *value)
{
	const char *end = text + len;
	bool		negative = len > 0 && *text == '-';
	uint64		magnitude = 0;
	int64		result;

	if (negative)
		text++;

	/* 19 digits cannot overflow uint64. */
	if (text == end || end - text > 19)
		return false;
	/* No leading zero, and no minus zero. */
	if (*text == '0' && (negative || end - text > 1))
		return false;
	for (; text < end; text++)
	{
		if (*text < '0' || *text > '9')
			return false;
		magnitude = magnitude * 10 + (*text - '0');
	}
	if (magnitude > (uint64) PG_INT64_MAX + (negative ? 1 : 0))
		return false;

	result = negative ? -(int64) (magnitude - 1) - 1 : (int64) magnitude;
	if (result < min || result > max)
		return false;
	*value = result;
	return true;
}

bool
az_read_uuid(const char *text, size_t len, unsigned char uuid[16])
{
	return walk_uuid(text, len, NULL, uuid);
}

bool
az_read_value(AzValueKind kind, const char *claim, size_t len, Datum *value)
{
	int64		number;
	pg_uuid_t  *uuid;
	Name		name;

	switch (kind)
	{
		case AZ_VALUE_TEXT:
		case AZ_VALUE_CITEXT:
			*value = PointerGetDatum(cstring_to_text_with_len(claim, len));
			return true;
		case AZ_VALUE_NAME:
			/* its input function would cut a longer one */
			if (len >= NAMEDATALEN)
				return false;
			name = palloc0(NAMEDATALEN);
			memcpy(NameStr(*name), claim, len);
			*value = NameGetDatum(name);
			return true;
		case AZ_VALUE_UUID:
			uuid = palloc(sizeof(*uuid));
			*value = UUIDPGetDatum(uuid);
			return az_read_uuid(claim, len, uuid->data);
		case AZ_VALUE_INT2:
			if (!az_read_integer(claim, len, PG_INT16_MIN, PG_INT16_MAX, &number))
				return false;
			*value = Int16GetDatum((int16) number);
			return true;
		case AZ_VALUE_INT4:
			if (!az_read_integer(claim, len, PG_INT32_MIN, PG_INT32_MAX, &number))
				return false;
			*value = Int32GetDatum((int32) number);
			return true;
		case AZ_VALUE_INT8:
			if (!az_read_integer(claim, len, PG_INT64_MIN, PG_INT64_MAX, &number))
				return false;
			*value = Int64GetDatum(number);
			return true;
	}
	return false;
}
