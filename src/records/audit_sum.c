/*-------------------------------------------------------------------------
 *
 * audit_sum.c
 *	  The sums of the record of changes, and what finds an event that differs.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_sum.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inet.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

#include "records/audit_event.h"

/* In front of what is hashed, so that no sum stands for two things. */
#define EVENT_LABEL		"dbmi_authz audit event 1"
#define SEAL_LABEL		"dbmi_authz audit seal 1"


/*
 * Sums
 */

pg_cryptohash_ctx *
az_sum_make(void)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (context == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	return context;
}

static void
check_sum(int result)
{
	if (result < 0)
		elog(ERROR, "could not compute a SHA-256 sum");
}

void
az_sum_begin(pg_cryptohash_ctx *context)
{
	check_sum(pg_cryptohash_init(context));
}

void
az_sum_add(pg_cryptohash_ctx *context, const void *bytes, Size len)
{
	check_sum(pg_cryptohash_update(context, bytes, len));
}

AzSum
az_sum_end(pg_cryptohash_ctx *context)
{
	AzSum		sum;

	check_sum(pg_cryptohash_final(context, sum.bytes, sizeof(sum.bytes)));
	return sum;
}


/*
 * Bytes
 */

static void
append_number(StringInfo bytes, uint64 number)
{
	uint64		ordered = pg_hton64(number);

	appendBinaryStringInfo(bytes, (const char *) &ordered, sizeof(ordered));
}

static void
append_counted(StringInfo bytes, const char *value, Size len)
{
	append_number(bytes, len);
	appendBinaryStringInfo(bytes, value, len);
}

/*
 * As UTF-8; false where that has no such character.  Core's shorter ways raise then,
 * and one value would keep all others from being sealed.
 */
static bool
append_converted(StringInfo bytes, const char *value, int len)
{
	int			encoding = GetDatabaseEncoding();
	Oid			conversion = FindDefaultConversionProc(encoding, PG_UTF8);
	Size		room = (Size) len * MAX_CONVERSION_GROWTH + 1;
	char	   *utf8;
	int			converted;

	if (!OidIsValid(conversion) || !AllocSizeIsValid(room))
		return false;
	utf8 = palloc(room);
	converted = pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8,
											  (unsigned char *) unconstify(char *, value), len,
											  (unsigned char *) utf8, room, true);
	if (converted == len)
		append_counted(bytes, utf8, strlen(utf8));
	pfree(utf8);
	return converted == len;
}

/* In UTF-8, which the database need not have. */
static void
append_text(StringInfo bytes, const char *value, int len)
{
	bool		as_is = GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII;

	appendStringInfoChar(bytes, 'u');
	if (!as_is && append_converted(bytes, value, len))
		return;
	if (!as_is)
		bytes->data[bytes->len - 1] = 'r';
	append_counted(bytes, value, len);
}

static void
append_texts(StringInfo bytes, ArrayType *array)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	int			i;

	/* whatever its shape, it is told from another one */
	append_number(bytes, ARR_NDIM(array));
	for (i = 0; i < ARR_NDIM(array); i++)
	{
		append_number(bytes, ARR_DIMS(array)[i]);
		append_number(bytes, ARR_LBOUND(array)[i]);
	}
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		appendStringInfoChar(bytes, nulls[i] ? '\0' : '\1');
		if (!nulls[i])
		{
			text	   *element = DatumGetTextPP(elements[i]);

			append_text(bytes, VARDATA_ANY(element), VARSIZE_ANY_EXHDR(element));
		}
	}
}

static void
append_jsonb(StringInfo bytes, Jsonb *value)
{
	StringInfoData printed;

	initStringInfo(&printed);
	(void) JsonbToCString(&printed, &value->root, VARSIZE(value));
	append_text(bytes, printed.data, printed.len);
}

static void
append_value(StringInfo bytes, Oid type, Datum value)
{
	char	   *printed;
	text	   *string;

	switch (type)
	{
		case INT8OID:
		case XID8OID:
		case TIMESTAMPTZOID:
			append_number(bytes, (uint64) DatumGetInt64(value));
			break;
		case TEXTOID:
			string = DatumGetTextPP(value);
			append_text(bytes, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
			break;
		case INETOID:
			printed = DatumGetCString(DirectFunctionCall1(inet_out, value));
			append_counted(bytes, printed, strlen(printed));
			break;
		case TEXTARRAYOID:
			append_texts(bytes, DatumGetArrayTypeP(value));
			break;
		case JSONBOID:
			append_jsonb(bytes, DatumGetJsonbP(value));
			break;
		default:
			elog(ERROR, "unexpected type of a column: %u", type);
	}
}

void
az_event_bytes(HeapTuple tuple, TupleDesc desc, StringInfo bytes)
{
	Datum		values[AZ_N_EVENT_COLUMNS];
	bool		nulls[AZ_N_EVENT_COLUMNS];
	int			i;

	Assert(desc->natts == AZ_N_EVENT_COLUMNS);
	heap_deform_tuple(tuple, desc, values, nulls);
	resetStringInfo(bytes);
	appendBinaryStringInfo(bytes, EVENT_LABEL, sizeof(EVENT_LABEL));
	for (i = 0; i < AZ_N_EVENT_COLUMNS; i++)
	{
		appendStringInfoChar(bytes, nulls[i] ? '\0' : '\1');
		if (!nulls[i])
			append_value(bytes, TupleDescAttr(desc, i)->atttypid, values[i]);
	}
}

AzSum
az_seal_sum(pg_cryptohash_ctx *context, const AzSeal *seal, const AzSum *before)
{
	StringInfoData bytes;

	initStringInfo(&bytes);
	appendBinaryStringInfo(&bytes, SEAL_LABEL, sizeof(SEAL_LABEL));
	append_counted(&bytes, (const char *) before, before ? sizeof(*before) : 0);
	append_number(&bytes, seal->seal);
	append_number(&bytes, seal->origin);
	append_number(&bytes, seal->from_xid);
	append_number(&bytes, seal->before_xid);
	append_number(&bytes, seal->events);
	append_number(&bytes, seal->last_at);
	append_number(&bytes, seal->sealed_at);
	append_counted(&bytes, (const char *) seal->content.bytes, AZ_SUM_SIZE);
	az_sum_begin(context);
	az_sum_add(context, bytes.data, bytes.len);
	pfree(bytes.data);
	return az_sum_end(context);
}


/*
 * Marks: the distance from the key before, in as few bytes as it takes
 */

static void
append_short(StringInfo bytes, uint64 number)
{
	while (number >= 0x80)
	{
		appendStringInfoChar(bytes, (char) (number | 0x80));
		number >>= 7;
	}
	appendStringInfoChar(bytes, (char) number);
}

static bool
read_short(AzMarks *marks, uint64 *number)
{
	int			shift;

	*number = 0;
	for (shift = 0; shift < 64 && marks->at < marks->bytes.len; shift += 7)
	{
		uint8		byte = marks->bytes.data[marks->at++];

		*number |= (uint64) (byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

void
az_marks_add(AzMarks *marks, AzEventKey key, const AzSum *sum)
{
	append_short(&marks->bytes, key.xid - marks->last.xid);
	if (key.xid != marks->last.xid)
		marks->last.number = 0;
	append_short(&marks->bytes, (uint64) key.number - (uint64) marks->last.number);
	appendBinaryStringInfo(&marks->bytes, (const char *) sum->bytes, AZ_MARK_BYTES);
	marks->last = key;
}

bool
az_marks_next(AzMarks *marks, AzMark *mark)
{
	uint64		transactions;
	uint64		numbers;
	int			start = marks->at;

	if (!read_short(marks, &transactions) || !read_short(marks, &numbers) ||
		marks->bytes.len - marks->at < AZ_MARK_BYTES)
	{
		marks->at = start;
		return false;
	}
	if (transactions != 0)
		marks->last.number = 0;
	marks->last.xid += transactions;
	marks->last.number = (int64) ((uint64) marks->last.number + numbers);
	memcpy(mark->start, marks->bytes.data + marks->at, AZ_MARK_BYTES);
	marks->at += AZ_MARK_BYTES;
	mark->key = marks->last;
	return true;
}
