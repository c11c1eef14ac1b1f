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

#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "server/arguments.h"
#include "server/value.h"
#include "sets/key_set.h"
#include "sets/set_view.h"

void
az_read_protect_sets(FunctionCallInfo fcinfo, int argno, AzProtectSets *sets)
{
	if (PG_NARGS() < argno + 3)
		return;
	if (!PG_ARGISNULL(argno))
		sets->read = PG_GETARG_OID(argno);
	sets->column.name = az_arg_optional_name(fcinfo, argno + 1);
	if (!PG_ARGISNULL(argno + 2))
		sets->write = PG_GETARG_OID(argno + 2);

	if (sets->column.name == NULL && (OidIsValid(sets->read) || OidIsValid(sets->write)))
		az_raise_misuse("set needs set_column",
						"Name the column that holds a key of the set: set_column => 'folder_id'.");
	if (!OidIsValid(sets->read) && (sets->column.name || OidIsValid(sets->write)))
		az_raise_misuse("set_column and write_set need set",
						"Name the view of the keys that somebody may read: set => 'my_folders'.");
}

static void
check_key(const AzSetView *view, const AzTable *table, const AzTableColumn *column)
{
	AzValueKind kind;
	Oid			base;

	if (az_value_kind(column->type, &kind, &base) && az_keys_compare(view->type.kind, kind))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of relation \"%s\" cannot be compared with set \"%s\"",
					column->name, table->name, get_rel_name(view->oid)),
			 errdetail("Its type is %s, and that of the keys is %s.",
					   format_type_be(column->type), format_type_be(view->type.type)),
			 errhint(AZ_VALUE_TYPES_HINT)));
}

/* authz.in_set('public.my_folders', folder_id) */
static const char *
find_set(const AzTable *table, Oid oid, const AzTableColumn *column)
{
	AzSetView  *view;

	LockRelationOid(oid, AccessShareLock);
	view = az_get_set_view(oid);
	az_look_at_set_view(view);
	check_key(view, table, column);
	return psprintf("authz.in_set(%s, %s)", quote_literal_cstr(az_qualified_name(oid)),
					column->quoted);
}

void
az_find_protect_sets(const AzTable *table, AzProtectSets *sets)
{
	if (sets->column.name == NULL)
		return;
	sets->in_read = find_set(table, sets->read, &sets->column);
	if (OidIsValid(sets->write))
		sets->in_write = find_set(table, sets->write, &sets->column);
}

const char *
az_protect_set(const AzProtectSets *sets, AzCommand command)
{
	return command != AZ_SELECT && sets->in_write ? sets->in_write : sets->in_read;
}
