/*-------------------------------------------------------------------------
 *
 * sql_body.c
 *	  What a function in SQL stands for, read and never run.
 *
 * As core's inline_function(), but that nothing is simplified: a constant
 * argument would have core evaluate what the body calls.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/sql_body.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/functions.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "parser/analyze.h"
#include "parser/parse_node.h"
#include "parser/parse_type.h"
#include "rewrite/rewriteManip.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/syscache.h"

#include "lint/check_call.h"
#include "server/attempt.h"

typedef struct Body
{
	Oid			function;		/* first: the key */
	Query	   *query;			/* NULL: none that can be looked into */
	bool		inlined;
} Body;

/* Those of a run, in a context of the run's. */
static MemoryContext bodies_context = NULL;
static HTAB *bodies = NULL;

void
az_begin_sql_bodies(MemoryContext context)
{
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(Body), .hcxt = context};

	bodies = hash_create("dbmi_authz bodies of functions", 64, &control,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	bodies_context = context;
}

/*
 * Reading one
 */

typedef struct Reading
{
	HeapTuple	tuple;
	const FuncExpr *call;
	Query	   *query;
} Reading;

/* The only one of a list, which may be a list of lists. */
static Node *
only_one(Node *node)
{
	while (node && IsA(node, List))
		node = list_length((List *) node) == 1 ? linitial((List *) node) : NULL;
	return node;
}

/*
 * To analyse a text without running anything, its literals must not be read by
 * their types: what an array or a row of domains is made of is checked by the
 * constraints of the domain, and those call what somebody has written.  So each
 * literal becomes a parameter that stands for a text; one that is cast to a type
 * of core's own stays.
 */
typedef struct Parsing
{
	SQLFunctionParseInfo function;	/* first: core's hooks find it there */
	List	   *literals;
	ParseParamRefHook parameters;
} Parsing;

/* No function has so many arguments. */
#define FIRST_LITERAL	10000

static bool
is_of_core(const TypeCast *cast)
{
	Oid			type = LookupTypeNameOid(NULL, cast->typeName, true);

	return OidIsValid(type) && type < FirstUnpinnedObjectId;
}

static bool
hide_literals(Node *node, void *arg)
{
	Parsing    *parsing = arg;
	A_Const    *literal = (A_Const *) node;
	ParamRef   *parameter = (ParamRef *) node;

	if (node == NULL)
		return false;
	if (IsA(node, TypeCast) && IsA(((TypeCast *) node)->arg, A_Const) &&
		is_of_core((TypeCast *) node))
		return false;
	if (!IsA(node, A_Const) || literal->isnull || !IsA(&literal->val, String))
		return raw_expression_tree_walker(node, hide_literals, parsing);
	StaticAssertStmt(sizeof(ParamRef) <= sizeof(A_Const), "a literal has room for a parameter");
	parsing->literals = lappend(parsing->literals, strVal(&literal->val));
	parameter->type = T_ParamRef;
	parameter->number = FIRST_LITERAL + list_length(parsing->literals) - 1;
	parameter->location = -1;
	return false;
}

static Node *
find_parameter(ParseState *state, ParamRef *parameter)
{
	Parsing    *parsing = state->p_ref_hook_state;
	const char *literal;

	if (parameter->number < FIRST_LITERAL)
		return parsing->parameters(state, parameter);
	literal = list_nth(parsing->literals, parameter->number - FIRST_LITERAL);
	return (Node *) makeConst(TEXTOID, -1, DEFAULT_COLLATION_OID, -1,
							  CStringGetTextDatum(literal), false, false);
}

static void
set_up(ParseState *state, void *arg)
{
	Parsing    *parsing = arg;

	sql_fn_parser_setup(state, &parsing->function);
	parsing->parameters = state->p_paramref_hook;
	state->p_paramref_hook = find_parameter;
}

static Query *
parse(const Reading *reading, const char *source)
{
	Node	   *raw = only_one((Node *) pg_parse_query(source));
	Parsing		parsing = {0};

	if (raw == NULL || !IsA(((RawStmt *) raw)->stmt, SelectStmt))
		return NULL;
	(void) hide_literals(((RawStmt *) raw)->stmt, &parsing);
	parsing.function = *prepare_sql_fn_parse_info(reading->tuple, (Node *) reading->call,
												  reading->call->inputcollid);
	return parse_analyze_withcb((RawStmt *) raw, source, set_up, &parsing, NULL);
}

static void
read_query(void *arg)
{
	Reading    *reading = arg;
	bool		isnull;
	Datum		body = SysCacheGetAttr(PROCOID, reading->tuple, Anum_pg_proc_prosqlbody, &isnull);
	Node	   *query;

	if (!isnull)
		query = only_one(stringToNode(TextDatumGetCString(body)));
	else
	{
		body = SysCacheGetAttr(PROCOID, reading->tuple, Anum_pg_proc_prosrc, &isnull);
		query = isnull ? NULL : (Node *) parse(reading, TextDatumGetCString(body));
	}
	if (query && IsA(query, Query))
		reading->query = (Query *) query;
}

/* One row of one value, whatever the tables say. */
static bool
is_expression(const Query *query)
{
	return query->commandType == CMD_SELECT && query->rtable == NIL &&
		query->cteList == NIL && query->jointree && query->jointree->fromlist == NIL &&
		query->jointree->quals == NULL && !query->hasAggs && !query->hasWindowFuncs &&
		!query->hasTargetSRFs && query->groupClause == NIL &&
		query->groupingSets == NIL && query->havingQual == NULL &&
		query->sortClause == NIL && query->limitCount == NULL &&
		query->limitOffset == NULL && query->setOperations == NULL &&
		list_length(query->targetList) == 1;
}

/* Would core say that the expression is less steady than the function? */
static bool
is_less_steady(const FormData_pg_proc *proc, Node *body)
{
	if (proc->provolatile == PROVOLATILE_IMMUTABLE)
		return contain_mutable_functions(body);
	return proc->provolatile == PROVOLATILE_STABLE && contain_volatile_functions(body);
}

static bool
is_inlined(HeapTuple tuple, const Query *query)
{
	const FormData_pg_proc *proc = (Form_pg_proc) GETSTRUCT(tuple);
	Node	   *body = (Node *) linitial_node(TargetEntry, query->targetList)->expr;

	return !proc->prosecdef && heap_attisnull(tuple, Anum_pg_proc_proconfig, NULL) &&
		!query->hasSubLinks && query->distinctClause == NIL &&
		query->windowClause == NIL && !is_less_steady(proc, body) &&
		(!proc->proisstrict || !contain_nonstrict_functions(body));
}

static bool
may_be_read(HeapTuple tuple)
{
	const FormData_pg_proc *proc = (Form_pg_proc) GETSTRUCT(tuple);

	return proc->prolang == SQLlanguageId && proc->prokind == PROKIND_FUNCTION &&
		!proc->proretset && proc->prorettype != RECORDOID && proc->prorettype != VOIDOID;
}

static void
read_body(Body *body, const FuncExpr *call)
{
	Reading		reading = {SearchSysCache1(PROCOID, ObjectIdGetDatum(call->funcid)), call, NULL};
	ErrorData  *error;

	if (!HeapTupleIsValid(reading.tuple))
		return;
	if (may_be_read(reading.tuple))
	{
		error = az_attempt(read_query, &reading);
		if (error)
		{
			/* perhaps: a literal was read as a text */
			body->inlined = true;
			FreeErrorData(error);
		}
		else if (reading.query && is_expression(reading.query))
		{
			body->query = reading.query;
			body->inlined = is_inlined(reading.tuple, reading.query);
		}
	}
	ReleaseSysCache(reading.tuple);
}

static const Body *
find_body(const FuncExpr *call)
{
	MemoryContext old;
	bool		found;
	Body	   *body = hash_search(bodies, &call->funcid, HASH_ENTER, &found);

	if (found)
		return body;

	/* before it is read: it may call itself */
	body->query = NULL;
	body->inlined = false;
	old = MemoryContextSwitchTo(bodies_context);
	read_body(body, call);
	MemoryContextSwitchTo(old);
	return body;
}

/*
 * The arguments in it
 */

typedef struct Arguments
{
	List	   *args;
	int			levels;			/* of sub-selects around */
} Arguments;

static Node *
put_arguments(Node *node, void *arg)
{
	Arguments  *arguments = arg;

	if (node == NULL)
		return NULL;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN)
	{
		int			n = ((Param *) node)->paramid;
		Node	   *given;

		if (n < 1 || n > list_length(arguments->args))
			return node;
		given = copyObject(list_nth(arguments->args, n - 1));
		IncrementVarSublevelsUp(given, arguments->levels, 0);
		return given;
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		arguments->levels++;
		query = query_tree_mutator((Query *) node, put_arguments, arguments, 0);
		arguments->levels--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, put_arguments, arguments);
}

bool
az_is_inlined(const FuncExpr *call)
{
	return !call->funcretset && call->funcid >= FirstUnpinnedObjectId &&
		find_body(call)->inlined;
}

Node *
az_sql_body(const FuncExpr *call, bool *inlined)
{
	const Body *body;
	Arguments	arguments = {NIL, 0};

	if (call->funcretset || call->funcid < FirstUnpinnedObjectId)
		return NULL;
	body = find_body(call);
	*inlined = body->inlined;
	if (body->query == NULL)
		return NULL;
	arguments.args = az_all_arguments(call);
	return put_arguments((Node *) linitial_node(TargetEntry, body->query->targetList)->expr,
						 &arguments);
}
