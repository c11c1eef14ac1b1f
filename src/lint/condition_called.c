/*-------------------------------------------------------------------------
 *
 * condition_called.c
 *	  Functions and operators that are not what they seem, or cost something.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/condition_subjects.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "lint/call_walk.h"
#include "lint/check_call.h"
#include "lint/outcome.h"
#include "lint/sql_body.h"
#include "server/own.h"
#include "server/spi.h"

typedef struct Look
{
	const AzLintCondition *condition;
	const AzCallPlace *place;
} Look;

static char *
show(const Look *look)
{
	return az_show_part(look->condition, look->place->shown);
}

/* With its schema and arguments. */
static char *
function_name(Oid function)
{
	return format_procedure_extended(function, FORMAT_PROC_FORCE_QUALIFY);
}

/*
 * Names
 */

/* All these types are core's own. */
static bool
are_of_core(const Oid *types, int n)
{
	int			i;

	for (i = 0; i < n; i++)
	{
		if (OidIsValid(types[i]) && types[i] >= FirstUnpinnedObjectId)
			return false;
	}
	return true;
}

/*
 * Does core have that function?  Texts of all kinds are one.  Looked up by its
 * arguments: lists by name are searched from one end to the other.
 */
static bool
core_has_function(const FormData_pg_proc *proc)
{
	oidvector  *types = buildoidvector(proc->proargtypes.values, proc->pronargs);
	int			i;

	for (i = 0; i < types->dim1; i++)
	{
		if (types->values[i] == VARCHAROID || types->values[i] == NAMEOID)
			types->values[i] = TEXTOID;
	}
	return SearchSysCacheExists3(PROCNAMEARGSNSP, CStringGetDatum(NameStr(proc->proname)),
								 PointerGetDatum(types), ObjectIdGetDatum(PG_CATALOG_NAMESPACE));
}

/* Is it another function with the name of one of ours? */
static bool
stands_for_ours(const FuncExpr *call)
{
	bool		inlined;
	Node	   *body = az_sql_body(call, &inlined);
	AzCheckCall inner;

	return body && az_read_check_call(body, &inner) &&
		strcmp(inner.name, psprintf("%s.%s", AZ_SCHEMA, get_func_name(call->funcid))) == 0;
}

static void
look_for_namesake(const Look *look, const FuncExpr *call, const FormData_pg_proc *proc)
{
	const char *name = NameStr(proc->proname);
	const AzCheck *check = az_find_check(psprintf("authz_%s", name));
	bool		in_schema = proc->pronamespace == get_namespace_oid(AZ_SCHEMA, true);

	if (in_schema)
		az_find_in_condition(look->condition, "foreign_check", AZ_LEVEL_ERROR,
							 psprintf("%s calls function %s, which stands in our schema and is not the extension's.",
									  az_clause_name(look->condition), function_name(call->funcid)),
							 psprintf("DROP FUNCTION %s;  -- after the policies that call it are altered",
									  function_name(call->funcid)));
	else if (check && !stands_for_ours(call))
		az_find_in_condition(look->condition, "foreign_check",
							 check->kind == AZ_QUESTION || check->asks_set ? AZ_LEVEL_ERROR : AZ_LEVEL_WARNING,
							 psprintf("%s calls %s, which is not the extension's %s.%s.",
									  az_clause_name(look->condition),
									  function_name(call->funcid), AZ_SCHEMA, name),
							 psprintf("Write %s.%s(...), with the schema; or give the other function another name.",
									  AZ_SCHEMA, name));
	else if (core_has_function(proc))
		az_find_in_condition(look->condition, "shadowing_function", AZ_LEVEL_WARNING,
							 psprintf("%s calls %s, and PostgreSQL has a function of that name.",
									  az_clause_name(look->condition),
									  function_name(call->funcid)),
							 psprintf("If PostgreSQL's is meant, write pg_catalog.%s(...).", quote_identifier(name)));
}

static void
look_for_operator(const Look *look, Oid opno)
{
	HeapTuple	tuple;
	Form_pg_operator op;
	Oid			types[2];

	if (opno < FirstUnpinnedObjectId || OidIsValid(getExtensionOfObject(OperatorRelationId, opno)))
		return;
	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(opno));
	if (!HeapTupleIsValid(tuple))
		return;
	op = (Form_pg_operator) GETSTRUCT(tuple);
	types[0] = op->oprleft;
	types[1] = op->oprright;
	if (are_of_core(types, 2) &&
		OpernameGetCandidates(list_make2(makeString("pg_catalog"), makeString(NameStr(op->oprname))),
							  op->oprkind, true) != NULL)
		az_find_in_condition(look->condition, "shadowing_operator", AZ_LEVEL_ERROR,
							 psprintf("%s compares by operator %s of schema %s, where PostgreSQL's own of that name was to be expected: %s.",
									  az_clause_name(look->condition), NameStr(op->oprname),
									  quote_identifier(get_namespace_name(op->oprnamespace)), show(look)),
							 psprintf("Write OPERATOR(pg_catalog.%s), or set search_path to what only the owner writes to, and create the policy again.",
									  NameStr(op->oprname)));
	ReleaseSysCache(tuple);
}

/*
 * Settings
 */

static bool
reads_setting(const FuncExpr *call)
{
	return call->funcid < FirstUnpinnedObjectId && call->args != NIL &&
		strcmp(get_func_name(call->funcid), "current_setting") == 0;
}

/* Who may set it: pg_settings.context, palloc'd; NULL: nothing has defined it. */
static char *
context_of(const char *setting)
{
	AzSpiParams params = {0};

	az_spi_param(&params, TEXTOID, cstring_to_text(setting));
	return az_spi_run("SELECT s.context FROM pg_catalog.pg_settings s"
					  " WHERE pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) pg_catalog.lower($1)",
					  &params) > 0 ? az_spi_result(0, 1) : NULL;
}

/*
 * A setting that no extension has defined can be defined by anybody, if its
 * name has a dot.
 */
static bool
is_for_anybody(const char *setting, const char *context)
{
	return context ? strcmp(context, "user") == 0 : strchr(setting, '.') != NULL;
}

static void
look_for_setting(const Look *look, const FuncExpr *call)
{
	List	   *names;
	char	   *context;

	if (!az_read_texts(linitial(call->args), &names) || linitial(names) == NULL)
	{
		az_find_in_condition(look->condition, "asks_setting", AZ_LEVEL_WARNING,
							 psprintf("%s depends on a setting whose name is not constant: %s.",
									  az_clause_name(look->condition), show(look)),
							 "Ask the identity, which nobody can set: authz.subject(), authz.claim_text(...).");
		return;
	}
	context = context_of(linitial(names));
	if (is_for_anybody(linitial(names), context))
		az_find_in_condition(look->condition, "asks_setting", AZ_LEVEL_ERROR,
							 psprintf("%s depends on setting %s, which everybody who is connected may set: %s.",
									  az_clause_name(look->condition), quote_literal_cstr(linitial(names)), show(look)),
							 "Ask the identity, which nobody can set: authz.subject(), authz.claim_text(...).");
}

/*
 * What is called for each row
 */

static void
find_per_row(const Look *look, const char *code, AzLevel level, Oid function, const char *what,
			 const char *hint)
{
	az_find_in_condition(look->condition, code, level,
						 psprintf("%s calls %s for each row: %s.", az_clause_name(look->condition),
								  function_name(function), what), hint);
}

static bool
is_in_c(const FormData_pg_proc *proc)
{
	return proc->prolang == INTERNALlanguageId || proc->prolang == ClanguageId;
}

static void
look_for_cost(const Look *look, const FuncExpr *call, const FormData_pg_proc *proc)
{
	bool		inlined;
	bool		of_row = contain_var_clause((Node *) call->args);
	AzLevel		level = of_row ? AZ_LEVEL_WARNING : AZ_LEVEL_INFO;

	if (proc->provolatile == PROVOLATILE_VOLATILE)
		find_per_row(look, "volatile_function", AZ_LEVEL_WARNING, call->funcid,
					 "it is volatile, and is called again for the same arguments",
					 "If its answer does not change within a query, declare it STABLE.");
	if (proc->prolang == SQLlanguageId && az_is_inlined(call) && az_sql_body(call, &inlined) == NULL)
		az_find_in_condition(look->condition, "function_not_read", AZ_LEVEL_WARNING,
							 psprintf("%s calls %s, whose body could not be parsed without running what others have written: what it asks was not looked at.",
									  az_clause_name(look->condition), function_name(call->funcid)),
							 "Write its literals with a cast to a type of PostgreSQL's own, and everything with its schema.");
	if (is_in_c(proc) || (!of_row && (proc->provolatile == PROVOLATILE_IMMUTABLE || look->place->bare)))
		return;
	if (proc->prosecdef)
		find_per_row(look, "security_definer_function", level, call->funcid,
					 "it is SECURITY DEFINER, so the planner does not look into it, and it runs with rights of its owner",
					 "Ask a view of keys by authz.in_set() instead; or, where no column is among the arguments, write (SELECT f()).");
	else if (proc->prolang != SQLlanguageId)
		find_per_row(look, "function_per_row", level, call->funcid,
					 "it is not in SQL, so the planner does not look into it",
					 "Write it as one SELECT in LANGUAGE sql; or, where no column is among the arguments, write (SELECT f()).");
	else if (!az_is_inlined(call))
		find_per_row(look, "function_per_row", level, call->funcid,
					 "the planner cannot put its body in its place",
					 "Write it as one SELECT of an expression, STABLE, with no SET; or ask a view of keys by authz.in_set().");
}

/*
 * All of them
 */

static void
look_at_function(const Look *look, const FuncExpr *call)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	const FormData_pg_proc *proc;
	AzCheckCall check;

	if (!HeapTupleIsValid(tuple))
		return;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	if (reads_setting(call))
		look_for_setting(look, call);
	if (!az_read_check_call((Node *) call, &check))
	{
		if (call->funcid >= FirstUnpinnedObjectId &&
			!OidIsValid(getExtensionOfObject(ProcedureRelationId, call->funcid)))
			look_for_namesake(look, call, proc);
		look_for_cost(look, call, proc);
	}
	ReleaseSysCache(tuple);
}

/* A function below an operator costs what it costs when it is called. */
static void
look_at_operator(const Look *look, const OpExpr *op)
{
	FuncExpr   *call = makeNode(FuncExpr);
	HeapTuple	tuple;

	look_for_operator(look, op->opno);
	call->funcid = get_opcode(op->opno);
	if (call->funcid < FirstUnpinnedObjectId)
		return;
	call->funcresulttype = op->opresulttype;
	call->inputcollid = op->inputcollid;
	call->args = op->args;
	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid));
	if (!HeapTupleIsValid(tuple))
		return;
	look_for_cost(look, call, (Form_pg_proc) GETSTRUCT(tuple));
	ReleaseSysCache(tuple);
}

static void
look_at_call(Node *node, const AzCallPlace *place, void *arg)
{
	Look		look = {arg, place};

	if (IsA(node, FuncExpr))
		look_at_function(&look, (FuncExpr *) node);
	else if (IsA(node, ScalarArrayOpExpr))
		look_for_operator(&look, ((ScalarArrayOpExpr *) node)->opno);
	else
		look_at_operator(&look, (OpExpr *) node);
}

static void
look_at_condition(const AzLintCondition *condition, void *arg)
{
	az_walk_calls(condition->expr, look_at_call, unconstify(AzLintCondition *, condition));
}

void
az_lint_called(AzLintTable *table)
{
	az_each_condition(table, look_at_condition, NULL);
}
