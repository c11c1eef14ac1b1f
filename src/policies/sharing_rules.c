/*-------------------------------------------------------------------------
 *
 * sharing_rules.c
 *	  The tables and columns that sharing_view() is given.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/sharing_rules.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "server/arguments.h"

/* The arguments of sharing_view(), but for tables and columns. */
enum
{
	ARG_VIEW_NAME = 0,
	ARG_SHAPE = 1,
	ARG_TEAM_SET = 21,
	ARG_LEVELS,
	ARG_MIN_LEVEL,
	ARG_CLAIM,
	ARG_VIEW_SCHEMA,
	ARG_DRY_RUN
};

static const struct
{
	const char *name;
	AzShape		shape;			/* the first one that takes it */
	int			argno;
}			tables[AZ_SHARING_TABLES] =
{
	{"folders", AZ_SHAPE_FOLDERS, 2},
	{"shares", AZ_SHAPE_SHARES, 6},
	{"members", AZ_SHAPE_TEAMS, 13},
	{"subteams", AZ_SHAPE_TEAMS, 17},
};

/* A table's columns follow it. */
static const struct
{
	const char *name;
	AzSharingTable table;
	bool		required;		/* with its table */
	int			argno;
}			columns[AZ_SHARING_COLUMNS] =
{
	{"folder_key", AZ_FOLDERS, true, 3},
	{"folder_parent", AZ_FOLDERS, true, 4},
	{"folder_breaks", AZ_FOLDERS, false, 5},
	{"share_key", AZ_SHARES, true, 7},
	{"share_subject", AZ_SHARES, false, 8},
	{"share_team", AZ_SHARES, false, 9},
	{"share_level", AZ_SHARES, false, 10},
	{"share_deny", AZ_SHARES, false, 11},
	{"share_valid_until", AZ_SHARES, false, 12},
	{"member_team", AZ_MEMBERS, true, 14},
	{"member_subject", AZ_MEMBERS, true, 15},
	{"member_valid_until", AZ_MEMBERS, false, 16},
	{"subteam", AZ_SUBTEAMS, true, 18},
	{"subteam_of", AZ_SUBTEAMS, true, 19},
	{"subteam_valid_until", AZ_SUBTEAMS, false, 20},
};

static AzShape
read_shape(FunctionCallInfo fcinfo)
{
	static const char *const shapes[] = {"teams", "shares", "folders"};
	char	   *shape;
	int			i;

	az_arg_required(fcinfo, ARG_SHAPE, "shape");
	shape = text_to_cstring(PG_GETARG_TEXT_PP(ARG_SHAPE));
	for (i = 0; i < (int) lengthof(shapes); i++)
	{
		if (strcmp(shape, shapes[i]) == 0)
			return i;
	}
	az_raise_misuse(psprintf("unrecognized shape \"%s\"", shape),
					"Shapes are \"teams\", \"shares\" and \"folders\".");
}

static void
read_tables(FunctionCallInfo fcinfo, AzSharingRules *rules)
{
	int			i;

	for (i = 0; i < AZ_SHARING_TABLES; i++)
	{
		if (PG_ARGISNULL(tables[i].argno))
			continue;
		if (rules->shape < tables[i].shape)
			az_raise_misuse(psprintf("%s cannot be combined with this shape", tables[i].name),
							"Shape \"teams\" is about members, \"shares\" about shares as well, \"folders\" about all of them.");
		rules->rel[i] = PG_GETARG_OID(tables[i].argno);
		rules->given[i] = true;
	}
	for (i = 0; i < AZ_SHARING_COLUMNS; i++)
	{
		bool		given = rules->given[columns[i].table];
		const char *table = tables[columns[i].table].name;

		rules->column[i].name = az_arg_optional_name(fcinfo, columns[i].argno);
		if (rules->column[i].name && !given)
			az_raise_misuse(psprintf("%s needs %s", columns[i].name, table),
							"Name the table that the column belongs to.");
		if (rules->column[i].name == NULL && given && columns[i].required)
			az_raise_misuse(psprintf("%s needs %s", table, columns[i].name),
							"Name the column of that table.");
	}
}

/* What the shape cannot do without. */
static void
check_shape(const AzSharingRules *rules)
{
	AzSharingTable needed = rules->shape == AZ_SHAPE_FOLDERS ? AZ_FOLDERS :
		rules->shape == AZ_SHAPE_SHARES ? AZ_SHARES : AZ_MEMBERS;

	if (rules->shape == AZ_SHAPE_FOLDERS && rules->given[AZ_FOLDERS])
		needed = AZ_SHARES;
	if (!rules->given[needed])
		az_raise_misuse(psprintf("this shape needs %s", tables[needed].name),
						"Name the table, and its columns.");
}

/* Somebody must be found: directly, as a member of a team, or both. */
static void
check_people(const AzSharingRules *rules)
{
	bool		teams = rules->given[AZ_MEMBERS] || rules->by_set;

	if (rules->by_set && rules->shape == AZ_SHAPE_TEAMS)
		az_raise_misuse("team_set cannot be combined with this shape",
						"It names the teams that rows are shared with.");
	if (rules->by_set && (rules->given[AZ_MEMBERS] || rules->given[AZ_SUBTEAMS]))
		az_raise_misuse("team_set cannot be combined with members and subteams",
						"The teams of a person come from that set, or from these tables.");
	if (rules->given[AZ_SUBTEAMS] && !rules->given[AZ_MEMBERS])
		az_raise_misuse("subteams needs members", "Name the table of the members of teams.");
	if (rules->shape == AZ_SHAPE_TEAMS)
		return;
	if (!rules->column[AZ_SHARE_SUBJECT].name && !rules->column[AZ_SHARE_TEAM].name)
		az_raise_misuse("shares needs share_subject or share_team",
						"Name the column that says with whom a row is shared.");
	if (rules->column[AZ_SHARE_TEAM].name && !teams)
		az_raise_misuse("share_team needs members or team_set",
						"Say which teams a person is in.");
	if (teams && !rules->column[AZ_SHARE_TEAM].name)
		az_raise_misuse(psprintf("%s needs share_team", rules->by_set ? "team_set" : "members"),
						"Name the column of shares that holds a team.");
}

/* One of the levels, which differs from those before. */
static char *
read_level(Datum *values, bool *nulls, int i)
{
	char	   *level;
	int			before;

	if (nulls[i])
		az_raise_misuse("levels must not contain null", "Leave it out.");
	level = TextDatumGetCString(values[i]);
	for (before = 0; before < i; before++)
	{
		if (strcmp(level, TextDatumGetCString(values[before])) == 0)
			az_raise_misuse(psprintf("levels contain \"%s\" twice", level),
							"List each level once, the least first.");
	}
	return level;
}

static void
read_levels(FunctionCallInfo fcinfo, AzSharingRules *rules)
{
	const char *column = rules->column[AZ_SHARE_LEVEL].name;
	char	   *least;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	if ((column != NULL) == PG_ARGISNULL(ARG_LEVELS) ||
		(column != NULL) == PG_ARGISNULL(ARG_MIN_LEVEL))
		az_raise_misuse("share_level, levels and min_level need each other",
						"Name the column, list its values with the least first, and say which one is enough.");
	if (column == NULL)
		return;
	least = text_to_cstring(PG_GETARG_TEXT_PP(ARG_MIN_LEVEL));
	deconstruct_array(DatumGetArrayTypeP(PG_GETARG_DATUM(ARG_LEVELS)), TEXTOID, -1,
					  false, TYPALIGN_INT, &values, &nulls, &n);
	for (i = 0; i < n; i++)
	{
		char	   *level = read_level(values, nulls, i);

		if (rules->enough != NIL)
			rules->beyond = lappend(rules->beyond, level);
		if (rules->enough != NIL || strcmp(level, least) == 0)
			rules->enough = lappend(rules->enough, level);
	}
	if (rules->enough == NIL)
		az_raise_misuse(psprintf("min_level \"%s\" is not one of levels", least),
						"List all values of the column, the least first.");
}

static void
read_claim(FunctionCallInfo fcinfo, AzSharingRules *rules)
{
	text	   *claim = az_arg_optional_text(fcinfo, ARG_CLAIM, "claim");

	rules->claim = claim ? text_to_cstring(claim) : NULL;
	if (claim && !rules->column[AZ_SHARE_SUBJECT].name && !rules->given[AZ_MEMBERS])
		az_raise_misuse("claim needs share_subject or members",
						"Teams of another set are found by what that set says.");
}

void
az_read_sharing_rules(FunctionCallInfo fcinfo, AzSharingRules *rules)
{
	memset(rules, 0, sizeof(*rules));
	az_arg_required(fcinfo, ARG_VIEW_NAME, "view_name");
	rules->view_name = az_arg_optional_name(fcinfo, ARG_VIEW_NAME);
	rules->view_schema = az_arg_optional_name(fcinfo, ARG_VIEW_SCHEMA);
	rules->shape = read_shape(fcinfo);
	rules->dry_run = PG_ARGISNULL(ARG_DRY_RUN) || PG_GETARG_BOOL(ARG_DRY_RUN);
	rules->by_set = !PG_ARGISNULL(ARG_TEAM_SET);
	if (rules->by_set)
		rules->team_set = PG_GETARG_OID(ARG_TEAM_SET);
	read_tables(fcinfo, rules);
	check_shape(rules);
	check_people(rules);
	read_levels(fcinfo, rules);
	read_claim(fcinfo, rules);
}

AzSharingColumn
az_sharing_key(const AzSharingRules *rules)
{
	switch (rules->shape)
	{
		case AZ_SHAPE_TEAMS:
			return AZ_MEMBER_TEAM;
		case AZ_SHAPE_SHARES:
			return AZ_SHARE_KEY;
		default:
			return AZ_FOLDER_KEY;
	}
}

AzSharingTable
az_sharing_table_of(AzSharingColumn column)
{
	return columns[column].table;
}
