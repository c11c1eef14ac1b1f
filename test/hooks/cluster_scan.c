/*-------------------------------------------------------------------------
 *
 * cluster_scan.c
 *	  The part of Citus that hands queries to other servers, as small as it can
 *	  be, and under the names by which Citus is found: for test/tap/39*.pl and
 *	  bench/cluster.
 *
 * A query over a table that pg_catalog.pg_dist_partition lists becomes a scan
 * "Citus Adaptive", which sends its text to all servers of cluster_scan.nodes, or
 * to one where a condition of the query, a policy included, says so.  Connections are kept from
 * transaction to transaction.  What SET LOCAL said is sent to those that take
 * part in a transaction and, with BEGIN, to those that come later; what it said
 * in a subtransaction is forgotten when that ends.  A plan says nothing of what
 * core's planner had it depend on.
 *
 * Where cluster_scan.parts is on, the plan is core's, over tables that are here as
 * well, and each sequential scan of a listed one becomes a scan of all nodes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "libpq-fe.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "parser/parsetree.h"
#include "storage/latch.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/tuplestore.h"
#include "utils/wait_event.h"

PG_MODULE_MAGIC;

void		_PG_init(void);


static char *nodes;				/* connection strings, separated by "|" */
static char *application;
static int	forwarding;
static bool reads_begin;
static int	shards;				/* of a table, on each node */
static bool parts;
static bool essential = false;	/* is the connection that is made to take part */

/* 18 has it by itself. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn		pg_attribute_noreturn()
#endif

static planner_hook_type prev_planner;
static ProcessUtility_hook_type prev_ProcessUtility;

static const struct config_enum_entry forwardings[] = {
	{"none", 0, false}, {"local", 1, false}, {NULL, 0, false}
};


/*
 * Connections
 */

typedef struct Remote
{
	struct Remote *next;
	Oid			role;
	int			node;
	PGconn	   *conn;
	bool		takes_part;		/* in the transaction */
} Remote;

static Remote *remotes = NULL;

/* One for each subtransaction that is open: what was said before it began. */
typedef struct Level
{
	SubTransactionId id;
	StringInfo	said;
} Level;

static List *levels = NIL;
static StringInfo said = NULL;	/* in the innermost one */

static int
number_of_nodes(void)
{
	int			n = *nodes != '\0';
	const char *c;

	for (c = nodes; *c; c++)
		n += *c == '|';
	return n;
}

static char *
node_string(int node)
{
	char	   *all = pstrdup(nodes);
	char	   *one = all;

	while (node-- > 0)
		one = strchr(one, '|') + 1;
	one[strcspn(one, "|")] = '\0';
	return one;
}

static void
drop_remote(Remote *remote)
{
	Remote	  **at = &remotes;

	while (*at != remote)
		at = &(*at)->next;
	*at = remote->next;
	PQfinish(remote->conn);
	free(remote);
}

/* Of a connection that is essential what failed is a warning, and that it did the error. */
pg_noreturn static void
raise_remote(Remote *remote, PGresult *result)
{
	int			level = essential ? WARNING : ERROR;
	char	   *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	char	   *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	char	   *detail = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL) : NULL;
	char	   *hint = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_HINT) : NULL;

	message = pstrdup(message ? message : pchomp(PQerrorMessage(remote->conn)));
	detail = detail ? pstrdup(detail) : NULL;
	hint = hint ? pstrdup(hint) : NULL;
	essential = false;
	ereport(level,
			(errcode(code ? MAKE_SQLSTATE(code[0], code[1], code[2], code[3], code[4]) :
					 ERRCODE_CONNECTION_FAILURE),
			 errmsg("%s", message), detail ? errdetail("%s", detail) : 0,
			 hint ? errhint("%s", hint) : 0,
			 errcontext("on node %d", remote->node)));
	elog(ERROR, "failure on connection marked as essential: node %d", remote->node);
}

/* Wait for what comes next; may be cancelled. */
static PGresult *
next_result(Remote *remote)
{
	while (PQisBusy(remote->conn))
	{
		int			events = WaitLatchOrSocket(MyLatch,
											   WL_LATCH_SET | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH,
											   PQsocket(remote->conn), -1, PG_WAIT_EXTENSION);

		if (events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
		if ((events & WL_SOCKET_READABLE) && !PQconsumeInput(remote->conn))
			raise_remote(remote, NULL);
	}
	return PQgetResult(remote->conn);
}

static bool
is_good(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_COMMAND_OK ||
		PQresultStatus(result) == PGRES_TUPLES_OK;
}

static void
skip_results(Remote *remote)
{
	PGresult   *result;

	while ((result = next_result(remote)) != NULL)
	{
		if (!is_good(result))
			raise_remote(remote, result);
		PQclear(result);
	}
}

static void
send_text(Remote *remote, const char *text)
{
	if (!PQsendQuery(remote->conn, text))
		raise_remote(remote, NULL);
}

static void
run_text(Remote *remote, const char *text)
{
	send_text(remote, text);
	skip_results(remote);
}

/* Who runs the query there is who runs it here. */
static Remote *
connect_to(int node)
{
	Remote	   *remote;
	char	   *string;

	for (remote = remotes; remote; remote = remote->next)
	{
		if (remote->role == GetUserId() && remote->node == node)
			break;
	}
	if (remote && !remote->takes_part && PQstatus(remote->conn) != CONNECTION_OK)
	{
		drop_remote(remote);
		remote = NULL;
	}
	if (remote)
		return remote;
	string = psprintf("%s dbname='%s' user='%s' application_name='%s' client_encoding='%s'",
					  node_string(node), get_database_name(MyDatabaseId),
					  GetUserNameFromId(GetUserId(), false), application,
					  pg_encoding_to_char(GetDatabaseEncoding()));
	remote = calloc(1, sizeof(Remote));
	remote->role = GetUserId();
	remote->node = node;
	remote->conn = PQconnectdb(string);
	remote->next = remotes;
	remotes = remote;
	if (PQstatus(remote->conn) != CONNECTION_OK)
	{
		char	   *message = pchomp(PQerrorMessage(remote->conn));

		drop_remote(remote);
		ereport(ERROR,
				(errcode(ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION),
				 errmsg("%s", message)));
	}
	return remote;
}


/*
 * Transactions
 */

static void
take_part(Remote *remote)
{
	StringInfoData text;
	ListCell   *lc;

	if (remote->takes_part)
		return;
	initStringInfo(&text);
	appendStringInfoString(&text, "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED;");
	foreach(lc, levels)
	{
		Level	   *level = lfirst(lc);

		if (level->said)
			appendStringInfoString(&text, level->said->data);
		appendStringInfo(&text, "SAVEPOINT savepoint_%u;", level->id);
	}
	if (said)
		appendStringInfoString(&text, said->data);
	remote->takes_part = true;
	run_text(remote, text.data);
}

/* To all that take part; where one fails, the others have got it. */
static void
tell_all(const char *text)
{
	Remote	   *remote;

	for (remote = remotes; remote; remote = remote->next)
	{
		if (remote->takes_part)
			run_text(remote, text);
	}
}

/* After an error: no error, and no connection whose state is not known. */
static void
roll_back(const char *text)
{
	Remote	   *remote;
	Remote	   *next;

	for (remote = remotes; remote; remote = next)
	{
		PGresult   *result = NULL;
		bool		good = false;

		next = remote->next;
		if (!remote->takes_part)
			continue;
		if (PQtransactionStatus(remote->conn) != PQTRANS_ACTIVE)
		{
			result = PQexec(remote->conn, text);
			good = is_good(result);
			PQclear(result);
		}
		if (!good)
			drop_remote(remote);
	}
}

static void
transaction_ended(XactEvent event, void *arg)
{
	Remote	   *remote;

	if (event == XACT_EVENT_PRE_COMMIT)
		tell_all("COMMIT");
	else if (event == XACT_EVENT_ABORT)
		roll_back("ROLLBACK");
	else if (event != XACT_EVENT_COMMIT)
		return;
	for (remote = remotes; remote; remote = remote->next)
	{
		if (event != XACT_EVENT_PRE_COMMIT || PQtransactionStatus(remote->conn) == PQTRANS_IDLE)
			remote->takes_part = false;
	}
	levels = NIL;
	said = NULL;
}

static void
push_level(SubTransactionId id)
{
	MemoryContext old = MemoryContextSwitchTo(TopTransactionContext);
	Level	   *level = palloc(sizeof(Level));

	level->id = id;
	level->said = said;
	levels = lappend(levels, level);
	said = NULL;
	MemoryContextSwitchTo(old);
}

static void
pop_level(void)
{
	said = ((Level *) llast(levels))->said;
	levels = list_delete_last(levels);
}

static void
subtransaction_changed(SubXactEvent event, SubTransactionId id, SubTransactionId parent,
					   void *arg)
{
	switch (event)
	{
		case SUBXACT_EVENT_START_SUB:
			push_level(id);
			tell_all(psprintf("SAVEPOINT savepoint_%u", id));
			break;
		case SUBXACT_EVENT_COMMIT_SUB:
			tell_all(psprintf("RELEASE SAVEPOINT savepoint_%u", id));
			pop_level();
			break;
		case SUBXACT_EVENT_ABORT_SUB:
			roll_back(psprintf("ROLLBACK TO SAVEPOINT savepoint_%u", id));
			pop_level();
			break;
		default:
			break;
	}
}


/*
 * SET
 */

static bool
is_forwarded(const VariableSetStmt *set)
{
	switch (set->kind)
	{
		case VAR_SET_VALUE:
		case VAR_SET_CURRENT:
		case VAR_SET_DEFAULT:
			return set->is_local && strcmp(set->name, "citus.propagate_set_commands") != 0;
		case VAR_RESET:
			return strcmp(set->name, "citus.propagate_set_commands") != 0;
		case VAR_RESET_ALL:
			return true;
		default:
			return strcmp(set->name, "TRANSACTION") == 0;
	}
}

static void
forward(const char *text)
{
	MemoryContext old;

	tell_all(text);
	old = MemoryContextSwitchTo(TopTransactionContext);
	if (said == NULL)
		said = makeStringInfo();
	appendStringInfo(said, "%s;", text);
	MemoryContextSwitchTo(old);
}

static void
cluster_ProcessUtility(PlannedStmt *statement, const char *text, bool read_only_tree,
					   ProcessUtilityContext context, ParamListInfo params,
					   QueryEnvironment *environment, DestReceiver *dest,
					   QueryCompletion *completion)
{
	VariableSetStmt *set = (VariableSetStmt *) statement->utilityStmt;

	if (IsA(set, VariableSetStmt) && forwarding && IsTransactionBlock() && is_forwarded(set))
		forward(text);
	if (prev_ProcessUtility)
		prev_ProcessUtility(statement, text, read_only_tree, context, params,
							environment, dest, completion);
	else
		standard_ProcessUtility(statement, text, read_only_tree, context, params,
								environment, dest, completion);
}


/*
 * Planning
 */

/* The column by which a table's rows are distributed; 0: it is not. */
static AttrNumber
distribution_column(Oid table)
{
	Oid			catalog = get_relname_relid("pg_dist_partition", PG_CATALOG_NAMESPACE);
	AttrNumber	column = 0;
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		isnull;

	if (!OidIsValid(catalog) || table < FirstNormalObjectId)
		return 0;
	rel = table_open(catalog, AccessShareLock);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		column = get_attnum(table, TextDatumGetCString(heap_getattr(tuple, 2, RelationGetDescr(rel), &isnull)));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return column;
}

static bool
uses_distributed(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeTblEntry))
		return ((RangeTblEntry *) node)->rtekind == RTE_RELATION &&
			distribution_column(((RangeTblEntry *) node)->relid) != 0;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, uses_distributed, context,
								 QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, uses_distributed, context);
}

/* A function that nodes are told to call. */
static bool
is_delegated(Query *query)
{
	Oid			catalog = get_relname_relid("pg_dist_object", PG_CATALOG_NAMESPACE);
	TargetEntry *target = query->targetList ? linitial(query->targetList) : NULL;
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	if (!OidIsValid(catalog) || query->rtable != NIL || target == NULL ||
		!IsA(target->expr, FuncExpr))
		return false;
	rel = table_open(catalog, AccessShareLock);
	ScanKeyInit(&key, get_attnum(catalog, "objid"), BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(((FuncExpr *) target->expr)->funcid));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* Where a row is: the same as the test's own place(text). */
static int
node_of(Oid type, Datum value)
{
	Oid			output;
	bool		varlena;
	char	   *text;
	unsigned	sum = 0;

	getTypeOutputInfo(type, &output, &varlena);
	for (text = OidOutputFunctionCall(output, value); *text; text++)
		sum += (unsigned char) *text;
	return sum % number_of_nodes();
}

/* column = constant, where all conditions must hold. */
static int
node_of_conditions(Node *node, int rti, AttrNumber column)
{
	if (node == NULL)
		return -1;
	if (IsA(node, List) || is_andclause(node))
	{
		ListCell   *lc;

		foreach(lc, IsA(node, List) ? (List *) node : ((BoolExpr *) node)->args)
		{
			int			found = node_of_conditions(lfirst(lc), rti, column);

			if (found >= 0)
				return found;
		}
	}
	if (IsA(node, OpExpr) && list_length(((OpExpr *) node)->args) == 2)
	{
		Node	   *left = strip_implicit_coercions(linitial(((OpExpr *) node)->args));
		Node	   *right = strip_implicit_coercions(lsecond(((OpExpr *) node)->args));
		char	   *name = get_opname(((OpExpr *) node)->opno);

		if (IsA(left, RelabelType))
			left = (Node *) ((RelabelType *) left)->arg;
		if (strcmp(name, "=") == 0 && IsA(left, Var) && IsA(right, Const) &&
			((Var *) left)->varno == rti && ((Var *) left)->varattno == column &&
			!((Const *) right)->constisnull)
			return node_of(((Const *) right)->consttype, ((Const *) right)->constvalue);
	}
	return -1;
}

/* As Citus, which looks at what core's planner has found. */
static int
node_of_plan(Plan *plan, AttrNumber column)
{
	List	   *conditions = plan->qual;
	int			found;

	if (IsA(plan, IndexScan))
		conditions = list_concat_copy(conditions, ((IndexScan *) plan)->indexqualorig);
	if (IsA(plan, BitmapHeapScan))
		conditions = list_concat_copy(conditions, ((BitmapHeapScan *) plan)->bitmapqualorig);
	found = node_of_conditions((Node *) conditions, 1, column);
	return found < 0 && plan->lefttree ? node_of_plan(plan->lefttree, column) : found;
}

/* The one node that a query over one table is for; -1: all. */
static int
choose_node(Query *query, PlannedStmt *local)
{
	RangeTblEntry *entry;
	AttrNumber	column;
	int			found;
	ListCell   *lc;

	if (query->rtable == NIL)
		return 0;
	entry = linitial(query->rtable);
	if (list_length(query->rtable) != 1 || entry->rtekind != RTE_RELATION)
		return -1;
	column = distribution_column(entry->relid);
	if (query->commandType == CMD_INSERT)
	{
		foreach(lc, query->targetList)
		{
			TargetEntry *target = lfirst(lc);
			Node	   *value = strip_implicit_coercions((Node *) target->expr);

			if (target->resno == column && IsA(value, Const))
				return node_of(((Const *) value)->consttype, ((Const *) value)->constvalue);
		}
		return 0;
	}
	found = node_of_conditions((Node *) entry->securityQuals, 1, column);
	if (found < 0)
		found = node_of_conditions(query->jointree->quals, 1, column);
	return found < 0 ? node_of_plan(local->planTree, column) : found;
}

static CustomScanMethods scan_methods;

static PlannedStmt *
distribute(PlannedStmt *local, Query *query, const char *text, int node)
{
	PlannedStmt *plan = copyObject(local);
	CustomScan *scan = makeNode(CustomScan);
	List	   *source = query->commandType == CMD_SELECT ? query->targetList : query->returningList;
	ListCell   *lc;

	scan->methods = &scan_methods;
	scan->custom_private = list_make3(makeString(pstrdup(text)), makeInteger(node),
									  makeInteger(query->commandType));
	foreach(lc, source)
	{
		TargetEntry *target = lfirst(lc);
		Oid			type = exprType((Node *) target->expr);
		int32		typmod = exprTypmod((Node *) target->expr);
		Oid			collation = exprCollation((Node *) target->expr);
		int			n = list_length(scan->custom_scan_tlist) + 1;

		if (target->resjunk)
			continue;
		scan->custom_scan_tlist =
			lappend(scan->custom_scan_tlist,
					makeTargetEntry((Expr *) makeNullConst(type, typmod, collation), n,
									target->resname, false));
		scan->scan.plan.targetlist =
			lappend(scan->scan.plan.targetlist,
					makeTargetEntry((Expr *) makeVar(INDEX_VAR, n, type, typmod, collation, 0), n,
									target->resname, false));
	}
	plan->planTree = (Plan *) scan;
	plan->subplans = NIL;
	plan->invalItems = NIL;
	plan->resultRelations = NIL;
	plan->rowMarks = NIL;
	plan->hasModifyingCTE = false;
	plan->parallelModeNeeded = false;
	return plan;
}

static PlannedStmt *
plan_locally(Query *query, const char *text, int options, ParamListInfo params)
{
	return prev_planner ? prev_planner(query, text, options, params) :
		standard_planner(query, text, options, params);
}

static Plan *
scan_in_parts(SeqScan *local, List *rtable)
{
	RangeTblEntry *entry = rt_fetch(((Scan *) local)->scanrelid, rtable);
	CustomScan *scan;
	char	   *text;

	if (distribution_column(entry->relid) == 0)
		return (Plan *) local;
	scan = makeNode(CustomScan);
	memcpy(&scan->scan, local, sizeof(Scan));
	NodeSetTag(scan, T_CustomScan);
	text = psprintf("SELECT * FROM %s", quote_identifier(get_rel_name(entry->relid)));
	scan->methods = &scan_methods;
	scan->custom_private = list_make3(makeString(text), makeInteger(-1), makeInteger(CMD_SELECT));
	return (Plan *) scan;
}

static void
replace_scans(List *plans, List *rtable);

static Plan *
with_scans(Plan *plan, List *rtable)
{
	if (plan == NULL)
		return NULL;
	switch (nodeTag(plan))
	{
		case T_SeqScan:
			return scan_in_parts((SeqScan *) plan, rtable);
		case T_Append:
			replace_scans(((Append *) plan)->appendplans, rtable);
			break;
		case T_MergeAppend:
			replace_scans(((MergeAppend *) plan)->mergeplans, rtable);
			break;
		case T_SubqueryScan:
			((SubqueryScan *) plan)->subplan = with_scans(((SubqueryScan *) plan)->subplan, rtable);
			break;
		default:
			break;
	}
	plan->lefttree = with_scans(plan->lefttree, rtable);
	plan->righttree = with_scans(plan->righttree, rtable);
	return plan;
}

static void
replace_scans(List *plans, List *rtable)
{
	ListCell   *lc;

	foreach(lc, plans)
		lfirst(lc) = with_scans(lfirst(lc), rtable);
}

static PlannedStmt *
plan_in_parts(PlannedStmt *plan)
{
	plan->planTree = with_scans(plan->planTree, plan->rtable);
	replace_scans(plan->subplans, plan->rtable);
	return plan;
}

static PlannedStmt *
cluster_planner(Query *query, const char *text, int options, ParamListInfo params)
{
	char	   *sent;
	PlannedStmt *local;

	if (*nodes == '\0' || query->commandType == CMD_UTILITY ||
		(!uses_distributed((Node *) query, NULL) && !is_delegated(query)))
		return plan_locally(query, text, options, params);
	if (parts)
		return plan_in_parts(plan_locally(query, text, options, params));
	sent = pg_get_querydef(copyObject(query), false);
	local = plan_locally(copyObject(query), text, options, params);
	return distribute(local, query, sent, choose_node(query, local));
}


/*
 * The scan
 */

typedef struct RemoteScan
{
	CustomScanState state;
	Tuplestorestate *rows;
	TupleTableSlot *slot;		/* of their kind */
} RemoteScan;

static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
}

static void
keep_rows(RemoteScan *scan, PGresult *result, AttInMetadata *in)
{
	TupleDesc	desc = scan->state.ss.ss_ScanTupleSlot->tts_tupleDescriptor;
	char	  **values = palloc(desc->natts * sizeof(char *));
	int			row;
	int			column;

	for (row = 0; row < PQntuples(result); row++)
	{
		for (column = 0; column < desc->natts; column++)
			values[column] = PQgetisnull(result, row, column) ? NULL :
				PQgetvalue(result, row, column);
		tuplestore_puttuple(scan->rows, BuildTupleFromCStrings(in, values));
	}
}

/* External parameters, as text. */
static void
send_query(Remote *remote, const char *text, ParamListInfo params)
{
	const char *values[64];
	Oid			types[64];
	int			n = params ? params->numParams : 0;
	int			i;

	for (i = 0; i < n; i++)
	{
		ParamExternData space;
		ParamExternData *param = params->paramFetch ?
			params->paramFetch(params, i + 1, false, &space) : &params->params[i];
		Oid			output;
		bool		varlena;

		types[i] = param->ptype;
		values[i] = NULL;
		if (param->isnull || !OidIsValid(param->ptype))
			continue;
		getTypeOutputInfo(param->ptype, &output, &varlena);
		values[i] = OidOutputFunctionCall(output, param->value);
	}
	if (n == 0)
		send_text(remote, text);
	else if (!PQsendQueryParams(remote->conn, text, n, types, values, NULL, NULL, 0))
		raise_remote(remote, NULL);
}

static bool
writes(const RemoteScan *scan)
{
	const CustomScan *plan = (const CustomScan *) scan->state.ss.ps.plan;

	return intVal(lthird(plan->custom_private)) != CMD_SELECT;
}

static void
ask(RemoteScan *scan, Remote *remote, AttInMetadata *in)
{
	CustomScan *plan = (CustomScan *) scan->state.ss.ps.plan;
	EState	   *estate = scan->state.ss.ps.state;
	PGresult   *result;

	send_query(remote, strVal(linitial(plan->custom_private)), estate->es_param_list_info);
	while ((result = next_result(remote)) != NULL)
	{
		if (!is_good(result))
			raise_remote(remote, result);
		keep_rows(scan, result, in);
		if (writes(scan))
			estate->es_processed += atoi(PQcmdTuples(result));
		PQclear(result);
	}
}

/* All shards have the rows of the one that there is: for bench/cluster. */
static void
run_on(RemoteScan *scan, int node, int n, bool block, AttInMetadata *in)
{
	Remote	   *remote = connect_to(node);

	essential = writes(scan);
	if (block)
		take_part(remote);
	essential = false;
	while (n-- > 0)
		ask(scan, remote, in);
}

static void
run_on_nodes(RemoteScan *scan)
{
	CustomScan *plan = (CustomScan *) scan->state.ss.ps.plan;
	int			node = intVal(lsecond(plan->custom_private));
	bool		block = IsTransactionBlock() && (writes(scan) || reads_begin);
	/* a copy: that of a table is counted, and lives as long as who counts */
	TupleDesc	desc = CreateTupleDescCopy(scan->state.ss.ss_ScanTupleSlot->tts_tupleDescriptor);
	AttInMetadata *in = TupleDescGetAttInMetadata(desc);
	int			i;

	scan->rows = tuplestore_begin_heap(true, false, work_mem);
	scan->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	for (i = 0; i < number_of_nodes(); i++)
	{
		if (node < 0 || node == i)
			run_on(scan, i, node < 0 ? shards : 1, block || (writes(scan) && node < 0), in);
	}
}

static TupleTableSlot *
next_row(ScanState *state)
{
	RemoteScan *scan = (RemoteScan *) state;
	bool		forward = ScanDirectionIsForward(state->ps.state->es_direction);

	if (!tuplestore_gettupleslot(scan->rows, forward, false, scan->slot))
		return ExecClearTuple(state->ss_ScanTupleSlot);
	return ExecCopySlot(state->ss_ScanTupleSlot, scan->slot);
}

static bool
recheck(ScanState *state, TupleTableSlot *slot)
{
	return true;
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	RemoteScan *scan = (RemoteScan *) node;

	if (scan->rows == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);

		run_on_nodes(scan);
		MemoryContextSwitchTo(old);
	}
	return ExecScan(&node->ss, next_row, recheck);
}

static void
end_scan(CustomScanState *node)
{
	if (((RemoteScan *) node)->rows)
		tuplestore_end(((RemoteScan *) node)->rows);
}

static void
rescan(CustomScanState *node)
{
	if (((RemoteScan *) node)->rows)
		tuplestore_rescan(((RemoteScan *) node)->rows);
	ExecScanReScan(&node->ss);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "CitusAdaptive",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan
};

static Node *
make_state(CustomScan *plan)
{
	RemoteScan *scan = palloc0(sizeof(RemoteScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->state.methods = &exec_methods;
	return (Node *) scan;
}

static CustomScanMethods scan_methods = {
	.CustomName = "Citus Adaptive",
	.CreateCustomScanState = make_state
};


/*
 * For tests: what each connection says that is kept, outside of a transaction, and how
 * many are.
 */
PG_FUNCTION_INFO_V1(cluster_scan_ask_kept);
Datum
cluster_scan_ask_kept(PG_FUNCTION_ARGS)
{
	char	   *asked = text_to_cstring(PG_GETARG_TEXT_PP(0));
	StringInfoData answers;
	Remote	   *remote;

	initStringInfo(&answers);
	for (remote = remotes; remote; remote = remote->next)
	{
		PGresult   *result;

		send_text(remote, asked);
		while ((result = next_result(remote)) != NULL)
		{
			if (!is_good(result))
				raise_remote(remote, result);
			if (PQntuples(result) > 0)
				appendStringInfo(&answers, "%s%s", answers.len ? "," : "",
								 PQgetvalue(result, 0, 0));
			PQclear(result);
		}
	}
	PG_RETURN_TEXT_P(cstring_to_text(answers.data));
}

void
_PG_init(void)
{
	DefineCustomStringVariable("cluster_scan.nodes", "Where rows are.", NULL, &nodes, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("cluster_scan.application", "Who connects.", NULL, &application,
							   "citus_internal gpid=10000000001", PGC_USERSET, 0,
							   NULL, NULL, NULL);
	DefineCustomEnumVariable("citus.propagate_set_commands", "What is forwarded.", NULL,
							 &forwarding, 0, forwardings, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("citus.select_opens_transaction_block", "Reads begin.", NULL,
							 &reads_begin, true, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("cluster_scan.shards", "How often a node is asked.", NULL, &shards,
							1, 1, 100, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("cluster_scan.parts", "Plans are core's, but for scans.", NULL,
							 &parts, false, PGC_USERSET, 0, NULL, NULL, NULL);
	RegisterCustomScanMethods(&scan_methods);
	prev_planner = planner_hook;
	planner_hook = cluster_planner;
	prev_ProcessUtility = ProcessUtility_hook;
	ProcessUtility_hook = cluster_ProcessUtility;
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_changed, NULL);
}
