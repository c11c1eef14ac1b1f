/*-------------------------------------------------------------------------
 *
 * changes_rights.c
 *	  Of two states: relations and privileges.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/changes.h"

#include "lib/stringinfo.h"

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

/* The roles that may SELECT from it besides its owner: "role a, everybody". */
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
			az_lists(az_json_get_z(grant, "privileges"), "SELECT"))
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
				AZ_ALL_COMMANDS, relation,
				psprintf("%s %s, which reads with the rights of its owner %s, was %s",
						 az_member(view, "kind"), az_member(view, "name"), az_member(view, "owner"),
						 is_new ? "added" : "dropped"));
}

static void
judge_table(AzChanges *changes, const AzDifference *difference)
{
	const char *name = az_member(difference->after, "name");
	const char *owner = az_member(difference->after, "owner");

	az_judge_flag(changes, difference, "row_security", false, "everybody", name,
			   "row security is on", "row security is off");
	az_judge_flag(changes, difference, "forced", false, az_whom(owner), name,
			   "row security binds the owner", "row security does not bind the owner");
	if (is_other(difference, "owner"))
	{
		az_tell(changes, AZ_WIDER, az_whom(owner), AZ_ALL_COMMANDS, name, "it belongs to this role now");
		az_tell(changes, AZ_NARROWER, az_whom(az_member(difference->before, "owner")), AZ_ALL_COMMANDS,
				name, "it no longer belongs to this role");
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
		if (az_is_way(one, "view"))
			judge_view(changes, difference);
		else
			az_tell_difference(changes, difference);
	}
	else if (az_is_way(one, "read") || az_is_way(one, "view") || is_other(difference, "way") ||
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
								   asks ? "the role that asks" : "its owner, and not of the role that asks");

		az_tell(changes, AZ_WIDER, who, AZ_ALL_COMMANDS, name, why);
		az_tell(changes, AZ_NARROWER, who, AZ_ALL_COMMANDS, name, why);
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

		if (privilege && !az_lists(other, privilege))
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
	const char *before = az_member(az_find_state_row(changes->before, "relations", "name", relation, NULL, NULL), "owner");
	const char *after = az_member(az_find_state_row(changes->after, "relations", "name", relation, NULL, NULL), "owner");

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
		az_find_state_row(given ? changes->before : changes->after, "schemas", "name", schema, "role", "PUBLIC"))
		return;
	if (!decides_in_schema(given ? changes->before : changes->after, schema))
		return;
	az_tell(changes, given ? AZ_WIDER : AZ_NARROWER, az_whom(role), AZ_ALL_COMMANDS,
			az_member(changes->after, "relation"),
			psprintf("USAGE on schema %s, in which something lies that decides, was %s", schema,
					 given ? "granted" : "revoked"));
}
