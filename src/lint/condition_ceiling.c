/*-------------------------------------------------------------------------
 *
 * condition_ceiling.c
 *	  Values by which a policy denies access, and which a ceiling takes away.
 *
 * A check that is negated lets those pass who do not have the value.  An actor
 * whose ceiling takes the value from the person then passes where the person
 * does not.
 *
 *-------------------------------------------------------------------------
 */
#include "lint/condition_subjects.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "lint/call_walk.h"
#include "lint/check_call.h"
#include "lint/outcome.h"
#include "server/spi.h"
#include "trust/admin.h"

/* Which column of authz.actor_ceiling limits it, and which argument has the values. */
typedef struct Limited
{
	const char *symbol;
	const char *column;
	int			argument;		/* 0: the value is not in the call */
	const char *value;			/* then: this one, or NULL for any */
} Limited;

static const Limited limited[] = {
	{"authz_has_scope", "scopes", 1, NULL},
	{"authz_has_any_scope", "scopes", 1, NULL},
	{"authz_has_all_scopes", "scopes", 1, NULL},
	{"authz_scopes", "scopes", 0, NULL},
	{"authz_has_role", "roles", 1, NULL},
	{"authz_has_any_role", "roles", 1, NULL},
	{"authz_has_all_roles", "roles", 1, NULL},
	{"authz_roles", "roles", 0, NULL},
	{"authz_has_permission", "permissions", 1, NULL},
	{"authz_has_any_permission", "permissions", 1, NULL},
	{"authz_has_all_permissions", "permissions", 1, NULL},
	{"authz_permissions", "permissions", 0, NULL},
	{"authz_has_perm", "permissions", 1, NULL},
	{"authz_has_perms", "permissions", 1, NULL},
	{"authz_has_object_perm", "permissions", 1, NULL},
	{"authz_has_object_perms", "permissions", 1, NULL},
	{"authz_has_group", "groups", 1, NULL},
	{"authz_has_any_group", "groups", 1, NULL},
	{"authz_has_all_groups", "groups", 1, NULL},
	{"authz_groups", "groups", 0, NULL},
	{"authz_has_org_role", "org_roles", 2, NULL},
	{"authz_is_at_least_org_role", "org_roles", 2, NULL},
	{"authz_has_active_org_role", "org_roles", 1, NULL},
	{"authz_org_role", "org_roles", 0, NULL},
	{"authz_org_roles", "org_roles", 0, NULL},
	{"authz_has_org_permission", "org_permissions", 2, NULL},
	{"authz_has_any_org_permission", "org_permissions", 2, NULL},
	{"authz_has_all_org_permissions", "org_permissions", 2, NULL},
	{"authz_has_active_org_permission", "org_permissions", 1, NULL},
	{"authz_org_ids_with_permission", "org_permissions", 1, NULL},
	{"authz_org_permissions", "org_permissions", 0, NULL},
	{"authz_has_item_permission", "item_permissions", 2, NULL},
	{"authz_has_any_item_permission", "item_permissions", 2, NULL},
	{"authz_manages_item", "item_permissions", 0, "MANAGE"},
	{"authz_has_app_permission", "permissions", 1, NULL},
	{"authz_has_app_permission", "item_permissions", 1, NULL},
	{"authz_is_admin", "admin", 0, NULL},
	{"authz_is_owner_or_admin", "admin", 0, NULL},
};

/* Checks of any claim, and which argument says where it is. */
static const Limited claims[] = {
	{"authz_has_claim", NULL, 1, NULL},
	{"authz_has_any_claim", NULL, 1, NULL},
	{"authz_has_all_claims", NULL, 1, NULL},
	{"authz_claim_is", NULL, 1, NULL},
	{"authz_is_owner", NULL, 2, NULL},
};

/*
 * An actor, in words, of whose ceiling that holds; NULL: there is none.  $1 is the
 * value.
 */
static char *
find_actor(const char *condition, const char *value)
{
	AzSpiParams params = {0};
	AzCaller	caller;
	MemoryContext context = CurrentMemoryContext;
	char	   *actor = NULL;

	az_spi_param(&params, TEXTOID, value ? cstring_to_text(value) : NULL);
	az_begin_as_owner(&caller);
	if (az_spi_run(psprintf("SELECT pg_catalog.concat('\"', c.actor, '\" of issuer \"', c.issuer, '\"')"
							" FROM authz.actor_ceiling c WHERE %s"
							" ORDER BY c.issuer COLLATE pg_catalog.\"C\", c.actor COLLATE pg_catalog.\"C\" LIMIT 1",
							condition), &params) > 0)
		actor = MemoryContextStrdup(context, az_spi_result(0, 1));
	az_end_administering(&caller);
	return actor;
}

/*
 * A ceiling that leaves "admin" still takes away what makes the person one: a
 * value of the issuer's admin_groups or admin_permissions, the latter in the
 * token or stored for an item.
 */
#define OPTION(name) \
	"(SELECT COALESCE(i.options OPERATOR(pg_catalog.->) '" name "'," \
	" p.options OPERATOR(pg_catalog.->) '" name "')" \
	" FROM authz.issuer i LEFT JOIN authz.profile p ON p.profile OPERATOR(pg_catalog.=) i.profile" \
	" WHERE i.issuer OPERATOR(pg_catalog.=) c.issuer)"
#define NAMES(name) \
	"(SELECT " OPTION(name) " AS names) o," \
	" pg_catalog.json_array_elements_text(CASE pg_catalog.json_typeof(o.names)" \
	" WHEN 'array' THEN o.names ELSE '[]' END) n"
#define UPPER(value) "pg_catalog.upper(" value " COLLATE pg_catalog.\"C\")"
#define LEAVES_NAMES(column, name, as_compared) \
	"(c." column " IS NULL OR NOT EXISTS (SELECT " as_compared("n") " FROM " NAMES(name) \
	" EXCEPT SELECT " as_compared("v") " FROM pg_catalog.unnest(pg_catalog.array_cat(c." column ", c.keep)) v))"
#define AS_IS(value) value
#define LEAVES_ADMIN \
	"c.admin AND " LEAVES_NAMES("groups", "admin_groups", AS_IS) \
	" AND " LEAVES_NAMES("permissions", "admin_permissions", AS_IS) \
	" AND " LEAVES_NAMES("item_permissions", "admin_permissions", UPPER)

/*
 * One whose ceiling takes the value away (NULL: any value).  A row that says
 * nothing sensible is one that does.
 */
static char *
find_taker(const char *column, const char *value)
{
	char	   *left;

	if (strcmp(column, "admin") == 0)
		left = LEAVES_ADMIN;
	else if (value == NULL)
		left = psprintf("c.%s IS NULL", column);
	else if (strcmp(column, "item_permissions") == 0)
		left = "c.item_permissions IS NULL OR EXISTS (SELECT FROM"
			" pg_catalog.unnest(pg_catalog.array_cat(c.item_permissions, c.keep)) v"
			" WHERE " UPPER("v") " OPERATOR(pg_catalog.=) " UPPER("$1") ")";
	else
		left = psprintf("c.%s IS NULL OR $1 OPERATOR(pg_catalog.=) ANY (c.%s)"
						" OR $1 OPERATOR(pg_catalog.=) ANY (c.keep)", column, column);
	return find_actor(psprintf("(%s) IS NOT TRUE", left), value);
}

/*
 * Under any ceiling, what the issuer uses for scopes and the like cannot be asked
 * as a claim.  The options are searched for the name, wherever it stands in them.
 */
#define CLOSED \
	"$1 OPERATOR(pg_catalog.=) ANY (ARRAY['scope', 'scp', 'roles', 'permissions', 'groups'," \
	" 'org_member_info', 'org_id_to_org_member_info', 'org_name', 'org_role', 'org_permissions']) OR EXISTS (SELECT FROM authz.issuer i" \
	" LEFT JOIN authz.profile p ON p.profile OPERATOR(pg_catalog.=) i.profile" \
	" WHERE pg_catalog.strpos(pg_catalog.concat(i.options, p.options)," \
	" pg_catalog.to_json($1)::pg_catalog.text) OPERATOR(pg_catalog.>) 0)"

static void
look_at_claim(const AzLintCondition *condition, const AzCallPlace *place,
			  const AzCheckCall *call, const Limited *claim)
{
	Node	   *arg = az_check_argument(call, claim->argument);
	List	   *names;
	char	   *actor;

	if (arg == NULL)
		return;
	if (!az_read_texts(arg, &names))
		names = NIL;
	else if (names == NIL || linitial(names) == NULL)
		return;
	actor = find_actor(names ? CLOSED : "true", names ? linitial(names) : NULL);
	if (actor)
		az_find_in_condition(condition, "negated_against_ceiling", AZ_LEVEL_ERROR,
							 psprintf("%s holds a claim against somebody (%s) that no actor with a ceiling is asked for, such as %s: the actor passes where the person does not.",
									  az_clause_name(condition), az_show_part(condition, place->shown), actor),
							 "Ask with has_scope(), has_role(), has_permission() or has_group(), and add the value to \"keep\" of each ceiling; or put NOT authz.is_delegated() AND before it.");
}

static void
find_taken(const AzLintCondition *condition, const AzCallPlace *place,
		   const AzCheckCall *call, const Limited *limit, const char *value)
{
	char	   *taker = find_taker(limit->column, value);
	char	   *what = value ? quote_literal_cstr(value) : NULL;

	if (taker == NULL)
		return;
	if (strcmp(limit->column, "admin") == 0)
		what = "that the person is an administrator";
	az_find_in_condition(condition, "negated_against_ceiling", AZ_LEVEL_ERROR,
						 psprintf("%s holds %s against somebody (%s), and the ceiling of actor %s takes it away: the actor passes where the person does not.",
								  az_clause_name(condition), what ? what : "a value",
								  az_show_part(condition, place->shown), taker),
						 value ?
						 psprintf("Add %s to \"keep\" of each ceiling, with authz.set_actor_ceiling(); or put NOT authz.is_delegated() AND before it.",
								  quote_literal_cstr(value)) :
						 "Put NOT authz.is_delegated() AND before it, or ask for a value that \"keep\" of each ceiling has.");
}

static void
look_at_limit(const AzLintCondition *condition, const AzCallPlace *place,
			  const AzCheckCall *call, const Limited *limit)
{
	Node	   *arg = az_check_argument(call, limit->argument);
	List	   *values;
	ListCell   *lc;

	if (arg == NULL || !az_read_texts(arg, &values))
	{
		find_taken(condition, place, call, limit, limit->value);
		return;
	}
	foreach(lc, values)
	{
		if (lfirst(lc))
			find_taken(condition, place, call, limit, lfirst(lc));
	}
}

static void
look_at_call(Node *node, const AzCallPlace *place, void *arg)
{
	AzCheckCall call;
	int			i;

	if (place->side == AZ_LETS_PASS || !az_read_check_call(node, &call) || call.check == NULL)
		return;
	for (i = 0; i < (int) lengthof(limited); i++)
	{
		if (strcmp(limited[i].symbol, call.check->symbol) == 0)
			look_at_limit(arg, place, &call, &limited[i]);
	}
	for (i = 0; i < (int) lengthof(claims); i++)
	{
		if (strcmp(claims[i].symbol, call.check->symbol) == 0)
			look_at_claim(arg, place, &call, &claims[i]);
	}
}

/* Does it let an actor pass at all? */
static bool
lets_actors(Node *expr)
{
	return (az_outcome(expr, AZ_ACTOR) & AZ_MAY_BE_TRUE) != 0;
}

static void
look_at_condition(const AzLintCondition *condition, void *arg)
{
	if (lets_actors(condition->expr))
		az_walk_calls(condition->expr, look_at_call, unconstify(AzLintCondition *, condition));
}

void
az_lint_against_ceilings(AzLintTable *table)
{
	az_each_condition(table, look_at_condition, NULL);
}
