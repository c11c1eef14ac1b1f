/*-------------------------------------------------------------------------
 *
 * column.c
 *	  A column that protect() or sharing_view() is given.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/column.h"

#include "access/htup_details.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

void
az_read_column(Form_pg_attribute attribute, AzTableColumn *column)
{
	column->name = pstrdup(NameStr(attribute->attname));
	column->quoted = quote_identifier(column->name);
	column->number = attribute->attnum;
	column->type = attribute->atttypid;
	column->typmod = attribute->atttypmod;
	column->collation = attribute->attcollation;
	column->nullable = !attribute->attnotnull;
}

void
az_find_column(const AzTable *table, AzTableColumn *column)
{
	HeapTuple	tuple = SearchSysCacheAttName(table->oid, column->name);

	if (!HeapTupleIsValid(tuple) || ((Form_pg_attribute) GETSTRUCT(tuple))->attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column->name, table->name)));
	az_read_column((Form_pg_attribute) GETSTRUCT(tuple), column);
	ReleaseSysCache(tuple);
}

void
az_raise_unfit_column(const AzTableColumn *column, const char *relation, const char *use,
					  const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of relation \"%s\" cannot be %s",
					column->name, relation, use),
			 errdetail("Its type is %s.", format_type_be(column->type)),
			 errhint("%s", hint)));
}

void
az_check_value_column(AzTableColumn *column, const char *relation, const char *use)
{
	if (!az_value_kind(column->type, &column->kind, &column->base))
		az_raise_unfit_column(column, relation, use, AZ_VALUE_TYPES_HINT);
}
