/*-------------------------------------------------------------------------
 *
 * changes_policies.c
 *	  Of two states: what policies let through.
 *
 * A policy is looked at for each command, once for the rows that are there and
 * once for new ones, for whom both of them bind, and for whom only one does.
 * For those whom it does not bind a permissive policy is as good as false, and a
 * restrictive one as true.  What is wider in one policy is wider in all of them
 * together, because AND and OR only grow with what they join.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/changes.h"

#include "lib/stringinfo.h"

#include "insight/printed_condition.h"

enum
{
	ROW_THERE,
	ROW_NEW,
	N_ROWS
};

#define N_COMMANDS	4

/* Which of its conditions counts for which row.  Without one for new rows, the other does. */
static const struct
{
	const char *name;
	const char *condition[N_ROWS][2];
}			commands[N_COMMANDS] = {
	{"SELECT", {{"using", NULL}, {NULL, NULL}}},
	{"INSERT", {{NULL, NULL}, {"check", "using"}}},
	{"UPDATE", {{"using", NULL}, {"check", "using"}}},
	{"DELETE", {{"using", NULL}, {NULL, NULL}}},
};

/* For whom, of those whom one of the policies binds. */
enum
{
	BY_BOTH,
	BY_BEFORE,
	BY_AFTER,
	N_SHARES
};

/* What was found: on which commands, and one reason. */
typedef struct Verdict
{
	bool		on[N_COMMANDS];
	const char *why;
} Verdict;

typedef struct Comparison
{
	const AzJson *policy[2];	/* before, after; NULL: none of this kind */
	bool		permissive;
	Verdict		verdicts[N_SHARES][AZ_DIRECTIONS];
} Comparison;

static bool
covers(const AzJson *policy, const char *command)
{
	const char *its = az_member(policy, "command");

	return its && (strcmp(its, command) == 0 || strcmp(its, "ALL") == 0);
}

/* What the policy says to those whom it binds. */
static AzCondition *
condition_of(const Comparison *comparison, int which, int command, int row)
{
	const AzJson *policy = comparison->policy[which];
	const char *nothing = comparison->permissive ? "false" : "true";
	const char *text = NULL;
	int			i;

	if (policy && covers(policy, commands[command].name))
	{
		for (i = 0; i < 2 && text == NULL; i++)
		{
			if (commands[command].condition[row][i])
				text = az_member(policy, commands[command].condition[row][i]);
		}
	}
	return az_read_printed_condition(text ? text : nothing);
}

static const char *
explain(const Comparison *comparison, int share,
		const AzCondition *before, const AzCondition *after)
{
	if (comparison->policy[0] == NULL)
		return psprintf(" was added, with (%s)", after->text);
	if (comparison->policy[1] == NULL)
		return psprintf(" was dropped, which had (%s)", before->text);
	if (share == BY_BEFORE)
		return " no longer binds them";
	if (share == BY_AFTER)
		return " binds them now";
	return psprintf(": %s", az_describe_change(before, after));
}

static void
compare(Comparison *comparison, int share, int command, int row)
{
	const AzCondition *nothing = az_read_printed_condition(comparison->permissive ? "false" : "true");
	const AzCondition *before = condition_of(comparison, 0, command, row);
	const AzCondition *after = condition_of(comparison, 1, command, row);
	const char *why = explain(comparison, share, before, after);
	bool		no_wider;
	bool		no_narrower;
	AzDirection direction;

	if (share == BY_AFTER)
		before = nothing;
	if (share == BY_BEFORE)
		after = nothing;
	no_wider = az_implies(after, before);
	no_narrower = az_implies(before, after);
	if (no_wider && no_narrower)
		return;
	direction = no_wider ? AZ_NARROWER : no_narrower ? AZ_WIDER : AZ_UNTOLD;
	comparison->verdicts[share][direction].on[command] = true;
	if (comparison->verdicts[share][direction].why == NULL)
		comparison->verdicts[share][direction].why = why;
}

/* ----------------------------------------------------------------
 * For whom
 * ----------------------------------------------------------------
 */

static bool
names_role(const AzJson *policy, const char *role)
{
	const AzJson *roles = az_json_get_z(policy, "roles");
	size_t		len;
	size_t		i;

	for (i = 0; i < az_json_count(roles); i++)
	{
		const char *its = az_json_string(az_json_at(roles, i), &len);

		if (its && strcmp(its, role) == 0)
			return true;
	}
	return false;
}

/*
 * Does the policy bind the role, without what it is a member of?  PUBLIC stands
 * for all that are not named.
 */
static bool
binds(const AzJson *policy, const char *role)
{
	return names_role(policy, "PUBLIC") || names_role(policy, role);
}

static void
add_role(StringInfo who, const char *role)
{
	if (strcmp(role, "PUBLIC") == 0)
		appendStringInfo(who, "%severybody", who->len ? ", " : "");
	else
		appendStringInfo(who, "%srole %s", who->len ? ", " : "", role);
}

/* "role a, role b" of a share; NULL: nobody. */
static char *
who_has(const Comparison *comparison, int share)
{
	StringInfoData who;
	int			which;

	initStringInfo(&who);
	for (which = 0; which < 2; which++)
	{
		const AzJson *roles = az_json_get_z(comparison->policy[which], "roles");
		size_t		len;
		size_t		i;

		for (i = 0; i < az_json_count(roles); i++)
		{
			const char *role = az_json_string(az_json_at(roles, i), &len);
			bool		by_before = role && binds(comparison->policy[0], role);
			bool		by_after = role && binds(comparison->policy[1], role);

			if (role == NULL || (which == 1 && names_role(comparison->policy[0], role)))
				continue;
			if (share == (by_before ? by_after ? BY_BOTH : BY_BEFORE : BY_AFTER))
				add_role(&who, role);
		}
	}
	return who.len ? who.data : NULL;
}

/* ----------------------------------------------------------------
 * A policy
 * ----------------------------------------------------------------
 */

static char *
list_commands(const Verdict *verdict)
{
	StringInfoData text;
	int			i;

	initStringInfo(&text);
	for (i = 0; i < N_COMMANDS; i++)
	{
		if (verdict->on[i])
			appendStringInfo(&text, "%s%s", text.len ? ", " : "", commands[i].name);
	}
	return text.data;
}

static void
tell(AzChanges *changes, const Comparison *comparison, int share)
{
	const AzJson *policy = comparison->policy[comparison->policy[1] != NULL];
	int			direction;

	for (direction = 0; direction < AZ_DIRECTIONS; direction++)
	{
		const Verdict *verdict = &comparison->verdicts[share][direction];

		if (verdict->why)
			az_tell(changes, direction, who_has(comparison, share), list_commands(verdict),
					az_member(policy, "relation"),
					psprintf("%s policy \"%s\"%s", comparison->permissive ? "permissive" : "restrictive",
							 az_member(policy, "name"), verdict->why));
	}
}

/* Both, or one of them, of one kind. */
static void
judge(AzChanges *changes, const AzJson *before, const AzJson *after)
{
	Comparison	comparison = {.policy = {before, after}};
	int			share;
	int			command;
	int			row;

	comparison.permissive = az_is_set(after ? after : before, "permissive");
	for (share = 0; share < N_SHARES; share++)
	{
		if (who_has(&comparison, share) == NULL)
			continue;
		for (command = 0; command < N_COMMANDS; command++)
		{
			for (row = 0; row < N_ROWS; row++)
				compare(&comparison, share, command, row);
		}
		tell(changes, &comparison, share);
	}
}

/* Somebody may have written a state by hand. */
static bool
is_known(const AzJson *policy)
{
	bool		covers_any = false;
	int			i;

	if (policy == NULL)
		return true;
	for (i = 0; i < N_COMMANDS; i++)
		covers_any = covers_any || covers(policy, commands[i].name);
	return covers_any && az_json_count(az_json_get_z(policy, "roles")) > 0;
}

void
az_judge_policy(AzChanges *changes, const AzDifference *difference)
{
	const AzJson *before = difference->before;
	const AzJson *after = difference->after;

	if (!is_known(before) || !is_known(after))
		az_tell_difference(changes, difference);
	else if (before && after && az_is_set(before, "permissive") != az_is_set(after, "permissive"))
	{
		judge(changes, before, NULL);
		judge(changes, NULL, after);
	}
	else
		judge(changes, before, after);
}
