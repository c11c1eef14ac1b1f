/*-------------------------------------------------------------------------
 *
 * changes_roles.c
 *	  Of two states: roles and their members.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/changes.h"

/* Words by which something asks for roles or privileges. */
static const char *const asks_for_roles[] = {
	"pg_has_role", "_privilege(", "pg_auth", "pg_roles", "pg_user", "information_schema",
};

static bool
mentions_roles(const AzJson *row)
{
	static const char *const members[] = {"using", "check", "source", "body", "query"};
	int			i;
	int			k;

	for (i = 0; i < (int) lengthof(members); i++)
	{
		const char *text = az_member(row, members[i]);

		for (k = 0; text && k < (int) lengthof(asks_for_roles); k++)
		{
			if (strstr(text, asks_for_roles[k]))
				return true;
		}
	}
	return false;
}

/* Is it a restrictive policy for some? */
static bool
restricts_some(const AzJson *policy)
{
	return az_member(policy, "command") && !az_is_set(policy, "permissive") &&
		!az_lists(az_json_get_z(policy, "roles"), "PUBLIC");
}

/* Is it read by what decides, and shows some more than others? */
static bool
is_read_by_policies(const AzJson *relation)
{
	return az_is_way(relation, "read") && az_is_set(relation, "row_security");
}

static bool
may_rights_narrow(const AzJson *state, bool by_member)
{
	static const char *const sections[] = {"policies", "functions", "relations"};
	int			i;
	size_t		k;

	for (i = 0; i < (int) lengthof(sections); i++)
	{
		const AzJson *rows = az_json_get_z(state, sections[i]);

		for (k = 0; k < az_json_count(rows); k++)
		{
			const AzJson *row = az_json_at(rows, k);

			if (mentions_roles(row) || is_read_by_policies(row) || (by_member && restricts_some(row)))
				return true;
		}
	}
	return false;
}

/*
 * May somebody reach fewer rows by having more rights?  By more rows of a
 * table that a policy reads; as a member by a restrictive policy, which binds then.
 */
static bool
goes_both_ways(const AzChanges *changes, bool by_member)
{
	return may_rights_narrow(changes->before, by_member) || may_rights_narrow(changes->after, by_member);
}

/*
 * A role that is concerned now and was not is mentioned with the change that
 * concerns it. Superusers always are, and where everybody has a right those
 * with BYPASSRLS.
 */
void
az_judge_role(AzChanges *changes, const AzDifference *difference)
{
	const AzJson *role = difference->after ? difference->after : difference->before;
	const char *relation = az_member(changes->after, "relation");
	const char *who = az_whom(az_member(role, "name"));
	bool		is_concerned = difference->before && difference->after;

	if (!is_concerned && !az_is_set(role, "superuser") && !az_is_set(role, "bypasses_row_security"))
		return;
	az_judge_flag(changes, difference, "superuser", true, who, relation,
			   "it is a superuser", "it is no longer a superuser");
	if (difference->after)
		az_judge_flag(changes, difference, "bypasses_row_security", true, who, relation,
				   "it has BYPASSRLS", "it no longer has BYPASSRLS");
	else if (az_is_set(difference->before, "bypasses_row_security"))
		az_tell(changes, AZ_UNTOLD, who, AZ_ALL_COMMANDS, relation,
				"it no longer has BYPASSRLS, or no right");
	if (is_concerned)
		az_judge_flag(changes, difference, "may_log_in", true, who, relation,
				   "it may log in", "it may no longer log in");
	if (goes_both_ways(changes, false))
		az_tell(changes, AZ_UNTOLD, who, AZ_ALL_COMMANDS, relation,
				"what decides asks for rights, or reads what rights decide about");
}

/*
 * Does the member have a right now that it did not have ("given"); or the
 * other way round?
 */
static bool
has_changed(const AzDifference *difference, bool given)
{
	static const char *const flags[] = {"inherits", "may_set_role"};
	int			i;

	for (i = 0; i < (int) lengthof(flags); i++)
	{
		if (az_is_set(difference->after, flags[i]) == given && az_is_set(difference->before, flags[i]) != given)
			return true;
	}
	return false;
}

void
az_judge_member(AzChanges *changes, const AzDifference *difference)
{
	const AzJson *one = difference->after ? difference->after : difference->before;
	const char *role = az_member(one, "role");
	const char *who = az_whom(az_member(one, "member"));
	const char *relation = az_member(changes->after, "relation");
	const char *why = psprintf("it %s member of role %s%s", difference->after ? "is a" : "is no", role,
							   difference->before && difference->after ? " in another way" : "");

	/* a role that was not concerned before, or is not now, is told of elsewhere */
	if (role == NULL || az_find_state_row(changes->before, "roles", "name", role, NULL, NULL) == NULL ||
		az_find_state_row(changes->after, "roles", "name", role, NULL, NULL) == NULL)
		return;
	if (goes_both_ways(changes, true))
		az_tell(changes, AZ_UNTOLD, who, AZ_ALL_COMMANDS, relation, why);
	else
	{
		if (has_changed(difference, true))
			az_tell(changes, AZ_WIDER, who, AZ_ALL_COMMANDS, relation, why);
		if (has_changed(difference, false))
			az_tell(changes, AZ_NARROWER, who, AZ_ALL_COMMANDS, relation, why);
	}
}
