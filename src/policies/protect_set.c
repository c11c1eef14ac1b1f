/*-------------------------------------------------------------------------
 *
 * protect_set.c
 *	  The sets by which protect() has rows reached.
 *
 * A set stands in a policy as a constant of type regclass.  So the policy
 * depends on the view: renaming it does no harm, and dropping it is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/protect_set.h"

#include "access/relation.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "server/value.h"

/* 22023, with what to write instead. */
static void
refuse(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg_internal("%s", message),
			 errhint("%s", hint)));
}

void
az_read_protect_sets(FunctionCallInfo fcinfo, int argno, AzProtectSets *sets)
{
	if (PG_NARGS() < argno + 3)
		return;
	if (!PG_ARGISNULL(argno))
		sets->read = PG_GETARG_OID(argno);
	if (!PG_ARGISNULL(argno + 1))
		sets->column.name = pstrdup(NameStr(*PG_GETARG_NAME(argno + 1)));
	if (!PG_ARGISNULL(argno + 2))
		sets->write = PG_GETARG_OID(argno + 2);

	if (sets->column.name == NULL && (OidIsValid(sets->read) || OidIsValid(sets->write)))
		refuse("set needs set_column",
			   "Name the column that holds a key of the set: set_column => 'folder_id'.");
	if (!OidIsValid(sets->read) && (sets->column.name || OidIsValid(sets->write)))
		refuse("set_column and write_set need set",
			   "Name the view of the keys that somebody may read: set => 'my_folders'.");
}

/* Which types can be compared with which, as in_set() does it. */
static int
family(AzValueKind kind)
{
	switch (kind)
	{
		case AZ_VALUE_INT2:
		case AZ_VALUE_INT4:
		case AZ_VALUE_INT8:
			return AZ_VALUE_INT8;
		case AZ_VALUE_NAME:
			return AZ_VALUE_TEXT;
		default:
			return kind;
	}
}

static void
check_columns(Relation view)
{
	TupleDesc	columns = RelationGetDescr(view);

	if (columns->natts == 1 ||
		(columns->natts == 2 && TupleDescAttr(columns, 1)->atttypid == TIMESTAMPTZOID))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("view \"%s\" is not a set", RelationGetRelationName(view)),
			 columns->natts == 2 ?
			 errdetail("Its second column is of type %s.",
					   format_type_be(TupleDescAttr(columns, 1)->atttypid)) :
			 errdetail_plural("It has %d column.", "It has %d columns.", columns->natts,
							  columns->natts),
			 errhint("A set has one column, the key, or two: the key, and valid_until of type timestamp with time zone.")));
}

static void
check_key(Relation view, const AzTable *table, const AzProtectColumn *column)
{
	Oid			key = TupleDescAttr(RelationGetDescr(view), 0)->atttypid;
	Oid			type = get_atttype(table->oid, column->number);
	AzValueKind kind_of_key;
	AzValueKind kind;
	Oid			base;

	if (az_value_kind(key, &kind_of_key, &base) && az_value_kind(type, &kind, &base) &&
		family(kind_of_key) == family(kind))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of relation \"%s\" cannot be compared with set \"%s\"",
					column->name, table->name, RelationGetRelationName(view)),
			 errdetail("Its type is %s, and that of the keys is %s.", format_type_be(type),
					   format_type_be(key)),
			 errhint(AZ_VALUE_TYPES_HINT)));
}

static char *
qualified_name(Relation view)
{
	return quote_qualified_identifier(get_namespace_name_or_temp(RelationGetNamespace(view)),
									  RelationGetRelationName(view));
}

/* authz.in_set('public.my_folders', folder_id) */
static const char *
find_set(const AzTable *table, Oid oid, const AzProtectColumn *column)
{
	Relation	view = try_relation_open(oid, AccessShareLock);
	char	   *call;

	if (view == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", oid)));
	if (view->rd_rel->relkind != RELKIND_VIEW)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a view", RelationGetRelationName(view)),
				 errhint("A set is a view of the keys that whoever asks can reach.")));
	check_columns(view);
	check_key(view, table, column);
	call = psprintf("authz.in_set(%s, %s)", quote_literal_cstr(qualified_name(view)),
					column->quoted);
	relation_close(view, NoLock);
	return call;
}

static bool
is_nullable(const AzTable *table, AttrNumber number)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(table->oid),
										Int16GetDatum(number));
	bool		nullable;

	if (!HeapTupleIsValid(tuple))
		return true;
	nullable = !((Form_pg_attribute) GETSTRUCT(tuple))->attnotnull;
	ReleaseSysCache(tuple);
	return nullable;
}

void
az_find_protect_sets(const AzTable *table, AzProtectSets *sets)
{
	if (sets->column.name == NULL)
		return;
	sets->nullable = is_nullable(table, sets->column.number);
	sets->in_read = find_set(table, sets->read, &sets->column);
	if (OidIsValid(sets->write))
		sets->in_write = find_set(table, sets->write, &sets->column);
}

const char *
az_protect_set(const AzProtectSets *sets, AzCommand command)
{
	return command != AZ_SELECT && sets->in_write ? sets->in_write : sets->in_read;
}
