/*-------------------------------------------------------------------------
 *
 * fn_explain_access.c
 *	  explain_access(): why these rows, and why not those.
 *
 * It tells what the caller could find out by queries, and no more: all that it
 * evaluates runs as the caller, on rows that SELECT shows the caller.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "insight/explain.h"
#include "insight/explain_row.h"
#include "server/arguments.h"
#include "session/session.h"

typedef struct Command
{
	const char *name;
	CmdType		type;
	AclMode		right;
	bool		of_columns;		/* the right may be one on columns */
} Command;

static const Command commands[] = {
	{"SELECT", CMD_SELECT, ACL_SELECT, true},
	{"INSERT", CMD_INSERT, ACL_INSERT, true},
	{"UPDATE", CMD_UPDATE, ACL_UPDATE, true},
	{"DELETE", CMD_DELETE, ACL_DELETE, false},
};

static const Command *
find_command(text *name)
{
	char	   *wanted = text_to_cstring(name);
	int			i;

	for (i = 0; i < (int) lengthof(commands); i++)
	{
		if (pg_strcasecmp(wanted, commands[i].name) == 0)
			return &commands[i];
	}
	az_raise_misuse("command is not one that policies are for",
					"The commands are SELECT, INSERT, UPDATE and DELETE.");
}

/* The schema may have been gone around, by the table's number. */
static void
check_rights(Relation rel, const Command *command)
{
	Oid			oid = RelationGetRelid(rel);

	if (!az_may_use_schema(RelationGetNamespace(rel), GetUserId()))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA,
					   get_namespace_name(RelationGetNamespace(rel)));
	if (pg_class_aclcheck(oid, GetUserId(), command->right) != ACLCHECK_OK &&
		!(command->of_columns &&
		  pg_attribute_aclcheck_all(oid, GetUserId(), command->right, ACLMASK_ANY) == ACLCHECK_OK))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, RelationGetRelationName(rel));
}

static Relation
open_table(Oid oid)
{
	Relation	rel = try_relation_open(oid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table with OID %u does not exist", oid)));
	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", RelationGetRelationName(rel)),
				 errdetail("Only tables have policies."),
				 rel->rd_rel->relkind == RELKIND_VIEW || rel->rd_rel->relkind == RELKIND_MATVIEW ?
				 errhint("Ask about the tables that it reads.") : 0));
	return rel;
}

static void
explain(AzExplanation *explanation, text *pk)
{
	explanation->of_row = pk != NULL && explanation->binding != AZ_BINDS_BY_ERROR;
	if (!explanation->of_row)
		az_say_answer(explanation);
	else if (!az_say_row(explanation, pk))
		return;
	az_say_policies(explanation);
}

static void
put_lines(ReturnSetInfo *result, List *lines)
{
	ListCell   *lc;

	foreach(lc, lines)
	{
		Datum		value = CStringGetTextDatum(lfirst(lc));
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
}

AZ_SQL(authz_explain_access)
{
	AzExplanation explanation;
	const Command *command;
	text	   *pk = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	Relation	rel;

	(void) az_current();		/* R2: that it has ended is told before all else */
	az_arg_required(fcinfo, 0, "rel");
	az_arg_required(fcinfo, 1, "command");
	command = find_command(PG_GETARG_TEXT_PP(1));
	rel = open_table(PG_GETARG_OID(0));
	check_rights(rel, command);
	if (pk && command->type == CMD_INSERT)
		az_raise_misuse("INSERT has no row to explain", "Leave the key out.");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	az_begin_explanation(&explanation, rel, command->type);
	explain(&explanation, pk);
	put_lines((ReturnSetInfo *) fcinfo->resultinfo, explanation.lines);
	relation_close(rel, NoLock);
	PG_RETURN_NULL();
}
