/*-------------------------------------------------------------------------
 *
 * row.c
 *	  One row of a table, as the role in force may see it.
 *
 * The query is made as a tree, so that neither names nor operators are looked up
 * again.  Row security is the rewriter's work, as in every query: its conditions
 * come before what is not LEAKPROOF, the comparison of the key's type among it.
 * The plan does not depend on the key.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/row.h"

#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/params.h"
#include "optimizer/optimizer.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "server/attempt.h"
#include "server/setting.h"

/* What log_min_duration and their like show instead of a statement. */
#define QUERY_TEXT	"SELECT authz.explain_access(...)"


/*
 * What may be told
 */

static bool
may_read(Relation rel, AttrNumber column)
{
	Oid			oid = RelationGetRelid(rel);

	if (pg_class_aclcheck(oid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	if (column == InvalidAttrNumber)
		return pg_attribute_aclcheck_all(oid, GetUserId(), ACL_SELECT, ACLMASK_ALL) == ACLCHECK_OK;
	return pg_attribute_aclcheck(oid, column, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

static bool
may_read_all(Relation rel, Node *condition)
{
	Bitmapset  *columns = NULL;
	int			column = -1;

	pull_varattnos(condition, 1, &columns);
	while ((column = bms_next_member(columns, column)) >= 0)
	{
		if (!may_read(rel, column + FirstLowInvalidHeapAttributeNumber))
			return false;
	}
	return true;
}

const char *
az_not_told(Relation rel, Node *condition)
{
	if (checkExprHasSubLink(condition))
		return "a sub-select decides";
	return may_read_all(rel, condition) ? NULL : "a column that you may not read decides";
}


/*
 * The query
 */

/* As the operator takes it. */
static Expr *
as_type(Expr *expr, Oid type)
{
	if (exprType((Node *) expr) == type || IsPolymorphicType(type))
		return expr;
	return (Expr *) makeRelabelType(expr, type, -1, exprCollation((Node *) expr),
									COERCE_IMPLICIT_CAST);
}

static Node *
key_equals(const AzPrimaryKey *key, Expr *column)
{
	Oid			operator = lookup_type_cache(key->type, TYPECACHE_EQ_OPR)->eq_opr;
	Param	   *param = makeNode(Param);
	Oid			left;
	Oid			right;

	if (!OidIsValid(operator))
		elog(ERROR, "could not find the equality of type %u", key->type);
	op_input_types(operator, &left, &right);
	param->paramkind = PARAM_EXTERN;
	param->paramid = 1;
	param->paramtype = key->type;
	param->paramtypmod = -1;
	param->paramcollid = get_typcollation(key->type);
	param->location = -1;
	return (Node *) make_opclause(operator, BOOLOID, false, as_type(column, left),
								  as_type((Expr *) param, right),
								  InvalidOid, key->collation);
}

/* "target" is not marked as read: only the key is, as in the WHERE of a user. */
static Query *
make_query(const AzOneRow *row, Node *target)
{
	ParseState *state = make_parsestate(NULL);
	ParseNamespaceItem *item = addRangeTableEntryForRelation(state, row->rel, AccessShareLock,
															 NULL, true, true);
	Expr	   *column = (Expr *) scanNSItemForColumn(state, item, 0,
													  get_attname(RelationGetRelid(row->rel),
																  row->key.column, false), -1);
	Query	   *query = makeNode(Query);
	RangeTblRef *reference = makeNode(RangeTblRef);

	reference->rtindex = item->p_rtindex;
	query->commandType = CMD_SELECT;
	query->canSetTag = true;
	query->rtable = state->p_rtable;
	az_take_rights(query, state);
	query->jointree = makeFromExpr(list_make1(reference), key_equals(&row->key, column));
	if (target)
		query->targetList = list_make1(makeTargetEntry((Expr *) target, 1, "result", false));
	query->stmt_location = -1;
	return query;
}

static PlannedStmt *
make_plan(const AzOneRow *row, Node *target)
{
	List	   *queries = QueryRewrite(make_query(row, target));

	return pg_plan_query(linitial_node(Query, queries), QUERY_TEXT, 0, NULL);
}


/*
 * Running it
 */

/* Takes the first row, and its first column where there is one. */
typedef struct Receiver
{
	DestReceiver pub;
	bool		found;
	int			value;
} Receiver;

static bool
receive(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;
	bool		isnull;

	receiver->found = true;
	if (slot->tts_tupleDescriptor->natts > 0)
		receiver->value = DatumGetInt32(slot_getattr(slot, 1, &isnull));
	return true;
}

static void
start_receiving(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
end_receiving(DestReceiver *self)
{
}

typedef struct Run
{
	PlannedStmt *plan;
	ParamListInfo params;
	Receiver	receiver;
	bool		reads;			/* privileges have been checked, and it looks at rows */
} Run;

static ParamListInfo
make_params(const AzOneRow *row)
{
	ParamListInfo params = makeParamList(1);

	params->params[0].value = row->name.value;
	params->params[0].isnull = false;
	params->params[0].pflags = 0;
	params->params[0].ptype = row->key.type;
	return params;
}

static void
init_run(Run *run, const AzOneRow *row, Node *target)
{
	memset(run, 0, sizeof(*run));
	run->plan = make_plan(row, target);
	run->params = make_params(row);
	run->receiver.pub.receiveSlot = receive;
	run->receiver.pub.rStartup = start_receiving;
	run->receiver.pub.rShutdown = end_receiving;
	run->receiver.pub.rDestroy = end_receiving;
	run->receiver.pub.mydest = DestNone;
}

static void
run_query(void *arg)
{
	Run		   *run = arg;
	QueryDesc  *query = CreateQueryDesc(run->plan, QUERY_TEXT, GetActiveSnapshot(), InvalidSnapshot,
										&run->receiver.pub, run->params, NULL, 0);

	ExecutorStart(query, 0);
	run->reads = true;
	az_execute(query, 1);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
}

/* Is it about the statement as a whole, and not about what was looked at? */
static bool
ends_statement(const ErrorData *error)
{
	int			category = ERRCODE_TO_CATEGORY(error->sqlerrcode);

	return category == ERRCODE_OPERATOR_INTERVENTION ||
		category == ERRCODE_INSUFFICIENT_RESOURCES;
}

/* Or about the transaction? */
static bool
ends_transaction(const ErrorData *error)
{
	return ends_statement(error) ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK;
}

static void
read_key(void *arg)
{
	AzOneRow   *row = arg;

	az_row_name_read_by_input(&row->key, &row->name);
}

/* Is a value read by its type alone, without the functions of other types' domains? */
static bool
is_simple_type(Oid type)
{
	if (OidIsValid(get_element_type(type)))
		type = get_element_type(type);
	return type < FirstNormalObjectId || get_typtype(type) == TYPTYPE_BASE ||
		get_typtype(type) == TYPTYPE_ENUM;
}

/* Otherwise than where object permissions need one, the table is fine as it is. */
static void
check_key_is_single(Relation rel)
{
	Oid			constraint;
	int			n = bms_num_members(get_primary_key_attnos(RelationGetRelid(rel), true, &constraint));

	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("table %s has no primary key", az_table_name(RelationGetRelid(rel))),
				 errhint("Leave the key out, and ask about the table.")));
	if (n > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("primary key of table %s has several columns", az_table_name(RelationGetRelid(rel))),
				 errdetail("A row is named by a primary key of one column."),
				 errhint("Leave the key out, and ask about the table.")));
}

/*
 * A key is read as a value of the type below a domain: what breaks a constraint of
 * the domain is no row's, and its functions, which may be anybody's, are not called.
 */
static void
find_key(Relation rel, AzPrimaryKey *key)
{
	Oid			input;
	Oid			base;

	check_key_is_single(rel);
	az_find_primary_key(RelationGetRelid(rel), key);
	base = getBaseType(key->type);
	if (!is_simple_type(base))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("primary key of table %s is of a type with parts", az_table_name(RelationGetRelid(rel))),
				 errdetail("To read its parts may call functions of the roles that made their types.")));
	if (base == key->type)
		return;
	key->type = base;
	getTypeInputInfo(key->type, &input, &key->param);
	fmgr_info(input, &key->input);
}

/* Whatever its input function has to say. */
static bool
is_key(AzOneRow *row, text *pk)
{
	ErrorData  *error;

	az_row_name_read(&row->key, &row->name, pk);
	if (row->name.state != AZ_ROW_UNREAD)
		return true;
	error = az_attempt(read_key, row);
	if (error && ends_statement(error))
		ReThrowError(error);
	return error == NULL && row->name.state == AZ_ROW_READ;
}

/* What a policy's functions say to the client, and set, would tell of a row that they hide. */
static ErrorData *
run_quietly(Run *run)
{
	int			nest_level = NewGUCNestLevel();
	ErrorData  *error;

	az_set_within_level("client_min_messages", "error");
	error = az_attempt(run_query, run);
	AtEOXact_GUC(false, nest_level);
	return error;
}

bool
az_find_row(Relation rel, text *pk, AzOneRow *row)
{
	Run			run;
	ErrorData  *error;

	memset(row, 0, sizeof(*row));
	row->rel = rel;
	find_key(rel, &row->key);
	if (!may_read(rel, row->key.column))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
	init_run(&run, row, NULL);
	if (!is_key(row, pk))
		return false;
	run.params = make_params(row);
	error = run_quietly(&run);
	if (error && (!run.reads || ends_transaction(error)))
		ReThrowError(error);
	return error == NULL && run.receiver.found;
}

bool
az_evaluate_over_row(AzOneRow *row, Node *expression, int *value)
{
	Run			run;

	init_run(&run, row, expression);
	run_query(&run);
	*value = run.receiver.value;
	return run.receiver.found;
}
