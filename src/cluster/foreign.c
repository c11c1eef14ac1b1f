/*-------------------------------------------------------------------------
 *
 * foreign.c
 *	  Tells servers of postgres_fdw who is logged in (foreign_login()).
 *
 * This happens within the transaction that postgres_fdw has open there, so it
 * ends with that transaction, and with its savepoints, which follow ours.  One
 * statement hands an assertion over, as a parameter, and brings back the nonce
 * of the next one.  Where none is known, or another session is there than the
 * one that gave it (then the statement finds no row), another statement says
 * that nobody is logged in, and brings back the destination that an assertion
 * must name, and the nonce.
 *
 * What is known of a connection is forgotten when any subtransaction is rolled back:
 * that may have rolled back what was told, and a connection that broke is replaced
 * only then.  A connection is one of a user mapping.
 *
 * Both run without the executor's hooks, because extensions that log
 * statements must not log an assertion.  They look like a SELECT, because
 * nothing is written here: so they run in transactions that only read, on a
 * standby and beside parallel workers.  No rights are asked for; nobody but
 * the owner needs any.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/foreign.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "catalog/pg_user_mapping.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "nodes/plannodes.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "cluster/assertion_for.h"
#include "cluster/foreign_login.h"
#include "cluster/foreign_reach.h"
#include "cluster/told.h"
#include "server/arguments.h"
#include "server/asked.h"
#include "session/session.h"
#include "trust/admin.h"

/* Longer ones are asked for each time. */
#define MAX_CHALLENGE	63

/* A pooler between the servers gives us other sessions all the time: then we ask first. */
#define MAX_STALE		3

/* What a connection was told. */
typedef struct Connection
{
	Oid			mapping;		/* the key: there is one for each user mapping */
	AzTold		told;
	uint64		rollbacks;		/* how many there had been */
	char		challenge[MAX_CHALLENGE + 1];	/* of the next assertion; "": unknown */
	uint64		version;		/* of the login that it came by */
	int			stale;			/* how often in a row another session was there */
} Connection;

static HTAB *connections = NULL;

/* Of subtransactions, in this backend. */
static uint64 rollbacks = 0;


/*
 * One statement
 */

/* What the other side says. */
typedef struct Answer
{
	DestReceiver receiver;		/* first */
	MemoryContext context;
	int			rows;
	char	   *destination;
	char	   *challenge;
} Answer;

static char *
column_of(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

/* An assertion, and the challenge that it answers. */
#define N_PARAMS	2

static bool
receive_row(TupleTableSlot *slot, DestReceiver *receiver)
{
	Answer	   *answer = (Answer *) receiver;
	MemoryContext outer = MemoryContextSwitchTo(answer->context);

	answer->rows++;
	answer->destination = column_of(slot, 1);
	answer->challenge = column_of(slot, 2);
	MemoryContextSwitchTo(outer);
	return true;
}

static void
start_rows(DestReceiver *receiver, int operation, TupleDesc desc)
{
}

static void
end_rows(DestReceiver *receiver)
{
}

static const char *const statements[AZ_N_HAND_OVERS] = {
	[AZ_HAND_OVER_ASKS] = "UPDATE ONLY %s.%s SET assertion = NULL"
	" RETURNING destination, challenge",
	[AZ_HAND_OVER_TELLS] = "UPDATE ONLY %s.%s SET assertion = $1"
	" WHERE challenge OPERATOR(pg_catalog.=) $2 RETURNING destination, challenge"
};

/* As the owner of the table: the user of the query has no rights to name it by. */
static SPIPlanPtr
prepare(const AzForeignLogin *login, AzHandOver what)
{
	Oid			types[N_PARAMS] = {TEXTOID, TEXTOID};
	SPIPlanPtr	plan;
	char	   *sql;

	SPI_connect();
	sql = psprintf(statements[what], AZ_FOREIGN_SCHEMA,
				   quote_identifier(get_rel_name(login->table)));
	plan = SPI_prepare_cursor(sql, N_PARAMS, types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "could not prepare the statements that hand an identity over");
	SPI_finish();
	return plan;
}

/*
 * One statement on the other side it must be: what else might run here, a
 * trigger for one, would run with the rights of the role that asks.
 */
static ForeignScan *
scan_of(PlannedStmt *plan)
{
	ModifyTable *modify = (ModifyTable *) plan->planTree;

	if (!IsA(modify, ModifyTable) || bms_is_empty(modify->fdwDirectModifyPlans) ||
		!IsA(outerPlan(modify), ForeignScan) || list_length(plan->resultRelations) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("what hands an identity over does not run unchanged on the other server"),
				 errhint("Have the owner of the database call authz.foreign_login() again.")));
	return (ForeignScan *) outerPlan(modify);
}

/* The plan, for that user's mapping, asking for no rights, and writing nothing here. */
static PlannedStmt *
plan_for(AzForeignLogin *login, AzHandOver what, Oid user)
{
	ResourceOwner owner = CurrentResourceOwner;
	CachedPlanSource *source;
	CachedPlan *cached;
	PlannedStmt *plan;
	ForeignScan *scan;
	AzCaller	caller;
	ListCell   *lc;

	az_begin_as(login->owner, &caller);
	if (login->hand_over[what] == NULL)
		login->hand_over[what] = prepare(login, what);
	source = linitial(SPI_plan_get_plan_sources(login->hand_over[what]));
	cached = GetCachedPlan(source, NULL, owner, NULL);
	plan = copyObject(linitial_node(PlannedStmt, cached->stmt_list));
	ReleaseCachedPlan(cached, owner);
	az_end_as(&caller);

	foreach(lc, az_relation_rights(plan))
	{
		AzRelationRights *rights = lfirst(lc);

		rights->requiredPerms = 0;
		rights->checkAsUser = user;
	}
	scan = scan_of(plan);
	az_scan_as(scan, user);
	plan->commandType = CMD_SELECT;
	return plan;
}

static void
set_param(ParamListInfo params, int i, const char *text)
{
	params->params[i].ptype = TEXTOID;
	params->params[i].isnull = text == NULL;
	params->params[i].value = text ? CStringGetTextDatum(text) : (Datum) 0;
}

static void
execute(AzForeignLogin *login, AzHandOver what, Oid user, const char *assertion,
		const char *challenge, Answer *answer)
{
	ParamListInfo params = makeParamList(N_PARAMS);
	QueryDesc  *query;

	memset(answer, 0, sizeof(*answer));
	answer->receiver.receiveSlot = receive_row;
	answer->receiver.rStartup = start_rows;
	answer->receiver.rShutdown = end_rows;
	answer->receiver.rDestroy = end_rows;
	answer->receiver.mydest = DestNone;
	answer->context = CurrentMemoryContext;

	set_param(params, 0, assertion);
	set_param(params, 1, challenge);
	query = CreateQueryDesc(plan_for(login, what, user), "", GetActiveSnapshot(),
							InvalidSnapshot, &answer->receiver, params, NULL, 0);
	standard_ExecutorStart(query, 0);
	az_execute_past_hooks(query);
	standard_ExecutorFinish(query);
	standard_ExecutorEnd(query);
	FreeQueryDesc(query);
	if (assertion)
		explicit_bzero(DatumGetPointer(params->params[0].value),
					   VARSIZE(DatumGetPointer(params->params[0].value)));
}


/*
 * Telling
 */

static void
say_where(void *server)
{
	errcontext("handing the identity over to foreign server \"%s\"", (const char *) server);
}

pg_noreturn static void
raise_elsewhere(const char *server, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("foreign server \"%s\" is not the one that identities are to go to", server),
			 errdetail_internal("%s", detail),
			 errhint("If it was moved or replaced, have the owner of the database call authz.foreign_login() again.")));
}

/* Is it the one that was there when foreign_login() was called? */
static void
check_destination(const char *server, const AzForeignLogin *login, const Answer *answer)
{
	if (answer->rows != 1 || answer->destination == NULL || answer->challenge == NULL)
		raise_elsewhere(server, "It does not say who it is.");
	if (strcmp(answer->destination, login->destination) != 0)
		raise_elsewhere(server, psprintf("It is \"%s\", and should be \"%s\".",
										 answer->destination, login->destination));
}

static char *
utf8(const char *text)
{
	int			len;

	return az_utf8(cstring_to_text(text), &len);
}

/* The next challenge is good for a later transaction, too, in the same session there. */
static void
keep_challenge(Connection *connection, const Answer *answer, uint64 version)
{
	if (strlen(answer->challenge) <= MAX_CHALLENGE)
		strcpy(connection->challenge, answer->challenge);
	connection->version = version;
}

/* False: it has another challenge, and knows whom it knew before. */
static bool
answers(const char *server, Connection *connection, AzForeignLogin *login, Oid user,
		const char *challenge)
{
	uint64		version = login->version;
	Answer		answer;
	AzMadeAssertion made;

	made = az_make_assertion_for(utf8(login->destination), utf8(challenge), NULL);
	execute(login, AZ_HAND_OVER_TELLS, user, made.token, challenge, &answer);
	az_wipe_assertion(&made);
	if (answer.rows == 0)
		return false;
	check_destination(server, login, &answer);
	keep_challenge(connection, &answer, version);
	return true;
}

/* Is there a challenge of the session that is there, as far as we know? */
static bool
has_challenge(const Connection *connection, const AzForeignLogin *login)
{
	return *connection->challenge != '\0' && connection->version == login->version &&
		connection->stale < MAX_STALE;
}

static void
hand_over(const char *server, Connection *connection, AzForeignLogin *login, Oid user,
		  bool somebody)
{
	bool		known = somebody && has_challenge(connection, login);
	char	   *challenge = pstrdup(connection->challenge);
	Answer		answer;

	*connection->challenge = '\0';
	if (known && answers(server, connection, login, user, challenge))
	{
		connection->stale = 0;
		return;
	}
	connection->stale += known;
	execute(login, AZ_HAND_OVER_ASKS, user, NULL, NULL, &answer);
	check_destination(server, login, &answer);
	if (!somebody)
		keep_challenge(connection, &answer, login->version);
	else if (!answers(server, connection, login, user, answer.challenge))
		raise_elsewhere(server, "It did not take the identity.");
}

/* The mapping's own number, or that of PUBLIC's; InvalidOid: there is none. */
static Oid
mapping_of(Oid server, Oid user)
{
	Oid			mapping = GetSysCacheOid2(USERMAPPINGUSERSERVER, Anum_pg_user_mapping_oid,
										  ObjectIdGetDatum(user), ObjectIdGetDatum(server));

	if (OidIsValid(mapping))
		return mapping;
	return GetSysCacheOid2(USERMAPPINGUSERSERVER, Anum_pg_user_mapping_oid,
						   ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(server));
}

static Connection *
find_connection(Oid mapping)
{
	Connection *connection;
	bool		found;

	if (connections == NULL)
	{
		HASHCTL		how = {.keysize = sizeof(Oid),.entrysize = sizeof(Connection)};

		connections = hash_create("authz foreign connections", 8, &how, HASH_ELEM | HASH_BLOBS);
	}
	connection = hash_search(connections, &mapping, HASH_ENTER, &found);
	if (!found)
	{
		memset(connection, 0, sizeof(*connection));
		connection->mapping = mapping;
	}
	return connection;
}

static bool
knows(const Connection *connection, uint32 serial)
{
	if (!az_was_told(&connection->told))
		return serial == 0;
	return connection->rollbacks == rollbacks && az_knows(&connection->told, serial);
}

static void
tell(const AzReached *reached, const AzIdentity *id)
{
	uint32		serial = id ? az_identity_serial() : 0;
	Connection *connection = find_connection(mapping_of(reached->server, reached->user));
	MemoryContext context;
	MemoryContext outer;
	ErrorContextCallback where;

	if (knows(connection, serial))
		return;
	context = AllocSetContextCreate(CurrentMemoryContext, "authz hand-over",
									ALLOCSET_SMALL_SIZES);
	outer = MemoryContextSwitchTo(context);
	where.arg = GetForeignServer(reached->server)->servername;
	where.callback = say_where;
	where.previous = error_context_stack;
	error_context_stack = &where;

	az_forget_told(&connection->told);
	connection->rollbacks = rollbacks;
	hand_over(where.arg, connection, az_foreign_login(reached->server), reached->user,
			  id != NULL);
	az_note_told(&connection->told, serial, PG_INT64_MAX);

	error_context_stack = where.previous;
	MemoryContextSwitchTo(outer);
	MemoryContextDelete(context);
}

static void
tell_all(const List *reached)
{
	const AzIdentity *id = az_in_force();
	bool		pushed = !ActiveSnapshotSet();
	ListCell   *lc;

	if (pushed)
		PushActiveSnapshot(GetTransactionSnapshot());
	foreach(lc, reached)
		tell(lfirst(lc), id);
	if (pushed)
		PopActiveSnapshot();
}


/*
 * What reaches others
 */

bool
az_reaches_foreign_login(const PlannedStmt *plan)
{
	return az_reached_by_plan(plan) != NIL;
}

bool
az_tell_foreign_servers(const QueryDesc *query)
{
	List	   *reached = az_reached_by_plan(query->plannedstmt);
	AzUnder		under;

	if (reached == NIL || IsParallelWorker())
		return false;
	az_under(&under, query->snapshot);
	tell_all(reached);
	az_under_end(&under);
	return true;
}

/* A table that is not there is for core to say. */
static List *
reached_by(RangeVar *name)
{
	Oid			relation = RangeVarGetRelid(name, NoLock, true);

	return OidIsValid(relation) ? az_reached_by_table(relation) : NIL;
}

void
az_tell_foreign_servers_of(const Node *statement)
{
	List	   *reached = NIL;
	AzUnder		under;
	ListCell   *lc;

	if (IsA(statement, CopyStmt) && ((const CopyStmt *) statement)->is_from)
		reached = reached_by(((const CopyStmt *) statement)->relation);
	else if (IsA(statement, TruncateStmt))
	{
		foreach(lc, ((const TruncateStmt *) statement)->relations)
			reached = list_concat(reached, reached_by(lfirst(lc)));
	}
	if (reached == NIL || IsParallelWorker())
		return;
	az_under_asked(&under);
	tell_all(reached);
	az_under_end(&under);
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId own, SubTransactionId parent,
					 void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		rollbacks++;
}

void
az_foreign_init(void)
{
	az_foreign_login_init();
	RegisterSubXactCallback(subtransaction_ended, NULL);
}
