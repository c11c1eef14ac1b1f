/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  Who may do what with a table's rows, and by which policies.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/explain.h"

#include "miscadmin.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "insight/facts.h"
#include "insight/meaning.h"
#include "insight/served.h"
#include "insight/wording.h"
#include "objects/primary_key.h"
#include "planner/function.h"

int
az_stages(CmdType command, const AzStage **stages)
{
	static const AzStage of_select[] = {
		{CMD_SELECT, false, "SELECT"}
	};
	static const AzStage of_insert[] = {
		{CMD_INSERT, true, "INSERT, for the new row"},
		{CMD_SELECT, false, "SELECT, for the new row where INSERT has RETURNING"}
	};
	static const AzStage of_update[] = {
		{CMD_UPDATE, false, "UPDATE, for the row as it is"},
		{CMD_UPDATE, true, "UPDATE, for the new row"},
		{CMD_SELECT, false, "SELECT, for both where UPDATE reads columns (WHERE, RETURNING)"}
	};
	static const AzStage of_delete[] = {
		{CMD_DELETE, false, "DELETE"},
		{CMD_SELECT, false, "SELECT, where DELETE reads columns (WHERE, RETURNING)"}
	};

	switch (command)
	{
		case CMD_INSERT:
			*stages = of_insert;
			return lengthof(of_insert);
		case CMD_UPDATE:
			*stages = of_update;
			return lengthof(of_update);
		case CMD_DELETE:
			*stages = of_delete;
			return lengthof(of_delete);
		default:
			*stages = of_select;
			return lengthof(of_select);
	}
}

void
az_say(AzExplanation *explanation, const char *format,...)
{
	StringInfoData line;
	va_list		args;
	int			needed;

	initStringInfo(&line);
	for (;;)
	{
		va_start(args, format);
		needed = appendStringInfoVA(&line, format, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&line, needed);
	}
	explanation->lines = lappend(explanation->lines, line.data);
}

void
az_begin_explanation(AzExplanation *explanation, Relation rel, CmdType command)
{
	char	   *name;

	memset(explanation, 0, sizeof(*explanation));
	explanation->rel = rel;
	explanation->command = command;
	az_find_person(&explanation->person);
	explanation->binding = az_binding(rel);
	explanation->table = az_one_line(az_table_name(RelationGetRelid(rel)));
	explanation->role = psprintf("role %s",
								 az_one_line(quote_identifier(GetUserNameFromId(GetUserId(), false))));
	name = az_person_name(&explanation->person);
	explanation->who = name ? name : explanation->role;
}

const char *
az_in_whose_name(const AzExplanation *explanation)
{
	return explanation->person.id ? "" : "nobody is logged in: ";
}

char *
az_why_not_bound(const AzExplanation *explanation)
{
	switch (explanation->binding)
	{
		case AZ_NOT_ENABLED:
			return pstrdup("row security is not enabled for the table");
		case AZ_BYPASSES:
			return psprintf("%s is a superuser or has BYPASSRLS, and no policy binds it", explanation->role);
		case AZ_OWNS:
			return psprintf("%s owns the table, and row security is not forced", explanation->role);
		default:
			return NULL;
	}
}

char *
az_policy_name_text(const AzPolicyApplied *policy)
{
	return psprintf("%s policy %s", policy->permissive ? "permissive" : "restrictive",
					policy->name ? az_one_line(quote_identifier(policy->name)) : "of another extension");
}

Node *
az_meaning(const AzExplanation *explanation, Node *condition)
{
	return az_condition_means(RelationGetRelid(explanation->rel), condition,
							  explanation->person.id != NULL);
}


/*
 * The answer
 */

static const char *
verb_of(CmdType command)
{
	switch (command)
	{
		case CMD_INSERT:
			return "may insert";
		case CMD_UPDATE:
			return "may update";
		case CMD_DELETE:
			return "may delete";
		default:
			return "sees";
	}
}

static bool
may_select(Relation rel)
{
	Oid			oid = RelationGetRelid(rel);

	return pg_class_aclcheck(oid, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck_all(oid, GetUserId(), ACL_SELECT, ACLMASK_ANY) == ACLCHECK_OK;
}

/*
 * What decides for the command: also SELECT's policies, as it names rows by columns
 * where it may.
 */
static Node *
whole_condition(const AzExplanation *explanation)
{
	CmdType		command = explanation->command;
	AzApplied	applied;
	Node	   *condition;

	az_find_applied(explanation->rel, command, &applied);
	condition = az_applied_condition(&applied, command == CMD_INSERT);
	if (command == CMD_SELECT || command == CMD_INSERT || !may_select(explanation->rel))
		return condition;
	az_find_applied(explanation->rel, CMD_SELECT, &applied);
	return (Node *) makeBoolExpr(AND_EXPR, list_make2(condition, az_applied_condition(&applied, false)), -1);
}

/* "all rows of", "no row of", "rows of" */
static void
say_rows(AzExplanation *explanation, const char *which, const char *behind, const char *text)
{
	az_say(explanation, "%s%s %s %s %s %s%s%s.",
		   az_in_whose_name(explanation), explanation->who,
		   verb_of(explanation->command), which,
		   explanation->command == CMD_INSERT ? "into" : "of", explanation->table,
		   behind, text);
}

static void
say_condition(AzExplanation *explanation)
{
	Node	   *condition = az_meaning(explanation, whole_condition(explanation));

	if (az_is_true(condition))
		say_rows(explanation, "all rows", "", "");
	else if (az_is_false(condition))
		say_rows(explanation, "no row", "", "");
	else
		say_rows(explanation, "rows", " where ",
				 az_condition_in_short(RelationGetRelid(explanation->rel), condition));
}

void
az_say_answer(AzExplanation *explanation)
{
	char	   *why = az_why_not_bound(explanation);

	if (explanation->binding == AZ_BINDS_BY_ERROR)
		az_say(explanation, "every query of %s raises 42501: policies bind %s, and the setting row_security is off.",
			   explanation->table, explanation->role);
	else if (why)
		say_rows(explanation, "all rows", ": ", why);
	else
		say_condition(explanation);
}


/*
 * The policies
 */

typedef struct Calls
{
	List	   *found;			/* FuncExpr, each once */
	bool		sub_select;
} Calls;

/* Those that a row's own condition makes, not those of sub-selects. */
static bool
find_calls(Node *node, void *context)
{
	Calls	   *calls = context;
	AzFunction	function;

	if (node == NULL || IsA(node, Query))
		return false;
	if (IsA(node, SubLink))
		calls->sub_select = true;
	if (IsA(node, FuncExpr) && az_find_function(((FuncExpr *) node)->funcid, &function) &&
		function.check)
		calls->found = list_append_unique(calls->found, node);
	return expression_tree_walker(node, find_calls, context);
}

/* "has_scope('admin'): false, the token has scopes {read}" */
static void
say_call(AzExplanation *explanation, FuncExpr *call)
{
	Oid			rel = RelationGetRelid(explanation->rel);
	Node	   *meaning = az_meaning(explanation, (Node *) call);
	AzFunction	function;
	char	   *fact;

	if (!az_find_function(call->funcid, &function))
		return;
	fact = az_fact(&explanation->person, function.check, call);
	az_say(explanation, "    %s: %s%s%s", az_call_text(rel, call),
		   IsA(meaning, FuncExpr) ? "asked for each row" : az_result_in_short(rel, meaning),
		   fact ? ", " : "", fact ? fact : "");
}

/* Its parts, unless they have been told for another command. */
static void
say_parts(AzExplanation *explanation, Node *condition, const char *clause)
{
	Calls		calls = {0};
	ListCell   *lc;

	if (list_member(explanation->explained, condition))
		return;
	explanation->explained = lappend(explanation->explained, condition);
	(void) find_calls(condition, &calls);
	if (!IsA(condition, FuncExpr) || calls.found == NIL)
		az_say(explanation, "    %s %s", clause,
			   az_condition_in_short(RelationGetRelid(explanation->rel), condition));
	foreach(lc, calls.found)
		say_call(explanation, lfirst(lc));
	if (calls.sub_select)
		az_say(explanation, "    a sub-select decides for each row");
}

static void
say_policy(AzExplanation *explanation, const AzPolicyApplied *policy, bool new_rows)
{
	Node	   *condition = az_policy_condition(policy, new_rows);

	if (condition == NULL)
	{
		az_say(explanation, "  %s: says nothing of these", az_policy_name_text(policy));
		return;
	}
	az_say(explanation, "  %s: %s", az_policy_name_text(policy),
		   az_condition_in_short(RelationGetRelid(explanation->rel),
								 az_meaning(explanation, condition)));
	say_parts(explanation, condition, new_rows && policy->has_check ? "WITH CHECK" : "USING");
}

static void
say_ways(AzExplanation *explanation, Node *condition)
{
	Oid			rel = RelationGetRelid(explanation->rel);
	ListCell   *lc;

	if (IsA(condition, Const))
		return;
	foreach(lc, az_ways_into(explanation->rel, condition))
	{
		const AzWay *way = lfirst(lc);
		char	   *text = az_condition_in_short(rel, way->condition);

		if (way->index)
			az_say(explanation, "  index %s serves %s", az_one_line(quote_identifier(way->index)), text);
		else
			az_say(explanation, "  no index serves %s, so every row is looked at", text);
	}
}

static void
say_stage(AzExplanation *explanation, const AzStage *stage)
{
	AzApplied	applied;
	ListCell   *lc;

	az_find_applied(explanation->rel, stage->policies_for, &applied);
	az_say(explanation, "Policies for %s:", stage->title);
	foreach(lc, applied.permissive)
		say_policy(explanation, lfirst(lc), stage->new_rows);
	if (applied.permissive == NIL)
		az_say(explanation, "  no permissive policy applies to %s, and without one no row passes",
			   explanation->role);
	foreach(lc, applied.restrictive)
		say_policy(explanation, lfirst(lc), stage->new_rows);
	if (!stage->new_rows && explanation->command != CMD_INSERT && !explanation->of_row)
		say_ways(explanation, az_meaning(explanation, az_applied_condition(&applied, false)));
}

void
az_say_policies(AzExplanation *explanation)
{
	const AzStage *stages;
	int			n = az_stages(explanation->command, &stages);
	int			i;

	az_say(explanation, "Identity: %s; %s", az_person_text(&explanation->person), explanation->role);
	if (explanation->binding != AZ_BINDS)
		return;
	az_say(explanation, "A row passes when one permissive policy lets it through, and no restrictive one stops it.");
	for (i = 0; i < n; i++)
		say_stage(explanation, &stages[i]);
	if (explanation->of_row)
		return;
	if (explanation->command == CMD_SELECT)
		az_say(explanation, "SELECT ... FOR UPDATE or FOR SHARE needs the policies for UPDATE, too.");
	if (explanation->command == CMD_INSERT)
		az_say(explanation, "INSERT ... ON CONFLICT DO UPDATE needs the policies for UPDATE, too.");
}
