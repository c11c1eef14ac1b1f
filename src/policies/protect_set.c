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

#include "access/htup_details.h"
#include "catalog/pg_attribute.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "server/value.h"
#include "sets/key_set.h"
#include "sets/set_view.h"

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

static void
check_key(const AzSetView *view, const AzTable *table, const AzProtectColumn *column)
{
	Oid			type = get_atttype(table->oid, column->number);
	AzValueKind kind;
	Oid			base;

	if (az_value_kind(type, &kind, &base) && az_keys_compare(view->type.kind, kind))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of relation \"%s\" cannot be compared with set \"%s\"",
					column->name, table->name, get_rel_name(view->oid)),
			 errdetail("Its type is %s, and that of the keys is %s.", format_type_be(type),
					   format_type_be(view->type.type)),
			 errhint(AZ_VALUE_TYPES_HINT)));
}

static char *
qualified_name(Oid view)
{
	return quote_qualified_identifier(get_namespace_name_or_temp(get_rel_namespace(view)),
									  get_rel_name(view));
}

/* authz.in_set('public.my_folders', folder_id) */
static const char *
find_set(const AzTable *table, Oid oid, const AzProtectColumn *column)
{
	AzSetView  *view;

	LockRelationOid(oid, AccessShareLock);
	view = az_get_set_view(oid);
	az_look_at_set_view(view);
	check_key(view, table, column);
	return psprintf("authz.in_set(%s, %s)", quote_literal_cstr(qualified_name(oid)),
					column->quoted);
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
