/*-------------------------------------------------------------------------
 *
 * audit_row.c
 *	  A row of a table that is audited, as it is recorded.
 *
 *-------------------------------------------------------------------------
 */
#include "records/audit_row.h"

#include "access/htup_details.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "records/audit_value.h"
#include "policies/policy.h"
#include "server/setting.h"

/* A column; those that were dropped, or that are worked out when read, are none. */
typedef struct Column
{
	int			index;			/* in a slot */
	char	   *name;
	Datum		name_text;
	bool		by_value;
	int16		len;
	bool		listed;			/* its values are kept */
	bool		is_key;
	AzValueWriter writer;
} Column;

struct AzAuditedTable
{
	const char *name;
	bool		old_values;
	bool		obeys_settings; /* in what is recorded of a row */
	int			ncolumns;
	Column	   *columns;
};


/*
 * The table
 */

static bool
is_computed(const FormData_pg_attribute *attribute)
{
	return attribute->attgenerated == ATTRIBUTE_GENERATED_VIRTUAL;
}

static void
add_column(AzAuditedTable *table, const FormData_pg_attribute *attribute, MemoryContext context)
{
	Column	   *column = &table->columns[table->ncolumns++];

	column->index = attribute->attnum - 1;
	column->name = pstrdup(NameStr(attribute->attname));
	column->name_text = CStringGetTextDatum(column->name);
	column->by_value = attribute->attbyval;
	column->len = attribute->attlen;
	az_value_writer_init(&column->writer, attribute->atttypid, context);
}

static void
add_columns(AzAuditedTable *table, Relation rel, MemoryContext context)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			i;

	table->columns = palloc0(sizeof(Column) * desc->natts);
	for (i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && !is_computed(attribute))
			add_column(table, attribute, context);
	}
}

static void
note_key(AzAuditedTable *table, Form_pg_index index)
{
	int			i;
	int			k;

	for (i = 0; i < table->ncolumns; i++)
	{
		for (k = 0; k < index->indnkeyatts; k++)
		{
			if (index->indkey.values[k] == table->columns[i].index + 1)
				table->columns[i].is_key = true;
		}
	}
}

/* Also one that is deferrable, which core lists nowhere. */
static void
find_key(AzAuditedTable *table, Relation rel)
{
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(lfirst_oid(lc)));
		Form_pg_index index;

		if (!HeapTupleIsValid(tuple))
			continue;
		index = (Form_pg_index) GETSTRUCT(tuple);
		if (index->indisprimary)
			note_key(table, index);
		ReleaseSysCache(tuple);
	}
}

pg_noreturn static void
raise_misfit(Relation rel, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONFIG_FILE_ERROR),
			 errmsg("the record of table \"%s\" cannot be made as it was asked for",
					RelationGetRelationName(rel)),
			 errdetail("%s", detail),
			 errhint("Call authz.audit() for the table again.")));
}

static void
list_column(AzAuditedTable *table, Relation rel, const char *name)
{
	int			i;

	for (i = 0; i < table->ncolumns; i++)
	{
		if (strcmp(table->columns[i].name, name) != 0)
			continue;
		table->columns[i].listed = true;
		return;
	}
	raise_misfit(rel, psprintf("It no longer has a column \"%s\".", name));
}

static void
read_arguments(AzAuditedTable *table, Relation rel, const Trigger *trigger)
{
	bool		all;
	int			i;

	if (trigger->tgnargs < 2)
		raise_misfit(rel, "The trigger was made by other means than authz.audit().");
	table->old_values = strcmp(trigger->tgargs[0], AZ_AUDIT_OLD_VALUES) == 0;
	all = strcmp(trigger->tgargs[1], AZ_AUDIT_ALL) == 0;
	for (i = 0; all && i < table->ncolumns; i++)
		table->columns[i].listed = true;
	for (i = 2; i < trigger->tgnargs; i++)
		list_column(table, rel, trigger->tgargs[i]);
}

/*
 * A partition may have a trigger of its own and one from above.  The first by its
 * name records, if it is for all commands.
 */
static bool
is_first(Relation rel, const Trigger *trigger)
{
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *other = &rel->trigdesc->triggers[i];

		if (other->tgoid == trigger->tgoid)
			break;
		if (other->tgfoid == trigger->tgfoid && other->tgtype == trigger->tgtype &&
			other->tgenabled == TRIGGER_FIRES_ALWAYS && other->tgqual == NULL && other->tgnattr == 0)
			return false;
	}
	return true;
}

AzAuditedTable *
az_audited_table(TriggerData *trigger, MemoryContext context)
{
	Relation	rel = trigger->tg_relation;
	MemoryContext old;
	AzAuditedTable *table;
	int			i;

	if (!is_first(rel, trigger->tg_trigger))
		return NULL;
	old = MemoryContextSwitchTo(context);
	table = palloc0(sizeof(*table));
	table->name = az_qualified_name(RelationGetRelid(rel));
	add_columns(table, rel, context);
	find_key(table, rel);
	read_arguments(table, rel, trigger->tg_trigger);
	for (i = 0; i < table->ncolumns; i++)
	{
		const Column *column = &table->columns[i];

		if ((column->listed || column->is_key) && column->writer.obeys_settings)
			table->obeys_settings = true;
	}
	MemoryContextSwitchTo(old);
	return table;
}


/*
 * Its rows
 */

static void
push_value(JsonbParseState **state, Column *column, TupleTableSlot *slot)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = column->name;
	value.val.string.len = strlen(column->name);
	(void) pushJsonbValue(state, WJB_KEY, &value);
	if (slot->tts_isnull[column->index])
		value.type = jbvNull;
	else
		az_value_write(&column->writer, slot->tts_values[column->index], &value);
	(void) pushJsonbValue(state, WJB_VALUE, &value);
}

typedef bool (*Wanted) (const Column *column);

static bool
is_key(const Column *column)
{
	return column->is_key;
}

static bool
is_listed(const Column *column)
{
	return column->listed;
}

/* Of a row that got another key, that is told too. */
static bool
is_listed_or_key(const Column *column)
{
	return column->listed || column->is_key;
}

/* NULL when no column is wanted. */
static void
set_object(AzEvent *event, AzEventColumn where, AzAuditedTable *table, TupleTableSlot *slot,
		   Wanted wanted)
{
	JsonbParseState *state = NULL;
	bool		any = false;
	int			i;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (i = 0; i < table->ncolumns; i++)
	{
		if (!wanted(&table->columns[i]))
			continue;
		push_value(&state, &table->columns[i], slot);
		any = true;
	}
	if (any)
		az_event_set(event, where,
					 JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL))));
}

/* By their bytes, as far as these are what a user sees: 1.0 is not 1.00. */
static bool
is_same(const Column *column, TupleTableSlot *before, TupleTableSlot *after)
{
	int			i = column->index;

	if (before->tts_isnull[i] || after->tts_isnull[i])
		return before->tts_isnull[i] && after->tts_isnull[i];
	return datum_image_eq(before->tts_values[i], after->tts_values[i], column->by_value, column->len);
}

/* The names of the columns that changed; has the key? */
static bool
set_changed(AzEvent *event, AzAuditedTable *table, TupleTableSlot *before, TupleTableSlot *after)
{
	Datum	   *names = palloc(sizeof(Datum) * table->ncolumns);
	bool		key = false;
	int			n = 0;
	int			i;

	for (i = 0; i < table->ncolumns; i++)
	{
		const Column *column = &table->columns[i];

		if (is_same(column, before, after))
			continue;
		names[n++] = column->name_text;
		key = key || column->is_key;
	}
	az_event_set(event, Event_columns,
				 PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT)));
	return key;
}

static void
set_values(AzEvent *event, AzAuditedTable *table, TupleTableSlot *before, TupleTableSlot *after)
{
	bool		moved = before && after && set_changed(event, table, before, after);

	set_object(event, Event_key, table, before ? before : after, is_key);
	if (before && table->old_values)
		set_object(event, Event_old_values, table, before, is_listed);
	if (after)
		set_object(event, Event_new_values, table, after, moved ? is_listed_or_key : is_listed);
}

/* The role that writes must not choose what the text of a value shows. */
static void
set_defaults(void)
{
	static const char *const settings[][2] = {
		{"bytea_output", "hex"},
		{"datestyle", "ISO, YMD"},
		{"extra_float_digits", "1"},
		{"intervalstyle", "postgres"},
		{"lc_monetary", "C"},
		{"quote_all_identifiers", "off"},
		{"search_path", "pg_catalog"},
	};
	int			i;

	for (i = 0; i < (int) lengthof(settings); i++)
		az_set_within_level(settings[i][0], settings[i][1]);
}

void
az_event_set_row(AzEvent *event, AzAuditedTable *table, TupleTableSlot *before, TupleTableSlot *after)
{
	int			nest_level;

	if (before)
		slot_getallattrs(before);
	if (after)
		slot_getallattrs(after);
	az_event_set_text(event, Event_relation, table->name);
	az_event_set_text(event, Event_command, before == NULL ? "INSERT" : after == NULL ? "DELETE" : "UPDATE");
	if (!table->obeys_settings)
	{
		set_values(event, table, before, after);
		return;
	}
	nest_level = NewGUCNestLevel();
	set_defaults();
	set_values(event, table, before, after);
	AtEOXact_GUC(false, nest_level);
}
