/*-------------------------------------------------------------------------
 *
 * primary_key.c
 *	  The primary key of a table, and one row named by it as text.
 *
 * Most keys are integers, UUIDs or texts, which are read without an error and
 * without a copy.  Whatever else there is, and every odd spelling, is left to
 * the input function of the type, whose error has to be caught.
 *
 *-------------------------------------------------------------------------
 */
#include "objects/primary_key.h"

#include "access/sysattr.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "nodes/bitmapset.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/uuid.h"

#include "server/attempt.h"
#include "server/value.h"

char *
az_table_name(Oid rel)
{
	char	   *name = get_rel_name(rel);
	char	   *schema = name ? get_namespace_name(get_rel_namespace(rel)) : NULL;

	if (schema == NULL)
		return psprintf("%u", rel);
	return quote_qualified_identifier(schema, name);
}

static void
choose_reader(AzPrimaryKey *key)
{
	AzValueKind kind;
	Oid			base;

	key->reader = AZ_READ_INPUT;

	/* a domain may refuse what its base type takes */
	if (!az_value_kind(key->type, &kind, &base) || base != key->type)
		return;
	switch (kind)
	{
		case AZ_VALUE_TEXT:
		case AZ_VALUE_CITEXT:
			key->reader = AZ_READ_TEXT;
			break;
		case AZ_VALUE_UUID:
			key->reader = AZ_READ_UUID;
			break;
		case AZ_VALUE_INT2:
		case AZ_VALUE_INT4:
		case AZ_VALUE_INT8:
			key->reader = AZ_READ_INTEGER;
			key->size = kind == AZ_VALUE_INT2 ? 2 : kind == AZ_VALUE_INT4 ? 4 : 8;
			break;
		case AZ_VALUE_NAME:		/* its input truncates */
			break;
	}
}

void
az_find_primary_key(Oid rel, AzPrimaryKey *key)
{
	Oid			constraint;
	Bitmapset  *columns = get_primary_key_attnos(rel, true, &constraint);
	int32		typmod;
	Oid			input;

	if (columns == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("table %s has no primary key", az_table_name(rel)),
				 errdetail("Object permissions name a row by its primary key."),
				 errhint("Give the table a primary key of one column.")));
	if (bms_num_members(columns) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("primary key of table %s has several columns", az_table_name(rel)),
				 errdetail("Object permissions name a row by a primary key of one column."),
				 errhint("Give the table such a key, and make the columns unique instead.")));

	memset(key, 0, sizeof(*key));
	key->column = bms_singleton_member(columns) + FirstLowInvalidHeapAttributeNumber;
	bms_free(columns);
	get_atttypetypmodcoll(rel, key->column, &key->type, &typmod, &key->collation);
	choose_reader(key);
	getTypeInputInfo(key->type, &input, &key->param);
	fmgr_info(input, &key->input);
}

static bool
read_integer(const AzPrimaryKey *key, AzRowName *row)
{
	int64		number;
	int64		max = key->size == 2 ? PG_INT16_MAX :
		key->size == 4 ? PG_INT32_MAX : PG_INT64_MAX;

	if (!az_read_integer(VARDATA_ANY(row->text), VARSIZE_ANY_EXHDR(row->text),
						 -max - 1, max, &number))
		return false;
	row->value = key->size == 2 ? Int16GetDatum((int16) number) :
		key->size == 4 ? Int32GetDatum((int32) number) : Int64GetDatum(number);
	return true;
}

static bool
read_uuid(AzRowName *row)
{
	pg_uuid_t  *uuid = palloc(sizeof(*uuid));

	row->value = UUIDPGetDatum(uuid);
	return az_read_uuid(VARDATA_ANY(row->text), VARSIZE_ANY_EXHDR(row->text), uuid->data);
}

/*
 * An integer that is not in the canonical form is left to its input function,
 * which takes more.
 */
void
az_row_name_read(const AzPrimaryKey *key, AzRowName *row, text *text)
{
	bool		done = false;

	row->text = text;
	switch (key->reader)
	{
		case AZ_READ_TEXT:
			row->value = PointerGetDatum(text);
			done = true;
			break;
		case AZ_READ_INTEGER:
			done = read_integer(key, row);
			break;
		case AZ_READ_UUID:
			done = read_uuid(row);
			break;
		case AZ_READ_INPUT:
			break;
	}
	row->state = done ? AZ_ROW_READ : AZ_ROW_UNREAD;
}

void
az_row_name_read_by_input(AzPrimaryKey *key, AzRowName *row)
{
	char	   *text = text_to_cstring(row->text);

	/* "name" would take the beginning of a longer one */
	if (key->type == NAMEOID && strlen(text) >= NAMEDATALEN)
	{
		row->state = AZ_ROW_INVALID;
		return;
	}
	row->value = InputFunctionCall(&key->input, text, key->param, -1);
	row->state = AZ_ROW_READ;
}

bool
az_row_name_refused(AzRowName *row, const ErrorData *error)
{
	int			class = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	if (row->state != AZ_ROW_UNREAD ||
		(class != ERRCODE_DATA_EXCEPTION &&
		 class != ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION))
		return false;
	row->state = AZ_ROW_INVALID;
	return true;
}

typedef struct Reading
{
	AzPrimaryKey   *key;
	AzRowName	   *row;
} Reading;

static void
read_by_input(void *arg)
{
	Reading    *reading = arg;

	az_row_name_read_by_input(reading->key, reading->row);
}

bool
az_row_name_valid(AzPrimaryKey *key, AzRowName *row)
{
	Reading		reading = {key, row};
	ErrorData  *error;

	if (row->state == AZ_ROW_UNREAD)
	{
		error = az_attempt(read_by_input, &reading);
		if (error && !az_row_name_refused(row, error))
			ReThrowError(error);
	}
	return row->state == AZ_ROW_READ;
}
