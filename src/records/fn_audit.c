/*-------------------------------------------------------------------------
 *
 * fn_audit.c
 *	  audit() and unaudit(): record what happens to a table's rows.
 *
 * These are ordinary statements, with the rights of the caller.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "records/audit_row.h"
#include "policies/policy.h"
#include "server/arguments.h"
#include "server/own.h"
#include "server/spi.h"
#include "trust/admin.h"

/*
 * Core fires triggers in the order of their names, and ours is to be the first: what
 * another one makes of the row is recorded behind what became of it before.
 *
 * Of a partitioned table the trigger for rows is cloned for each partition, which
 * may have one of its own when it is attached.
 */
#define ON_ROWS			"\"!authz_audit\""
#define ON_ROWS_BELOW	"\"!authz_audit_partitions\""
#define ON_TRUNCATE		"\"!authz_audit_truncate\""

static void
run(const char *statement)
{
	AzSpiParams none = {0};

	(void) az_spi_run(statement, &none);
}

static bool
is_ours(const Trigger *trigger)
{
	const char *function = get_func_name(trigger->tgfoid);

	return function != NULL && strcmp(function, "audit_change") == 0 && az_is_own_function(trigger->tgfoid);
}

/* Not those from above; the names, quoted. */
static List *
find_triggers(Oid table)
{
	Relation	rel = relation_open(table, NoLock);
	List	   *names = NIL;
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		if (!rel->trigdesc->triggers[i].tgisclone && is_ours(&rel->trigdesc->triggers[i]))
			names = lappend(names, pstrdup(quote_identifier(rel->trigdesc->triggers[i].tgname)));
	}
	relation_close(rel, NoLock);
	return names;
}

/* A partition keeps the trigger that it has from above. */
static void
warn_if_recorded(Oid table)
{
	Relation	rel = relation_open(table, NoLock);
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		if (!is_ours(&rel->trigdesc->triggers[i]))
			continue;
		ereport(NOTICE,
				(errmsg("changes of \"%s\" are still recorded, by the trigger of the table above it",
						RelationGetRelationName(rel)),
				 errhint("Call authz.unaudit() for that table.")));
		break;
	}
	relation_close(rel, NoLock);
}

static void
drop_triggers(Oid table)
{
	ListCell   *lc;

	foreach(lc, find_triggers(table))
		run(psprintf("DROP TRIGGER %s ON %s", (char *) lfirst(lc), az_qualified_name(table)));
}

static void
make_trigger(Oid table, const char *name, const char *events, const char *level, const char *arguments)
{
	const char *quoted = az_qualified_name(table);

	run(psprintf("CREATE TRIGGER %s AFTER %s ON %s FOR EACH %s EXECUTE FUNCTION authz.audit_change(%s)",
				 name, events, quoted, level, arguments));
	run(psprintf("ALTER TABLE %s ENABLE ALWAYS TRIGGER %s", quoted, name));
}

static void
make_triggers(Oid table, const char *arguments, bool rows)
{
	bool		above = get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE;

	if (rows)
		make_trigger(table, above ? ON_ROWS_BELOW : ON_ROWS, "INSERT OR UPDATE OR DELETE", "ROW", arguments);
	make_trigger(table, ON_TRUNCATE, "TRUNCATE", "STATEMENT", "");
}

/* Raises 42703 for a column that the table does not have. */
static void
check_column(Oid table, const char *name)
{
	AttrNumber	column = get_attnum(table, name);

	if (column <= InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", name, get_rel_name(table))));
	if (get_attgenerated(table, column) == ATTRIBUTE_GENERATED_VIRTUAL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("column \"%s\" of relation \"%s\" cannot be recorded", name, get_rel_name(table)),
				 errdetail("It is worked out when it is read."),
				 errhint("Name the columns that it is made of.")));
}

/* One column behind the other, as arguments. */
static void
append_columns(StringInfo arguments, Oid table, ArrayType *columns)
{
	Datum	   *names;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(columns, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &names, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		const char *name = nulls[i] ? NULL : NameStr(*DatumGetName(names[i]));

		if (name == NULL)
			az_raise_misuse("name of a column must not be null", "Name the columns, or pass NULL for all of them.");
		check_column(table, name);
		appendStringInfo(arguments, ", %s", quote_literal_cstr(name));
	}
}

/* audit_row.c reads them. */
static char *
make_arguments(Oid table, ArrayType *columns, bool old_values)
{
	StringInfoData arguments;

	initStringInfo(&arguments);
	appendStringInfo(&arguments, "'%s', '%s'", old_values ? AZ_AUDIT_OLD_VALUES : AZ_AUDIT_NO_OLD,
					 columns ? AZ_AUDIT_LISTED : AZ_AUDIT_ALL);
	if (columns)
		append_columns(&arguments, table, columns);
	return arguments.data;
}

/* What is written into a table like these goes past triggers, or away with the session. */
static void
check_recordable(Oid table)
{
	char		relkind = get_rel_relkind(table);

	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("changes of \"%s\" cannot be recorded", get_rel_name(table)),
				 errdetail("It is a foreign table, which others change elsewhere.")));
	if (get_rel_persistence(table) == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("changes of \"%s\" cannot be recorded", get_rel_name(table)),
				 errdetail("It is a temporary table.")));
}

/* The table with its partitions and children, from above, locked. */
static List *
lock_tables(Oid rel, LOCKMODE lock)
{
	AzTable		table;
	List	   *tables;
	ListCell   *lc;

	az_lock_table(rel, lock, &table);
	tables = find_all_inheritors(rel, lock, NULL);
	foreach(lc, tables)
		check_recordable(lfirst_oid(lc));
	return tables;
}

static void
drop_all_triggers(const List *tables)
{
	ListCell   *lc;

	foreach(lc, tables)
		drop_triggers(lfirst_oid(lc));
}

/* What core locks for CREATE TRIGGER; for DROP TRIGGER it takes more. */
AZ_SQL(authz_audit)
{
	ArrayType  *columns = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1);
	List	   *tables;
	ListCell   *lc;

	az_check_owns_database("audit");
	az_arg_required(fcinfo, 0, "table");
	az_arg_required(fcinfo, 2, "old_values");
	tables = lock_tables(PG_GETARG_OID(0), ShareRowExclusiveLock);
	SPI_connect();
	drop_all_triggers(tables);
	foreach(lc, tables)
	{
		Oid			table = lfirst_oid(lc);

		/* a partition has the one for rows from above */
		make_triggers(table, make_arguments(PG_GETARG_OID(0), columns, PG_GETARG_BOOL(2)),
					  table == PG_GETARG_OID(0) || !get_rel_relispartition(table));
	}
	SPI_finish();
	PG_RETURN_VOID();
}

AZ_SQL(authz_unaudit)
{
	az_check_owns_database("unaudit");
	PreventCommandIfReadOnly("unaudit()");
	az_arg_required(fcinfo, 0, "table");
	SPI_connect();
	drop_all_triggers(lock_tables(PG_GETARG_OID(0), AccessExclusiveLock));
	warn_if_recorded(PG_GETARG_OID(0));
	SPI_finish();
	PG_RETURN_VOID();
}
