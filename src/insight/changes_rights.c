/*-------------------------------------------------------------------------
 *
 * changes_rights.c
 *	  Of two states: relations, privileges, roles and their members.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/changes.h"

#include "lib/stringinfo.h"

#define ALL_COMMANDS "all commands"

/* ----------------------------------------------------------------
 * Relations
 * ----------------------------------------------------------------
 */

static bool
is_other(const AzDifference *difference, const char *name)
{
	const char *before = az_member(difference->before, name);
	const char *after = az_member(difference->after, name);

	return before == NULL || after == NULL ? before != after : strcmp(before, after) != 0;
}

/* Wider when it is set now and was not, or the other way round. */
static void
judge_flag(AzChanges *changes, const AzDifference *difference, const char *flag, bool widens,
		   const char *who, const char *relation, const char *set, const char *unset)
{
	bool		is = az_is_set(difference->after, flag);

	if (is != az_is_set(difference->before, flag))
		az_tell(changes, is == widens ? AZ_WIDER : AZ_NARROWER, who, ALL_COMMANDS, relation, is ? set : unset);
}

/* Is the text one of the array's? */
static bool
lists(const AzJson *array, const char *text)
{
	size_t		len;
	size_t		i;

	for (i = 0; i < az_json_count(array); i++)
	{
		const char *its = az_json_string(az_json_at(array, i), &len);

		if (its && strcmp(its, text) == 0)
			return true;
	}
	return false;
}

/* Whoever may SELECT from it beside its owner: "role a, everybody". */
static const char *
readers_of(const AzJson *state, const AzJson *relation)
{
	StringInfoData who;
	const AzJson *grants = az_json_get_z(state, "grants");
	const char *name = az_member(relation, "name");
	size_t		i;

	initStringInfo(&who);
	for (i = 0; i < az_json_count(grants); i++)
	{
		const AzJson *grant = az_json_at(grants, i);
		const char *role = az_member(grant, "role");
		const char *owner = az_member(relation, "owner");

		if (strcmp(az_member(grant, "relation"), name) == 0 && role && owner && strcmp(role, owner) != 0 &&
			lists(az_json_get_z(grant, "privileges"), "SELECT"))
			appendStringInfo(&who, "%s%s", who.len ? ", " : "", az_whom(role));
	}
	return who.len ? who.data : az_whom(az_member(relation, "owner"));
}

static void
judge_view(AzChanges *changes, const AzDifference *difference)
{
	bool		is_new = difference->before == NULL;
	const AzJson *view = is_new ? difference->after : difference->before;
	const char *relation = az_member(changes->after, "relation");

	if (az_is_set(view, "security_invoker"))
		az_tell_difference(changes, difference);
	else
		az_tell(changes, is_new ? AZ_WIDER : AZ_NARROWER,
				readers_of(is_new ? changes->after : changes->before, view),
				ALL_COMMANDS, relation,
				psprintf("%s %s, which reads with the rights of its owner %s, was %s",
						 az_member(view, "kind"), az_member(view, "name"), az_member(view, "owner"),
						 is_new ? "added" : "dropped"));
}

static bool
is_way(const AzJson *relation, const char *way)
{
	const char *its = az_member(relation, "way");

	return its && strcmp(its, way) == 0;
}

static void
judge_table(AzChanges *changes, const AzDifference *difference)
{
	const char *name = az_member(difference->after, "name");
	const char *owner = az_member(difference->after, "owner");

	judge_flag(changes, difference, "row_security", false, "everybody", name,
			   "row security is on", "row security is off");
	judge_flag(changes, difference, "forced", false, az_whom(owner), name,
			   "row security binds the owner", "row security does not bind the owner");
	if (is_other(difference, "owner"))
	{
		az_tell(changes, AZ_WIDER, az_whom(owner), ALL_COMMANDS, name, "it belongs to this role now");
		az_tell(changes, AZ_NARROWER, az_whom(az_member(difference->before, "owner")), ALL_COMMANDS,
				name, "it does not belong to this role any more");
	}
}

/*
 * Functions of the extension come and go with what calls them, and stay the same
 * under one version.
 */
void
az_judge_function(AzChanges *changes, const AzDifference *difference)
{
	const AzJson *one = difference->after ? difference->after : difference->before;
	const char *library = az_member(one, "library");

	if ((difference->before == NULL || difference->after == NULL) &&
		library && strcmp(library, "$libdir/dbmi_authz") == 0)
		return;
	az_tell_difference(changes, difference);
}

void
az_judge_relation(AzChanges *changes, const AzDifference *difference)
{
	const AzJson *one = difference->after ? difference->after : difference->before;

	if (difference->before == NULL || difference->after == NULL)
	{
		if (is_way(one, "view"))
			judge_view(changes, difference);
		else
			az_tell_difference(changes, difference);
	}
	else if (is_way(one, "read") || is_way(one, "view") || is_other(difference, "way") ||
			 is_other(difference, "kind") || is_other(difference, "query"))
		az_tell_difference(changes, difference);
	else
		judge_table(changes, difference);
	if (difference->before && difference->after &&
		az_is_set(difference->before, "security_invoker") != az_is_set(difference->after, "security_invoker"))
	{
		bool		asks = az_is_set(difference->after, "security_invoker");
		const char *name = az_member(difference->after, "name");
		const char *who = readers_of(changes->after, difference->after);
		const char *why = psprintf("view %s reads with the rights of %s", name,
								   asks ? "whoever asks" : "its owner, and not of whoever asks");

		az_tell(changes, AZ_WIDER, who, ALL_COMMANDS, name, why);
		az_tell(changes, AZ_NARROWER, who, ALL_COMMANDS, name, why);
	}
}

/* ----------------------------------------------------------------
 * Privileges
 * ----------------------------------------------------------------
 */

/* "SELECT, UPDATE": those of one that the other has not. */
static char *
list_missing(const AzJson *one, const AzJson *other)
{
	StringInfoData text;
	size_t		len;
	size_t		i;

	initStringInfo(&text);
	for (i = 0; i < az_json_count(one); i++)
	{
		const char *privilege = az_json_string(az_json_at(one, i), &len);

		if (privilege && !lists(other, privilege))
			appendStringInfo(&text, "%s%s", text.len ? ", " : "", privilege);
	}
	return text.data;
}

static void
tell_privileges(AzChanges *changes, AzDirection direction, const AzJson *grant, const char *privileges)
{
	const char *column = az_member(grant, "column");
	const char *what = strchr(privileges, ',') ? "privileges" : "privilege";
	const char *where = column ? psprintf(" on column \"%s\"", column) : "";

	if (*privileges)
		az_tell(changes, direction, az_whom(az_member(grant, "role")), privileges,
				az_member(grant, "relation"),
				psprintf("the %s%s %s %s", what, where, strchr(privileges, ',') ? "were" : "was",
						 direction == AZ_WIDER ? "granted" : "revoked"));
}

/* What an owner has, comes and goes with owning. */
static bool
comes_with_owner(const AzChanges *changes, const AzJson *grant)
{
	const char *relation = az_member(grant, "relation");
	const char *role = az_member(grant, "role");
	const char *before = az_member(az_find_row(changes->before, "relations", "name", relation, NULL, NULL), "owner");
	const char *after = az_member(az_find_row(changes->after, "relations", "name", relation, NULL, NULL), "owner");

	return role && before && after && strcmp(before, after) != 0 &&
		(strcmp(role, before) == 0 || strcmp(role, after) == 0);
}

void
az_judge_grant(AzChanges *changes, const AzDifference *difference)
{
	const AzJson *grant = difference->after ? difference->after : difference->before;
	const AzJson *before = az_json_get_z(difference->before, "privileges");
	const AzJson *after = az_json_get_z(difference->after, "privileges");

	if (comes_with_owner(changes, grant))
		return;
	tell_privileges(changes, AZ_WIDER, grant, list_missing(after, before));
	tell_privileges(changes, AZ_NARROWER, grant, list_missing(before, after));
}

/* Does anything in the schema decide? */
static bool
decides_in_schema(const AzJson *state, const char *schema)
{
	static const char *const sections[] = {"relations", "functions"};
	const char *start = psprintf("%s.", schema);
	int			i;
	size_t		k;

	for (i = 0; i < (int) lengthof(sections); i++)
	{
		const AzJson *rows = az_json_get_z(state, sections[i]);

		for (k = 0; k < az_json_count(rows); k++)
		{
			if (strncmp(az_member(az_json_at(rows, k), "name"), start, strlen(start)) == 0)
				return true;
		}
	}
	return false;
}

/*
 * Where everybody has it, nobody else is listed: then that PUBLIC came or went is
 * all there is to say.  A schema in which nothing decided goes without saying.
 */
void
az_judge_schema(AzChanges *changes, const AzDifference *difference)
{
	bool		given = difference->before == NULL;
	const AzJson *grant = given ? difference->after : difference->before;
	const char *schema = az_member(grant, "name");
	const char *role = az_member(grant, "role");

	if (role && strcmp(role, "PUBLIC") != 0 &&
		az_find_row(given ? changes->before : changes->after, "schemas", "name", schema, "role", "PUBLIC"))
		return;
	if (!decides_in_schema(given ? changes->before : changes->after, schema))
		return;
	az_tell(changes, given ? AZ_WIDER : AZ_NARROWER, az_whom(role), ALL_COMMANDS,
			az_member(changes->after, "relation"),
			psprintf("USAGE on schema %s, in which something lies that decides, was %s", schema,
					 given ? "granted" : "revoked"));
}

/* ----------------------------------------------------------------
 * Roles
 * ----------------------------------------------------------------
 */

/*
 * A role that is concerned now and was not is told of by what concerns it.
 * Superusers always are.
 */
void
az_judge_role(AzChanges *changes, const AzDifference *difference)
{
	const char *relation = az_member(changes->after, "relation");
	const char *who;

	if (difference->before == NULL || difference->after == NULL)
	{
		const AzJson *role = difference->after ? difference->after : difference->before;

		if (az_is_set(role, "superuser"))
			az_tell(changes, difference->after ? AZ_WIDER : AZ_NARROWER, az_whom(az_member(role, "name")),
					ALL_COMMANDS, relation, difference->after ? "it is a superuser" : "it is no superuser any more");
		return;
	}
	who = az_whom(az_member(difference->after, "name"));
	judge_flag(changes, difference, "superuser", true, who, relation,
			   "it is a superuser", "it is no superuser any more");
	judge_flag(changes, difference, "bypasses_row_security", true, who, relation,
			   "it has BYPASSRLS", "it has no BYPASSRLS any more");
	judge_flag(changes, difference, "may_log_in", true, who, relation,
			   "it may log in", "it may not log in any more");
}

/* Words by which something asks for roles or privileges. */
static const char *const asks_for_roles[] = {"pg_has_role", "_privilege(", "pg_auth_members", "pg_roles"};

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

/* Is there a restrictive policy for some, or something that asks for roles? */
static bool
may_membership_narrow(const AzJson *state)
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
			size_t		len;
			const char *role = az_json_string(az_json_at(az_json_get_z(row, "roles"), 0), &len);

			if (mentions_roles(row) ||
				(i == 0 && !az_is_set(row, "permissive") && (role == NULL || strcmp(role, "PUBLIC") != 0)))
				return true;
		}
	}
	return false;
}

/* Has the member a right now that it had not: given; or the other way round. */
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
	bool		both_ways = may_membership_narrow(changes->before) || may_membership_narrow(changes->after);
	const char *why = psprintf("it %s member of role %s%s", difference->after ? "is a" : "is no", role,
							   difference->before && difference->after ? " in another way" : "");

	/* a role that was not concerned before, or is not now, is told of elsewhere */
	if (role == NULL || az_find_row(changes->before, "roles", "name", role, NULL, NULL) == NULL ||
		az_find_row(changes->after, "roles", "name", role, NULL, NULL) == NULL)
		return;
	if (both_ways)
		az_tell(changes, AZ_UNTOLD, who, ALL_COMMANDS, relation, why);
	else
	{
		if (has_changed(difference, true))
			az_tell(changes, AZ_WIDER, who, ALL_COMMANDS, relation, why);
		if (has_changed(difference, false))
			az_tell(changes, AZ_NARROWER, who, ALL_COMMANDS, relation, why);
	}
}
