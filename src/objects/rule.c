/*-------------------------------------------------------------------------
 *
 * rule.c
 *	  A rule of object permissions: a function of a table's key.
 *
 * The registry names a rule by its signature.  It is found again in the
 * catalogs, not by the parser: a role that reads a protected table may have no
 * right on the schema of the rule, as with functions in policies.  The right
 * to execute it is needed, as there.
 *
 * A name alone is not enough: when the function is dropped, a role that may
 * create in its schema can make another one, which would run with the rights
 * of who reads and decide what they see.  So the registry says whose function
 * it is.  OIDs would say more, but not after a restore.
 *
 *-------------------------------------------------------------------------
 */
#include "objects/rule.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "server/attempt.h"
#include "session/change.h"

/* The same text in every session: signatures are stored, and compared. */
char *
az_rule_signature(Oid function)
{
	bool		quote_all = quote_all_identifiers;
	char	   *signature;

	PG_TRY();
	{
		quote_all_identifiers = false;
		signature = format_procedure_qualified(function);
	}
	PG_FINALLY();
	{
		quote_all_identifiers = quote_all;
	}
	PG_END_TRY();
	return signature;
}

/*
 * A temporary schema is given from session to session, and its next owner
 * could make a function of that name.
 */
const char *
az_not_a_rule(Oid function, const AzPrimaryKey *key)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc proc;
	const char *why = NULL;

	if (!HeapTupleIsValid(tuple))
		return "It does not exist.";
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	if (proc->prokind != PROKIND_FUNCTION || proc->proretset)
		why = "It is not a function that returns one value.";
	else if (proc->prorettype != BOOLOID)
		why = "It does not return boolean.";
	else if (proc->pronargs != 1)
		why = "It does not take one argument.";
	else if (get_typtype(proc->proargtypes.values[0]) == TYPTYPE_PSEUDO ||
			 !IsBinaryCoercible(key->type, proc->proargtypes.values[0]))
		why = "Its argument does not have the type of the primary key.";
	else if (isAnyTempNamespace(proc->pronamespace))
		why = "It is temporary.";
	ReleaseSysCache(tuple);
	return why;
}

/*
 * One identifier as quote_identifier() writes it; NULL when there is none.
 * *rest becomes what follows.
 */
static char *
read_identifier(const char *from, const char **rest)
{
	char	   *name = palloc(strlen(from) + 1);
	char	   *to = name;
	bool		quoted = *from == '"';

	if (quoted)
		from++;
	while (*from != '\0' && (quoted ? *from != '"' || from[1] == '"' :
							 *from != '.' && *from != '('))
	{
		if (quoted && *from == '"')
			from++;
		*to++ = *from++;
	}
	*to = '\0';
	if (quoted && *from++ != '"')
		return NULL;
	*rest = from;
	return to == name ? NULL : name;
}

Oid
az_find_rule(const char *signature)
{
	Oid			found = InvalidOid;
	const char *rest;
	char	   *schema = read_identifier(signature, &rest);
	char	   *name = schema && *rest == '.' ? read_identifier(rest + 1, &rest) : NULL;
	Oid			namespace = name && *rest == '(' ? get_namespace_oid(schema, true) :
		InvalidOid;
	CatCList   *candidates;
	int			i;

	if (!OidIsValid(namespace))
		return InvalidOid;
	candidates = SearchSysCacheList1(PROCNAMEARGSNSP, CStringGetDatum(name));
	for (i = 0; i < candidates->n_members && !OidIsValid(found); i++)
	{
		Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(&candidates->members[i]->tuple);

		if (proc->pronamespace == namespace &&
			strcmp(az_rule_signature(proc->oid), signature) == 0)
			found = proc->oid;
	}
	ReleaseSysCacheList(candidates);
	return found;
}

char *
az_rule_owner(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	char	   *owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = GetUserNameFromId(((Form_pg_proc) GETSTRUCT(tuple))->proowner, false);
	ReleaseSysCache(tuple);
	return owner;
}

/* False, and a warning, when it is not whose it was. */
static bool
has_its_owner(const AzRule *rule, Oid function)
{
	char	   *owner;

	if (rule->any_owner)
		return true;
	owner = az_rule_owner(function);
	if (rule->owner != NULL && strcmp(owner, rule->owner) == 0)
		return true;
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("rule %s on table %s has changed hands",
					rule->signature, az_table_name(rule->rel)),
			 rule->owner ?
			 errdetail("It was registered as a function of role \"%s\" and belongs to role \"%s\" now, so it grants nothing.",
					   rule->owner, owner) :
			 errdetail("Its registration does not say whose function it is, so it grants nothing.  It belongs to role \"%s\".",
					   owner),
			 errhint("If that role is to decide, call authz.accept_rules().")));
	return false;
}

static void
resolve(AzRule *rule, const AzPrimaryKey *key)
{
	Oid			function = az_find_rule(rule->signature);
	const char *why;

	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("rule %s does not exist", rule->signature),
				 errhint("The function was dropped, renamed or moved after it was registered.  "
						 "Register another with register_access, or unregister it with unregister_access.")));
	why = az_not_a_rule(function, key);
	if (why)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("function %s cannot be used as a rule", rule->signature),
				 errdetail_internal("%s", why),
				 errhint("Correct the function, or unregister it with unregister_access.")));
	rule->changed_hands = !has_its_owner(rule, function);
	MemoryContextReset(rule->context);
	fmgr_info_cxt(function, &rule->function, rule->context);
	rule->role = InvalidOid;
	rule->resolved = true;
}

static void
check_executable(AzRule *rule)
{
	Oid			role = GetUserId();

	if (rule->role == role)
		return;
	rule->executable = az_may_execute(rule->function.fn_oid, role);
	if (rule->executable)
		InvokeFunctionExecuteHook(rule->function.fn_oid);
	rule->role = role;
}

typedef struct Call
{
	AzRule	   *rule;
	AzPrimaryKey   *key;
	AzRowName	   *row;
	AzQueryPart part;			/* once it is called */
	AzAnswer	before;			/* whom the rule must leave in force */
	bool	   *running;
	bool		called;
	bool		isnull;
	Datum		result;
} Call;

/* ----------------------------------------------------------------
 * Rules that are asked while they are asked
 * ----------------------------------------------------------------
 */

/* A rule and a row; no pointers, for an error may leave some behind. */
typedef struct Question
{
	Oid			function;
	uint64		row;			/* hash of the key */
	bool		over_rows;		/* a query asks it for the rows that it reads */
} Question;

static Question *questions = NULL;	/* those that wait for an answer */
static int	nquestions = 0;
static int	questions_room = 0;

static uint64
hash_row(const Call *call)
{
	Datum		value = call->row->value;
	int16		len;
	bool		byval;

	get_typlenbyval(call->key->type, &len, &byval);
	if (byval)
		return hash_bytes_extended((const unsigned char *) &value, sizeof(value), 0);
	if (len == -1)
		return hash_bytes_extended((const unsigned char *) VARDATA_ANY(DatumGetPointer(value)),
								   VARSIZE_ANY_EXHDR(DatumGetPointer(value)), 0);
	return hash_bytes_extended((const unsigned char *) DatumGetPointer(value),
							   datumGetSize(value, byval, len), 0);
}

/*
 * A rule that reads the table whose policy asks it is asked again for the row
 * that it was asked for, and so on.  Once more may be meant: the rule can have
 * changed what it looks at.  A function that calls itself, without rows in
 * between, is plain recursion, of which PostgreSQL tells.
 */
static void
check_recursion(const Call *call, const Question *question)
{
	bool		over_rows = question->over_rows;
	int			found = 0;
	int			i;

	for (i = nquestions - 1; i >= 0; i--)
	{
		found += over_rows && questions[i].function == question->function &&
			questions[i].row == question->row;
		over_rows = over_rows || questions[i].over_rows;
	}
	if (found > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("infinite recursion detected in rule %s on table %s",
						call->rule->signature, az_table_name(call->rule->rel)),
				 errdetail("While it was asked about a row, it was asked about that row again."),
				 errhint("A rule must not read a table whose policies ask it, unless as a role that they do not bind.")));
}

static void
begin_question(const Call *call)
{
	Question	question = {
		.function = call->rule->function.fn_oid,
		.row = hash_row(call),
		.over_rows = call->rule->over_rows
	};

	check_recursion(call, &question);
	if (nquestions == questions_room)
	{
		int			room = Max(16, 2 * questions_room);

		questions = questions ? repalloc(questions, room * sizeof(Question)) :
			MemoryContextAlloc(TopMemoryContext, room * sizeof(Question));
		questions_room = room;
	}
	questions[nquestions++] = question;
}

/* One question, one identity: also where no query stands around it. */
static void
call_rule(void *arg)
{
	Call	   *call = arg;

	LOCAL_FCINFO(fcinfo, 1);

	if (call->row->state == AZ_ROW_UNREAD)
		az_row_name_read_by_input(call->key, call->row);
	if (call->row->state == AZ_ROW_INVALID)
		return;
	begin_question(call);
	call->called = true;
	az_question_enter(&call->part);
	*call->running = true;
	InitFunctionCallInfoData(*fcinfo, &call->rule->function, 1, call->key->collation,
							 NULL, NULL);
	fcinfo->args[0].value = call->row->value;
	fcinfo->args[0].isnull = false;
	call->result = FunctionCallInvoke(fcinfo);
	call->isnull = fcinfo->isnull;
	az_check_unchanged(&call->before);
}

static AzRuleVerdict
judge(const Call *call, const ErrorData *error, const char **message)
{
	if (error == NULL)
	{
		if (call->row->state == AZ_ROW_INVALID)
			return AZ_RULE_NO_ROW;
		if (call->isnull)
			return AZ_RULE_SAYS_NULL;
		return DatumGetBool(call->result) ? AZ_RULE_SAYS_TRUE : AZ_RULE_SAYS_FALSE;
	}
	if (!call->called && az_row_name_refused(call->row, error))
		return AZ_RULE_NO_ROW;
	if (!call->called || error->sqlerrcode != ERRCODE_INSUFFICIENT_PRIVILEGE)
		ReThrowError(unconstify(ErrorData *, error));
	*message = error->message;
	return AZ_RULE_DENIES;
}

AzRuleVerdict
az_ask_rule(AzRule *rule, AzPrimaryKey *key, AzRowName *row, bool *running,
			const char **message)
{
	Call		call = {.rule = rule, .key = key, .row = row, .running = running};
	int			waiting = az_query_asks() ? nquestions : 0;
	bool		was_running = *running;
	ErrorData  *error;

	check_stack_depth();
	if (!rule->resolved)
		resolve(rule, key);
	if (rule->changed_hands)
		return AZ_RULE_CHANGED_HANDS;
	check_executable(rule);
	if (!rule->executable)
	{
		*message = psprintf("permission denied for function %s",
							get_func_name(rule->function.fn_oid));
		return AZ_RULE_DENIES;
	}

	call.before.guarded = true;
	call.before.serial = az_identity_serial();
	nquestions = waiting;
	error = az_attempt(call_rule, &call);
	if (call.called)
		az_query_leave(&call.part);
	nquestions = waiting;
	*running = was_running;

	/* what the function kept may have been left half-way */
	if (error)
		rule->resolved = false;
	return judge(&call, error, message);
}
