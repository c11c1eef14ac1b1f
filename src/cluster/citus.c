/*-------------------------------------------------------------------------
 *
 * citus.c
 *	  Tells the nodes of a Citus cluster who is logged in.
 *
 * Citus forwards SET LOCAL where its setting says so: to the connections that
 * take part in the transaction, and with BEGIN to those that come later.  It
 * sends the text, whatever the statement is.  So core gets a statement that
 * does nothing here, and Citus a text that says who is logged in; none of
 * core's reports show it.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/citus.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "nodes/makefuncs.h"
#include "tcop/dest.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "cluster/asking.h"
#include "cluster/copied.h"
#include "cluster/kept_assertion.h"
#include "cluster/kept_quiet.h"
#include "cluster/refused.h"
#include "cluster/told.h"
#include "items/grants.h"
#include "planner/citus_plans.h"
#include "planner/function.h"
#include "planner/plan_items.h"
#include "planner/planning.h"
#include "planner/statement.h"
#include "planner/utility_guard.h"
#include "server/asked.h"
#include "server/own.h"
#include "server/report.h"
#include "server/setting.h"
#include "session/plans.h"
#include "session/session.h"

/* Both of Citus: what it forwards, and does a transaction here make one there? */
#define FORWARDING	"citus.propagate_set_commands"
#define READS_BEGIN	"citus.select_opens_transaction_block"

static ProcessUtility_hook_type next_utility = NULL;
static AzTold told;				/* all nodes: each is sent all texts */

/* ----------------------------------------------------------------
 * Plans
 * ----------------------------------------------------------------
 */

/* Does a check of the statement depend on what is stored for the identity? */
static bool
asks_grants(const List *checks)
{
	ListCell   *lc;

	foreach(lc, checks)
	{
		AzFunction	function;

		if (az_find_function(lfirst_oid(lc), &function) && az_asks_grants(function.check))
			return true;
	}
	return false;
}

/* What a plan that reaches nodes depends on. */
typedef struct Basis
{
	bool		asks;
	uint32		serial;
	bool		asks_grants;
	uint32		grants;
} Basis;

/* The identity in force; a token that waits to be judged is judged. */
static void
find_basis(Query *query, Basis *basis)
{
	AzQueryPart part;

	az_planning_enter(&part);
	PG_TRY();
	{
		(void) az_judged_candidate();
		basis->serial = az_identity_serial();
		basis->asks_grants = asks_grants(az_checks_in(query));
		if (basis->asks_grants)
			basis->grants = az_grants_serial();
	}
	PG_FINALLY();
	{
		az_planning_leave(&part);
	}
	PG_END_TRY();
}

/*
 * Also to nobody.  Two serials, because the identity changed while it was planned,
 * are noticed when it starts.
 */
static void
tie(PlannedStmt *plan, const Basis *basis)
{
	uint32		support = az_support_hash();

	if (support == 0)
		return;
	az_tie_to_identity(&plan->invalItems, &plan->relationOids, support, true,
					   basis->serial);
	az_tie_to_identity(&plan->invalItems, &plan->relationOids, support, true,
					   az_identity_serial());
	if (basis->asks_grants)
		az_tie_to_grants(&plan->invalItems, &plan->relationOids, basis->grants);
}

PlannedStmt *
az_plan_with_citus(planner_hook_type next, Query *query, const char *text, int options,
				   ParamListInfo params)
{
	Basis		basis = {.asks = az_may_ask(query)};
	bool		copied = az_inserts_past_policies(query);
	PlannedStmt *plan;

	if (basis.asks)
		find_basis(query, &basis);
	plan = next(query, text, options, params);
	if (!az_has_citus_scan(plan))
		return plan;
	(void) az_add_item(&plan->invalItems, AZ_GUARD_REACH_CACHE_ID,
					   AZ_REACHES_CITUS | (basis.asks ? AZ_REACHES_CITUS_ASKING : 0) |
					   (copied && az_copies_to_shards(plan) ? AZ_REACHES_UNCHECKED : 0));
	if (basis.asks)
		tie(plan, &basis);
	return plan;
}

static bool
reaches(const PlannedStmt *plan, uint32 how)
{
	const PlanInvalItem *item = az_find_item(plan->invalItems, AZ_GUARD_REACH_CACHE_ID);

	return item != NULL && (item->hashValue & how) != 0;
}

bool
az_asks_citus(const PlannedStmt *plan)
{
	return reaches(plan, AZ_REACHES_CITUS_ASKING);
}

void
az_check_copied(const PlannedStmt *plan)
{
	if (reaches(plan, AZ_REACHES_UNCHECKED))
		az_raise_copied();
}

/* ----------------------------------------------------------------
 * Telling
 * ----------------------------------------------------------------
 */

/*
 * Have Citus send that text.  SET TRANSACTION without a mode is a statement that
 * nobody can write: it changes nothing.
 */
static void
forward(const char *text)
{
	VariableSetStmt *set = makeNode(VariableSetStmt);
	PlannedStmt *statement = makeNode(PlannedStmt);
	int			level = NewGUCNestLevel();
	AzRefused	refused;

	az_set_within_level(FORWARDING, "local");
	set->kind = VAR_SET_MULTI;
	set->name = pstrdup("TRANSACTION");
	statement->commandType = CMD_UTILITY;
	statement->utilityStmt = (Node *) set;
	statement->stmt_location = -1;
	az_refused_begin(&refused);
	az_run_behind_guard(statement, text);
	az_refused_end(&refused);
	AtEOXact_GUC(true, level);
}

static void
tell_nobody(void)
{
	forward("SET LOCAL " AZ_TOKEN_SETTING " TO DEFAULT;");
	az_note_told(&told, 0, PG_INT64_MAX);
}

/*
 * An assertion has no character that a literal would have to escape.  A node that has
 * lost the extension would take the setting, and show no rows of tables whose policies
 * went with it; it does not find the function.
 */
#define ASSERTION_TEXT \
	"SET LOCAL " AZ_TOKEN_SETTING " = '%s'; SELECT " AZ_SCHEMA ".version();"

static void
tell_somebody(uint32 serial)
{
	AzMadeAssertion made = az_assertion_for_citus();
	char	   *text = psprintf(ASSERTION_TEXT, made.token);

	az_keep_citus_quiet();
	forward(text);
	explicit_bzero(text, strlen(text));
	pfree(text);
	az_note_told(&told, serial, made.renew_at);
	az_wipe_assertion(&made);
}

pg_noreturn static void
refuse_without_block(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_ACTIVE_SQL_TRANSACTION),
			 errmsg("an identity reaches other nodes only within a transaction block"),
			 errhint("Use BEGIN before the statement.")));
}

/* Is there what it takes to tell them, and does it reach all that they are asked? */
static void
check_forwards(void)
{
	const char *begins = GetConfigOption(READS_BEGIN, true, false);

	if (GetConfigOption(FORWARDING, true, false) == NULL)
		az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
				 "the identity cannot be handed to other nodes", NULL, NULL,
				 "Citus must have the parameter \"" FORWARDING "\": update it.");
	if (begins != NULL && strcmp(begins, "off") == 0)
		az_raise(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
				 "the identity cannot be handed to other nodes", NULL, NULL,
				 "Set the parameter \"" READS_BEGIN "\" to on.");
}

/*
 * The identity that nodes must be told of; 0: nobody.  Raises what a check
 * would.
 */
static uint32
whom_to_tell(void)
{
	return az_in_force() == NULL ? 0 : az_identity_serial();
}

/* Nodes that were told nothing in this transaction know nobody. */
void
az_tell_citus(void)
{
	uint32		serial = whom_to_tell();

	if (az_knows(&told, serial) || (serial == 0 && !az_was_told(&told)))
		return;
	if (!IsTransactionBlock())
		refuse_without_block();
	check_forwards();
	az_forget_told(&told);
	if (serial == 0)
		tell_nobody();
	else
		tell_somebody(serial);
}

/* ----------------------------------------------------------------
 * Utility statements
 * ----------------------------------------------------------------
 */

static void
run(const AzUtilityCall *call)
{
	next_utility(call->statement, call->text, call->read_only_tree, call->context,
				 call->params, call->environment, call->dest, call->completion);
}

static bool
is_forwarding(void)
{
	const char *forwarding = GetConfigOption(FORWARDING, true, false);

	return forwarding != NULL && strcmp(forwarding, "local") == 0;
}

/*
 * A user who has set Citus to forward SET LOCAL does not want a provider's
 * token to be forwarded.  RESET ALL is forwarded, and undoes what nodes were
 * told.
 */
static void
run_set(const AzUtilityCall *call)
{
	const VariableSetStmt *set = (const VariableSetStmt *) call->statement->utilityStmt;
	int			level;

	if (!is_forwarding())
		run(call);
	else if (set->kind == VAR_RESET_ALL)
	{
		run(call);
		az_forget_told(&told);
	}
	else if (set->name != NULL && pg_strcasecmp(set->name, AZ_TOKEN_SETTING) == 0)
	{
		level = NewGUCNestLevel();
		az_set_within_level(FORWARDING, "none");
		run(call);
		AtEOXact_GUC(true, level);
	}
	else
		run(call);
}

/* Rows of a table go to the nodes without a plan. */
static void
tell_of_copy(Oid rel)
{
	AzUnder		under;

	az_refuse_copy_into(rel);
	if (!az_writing_may_ask(rel))
		return;
	az_under_asked(&under);
	az_tell_citus();
	az_under_end(&under);
}

/* Those that come from the nodes come by a plan. */
static void
run_copy(const AzUtilityCall *call)
{
	const CopyStmt *copy = (const CopyStmt *) call->statement->utilityStmt;
	Oid			rel = copy->relation == NULL ? InvalidOid :
		RangeVarGetRelid(copy->relation, AccessShareLock, true);
	AzUtilityCall changed = *call;
	CopyStmt   *as_query = NULL;
	bool		distributed = az_is_distributed(rel);
	bool		outer = az_ask_nodes(distributed);

	if (distributed)
	{
		if (copy->is_from)
			tell_of_copy(rel);
		else
			as_query = az_copy_as_query(copy, rel);
	}
	if (as_query != NULL)
	{
		changed.statement = copyObject(call->statement);
		changed.statement->utilityStmt = (Node *) as_query;
	}
	run(&changed);
	(void) az_ask_nodes(outer);
}

/* Outside of a block Citus has a node call such a procedure, in a transaction of its own. */
static void
refuse_call(const CallStmt *call)
{
	AzUnder		under;

	if (IsTransactionBlock() || !az_is_delegated(call->funcexpr->funcid))
		return;
	az_under_asked(&under);
	if (whom_to_tell() != 0)
		refuse_without_block();
	az_under_end(&under);
}

void
az_run_with_citus(const AzUtilityCall *call)
{
	const Node *statement = call->statement->utilityStmt;

	switch (nodeTag(statement))
	{
		case T_VariableSetStmt:
			run_set(call);
			return;
		case T_CopyStmt:
			run_copy(call);
			return;
		case T_CallStmt:
			if (call->context == PROCESS_UTILITY_TOPLEVEL)
				refuse_call((const CallStmt *) statement);
			break;
		default:
			break;
	}
	run(call);
}

void
az_citus_init(ProcessUtility_hook_type next)
{
	next_utility = next;
}
