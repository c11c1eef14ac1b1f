/*-------------------------------------------------------------------------
 *
 * sharing_query.c
 *	  The query of the view that sharing_view() writes.
 *
 * UNION, not UNION ALL, stands between the arms: a circle of folders or teams
 * finds nothing new and so comes to an end.  Ends do not undo that, since the
 * least of some ends is one of them.
 *
 * Names, types and operators have their schemas, so the text means the same
 * under any search_path.  No syntax is used that looks an operator up by its
 * bare name (IN, NULLIF, IS DISTINCT FROM).
 *
 *-------------------------------------------------------------------------
 */
#include "policies/sharing_query.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "policies/sharing_arms.h"

static char *
is_person(const AzSharingRules *rules, const char *alias, const AzTableColumn *subject)
{
	if (rules->claim)
		return psprintf("authz.is_owner(%s, %s)", az_in_table(alias, subject),
						quote_literal_cstr(rules->claim));
	return psprintf("authz.is_owner(%s)", az_in_table(alias, subject));
}

/*
 * The type that values of both columns must be cast to, so that they can stand
 * in one column of a recursive query; NULL where they are alike.
 */
static const char *
common_type(const AzTableColumn *one, const AzTableColumn *other)
{
	if (other->name == NULL || (one->type == other->type && one->typmod == other->typmod))
		return NULL;
	return format_type_be_qualified(one->kind == AZ_VALUE_TEXT ? TEXTOID : one->base);
}

static List *
add_not_null(List *conditions, const char *alias, const AzTableColumn *key)
{
	if (!key->nullable)
		return conditions;
	return lappend(conditions, psprintf("%s IS NOT NULL", az_in_table(alias, key)));
}

/* s.level OPERATOR(pg_catalog.=) ANY (ARRAY['edit', 'own']) */
static char *
is_among(const AzTableColumn *level, const List *values)
{
	StringInfoData text;
	const ListCell *lc;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s ANY (ARRAY[", az_in_table("s", level), az_equals(level));
	foreach(lc, values)
		appendStringInfo(&text, "%s%s", lc == list_head(values) ? "" : ", ",
						 quote_literal_cstr(lfirst(lc)));
	appendStringInfoChar(&text, ']');
	if (level->base != TEXTOID && level->base != VARCHAROID)
		appendStringInfo(&text, "::%s", format_type_be_qualified(get_array_type(level->base)));
	appendStringInfoChar(&text, ')');
	return text.data;
}

static AzArm *
new_arm(const AzSharingRules *rules, const char *alias, AzSharingColumn key, bool ends)
{
	AzArm	   *arm = palloc0(sizeof(AzArm));

	arm->table = &rules->table[az_sharing_table_of(key)];
	arm->alias = alias;
	arm->key = &rules->column[key];
	arm->ends = ends;
	return arm;
}

static void
set_until(AzArm *arm, const AzSharingRules *rules, AzSharingColumn until)
{
	if (rules->column[until].name)
		arm->until = &rules->column[until];
}

/*
 * Teams
 */

/* The part of the query that finds them. */
static AzOrigin
my_teams(const AzSharingRules *rules)
{
	AzOrigin	teams = {"my_teams", "t", "team", false};

	teams.ends = rules->column[AZ_MEMBER_UNTIL].name || rules->column[AZ_SUBTEAM_UNTIL].name;
	return teams;
}

/* Members of a team are members of the one that it lies in. */
static List *
team_arms(const AzSharingRules *rules, const AzOrigin *teams)
{
	const AzTableColumn *member_team = &rules->column[AZ_MEMBER_TEAM];
	const AzTableColumn *subteam_of = &rules->column[AZ_SUBTEAM_OF];
	const char *type = common_type(member_team, subteam_of);
	AzArm	   *members = new_arm(rules, "m", AZ_MEMBER_TEAM, teams->ends);
	AzArm	   *subteams = new_arm(rules, "n", AZ_SUBTEAM_OF, teams->ends);

	set_until(members, rules, AZ_MEMBER_UNTIL);
	members->key_type = type;
	members->conditions = list_make1(is_person(rules, "m", &rules->column[AZ_MEMBER_SUBJECT]));
	members->conditions = add_not_null(members->conditions, "m", member_team);
	if (!rules->given[AZ_SUBTEAMS])
		return list_make1(members);
	set_until(subteams, rules, AZ_SUBTEAM_UNTIL);
	subteams->key_type = type;
	az_go_on_from(subteams, teams, &rules->column[AZ_SUBTEAM]);
	subteams->conditions = add_not_null(subteams->conditions, "n", subteam_of);
	return list_make2(members, subteams);
}

/*
 * Shares, and the folders below
 */

/*
 * A share gives, or denies.  What cannot be read as a share gives nothing and
 * what cannot be read as a limit of a denial limits nothing: a flag that is
 * NULL gives not, and a denial without a level denies all of them.
 */
static void
add_kind_of_share(const AzSharingRules *rules, AzArm *arm, bool denies)
{
	const AzTableColumn *deny = &rules->column[AZ_SHARE_DENY];
	const AzTableColumn *level = &rules->column[AZ_SHARE_LEVEL];
	char	   *condition;

	if (deny->name)
		arm->conditions = lappend(arm->conditions, psprintf("%s%s", denies ? "" : "NOT ",
															az_in_table("s", deny)));
	if (level->name == NULL || (denies && rules->beyond == NIL))
		return;
	condition = is_among(level, denies ? rules->beyond : rules->enough);
	arm->conditions = lappend(arm->conditions,
							  denies ? psprintf("(%s) IS NOT TRUE", condition) : condition);
}

/* Its keys are asked for as a whole, so that they are kept from query to query. */
static char *
is_team_of_set(const AzSharingRules *rules, const AzTableColumn *team)
{
	return psprintf("%s %s ANY (authz.set_keys(%s::pg_catalog.regclass, NULL::%s))",
					az_in_table("s", team), az_equals(team),
					quote_literal_cstr(rules->team_set_quoted),
					format_type_be_qualified(rules->team_set_key.base));
}

static AzArm *
new_share_arm(const AzSharingRules *rules, bool ends)
{
	AzArm	   *arm = new_arm(rules, "s", AZ_SHARE_KEY, ends);

	set_until(arm, rules, AZ_SHARE_UNTIL);
	arm->key_type = common_type(arm->key, &rules->column[AZ_FOLDER_KEY]);
	return arm;
}

/* With one person, with teams that another set names, or with those found above. */
static List *
share_arms(const AzSharingRules *rules, const AzOrigin *teams, bool ends, bool denies)
{
	const AzTableColumn *subject = &rules->column[AZ_SHARE_SUBJECT];
	const AzTableColumn *team = &rules->column[AZ_SHARE_TEAM];
	List	   *arms = NIL;
	ListCell   *lc;

	if (subject->name)
	{
		AzArm	   *arm = new_share_arm(rules, ends);

		arm->conditions = list_make1(is_person(rules, "s", subject));
		arms = lappend(arms, arm);
	}
	if (team->name)
	{
		AzArm	   *arm = new_share_arm(rules, ends);

		if (teams->name)
			az_go_on_from(arm, teams, team);
		else
			arm->conditions = list_make1(is_team_of_set(rules, team));
		arms = lappend(arms, arm);
	}
	foreach(lc, arms)
	{
		AzArm	   *arm = lfirst(lc);

		arm->conditions = add_not_null(arm->conditions, "s", arm->key);
		add_kind_of_share(rules, arm, denies);
	}
	return arms;
}

/*
 * What lies in a folder that was reached, unless it inherits nothing.  It lies there
 * for good: the arm has no end of its own.
 */
static AzArm *
folder_arm(const AzSharingRules *rules, const AzOrigin *reached, bool denies)
{
	const AzTableColumn *breaks = &rules->column[AZ_FOLDER_BREAKS];
	AzArm	   *arm = new_arm(rules, "f", AZ_FOLDER_KEY, reached->ends);

	arm->key_type = common_type(arm->key, &rules->column[AZ_SHARE_KEY]);
	az_go_on_from(arm, reached, &rules->column[AZ_FOLDER_PARENT]);
	arm->conditions = add_not_null(arm->conditions, "f", arm->key);
	if (breaks->name)
		arm->conditions = lappend(arm->conditions,
								  psprintf(denies ? "%s IS NOT TRUE" : "NOT %s",
										   az_in_table("f", breaks)));
	return arm;
}

/*
 * The query
 */

typedef struct Writer
{
	const AzSharingRules *rules;
	StringInfoData text;
	bool		begun;			/* with a part */
} Writer;

static void
add_part(Writer *writer, const AzOrigin *part, const List *arms)
{
	const AzSharingRules *rules = writer->rules;
	bool		recursive = rules->given[AZ_SUBTEAMS] || rules->given[AZ_FOLDERS];

	if (writer->begun)
		appendStringInfoString(&writer->text, "\n), ");
	else
		appendStringInfo(&writer->text, "WITH %s", recursive ? "RECURSIVE " : "");
	appendStringInfo(&writer->text, "%s (%s%s) AS (\n", part->name, part->key,
					 part->ends ? ", valid_until" : "");
	az_append_arms(&writer->text, 8, arms);
	writer->begun = true;
}

static void
end_parts(Writer *writer)
{
	if (writer->begun)
		appendStringInfoString(&writer->text, "\n)\n");
}

/* Each key once, with the last of its ends, and not what is denied. */
static void
add_result(Writer *writer, const AzOrigin *from, const AzOrigin *denied)
{
	const AzTableColumn *key = &writer->rules->column[az_sharing_key(writer->rules)];
	StringInfo	text = &writer->text;

	end_parts(writer);
	appendStringInfo(text, "SELECT %s AS %s", az_origin_key(from), key->quoted);
	if (from->ends)
		appendStringInfo(text, ",\n       CASE WHEN pg_catalog.bool_and(%s.valid_until IS NOT NULL)"
						 "\n            THEN pg_catalog.max(%s.valid_until) END AS valid_until",
						 from->alias, from->alias);
	appendStringInfo(text, "\n  FROM %s %s", from->name, from->alias);
	if (denied)
		appendStringInfo(text, "\n WHERE NOT EXISTS (SELECT FROM %s %s WHERE %s %s %s)",
						 denied->name, denied->alias, az_origin_key(denied),
						 az_equals(key), az_origin_key(from));
	if (from->ends)
		appendStringInfo(text, "\n GROUP BY %s", az_origin_key(from));
}

/*
 * The teams of a person: a part of the query, another set that is read, or, where
 * its keys do not end, nothing to go on from.
 */
static AzOrigin
add_teams(Writer *writer)
{
	const AzSharingRules *rules = writer->rules;
	AzOrigin	teams = my_teams(rules);
	AzOrigin	set = {rules->team_set_quoted, "t", rules->team_set_key.quoted, true};
	AzOrigin	nothing = {NULL, NULL, NULL, false};

	if (rules->by_set)
		return rules->team_set_ends ? set : nothing;
	if (rules->given[AZ_MEMBERS])
		add_part(writer, &teams, team_arms(rules, &teams));
	return teams;
}

static void
write_teams(Writer *writer)
{
	const AzSharingRules *rules = writer->rules;
	AzOrigin	teams = my_teams(rules);

	if (!rules->given[AZ_SUBTEAMS] && !teams.ends)
		az_append_arms(&writer->text, 0, team_arms(rules, &teams));
	else
	{
		add_part(writer, &teams, team_arms(rules, &teams));
		add_result(writer, &teams, NULL);
	}
}

static void
write_shares(Writer *writer)
{
	const AzSharingRules *rules = writer->rules;
	bool		denies = rules->column[AZ_SHARE_DENY].name != NULL;
	bool		folders = rules->given[AZ_FOLDERS];
	AzOrigin	teams = add_teams(writer);
	AzOrigin	granted = {"granted", "g", "key", rules->column[AZ_SHARE_UNTIL].name || teams.ends};
	AzOrigin	denied = {"denied", "d", "key", false};
	List	   *gives = share_arms(rules, &teams, granted.ends, false);
	List	   *takes = share_arms(rules, &teams, false, true);

	if (!folders && !denies && !granted.ends)
	{
		end_parts(writer);
		az_append_arms(&writer->text, 0, gives);
		return;
	}
	if (folders)
	{
		gives = lappend(gives, folder_arm(rules, &granted, false));
		takes = lappend(takes, folder_arm(rules, &denied, true));
	}
	add_part(writer, &granted, gives);
	if (denies)
		add_part(writer, &denied, takes);
	add_result(writer, &granted, denies ? &denied : NULL);
}

char *
az_sharing_query(const AzSharingRules *rules)
{
	Writer		writer;

	writer.rules = rules;
	writer.begun = false;
	initStringInfo(&writer.text);
	if (rules->shape == AZ_SHAPE_TEAMS)
		write_teams(&writer);
	else
		write_shares(&writer);
	return writer.text.data;
}
