/*-------------------------------------------------------------------------
 *
 * trust_log.c
 *	  The record of the trust: who changed the trust of this database.
 *
 * It is written as the owner of the tables, whoever makes the change.  Of a
 * key only the columns in a list of allowed ones are recorded.
 *
 *-------------------------------------------------------------------------
 */
#include "trust/trust_log.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/plannodes.h"
#include "replication/logicalworker.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/portal.h"
#include "utils/rel.h"

#include "server/datum.h"
#include "server/own.h"
#include "server/setting.h"
#include "server/spi.h"
#include "trust/admin.h"
#include "trust/trust_log_line.h"

static const char *const recorded_tables[] = {
	"profile", "issuer", "issuer_key", "revocation", "inactive_subject",
	"permission_implies", "object_access", "actor_ceiling"
};

static const char *const key_columns[] = {
	"issuer", "kid", "alg", "thumbprint", "source", "added_at"
};

static const AzIdentity *(*logged_in) (void);
static bool writes = false;

/* The table that a running COPY writes to; InvalidOid: there is none. */
static Oid	copied_table = InvalidOid;
static int64 copied_rows = 0;

/* The table whose removed rows are not recorded one by one. */
static const char *in_one = NULL;

void
az_trust_log_init(const AzIdentity *(*who) (void))
{
	logged_in = who;
}


bool
az_trust_log_writes(void)
{
	return writes;
}


/*
 * A row as JSON
 */

static bool
is_among(const char *name, const char *const *names, int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

/* The thumbprint of a weak secret helps guessing it. */
static bool
is_of_secret(HeapTuple tuple, TupleDesc desc)
{
	int			column = SPI_fnumber(desc, "alg");
	char	   *alg = column > 0 ? SPI_getvalue(tuple, desc, column) : NULL;

	return alg == NULL || pg_strncasecmp(alg, "HS", 2) == 0;
}

static bool
is_told(const char *column, bool key, bool secret)
{
	if (!key)
		return true;
	if (secret && strcmp(column, "thumbprint") == 0)
		return false;
	return is_among(column, key_columns, lengthof(key_columns));
}

/* The numbers of the columns that may be recorded. */
static int
find_told(HeapTuple tuple, TupleDesc desc, bool key, AttrNumber *numbers)
{
	bool		secret = key && is_of_secret(tuple, desc);
	int			n = 0;
	int			i;

	for (i = 0; i < desc->natts; i++)
	{
		const FormData_pg_attribute *column = TupleDescAttr(desc, i);

		if (!column->attisdropped && is_told(NameStr(column->attname), key, secret))
			numbers[n++] = column->attnum;
	}
	return n;
}

/*
 * As row_to_json(), of the columns that may be recorded.  It may run functions
 * of types that the owner has made, so it runs with the owner's rights.
 */
static text *
row_json(HeapTuple tuple, TupleDesc desc, bool key)
{
	AttrNumber *numbers = palloc(desc->natts * sizeof(AttrNumber));
	int			n = find_told(tuple, desc, key, numbers);
	TupleDesc	told = CreateTemplateTupleDesc(n);
	Datum	   *values = palloc(n * sizeof(Datum));
	bool	   *nulls = palloc(n * sizeof(bool));
	int			i;

	for (i = 0; i < n; i++)
	{
		const FormData_pg_attribute *column = TupleDescAttr(desc, numbers[i] - 1);

		values[i] = heap_getattr(tuple, numbers[i], desc, &nulls[i]);
		TupleDescInitEntry(told, i + 1, NameStr(column->attname), column->atttypid,
						   column->atttypmod, column->attndims);
	}
	BlessTupleDesc(told);
	return DatumGetTextPP(DirectFunctionCall1(row_to_json,
											  HeapTupleGetDatum(heap_form_tuple(told, values, nulls))));
}


/*
 * A row of the record
 */

static bool
is_there(void)
{
	Oid			schema = get_namespace_oid(AZ_SCHEMA, true);

	return OidIsValid(schema) && OidIsValid(get_relname_relid("trust_log", schema));
}

static text *
claim_text(const AzIdentity *id, const AzNode *claim)
{
	claim = id ? az_scalar_or_null(claim) : NULL;
	return claim ? DatumGetTextPP(az_text_datum(id, claim)) : NULL;
}

/* In the order of the columns that the statement names. */
static void
bind_entry(AzSpiParams *params, const char *relation, const char *command,
		   const int64 *rows, text *old_row, text *new_row)
{
	const AzIdentity *id = logged_in ? logged_in() : NULL;
	char	   *role = GetUserNameFromId(GetOuterUserId(), true);
	char	   *session_role = GetUserNameFromId(GetSessionUserId(), true);

	az_spi_param(params, TEXTOID, cstring_to_text(relation));
	az_spi_param(params, TEXTOID, cstring_to_text(command));
	az_spi_param_int8(params, rows);
	az_spi_param(params, JSONOID, old_row);
	az_spi_param(params, JSONOID, new_row);
	az_spi_param(params, TEXTOID, session_role ? cstring_to_text(session_role) : NULL);
	az_spi_param(params, TEXTOID, role ? cstring_to_text(role) : NULL);
	az_spi_param(params, TEXTOID, claim_text(id, id ? &id->issuer : NULL));
	az_spi_param(params, TEXTOID, claim_text(id, id ? &id->subject : NULL));
	az_spi_param(params, TEXTOID, claim_text(id, id ? &id->actor : NULL));
	az_spi_param(params, TEXTOID, claim_text(id, id ? &id->token_id : NULL));
	az_spi_param_bool(params, IsLogicalWorker());
}

#define ENTRY \
	"INSERT INTO authz.trust_log (relation, command, rows, old_row, new_row, session_role, role," \
	" issuer, subject, actor, token_id, replicated," \
	" at, transaction, client_address, application)" \
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, pg_catalog.clock_timestamp()," \
	" pg_catalog.pg_current_xact_id(), pg_catalog.inet_client_addr()," \
	" pg_catalog.current_setting('application_name'))" \
	" RETURNING at, transaction, client_address, application"

/* It is kept: a statement may change many rows. */
static SPIPlanPtr
plan_of_entry(AzSpiParams *params)
{
	static SPIPlanPtr plan = NULL;
	SPIPlanPtr	made;

	if (plan != NULL)
		return plan;
	made = SPI_prepare(ENTRY, params->n, params->type);
	if (made == NULL || SPI_keepplan(made) != 0)
		elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
	return plan = made;
}

static void
insert_entry(AzSpiParams *params)
{
	int			result = SPI_execute_plan(plan_of_entry(params), params->value, params->isnull,
										  false, 0);

	if (result < 0)
		elog(ERROR, "could not run a statement: %s", SPI_result_code_string(result));
}

/*
 * Names are written with their schemas, whatever the caller's search_path is.
 */
static void
begin(AzCaller *caller)
{
	az_begin_as_owner(caller);
	az_set_within_level("search_path", "pg_catalog, pg_temp");
}

static void
write_entry(const char *relation, const char *command, const int64 *rows,
			text *old_row, text *new_row)
{
	AzSpiParams params = {0};
	bool		outer = writes;

	bind_entry(&params, relation, command, rows, old_row, new_row);
	writes = true;
	PG_TRY();
	{
		insert_entry(&params);
	}
	PG_FINALLY();
	{
		writes = outer;
	}
	PG_END_TRY();
	/* a trigger of the owner may have suppressed the row */
	if (SPI_processed > 0)
		az_trust_log_line(&params);
}

static void
write_alone(const char *relation, const char *command, const int64 *rows,
			text *old_row, text *new_row)
{
	AzCaller	caller;

	if (!is_there())
		return;
	begin(&caller);
	write_entry(relation, command, rows, old_row, new_row);
	az_end_administering(&caller);
}

static void
write_one(const char *relation, const char *command, const int64 *rows)
{
	write_alone(relation, command, rows, NULL, NULL);
}

void
az_trust_log_row(const char *relation, const char *command, text *old_row, text *new_row)
{
	write_alone(relation, command, NULL, old_row, new_row);
}

void
az_trust_log_many(const char *relation, const char *command, int64 rows)
{
	write_one(relation, command, &rows);
}

void
az_trust_log_call(const char *function, const char *name)
{
	write_one(name, function, NULL);
}


/* What the guard sees */

void
az_trust_log_in_one(const char *relation)
{
	in_one = relation;
}

/*
 * Did a COPY that the client sent fire the trigger, and not a statement that
 * runs in another trigger?  The library may have been loaded after it began,
 * so no hook can tell.
 */
static bool
is_copy_into(Relation table)
{
	const PlannedStmt *statement;
	const CopyStmt *copy;

	if (ActivePortal == NULL || list_length(ActivePortal->stmts) != 1 ||
		DatumGetInt32(DirectFunctionCall1(pg_trigger_depth, (Datum) 0)) != 1)
		return false;
	statement = linitial_node(PlannedStmt, ActivePortal->stmts);
	copy = (const CopyStmt *) statement->utilityStmt;
	return copy != NULL && IsA(copy, CopyStmt) && copy->is_from && copy->relation != NULL &&
		RangeVarGetRelid(copy->relation, NoLock, true) == RelationGetRelid(table);
}

static void
note_statement(const TriggerData *trigger)
{
	Relation	table = trigger->tg_relation;
	int64		rows = copied_rows;

	if (TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event))
		write_one(RelationGetRelationName(table), "TRUNCATE", NULL);
	else if (!is_copy_into(table))
		return;
	else if (TRIGGER_FIRED_BEFORE(trigger->tg_event))
	{
		copied_table = RelationGetRelid(table);
		copied_rows = 0;
	}
	else if (copied_table == RelationGetRelid(table))
	{
		copied_table = InvalidOid;
		if (rows > 0)
			az_trust_log_many(RelationGetRelationName(table), "COPY", rows);
	}
}

static void
note_row(const TriggerData *trigger)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	const char *table = RelationGetRelationName(trigger->tg_relation);
	bool		key = strcmp(table, "issuer_key") == 0;
	text	   *old_row = NULL;
	text	   *new_row = NULL;
	const char *command = "INSERT";
	AzCaller	caller;

	begin(&caller);
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		new_row = row_json(trigger->tg_trigtuple, desc, key);
	else
	{
		command = "DELETE";
		old_row = row_json(trigger->tg_trigtuple, desc, key);
	}
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		command = "UPDATE";
		new_row = row_json(trigger->tg_newtuple, desc, key);
	}
	write_entry(table, command, NULL, old_row, new_row);
	az_end_administering(&caller);
}

static bool
is_told_in_one(const TriggerData *trigger)
{
	return in_one != NULL && TRIGGER_FIRED_BY_DELETE(trigger->tg_event) &&
		strcmp(RelationGetRelationName(trigger->tg_relation), in_one) == 0;
}

void
az_trust_log_trigger(const TriggerData *trigger)
{
	Relation	table = trigger->tg_relation;

	if (!is_among(RelationGetRelationName(table), recorded_tables, lengthof(recorded_tables)) ||
		!is_there())
		return;
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		note_statement(trigger);
	else if (copied_table == RelationGetRelid(table) && is_copy_into(table))
		copied_rows++;
	else if (!is_told_in_one(trigger))
		note_row(trigger);
}
