/*-------------------------------------------------------------------------
 *
 * protect_rules.c
 *	  The rules that protect() is given, and the condition that they make.
 *
 * The condition names every function with its schema, uses no operator, and
 * quotes what came from outside, so it means the same under any search_path.
 *
 *-------------------------------------------------------------------------
 */
#include "policies/protect_rules.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "server/arguments.h"

/*
 * The arguments of protect(): these, eight lists for each command, dry_run,
 * and since 1.1 what protect_set.c reads.
 */
enum
{
	ARG_REL,
	ARG_OWNER,
	ARG_MODE,
	ARG_ORG,
	ARG_ORG_PERMISSION,
	ARG_ADMIN,
	ARG_LISTS
};

#define ARG_DRY_RUN	(ARG_LISTS + AZ_COMMANDS * AZ_PROTECT_LISTS)
#define ARG_SETS	(ARG_DRY_RUN + 1)

static const struct
{
	const char *name;			/* of the argument, behind the command */
	const char *check;
}			lists[AZ_PROTECT_LISTS] =
{
	{"any_scopes", "has_any_scope"},
	{"all_scopes", "has_all_scopes"},
	{"any_roles", "has_any_role"},
	{"all_roles", "has_all_roles"},
	{"any_permissions", "has_any_permission"},
	{"all_permissions", "has_all_permissions"},
	{"any_groups", "has_any_group"},
	{"all_groups", "has_all_groups"},
};

static char *
argument_name(AzCommand command, int list)
{
	char	   *name = psprintf("%s_%s", az_command_name[command], lists[list].name);
	char	   *c;

	for (c = name; *c != '_'; c++)
		*c = pg_tolower((unsigned char) *c);
	return name;
}

/* authz.has_any_scope('a', 'b') */
static char *
read_list(Datum array, AzCommand command, int list)
{
	StringInfoData call;
	Datum	   *values;
	bool	   *nulls;
	int			n;
	int			i;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &values, &nulls, &n);
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be empty", argument_name(command, list)),
				 errdetail("An empty list would be met by everybody or by nobody.")));
	initStringInfo(&call);
	appendStringInfo(&call, "authz.%s(", lists[list].check);
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must not contain null", argument_name(command, list)),
					 errdetail("Nobody holds a null.")));
		appendStringInfo(&call, "%s%s", i > 0 ? ", " : "",
						 quote_literal_cstr(TextDatumGetCString(values[i])));
	}
	appendStringInfoChar(&call, ')');
	return call.data;
}

static void
read_lists(FunctionCallInfo fcinfo, AzProtectRules *rules)
{
	int			command;
	int			list;

	for (command = 0; command < AZ_COMMANDS; command++)
	{
		for (list = 0; list < AZ_PROTECT_LISTS; list++)
		{
			int			argno = ARG_LISTS + command * AZ_PROTECT_LISTS + list;

			if (PG_ARGISNULL(argno))
				continue;
			if (rules->mode == AZ_MODE_READ_ONLY && command != AZ_SELECT)
				az_raise_misuse(psprintf("%s cannot be combined with mode \"read_only\"",
										 argument_name(command, list)),
								"In this mode nobody writes.");
			rules->list[command][list] = read_list(PG_GETARG_DATUM(argno), command, list);
			rules->any_list = true;
		}
	}
}

static AzMode
read_mode(FunctionCallInfo fcinfo)
{
	char	   *mode;

	if (PG_ARGISNULL(ARG_MODE))
		return PG_ARGISNULL(ARG_OWNER) ? AZ_MODE_NONE : AZ_MODE_OWNER;
	mode = text_to_cstring(PG_GETARG_TEXT_PP(ARG_MODE));
	if (strcmp(mode, "owner") == 0)
		return AZ_MODE_OWNER;
	if (strcmp(mode, "owner_or_read") == 0)
		return AZ_MODE_OWNER_OR_READ;
	if (strcmp(mode, "read_only") == 0)
		return AZ_MODE_READ_ONLY;
	az_raise_misuse(psprintf("unrecognized mode \"%s\"", mode),
					"Modes are \"owner\", \"owner_or_read\" and \"read_only\".");
}

void
az_read_protect_rules(FunctionCallInfo fcinfo, AzProtectRules *rules)
{
	text	   *permission = az_arg_optional_text(fcinfo, ARG_ORG_PERMISSION,
												  "org_permission");

	memset(rules, 0, sizeof(*rules));
	rules->mode = read_mode(fcinfo);
	rules->owner.name = az_arg_optional_name(fcinfo, ARG_OWNER);
	rules->org.name = az_arg_optional_name(fcinfo, ARG_ORG);
	rules->org_permission = permission ? text_to_cstring(permission) : NULL;
	rules->admin = !PG_ARGISNULL(ARG_ADMIN) && PG_GETARG_BOOL(ARG_ADMIN);
	read_lists(fcinfo, rules);
	az_read_protect_sets(fcinfo, ARG_SETS, &rules->sets);

	if (rules->mode == AZ_MODE_READ_ONLY && rules->owner.name)
		az_raise_misuse("owner cannot be combined with mode \"read_only\"",
						"In this mode everybody who is logged in reads, and nobody writes.  Mode \"owner_or_read\" lets owners write.");
	if ((rules->mode == AZ_MODE_OWNER || rules->mode == AZ_MODE_OWNER_OR_READ) &&
		rules->owner.name == NULL)
		az_raise_misuse("this mode needs owner",
						"Name the column that holds the owner: owner => 'owner_id'.");
	if (rules->org_permission && rules->org.name == NULL)
		az_raise_misuse("org_permission needs org",
						"Name the column that holds the organisation: org => 'org_id'.");
	if (rules->mode == AZ_MODE_OWNER_OR_READ && OidIsValid(rules->sets.read))
		az_raise_misuse("set cannot be combined with mode \"owner_or_read\"",
						"In this mode everybody who is logged in reads.  In mode \"owner\" those read who own the row or reach it by the set.");
	if (rules->mode == AZ_MODE_READ_ONLY && OidIsValid(rules->sets.write))
		az_raise_misuse("write_set cannot be combined with mode \"read_only\"",
						"In this mode nobody writes.");
	if (rules->mode == AZ_MODE_NONE && rules->org.name == NULL && !rules->any_list &&
		!rules->admin && !OidIsValid(rules->sets.read))
		az_raise_misuse("no rule was given",
						"Give owner, org, set, mode, admin, or a list such as select_any_scopes.");
}

static void
find_column(const AzTable *table, AzTableColumn *column)
{
	if (column->name)
		az_find_column(table, column);
}

static void
find_claim_column(const AzTable *table, AzTableColumn *column)
{
	find_column(table, column);
	if (column->name)
		az_check_value_column(column, table->name, "compared with a claim");
}

void
az_find_protect_columns(AzProtectRules *rules, const AzTable *table)
{
	find_claim_column(table, &rules->owner);
	find_claim_column(table, &rules->org);
	find_column(table, &rules->sets.column);
	az_find_protect_sets(table, &rules->sets);
}

bool
az_is_dry_run(FunctionCallInfo fcinfo)
{
	return !PG_ARGISNULL(ARG_DRY_RUN) && PG_GETARG_BOOL(ARG_DRY_RUN);
}

/* What must all hold; "either": it is an OR, and has no parentheses yet. */
typedef struct Condition
{
	const char *text;
	bool		either;
} Condition;

typedef struct Conditions
{
	Condition	all[AZ_PROTECT_LISTS + 3];
	int			n;
} Conditions;

static void
add_condition(Conditions *conditions, const char *text, bool either)
{
	Condition  *condition = &conditions->all[conditions->n++];

	condition->text = text;
	condition->either = either;
}

static void
add_organisation(Conditions *conditions, const AzProtectRules *rules)
{
	if (rules->org.name == NULL)
		return;
	add_condition(conditions, rules->org_permission ?
				  psprintf("authz.has_org_permission(%s, %s)", rules->org.quoted,
						   quote_literal_cstr(rules->org_permission)) :
				  psprintf("authz.in_org(%s)", rules->org.quoted), false);
}

/*
 * Those who own a row or reach it by a set.  A set to read by gives no command
 * but SELECT, so for others it counts beside another rule alone.
 */
static void
add_reach(Conditions *conditions, const AzProtectRules *rules, AzCommand command, AzRow row,
		  bool alone)
{
	const AzProtectSets *sets = &rules->sets;
	const char *set = az_protect_set(sets, command);
	char	   *owner = rules->owner.name ?
		psprintf("authz.is_owner(%s)", rules->owner.quoted) : NULL;
	bool		gives = command == AZ_SELECT || OidIsValid(sets->write);

	if (row == AZ_ROW_NEW && set && owner)
	{
		if (command == AZ_INSERT || !gives)
		{
			add_condition(conditions, owner, false);
			add_condition(conditions, sets->column.nullable ?
						  psprintf("%s IS NULL OR %s", sets->column.quoted, set) : set,
						  sets->column.nullable);
		}
		else
			add_condition(conditions, sets->column.nullable ?
						  psprintf("%s OR (%s AND %s IS NULL)", set, owner,
								   sets->column.quoted) : set,
						  sets->column.nullable);
	}
	else if (owner && set && gives)
		add_condition(conditions, psprintf("%s OR %s", owner, set), true);
	else if (owner)
		add_condition(conditions, owner, false);
	else if (set && (gives || !alone))
		add_condition(conditions, set, false);
}

static char *
join_conditions(const Conditions *conditions, bool admin)
{
	StringInfoData all;
	int			i;

	initStringInfo(&all);
	if (admin)
		appendStringInfo(&all, "authz.is_admin()%s%s", conditions->n > 0 ? " OR " : "",
						 conditions->n > 1 ? "(" : "");
	for (i = 0; i < conditions->n; i++)
	{
		const Condition *condition = &conditions->all[i];

		appendStringInfo(&all, condition->either && conditions->n > 1 ? "%s(%s)" : "%s%s",
						 i > 0 ? " AND " : "", condition->text);
	}
	if (admin && conditions->n > 1)
		appendStringInfoChar(&all, ')');
	return all.data;
}

/*
 * A user who passes any check but is_authenticated() is logged in, so that one
 * is only asked where there is no other.
 */
char *
az_protect_condition(const AzProtectRules *rules, AzCommand command, AzRow row)
{
	bool		reading = command == AZ_SELECT && (rules->mode == AZ_MODE_OWNER_OR_READ ||
												   rules->mode == AZ_MODE_READ_ONLY);
	bool		alone = rules->org.name == NULL;
	Conditions	conditions = {0};
	int			list;

	if (rules->mode == AZ_MODE_READ_ONLY && command != AZ_SELECT)
		return NULL;
	for (list = 0; list < AZ_PROTECT_LISTS; list++)
	{
		if (rules->list[command][list])
			alone = false;
	}
	if (!(reading && rules->owner.name))
		add_reach(&conditions, rules, command, row, alone);
	add_organisation(&conditions, rules);
	for (list = 0; list < AZ_PROTECT_LISTS; list++)
	{
		if (rules->list[command][list])
			add_condition(&conditions, rules->list[command][list], false);
	}
	if (conditions.n == 0 && reading)
		add_condition(&conditions, "authz.is_authenticated()", false);

	if (conditions.n == 0 && !rules->admin)
		return NULL;
	return join_conditions(&conditions, rules->admin);
}
