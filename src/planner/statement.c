/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  What a statement is about to do, as far as its tree shows that before it
 *	  runs.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/statement.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "server/own.h"
#include "server/report.h"

/* ---- the token ---- */

bool
az_resets_token(const Node *statement)
{
	if (IsA(statement, DiscardStmt))
		return ((const DiscardStmt *) statement)->target == DISCARD_ALL;
	if (IsA(statement, VariableSetStmt))
	{
		const VariableSetStmt *set = (const VariableSetStmt *) statement;

		if (set->kind == VAR_RESET_ALL)
			return true;
		return (set->kind == VAR_RESET || set->kind == VAR_SET_DEFAULT) &&
			pg_strcasecmp(set->name, AZ_TOKEN_SETTING) == 0;
	}
	return false;
}

bool
az_resets_token_locally(const Node *statement)
{
	return IsA(statement, VariableSetStmt) && az_resets_token(statement) &&
		((const VariableSetStmt *) statement)->is_local;
}

bool
az_sets_token(const Node *statement)
{
	const VariableSetStmt *set;

	switch (nodeTag(statement))
	{
		case T_VariableSetStmt:
			set = (const VariableSetStmt *) statement;
			break;
		case T_AlterSystemStmt:
			set = ((const AlterSystemStmt *) statement)->setstmt;
			break;
		case T_AlterRoleSetStmt:
			set = ((const AlterRoleSetStmt *) statement)->setstmt;
			break;
		case T_AlterDatabaseSetStmt:
			set = ((const AlterDatabaseSetStmt *) statement)->setstmt;
			break;
		default:
			return false;
	}
	return set->kind == VAR_SET_VALUE &&
		pg_strcasecmp(set->name, AZ_TOKEN_SETTING) == 0;
}

/* Definitions and settings may be sent to other servers as a text. */
bool
az_is_text_shown_only(const Node *statement)
{
	switch (nodeTag(statement))
	{
		case T_CallStmt:
		case T_CopyStmt:
		case T_CreateTableAsStmt:
		case T_DeclareCursorStmt:
		case T_DoStmt:
		case T_ExecuteStmt:
		case T_ExplainStmt:
		case T_PrepareStmt:
			return true;
		default:
			return az_sets_token(statement);
	}
}

/* ---- writing ---- */

bool
az_plan_may_write(const PlannedStmt *plan)
{
	return plan->commandType != CMD_SELECT || plan->hasModifyingCTE ||
		plan->rowMarks != NIL;
}

static bool
is_ours(Oid relation, char kind, const char *name)
{
	return get_rel_relkind(relation) == kind &&
		strcmp(get_rel_name(relation), name) == 0 &&
		strcmp(get_namespace_name(get_rel_namespace(relation)), AZ_SCHEMA) == 0;
}

static bool
is_hand_over(Oid relation)
{
	return is_ours(relation, RELKIND_VIEW, AZ_HAND_OVER);
}

/* Does it write to, or lock, a relation for which "is_none" does not hold? */
static bool
writes_to_others(const PlannedStmt *plan, bool (*is_none) (Oid relation))
{
	ListCell   *lc;

	foreach(lc, az_relation_rights(plan))
	{
		const AzRelationRights *rights = lfirst(lc);

		if ((rights->requiredPerms & ~ACL_SELECT) != 0 && !is_none(rights->relid))
			return true;
	}
	return false;
}

/*
 * If it is another view of that name, the queries of its triggers are checked
 * one by one.
 */
bool
az_plan_hands_over(const PlannedStmt *plan)
{
	return plan->commandType == CMD_UPDATE && !plan->hasModifyingCTE &&
		!writes_to_others(plan, is_hand_over);
}

static bool
is_temporary(Oid relation)
{
	return isTempNamespace(get_rel_namespace(relation));
}

/* The check that core makes in ExecCheckXactReadOnly(). */
bool
az_plan_writes(const PlannedStmt *plan)
{
	return az_plan_may_write(plan) && writes_to_others(plan, is_temporary) &&
		!az_plan_hands_over(plan);
}

/* As core tells what log_statement is to log: DDL, COPY FROM, TRUNCATE. */
bool
az_statement_writes(Node *statement)
{
	return GetCommandLogLevel(statement) != LOGSTMT_ALL;
}

static bool
makes_temporary_table(const Node *statement)
{
	if (IsA(statement, CreateStmt))
		return ((const CreateStmt *) statement)->relation->relpersistence == RELPERSISTENCE_TEMP;
	return IsA(statement, CreateTableAsStmt) &&
		((const CreateTableAsStmt *) statement)->into->rel->relpersistence == RELPERSISTENCE_TEMP;
}

bool
az_defines(Node *statement)
{
	return GetCommandLogLevel(statement) == LOGSTMT_DDL && !makes_temporary_table(statement);
}

Oid
az_copied_into(Node *statement)
{
	const CopyStmt *copy = (const CopyStmt *) statement;

	return IsA(statement, CopyStmt) && copy->is_from && copy->relation ?
		RangeVarGetRelid(copy->relation, NoLock, true) : InvalidOid;
}

bool
az_refreshes_cluster_keys(const Node *statement)
{
	const RefreshMatViewStmt *refresh = (const RefreshMatViewStmt *) statement;

	return IsA(statement, RefreshMatViewStmt) && !allowSystemTableMods &&
		is_ours(RangeVarGetRelid(refresh->relation, NoLock, true),
				RELKIND_MATVIEW, AZ_CLUSTER_KEY);
}

bool
az_explains_ddl(Node *statement)
{
	return IsA(statement, ExplainStmt) &&
		GetCommandLogLevel(statement) == LOGSTMT_DDL;
}

bool
az_function_writes(Oid function)
{
	switch (function)
	{
		case F_NEXTVAL:
		case F_SETVAL_REGCLASS_INT8:
		case F_SETVAL_REGCLASS_INT8_BOOL:
		case F_LO_OPEN:
		case F_LO_CREAT:
		case F_LO_CREATE:
		case F_LO_UNLINK:
		case F_LOWRITE:
		case F_LO_IMPORT_TEXT:
		case F_LO_IMPORT_TEXT_OID:
		case F_LO_TRUNCATE:
		case F_LO_TRUNCATE64:
		case F_LO_FROM_BYTEA:
		case F_LO_PUT:
			return true;
		default:
			return false;
	}
}
