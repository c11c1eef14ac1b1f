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
#include "utils/lsyscache.h"

#include "server/arguments.h"
#include "server/value.h"

/* The arguments of protect(): these, eight lists for each command, dry_run. */
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

/* 22023, with what to write instead. */
pg_noreturn static void
refuse(const char *message, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg_internal("%s", message),
			 errhint("%s", hint)));
}

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
				refuse(psprintf("%s cannot be combined with mode \"read_only\"",
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
	refuse(psprintf("unrecognized mode \"%s\"", mode),
		   "Modes are \"owner\", \"owner_or_read\" and \"read_only\".");
	pg_unreachable();
}

static const char *
read_name(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : pstrdup(NameStr(*PG_GETARG_NAME(argno)));
}

void
az_read_protect_rules(FunctionCallInfo fcinfo, AzProtectRules *rules)
{
	text	   *permission = az_arg_optional_text(fcinfo, ARG_ORG_PERMISSION,
												  "org_permission");

	memset(rules, 0, sizeof(*rules));
	rules->mode = read_mode(fcinfo);
	rules->owner.name = read_name(fcinfo, ARG_OWNER);
	rules->org.name = read_name(fcinfo, ARG_ORG);
	rules->org_permission = permission ? text_to_cstring(permission) : NULL;
	rules->admin = !PG_ARGISNULL(ARG_ADMIN) && PG_GETARG_BOOL(ARG_ADMIN);
	read_lists(fcinfo, rules);

	if (rules->mode == AZ_MODE_READ_ONLY && rules->owner.name)
		refuse("owner cannot be combined with mode \"read_only\"",
			   "In this mode everybody who is logged in reads, and nobody writes.  Mode \"owner_or_read\" lets owners write.");
	if ((rules->mode == AZ_MODE_OWNER || rules->mode == AZ_MODE_OWNER_OR_READ) &&
		rules->owner.name == NULL)
		refuse("this mode needs owner",
			   "Name the column that holds the owner: owner => 'owner_id'.");
	if (rules->org_permission && rules->org.name == NULL)
		refuse("org_permission needs org",
			   "Name the column that holds the organisation: org => 'org_id'.");
	if (rules->mode == AZ_MODE_NONE && rules->org.name == NULL && !rules->any_list &&
		!rules->admin)
		refuse("no rule was given",
			   "Give owner, org, mode, admin, or a list such as select_any_scopes.");
}

static void
find_column(const AzTable *table, AzProtectColumn *column)
{
	AzValueKind kind;
	Oid			base;
	Oid			type;

	if (column->name == NULL)
		return;
	column->number = get_attnum(table->oid, column->name);
	if (column->number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						column->name, table->name)));
	type = get_atttype(table->oid, column->number);
	if (!az_value_kind(type, &kind, &base))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" cannot be compared with a claim",
						column->name, table->name),
				 errdetail("Its type is %s.", format_type_be(type)),
				 errhint(AZ_VALUE_TYPES_HINT)));
	column->quoted = quote_identifier(column->name);
}

void
az_find_protect_columns(AzProtectRules *rules, const AzTable *table)
{
	find_column(table, &rules->owner);
	find_column(table, &rules->org);
}

bool
az_is_dry_run(FunctionCallInfo fcinfo)
{
	return !PG_ARGISNULL(ARG_DRY_RUN) && PG_GETARG_BOOL(ARG_DRY_RUN);
}

static void
append_condition(StringInfo condition, int *n, const char *text)
{
	appendStringInfo(condition, "%s%s", (*n)++ > 0 ? " AND " : "", text);
}

/*
 * Whoever passes any check but is_authenticated() is logged in, so that one
 * is only asked where there is no other.
 */
char *
az_protect_condition(const AzProtectRules *rules, AzCommand command)
{
	bool		reading = command == AZ_SELECT && (rules->mode == AZ_MODE_OWNER_OR_READ ||
												   rules->mode == AZ_MODE_READ_ONLY);
	StringInfoData all;
	int			n = 0;
	int			list;

	if (rules->mode == AZ_MODE_READ_ONLY && command != AZ_SELECT)
		return NULL;
	initStringInfo(&all);
	if (rules->owner.name && !reading)
		append_condition(&all, &n, psprintf("authz.is_owner(%s)", rules->owner.quoted));
	if (rules->org.name && rules->org_permission)
		append_condition(&all, &n, psprintf("authz.has_org_permission(%s, %s)",
											rules->org.quoted,
											quote_literal_cstr(rules->org_permission)));
	else if (rules->org.name)
		append_condition(&all, &n, psprintf("authz.in_org(%s)", rules->org.quoted));
	for (list = 0; list < AZ_PROTECT_LISTS; list++)
	{
		if (rules->list[command][list])
			append_condition(&all, &n, rules->list[command][list]);
	}
	if (n == 0 && reading)
		append_condition(&all, &n, "authz.is_authenticated()");

	if (!rules->admin)
		return n > 0 ? all.data : NULL;
	if (n == 0)
		return "authz.is_admin()";
	return psprintf(n > 1 ? "authz.is_admin() OR (%s)" : "authz.is_admin() OR %s",
					all.data);
}
