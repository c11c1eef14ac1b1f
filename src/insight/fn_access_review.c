/*-------------------------------------------------------------------------
 *
 * fn_access_review.c
 *	  access_review(): what many would see, each in turn.
 *
 * Each person is simulated in a subtransaction of its own, in the same way as
 * by simulate(), and is gone with it.  What the policies call runs as the role
 * that is asked about, in a security-restricted operation that only reads.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "insight/reach.h"
#include "insight/simulation.h"
#include "server/attempt.h"
#include "server/discretion.h"
#include "session/change.h"
#include "session/login.h"
#include "session/session.h"
#include "trust/admin.h"

typedef struct Review
{
	AzReach		reach;
	Oid			role;
	const char *issuer;			/* NULL: whom the claims choose */
} Review;

typedef struct Line
{
	const Review *review;
	const text *claims;			/* NULL: SQL's */
	text	   *subject;
	int64		count;
	char	   *condition;
} Line;

/* ---- one line ---- */

/* Until az_end_as(). */
static void
set(const char *setting, const char *value)
{
	(void) set_config_option(setting, value, PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/* What a policy denies here is denied to nobody, and no line of the log. */
static void
begin_as_role(Oid role, AzCaller *caller)
{
	az_begin_bound_as(role, caller);
	set("row_security", "on");
	set("dbmi_authz.log_denials", "off");
}

/*
 * The identity before is in force again at the end of the level of settings.
 */
static void
look(void *arg)
{
	Line	   *line = arg;
	const Review *review = line->review;
	int			nest_level = NewGUCNestLevel();
	AzVerifiedToken identity;
	AzCaller	caller;

	az_claims_argument(line->claims, review->issuer, &identity);
	line->subject = az_subject_of(identity.identity);
	az_adopt_simulated(&identity);
	begin_as_role(review->role, &caller);
	line->condition = az_reach_condition(&review->reach);
	if (review->reach.count)
		line->count = az_reach_count(&review->reach);
	az_end_as(&caller);
	AtEOXact_GUC(false, nest_level);
}

/* Of claims that say whom they mean, and cannot be read for another reason. */
static void
find_subject(void *arg)
{
	Line	   *line = arg;
	Datum		subject;
	LOCAL_FCINFO(fcinfo, 2);

	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = PointerGetDatum(line->claims);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = CStringGetTextDatum("sub");
	fcinfo->args[1].isnull = false;
	subject = json_object_field_text(fcinfo);
	if (!fcinfo->isnull)
		line->subject = DatumGetTextPP(subject);
}

static char *
fault(const ErrorData *error)
{
	return psprintf("error %s: %s", unpack_sql_state(error->sqlerrcode), error->message);
}

static void
put_line(ReturnSetInfo *result, const Line *line, bool counted)
{
	Datum		values[3];
	bool		nulls[3];

	values[0] = PointerGetDatum(line->subject);
	values[1] = Int64GetDatum(line->count);
	values[2] = CStringGetTextDatum(line->condition);
	nulls[0] = line->subject == NULL;
	nulls[1] = !counted;
	nulls[2] = false;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* What ends the review is raised; the error of a line is returned. */
static ErrorData *
try(void (*work) (void *arg), Line *line)
{
	ErrorData  *error = az_attempt(work, line);

	if (error && az_ends_attempts(error))
		ReThrowError(error);
	return error;
}

static void
review_one(const Review *review, const text *claims, ReturnSetInfo *result)
{
	Line		line = {.review = review, .claims = claims};
	ErrorData  *error = try(look, &line);

	if (error)
	{
		line.condition = fault(error);
		if (line.subject == NULL && claims != NULL)
			(void) try(find_subject, &line);
	}
	put_line(result, &line, error == NULL && review->reach.count != NULL);
}

/* ---- all lines ---- */

static void
review_each(const Review *review, Datum *claims, const bool *nulls, int n, ReturnSetInfo *result)
{
	MemoryContext memory = AllocSetContextCreate(CurrentMemoryContext, "dbmi_authz review",
												 ALLOCSET_DEFAULT_SIZES);
	MemoryContext outer = MemoryContextSwitchTo(memory);
	int			i;

	for (i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		review_one(review, nulls[i] ? NULL : DatumGetTextPP(claims[i]), result);
		MemoryContextReset(memory);
	}
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(memory);
}

/*
 * Under the snapshot of the caller, in a copy of its own: what is asked here is
 * not asked by the query that called.
 */
static void
review_all(Review *review, Relation rel, CmdType command, ArrayType *claims, ReturnSetInfo *result)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n;
	AzOnlyRead	only_read;
	AzCaller	caller;

	deconstruct_array(claims, JSONOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	az_only_read_enter(&only_read);
	PG_TRY();
	{
		PushCopiedSnapshot(GetActiveSnapshot());
		begin_as_role(review->role, &caller);
		az_make_reach(rel, command, &review->reach);
		az_end_as(&caller);
		review_each(review, elements, nulls, n, result);
		PopActiveSnapshot();
	}
	PG_FINALLY();
	{
		az_only_read_leave(&only_read);
	}
	PG_END_TRY();
}

/* ---- what was asked ---- */

static void
check_given(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"%s\" is NULL", name)));
}

static CmdType
command_argument(text *argument)
{
	static const struct
	{
		const char *name;
		CmdType		command;
	}			commands[] = {
		{"select", CMD_SELECT}, {"insert", CMD_INSERT}, {"update", CMD_UPDATE}, {"delete", CMD_DELETE}
	};
	const char *name = text_to_cstring(argument);
	int			i;

	for (i = 0; i < (int) lengthof(commands); i++)
	{
		if (pg_strcasecmp(commands[i].name, name) == 0)
			return commands[i].command;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized command"),
			 errhint("The commands are SELECT, INSERT, UPDATE and DELETE.")));
}

static Relation
open_table(Oid oid)
{
	Relation	rel = table_open(oid, AccessShareLock);

	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", RelationGetRelationName(rel)),
				 errdetail("Only tables have policies.")));
	return rel;
}

static void
check_may_become(Oid role)
{
	if (!az_may_become(GetUserId(), role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to set role \"%s\"", GetUserNameFromId(role, false)),
				 errhint("Have somebody who administers that role grant it: GRANT %s TO %s;",
						 quote_identifier(GetUserNameFromId(role, false)),
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

/*
 * Does row security let the role pass (core's check_enable_rls()), whatever
 * row_security is set to?
 */
static void
check_is_bound(Oid role, Relation rel)
{
	if (superuser_arg(role) || has_bypassrls_privilege(role) ||
		(!rel->rd_rel->relforcerowsecurity && has_privs_of_role(role, rel->rd_rel->relowner)))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("policies of table \"%s\" do not bind role \"%s\"",
						RelationGetRelationName(rel), GetUserNameFromId(role, false)),
				 errhint("Name the role that the application uses; a role that is not a superuser, and has neither BYPASSRLS nor the rights of the table's owner.")));
}

static void
log_review(const Review *review, Relation rel, text *command, ArrayType *claims)
{
	const char *role = GetUserNameFromId(review->role, false);
	const char *table = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												   RelationGetRelationName(rel));
	StringInfoData line;

	az_begin_line(&line);
	az_add_to_line(&line, "as_role", role, strlen(role));
	az_add_to_line(&line, "table", table, strlen(table));
	az_add_to_line(&line, "command", VARDATA_ANY(command), VARSIZE_ANY_EXHDR(command));
	appendStringInfo(&line, ", \"subjects\": %d", ArrayGetNItems(ARR_NDIM(claims), ARR_DIMS(claims)));
	az_log_line(&line, "access reviewed");
}

static void
review(FunctionCallInfo fcinfo, ArrayType *claims)
{
	Review		review = {.role = get_role_oid(NameStr(*PG_GETARG_NAME(2)), false)};
	CmdType		command = command_argument(PG_GETARG_TEXT_PP(4));
	Relation	rel;

	check_may_become(review.role);
	rel = open_table(PG_GETARG_OID(0));
	check_is_bound(review.role, rel);
	if (!PG_ARGISNULL(3))
		review.issuer = az_issuer_argument(PG_GETARG_TEXT_PP(3));
	log_review(&review, rel, PG_GETARG_TEXT_PP(4), claims);
	review_all(&review, rel, command, claims, (ReturnSetInfo *) fcinfo->resultinfo);
	table_close(rel, NoLock);
}

AZ_SQL(authz_access_review)
{
	AzDiscretion discretion;

	az_check_owns_database("access_review");
	az_check_may_change();
	check_given(fcinfo, 0, "rel");
	check_given(fcinfo, 2, "as_role");
	check_given(fcinfo, 4, "command");
	InitMaterializedSRF(fcinfo, 0);
	/* the statement holds claims */
	az_discretion_begin(&discretion);
	if (!PG_ARGISNULL(1))
		review(fcinfo, PG_GETARG_ARRAYTYPE_P(1));
	az_discretion_end(&discretion);
	PG_RETURN_NULL();
}
