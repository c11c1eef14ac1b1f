/*-------------------------------------------------------------------------
 *
 * table_shape.c
 *	  Whether a table of ours is still what the install script made.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/table_shape.h"

#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "server/own.h"

/* With objects of 1.0 there may be something else behind its columns. */
static int
columns_due(const AzShape *shape)
{
	return shape->ncolumns > shape->nfirst && az_objects_are_old() ?
		shape->nfirst : shape->ncolumns;
}

/* A view has no rows to scan, a dropped column no type. */
static bool
has_types(Relation rel, char relkind, const AzColumn *columns, int n)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	if (rel->rd_rel->relkind != relkind ||
		rel->rd_rel->relam != HEAP_TABLE_AM_OID || desc->natts < n)
		return false;
	for (i = 0; i < n; i++)
	{
		if (TupleDescAttr(desc, i)->atttypid != columns[i].type)
			return false;
	}
	return true;
}

/*
 * The ALTER TABLE action that would restore the first altered column; NULL
 * when there is none.
 */
static char *
mend_columns(Relation rel, const AzColumn *columns, int n)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	for (i = 0; i < n; i++)
	{
		const FormData_pg_attribute *column = TupleDescAttr(desc, i);
		Oid			collation = columns[i].collation;

		if (strcmp(NameStr(column->attname), columns[i].name) != 0)
			return psprintf("RENAME COLUMN %s TO %s",
							quote_identifier(NameStr(column->attname)), columns[i].name);
		if (column->attcollation == collation && column->atttypmod == -1)
			continue;
		return psprintf("ALTER COLUMN %s TYPE %s%s", quote_identifier(NameStr(column->attname)),
						format_type_be(column->atttypid),
						collation == C_COLLATION_OID ? " COLLATE pg_catalog.\"C\"" :
						OidIsValid(collation) ? " COLLATE pg_catalog.\"default\"" : "");
	}
	return NULL;
}

/*
 * Does our trigger function fire as the install script has it, for rows that
 * replication brings, too?
 */
static bool
fires_always(Relation rel, Oid guard)
{
	const int16 before = TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_INSERT |
		TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE | TRIGGER_TYPE_TRUNCATE;
	const int16 after = TRIGGER_TYPE_ROW | TRIGGER_TYPE_INSERT |
		TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE;
	bool		guards = false;
	bool		tells = false;
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tgfoid != guard || trigger->tgnattr > 0 ||
			trigger->tgqual || trigger->tgenabled != TRIGGER_FIRES_ALWAYS)
			continue;
		guards = guards || trigger->tgtype == before;
		tells = tells || trigger->tgtype == after;
	}
	return guards && tells;
}

/*
 * Why others could read what we write to a hidden table; NULL: they cannot.
 * They cannot while it is not populated, which no command changes without
 * replacing the rows.  But an index over an expression would be given each
 * row, extended statistics would, too, and logical decoding would see the rows
 * that are removed.
 */
static const char *
why_open(Relation rel, const char **remedy)
{
	*remedy = NULL;
	if (RelationIsPopulated(rel))
		return "It is populated, so that everybody who has the right to can read it.";
	/* the flag is also set by an index whose creation was rolled back */
	if (rel->rd_rel->relhasindex && RelationGetIndexList(rel) != NIL)
		return "It has an index.";
	if (rel->rd_rel->relreplident != REPLICA_IDENTITY_NOTHING)
		return "It has a replica identity.";
	if (RelationGetStatExtList(rel) != NIL)
		return "It has extended statistics.";
	return NULL;
}

static void
warn_altered(AzShape *shape, const char *why, const char *remedy)
{
	if (shape->told)
		return;
	shape->told = true;
	ereport(WARNING,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("table %s.%s was altered, and counts as missing",
					AZ_SCHEMA, shape->name),
			 errdetail_internal("%s", why),
			 errhint("Run ALTER TABLE %s.%s %s.", AZ_SCHEMA, shape->name, remedy),
			 errhidestmt(true),
			 errhidecontext(true)));
}

const char *
az_why_altered(Relation rel, const AzShape *shape, Oid guard, const char **remedy)
{
	int			n = columns_due(shape);

	*remedy = NULL;
	if (!has_types(rel, shape->hidden ? RELKIND_MATVIEW : RELKIND_RELATION, shape->columns, n))
		return "It is not a table of that kind, or has columns of other types.";
	*remedy = mend_columns(rel, shape->columns, n);
	if (*remedy)
		return "A column has another name, collation or precision.";
	if (rel->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT)
	{
		*remedy = "SET LOGGED";
		return "Its rows would not outlive a crash.";
	}
	if (shape->hidden)
		return why_open(rel, remedy);
	if (!fires_always(rel, guard))
	{
		*remedy = "ENABLE ALWAYS TRIGGER guard, ENABLE ALWAYS TRIGGER changed";
		return "Its triggers do not always fire, so not every change would be felt.";
	}
	return NULL;
}

/*
 * Is it what the install script made?  A column of another type is from
 * another version; for what the owner may have altered carelessly there is a
 * warning.
 */
static bool
is_unaltered(Relation rel, AzShape *shape, Oid guard)
{
	const char *remedy;
	const char *why = az_why_altered(rel, shape, guard, &remedy);

	if (remedy)
		warn_altered(shape, why, remedy);
	return why == NULL;
}

Relation
az_open_as(Oid table, AzShape *shape, Oid guard)
{
	Relation	rel = OidIsValid(table) ? try_table_open(table, AccessShareLock) : NULL;

	if (rel && !is_unaltered(rel, shape, guard))
	{
		table_close(rel, AccessShareLock);
		return NULL;
	}
	return rel;
}
