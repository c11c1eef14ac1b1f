/*-------------------------------------------------------------------------
 *
 * fn_stamp.c
 *	  The trigger that makes the user who writes a row its owner.
 *
 * What it protects is the owner column itself: a new row gets the owner from
 * the token, nobody writes in another's name, and no row changes hands.  Which
 * rows may be written at all is for policies to say.
 *
 *-------------------------------------------------------------------------
 */
#include "server/datum.h"
#include "server/guc.h"
#include "server/value.h"
#include "session/denial.h"
#include "session/session.h"

#include "access/htup_details.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

typedef struct Column
{
	const char *name;			/* the trigger's argument */
	AttrNumber	number;			/* 0: there is none */
	Oid			declared;		/* its type, perhaps a domain over type.type */
	int32		typmod;			/* of type.type */
	Oid			collation;
	AzValueType type;
} Column;

/* Found out once per statement and relation, kept in flinfo->fn_extra. */
typedef struct Columns
{
	Column		owner;
	Column		modified;
} Columns;

#define TRIGGER_HINT	"Create the trigger BEFORE INSERT OR UPDATE and FOR EACH ROW."

static void
check_call(FunctionCallInfo fcinfo)
{
	TriggerData *call = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						"stamp_owner"),
				 errhint(TRIGGER_HINT)));
	if (!TRIGGER_FIRED_BEFORE(call->tg_event) || !TRIGGER_FIRED_FOR_ROW(call->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired BEFORE ROW", "stamp_owner"),
				 errhint(TRIGGER_HINT)));
	if (!TRIGGER_FIRED_BY_INSERT(call->tg_event) && !TRIGGER_FIRED_BY_UPDATE(call->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired for INSERT or UPDATE",
						"stamp_owner"),
				 errhint(TRIGGER_HINT)));
	if (call->tg_trigger->tgnargs < 1 || call->tg_trigger->tgnargs > 2)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must have one or two arguments",
						call->tg_trigger->tgname),
				 errhint("They name the column of the owner, and one for the person who wrote last.")));
}

static void
find_column(const TriggerData *call, int argno, MemoryContext context, Column *column)
{
	TupleDesc	tuple = RelationGetDescr(call->tg_relation);
	Form_pg_attribute attribute;

	column->name = call->tg_trigger->tgargs[argno];
	column->number = SPI_fnumber(tuple, column->name);
	if (column->number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column->name, RelationGetRelationName(call->tg_relation))));
	attribute = TupleDescAttr(tuple, column->number - 1);
	/* what is written here would be computed over, or another's to choose */
	if (attribute->attgenerated || attribute->attidentity)
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("column \"%s\" of relation \"%s\" cannot hold an owner",
						column->name, RelationGetRelationName(call->tg_relation)),
				 errdetail("It is a generated column or an identity column.")));
	if (!az_value_type_of(attribute->atttypid, context, &column->type))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" cannot hold an owner",
						column->name, RelationGetRelationName(call->tg_relation)),
				 errdetail("A value of type %s cannot be compared with a claim.",
						   format_type_be(attribute->atttypid)),
				 errhint(AZ_VALUE_TYPES_HINT)));
	column->declared = attribute->atttypid;
	column->typmod = attribute->atttypmod;
	(void) getBaseTypeAndTypmod(column->declared, &column->typmod);
	column->collation = attribute->attcollation;
}

static const Columns *
find_columns(FunctionCallInfo fcinfo)
{
	TriggerData *call = (TriggerData *) fcinfo->context;
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	Columns    *columns = fcinfo->flinfo->fn_extra;

	if (columns != NULL)
		return columns;
	check_call(fcinfo);
	columns = MemoryContextAllocZero(context, sizeof(Columns));
	find_column(call, 0, context, &columns->owner);
	if (call->tg_trigger->tgnargs > 1)
		find_column(call, 1, context, &columns->modified);

	/* the last user who writes would take the row over */
	if (columns->owner.number == columns->modified.number)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg("column \"%s\" specified more than once", columns->owner.name),
				 errhint("Name another column, or leave the second argument out.")));
	fcinfo->flinfo->fn_extra = columns;
	return columns;
}

pg_noreturn static void
deny(const TriggerData *call, const Column *column, const char *description)
{
	const char *schema = get_namespace_name(RelationGetNamespace(call->tg_relation));
	const char *table = RelationGetRelationName(call->tg_relation);

	az_raise_denied_for(description,
						az_denied_json("table", quote_qualified_identifier(schema, table),
								 "column", column->name,
								 "operation",
								 TRIGGER_FIRED_BY_INSERT(call->tg_event) ? "INSERT" : "UPDATE",
								 NULL));
}

/* An empty string owns nothing, as for is_owner(). */
static const AzNode *
owner_claim(const AzIdentity *id)
{
	const AzNode *claim = az_scalar_or_null(&id->owner);

	return claim != NULL && az_node_len(claim) > 0 ? claim : NULL;
}

/*
 * The claim as a value of the column.  It is never cut to a length: that
 * would be another owner.
 */
static Datum
own_value(const TriggerData *call, const AzIdentity *id, const Column *column)
{
	const AzNode *claim = owner_claim(id);
	const char *bytes = claim ? az_node_bytes(id, claim) : NULL;
	int			len = claim ? az_node_len(claim) : 0;
	Datum		value = 0;

	if (claim == NULL ||
		(column->type.kind == AZ_VALUE_TEXT && column->typmod >= (int32) VARHDRSZ &&
		 pg_mbstrlen_with_len(bytes, len) > column->typmod - (int32) VARHDRSZ) ||
		!az_read_value(column->type.kind, bytes, len, &value))
		deny(call, column, psprintf("Token has no value for column %s", column->name));
	return value;
}

static bool
is_own(const AzIdentity *id, const Column *column, Datum value)
{
	const AzNode *claim = owner_claim(id);

	return claim != NULL &&
		az_value_equals(&column->type, value, column->collation,
						az_node_bytes(id, claim), az_node_len(claim));
}

/* Did the UPDATE leave the column as it was, to the byte? */
static bool
is_unchanged(const TriggerData *call, const Column *column)
{
	TupleDesc	tuple = RelationGetDescr(call->tg_relation);
	Form_pg_attribute attribute = TupleDescAttr(tuple, column->number - 1);
	bool		old_null;
	bool		new_null;
	Datum		old = heap_getattr(call->tg_trigtuple, column->number, tuple, &old_null);
	Datum		new = heap_getattr(call->tg_newtuple, column->number, tuple, &new_null);

	if (old_null || new_null)
		return old_null && new_null;
	return datum_image_eq(old, new, attribute->attbyval, attribute->attlen);
}

/* The row with the claim in these columns. */
static HeapTuple
stamp(const TriggerData *call, const AzIdentity *id, HeapTuple row,
	  const Column **columns, int n)
{
	int			numbers[2];
	Datum		values[2];
	bool		nulls[2] = {false, false};
	int			i;

	for (i = 0; i < n; i++)
	{
		numbers[i] = columns[i]->number;
		values[i] = own_value(call, id, columns[i]);
	}
	/* a constraint may run any SQL: from here on the identity may be gone */
	for (i = 0; i < n; i++)
	{
		if (columns[i]->declared != columns[i]->type.type)
			domain_check(values[i], false, columns[i]->declared, NULL, NULL);
	}
	return heap_modify_tuple_by_cols(row, RelationGetDescr(call->tg_relation),
									 n, numbers, values, nulls);
}

/* stamp_owner(owner_column [, modified_column]) */
AZ_SQL(authz_stamp_owner)
{
	const Columns *columns = find_columns(fcinfo);
	const TriggerData *call = (const TriggerData *) fcinfo->context;
	const AzIdentity *id = az_current();
	bool		inserting = TRIGGER_FIRED_BY_INSERT(call->tg_event);
	HeapTuple	row = inserting ? call->tg_trigtuple : call->tg_newtuple;
	const Column *stamped[2];
	int			n = 0;

	if (id == NULL)
	{
		if (az_require_user_on_write)
			(void) az_current_required();
		return PointerGetDatum(row);
	}

	if (inserting)
	{
		bool		no_owner;
		Datum		owner = heap_getattr(row, columns->owner.number,
										 RelationGetDescr(call->tg_relation), &no_owner);

		if (no_owner)
			stamped[n++] = &columns->owner;
		else if (!is_own(id, &columns->owner, owner))
			deny(call, &columns->owner, "Row would belong to another owner");
	}
	else if (!is_unchanged(call, &columns->owner))
		deny(call, &columns->owner, "Owner of a row cannot be changed");

	if (columns->modified.number > 0)
		stamped[n++] = &columns->modified;
	if (n > 0)
		row = stamp(call, id, row, stamped, n);
	return PointerGetDatum(row);
}
