/*-------------------------------------------------------------------------
 *
 * applied.c
 *	  Which policies of a table apply to the role in force.
 *
 * The choice is that of core's get_policies_for_relation(), and what becomes of it
 * that of add_security_quals() and add_with_check_options().
 *
 *-------------------------------------------------------------------------
 */
#include "insight/applied.h"

#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/rel.h"
#include "utils/rls.h"

/* As check_enable_rls(), telling why. */
AzBinding
az_binding(Relation rel)
{
	switch (check_enable_rls(RelationGetRelid(rel), InvalidOid, true))
	{
		case RLS_NONE:
			return AZ_NOT_ENABLED;
		case RLS_NONE_ENV:
			return has_bypassrls_privilege(GetUserId()) ? AZ_BYPASSES : AZ_OWNS;
		default:
			return row_security ? AZ_BINDS : AZ_BINDS_BY_ERROR;
	}
}

static bool
is_for_command(const RowSecurityPolicy *policy, CmdType command)
{
	switch (policy->polcmd)
	{
		case '*':
			return true;
		case ACL_SELECT_CHR:
			return command == CMD_SELECT;
		case ACL_INSERT_CHR:
			return command == CMD_INSERT;
		case ACL_UPDATE_CHR:
			return command == CMD_UPDATE;
		case ACL_DELETE_CHR:
			return command == CMD_DELETE;
		default:
			return false;
	}
}

/* As check_role_for_policy(). */
static bool
is_for_role(const RowSecurityPolicy *policy)
{
	Oid		   *roles = (Oid *) ARR_DATA_PTR(policy->roles);
	int			i;

	if (roles[0] == ACL_ID_PUBLIC)
		return true;
	for (i = 0; i < ARR_DIMS(policy->roles)[0]; i++)
	{
		if (has_privs_of_role(GetUserId(), roles[i]))
			return true;
	}
	return false;
}

static AzPolicyApplied *
copy_policy(const RowSecurityPolicy *policy)
{
	AzPolicyApplied *copy = palloc(sizeof(*copy));

	copy->name = policy->policy_name ? pstrdup(policy->policy_name) : NULL;
	copy->for_all = policy->polcmd == '*';
	copy->permissive = policy->permissive;
	copy->rows = (Node *) copyObject(policy->qual);
	copy->has_check = policy->with_check_qual != NULL;
	copy->new_rows = copy->has_check ? (Node *) copyObject(policy->with_check_qual) :
		copy->rows;
	return copy;
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	const char *x = ((const AzPolicyApplied *) lfirst(a))->name;
	const char *y = ((const AzPolicyApplied *) lfirst(b))->name;

	if (x == NULL || y == NULL)
		return (x == NULL) - (y == NULL);
	return strcmp(x, y);
}

/* What another extension adds, for those whom it is for. */
static List *
ask_hook(row_security_policy_hook_type hook, CmdType command, Relation rel)
{
	List	   *found = NIL;
	ListCell   *lc;

	if (hook == NULL)
		return NIL;
	foreach(lc, hook(command, rel))
	{
		if (is_for_role(lfirst(lc)))
			found = lappend(found, copy_policy(lfirst(lc)));
	}
	return found;
}

void
az_find_applied(Relation rel, CmdType command, AzApplied *applied)
{
	List	   *added;
	ListCell   *lc;

	memset(applied, 0, sizeof(*applied));
	foreach(lc, rel->rd_rsdesc->policies)
	{
		const RowSecurityPolicy *policy = lfirst(lc);

		if (!is_for_command(policy, command) || !is_for_role(policy))
			continue;
		if (policy->permissive)
			applied->permissive = lappend(applied->permissive, copy_policy(policy));
		else
			applied->restrictive = lappend(applied->restrictive, copy_policy(policy));
	}
	list_sort(applied->restrictive, compare_names);
	added = ask_hook(row_security_policy_hook_restrictive, command, rel);
	list_sort(added, compare_names);
	applied->restrictive = list_concat(applied->restrictive, added);
	applied->permissive =
		list_concat(applied->permissive,
					ask_hook(row_security_policy_hook_permissive, command, rel));
}

Node *
az_policy_condition(const AzPolicyApplied *policy, bool new_rows)
{
	return new_rows ? policy->new_rows : policy->rows;
}

/* The conditions of those that say something. */
static List *
conditions_of(List *policies, bool new_rows)
{
	List	   *conditions = NIL;
	ListCell   *lc;

	foreach(lc, policies)
	{
		Node	   *condition = az_policy_condition(lfirst(lc), new_rows);

		if (condition)
			conditions = lappend(conditions, copyObject(condition));
	}
	return conditions;
}

static Node *
combine(BoolExprType connective, List *conditions)
{
	return list_length(conditions) == 1 ? linitial(conditions) :
		(Node *) makeBoolExpr(connective, conditions, -1);
}

Node *
az_applied_condition(const AzApplied *applied, bool new_rows)
{
	List	   *permissive = conditions_of(applied->permissive, new_rows);

	if (permissive == NIL)
		return makeBoolConst(false, false);
	return combine(AND_EXPR, lappend(conditions_of(applied->restrictive, new_rows),
									 combine(OR_EXPR, permissive)));
}
