/*-------------------------------------------------------------------------
 *
 * facts.c
 *	  What the answer of a check depends on, in words.
 *
 * A check is explained by the facts that it depends on.  For an actor within a
 * ceiling these are what the token has, and what the ceiling leaves of it.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/facts.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "insight/wording.h"
#include "items/grants.h"
#include "server/datum.h"

/* What a check goes by. */
typedef enum Basis
{
	BY_SET,						/* where: of the AzSet in the identity */
	BY_VALUE,					/* where: of the AzNode */
	BY_CLAIM,					/* the first argument is its path */
	BY_OWNER,
	BY_ADMIN,
	BY_OWNER_OR_ADMIN,
	BY_ORGS,
	BY_ACTIVE_ORG,
	BY_ACTOR,
	BY_LOGIN_TIME,
	BY_ITEMS,
	BY_PERMS,
	BY_SET_OF_KEYS,
	BY_BEING_THERE
} Basis;

typedef struct Ground
{
	const char *symbol;
	Basis		basis;
	const char *name;			/* how that is called */
	size_t		where;
} Ground;

#define SET(member)		BY_SET, #member, offsetof(AzIdentity, member)
#define VALUE(member)	BY_VALUE, #member, offsetof(AzIdentity, member)

static const Ground grounds[] = {
	{.symbol = "authz_is_authenticated", .basis = BY_BEING_THERE},
	{"authz_has_scope", SET(scopes)},
	{"authz_has_any_scope", SET(scopes)},
	{"authz_has_all_scopes", SET(scopes)},
	{"authz_has_role", SET(roles)},
	{"authz_has_any_role", SET(roles)},
	{"authz_has_all_roles", SET(roles)},
	{"authz_has_permission", SET(permissions)},
	{"authz_has_any_permission", SET(permissions)},
	{"authz_has_all_permissions", SET(permissions)},
	{"authz_has_group", SET(groups)},
	{"authz_has_any_group", SET(groups)},
	{"authz_has_all_groups", SET(groups)},
	{"authz_has_amr", SET(amr)},
	{"authz_has_any_amr", SET(amr)},
	{"authz_has_all_amrs", SET(amr)},
	{"authz_has_acr", VALUE(acr)},
	{"authz_has_any_acr", VALUE(acr)},
	{.symbol = "authz_authenticated_within", .basis = BY_LOGIN_TIME},
	{.symbol = "authz_is_delegated", .basis = BY_ACTOR},
	{.symbol = "authz_has_actor", .basis = BY_ACTOR},
	{.symbol = "authz_has_any_actor", .basis = BY_ACTOR},
	{.symbol = "authz_claim_is", .basis = BY_CLAIM},
	{.symbol = "authz_has_claim", .basis = BY_CLAIM},
	{.symbol = "authz_has_any_claim", .basis = BY_CLAIM},
	{.symbol = "authz_has_all_claims", .basis = BY_CLAIM},
	{.symbol = "authz_is_owner", .basis = BY_OWNER},
	{.symbol = "authz_is_owner_or_admin", .basis = BY_OWNER_OR_ADMIN},
	{.symbol = "authz_is_admin", .basis = BY_ADMIN},
	{.symbol = "authz_in_org", .basis = BY_ORGS},
	{.symbol = "authz_has_org_role", .basis = BY_ORGS},
	{.symbol = "authz_is_at_least_org_role", .basis = BY_ORGS},
	{.symbol = "authz_has_org_permission", .basis = BY_ORGS},
	{.symbol = "authz_has_any_org_permission", .basis = BY_ORGS},
	{.symbol = "authz_has_all_org_permissions", .basis = BY_ORGS},
	{.symbol = "authz_in_active_org", .basis = BY_ACTIVE_ORG},
	{.symbol = "authz_has_active_org_role", .basis = BY_ACTIVE_ORG},
	{.symbol = "authz_has_active_org_permission", .basis = BY_ACTIVE_ORG},
	{.symbol = "authz_in_set", .basis = BY_SET_OF_KEYS},
	{.symbol = "authz_set_keys", .basis = BY_SET_OF_KEYS},
	{.symbol = "authz_has_item_permission", .basis = BY_ITEMS},
	{.symbol = "authz_has_any_item_permission", .basis = BY_ITEMS},
	{.symbol = "authz_has_app_permission", .basis = BY_ITEMS},
	{.symbol = "authz_manages_item", .basis = BY_ITEMS},
	{.symbol = "authz_has_perm", .basis = BY_PERMS},
	{.symbol = "authz_has_perms", .basis = BY_PERMS},
	{.symbol = "authz_has_object_perm", .basis = BY_PERMS},
	{.symbol = "authz_has_object_perms", .basis = BY_PERMS},
};


static char *
set_text(const AzIdentity *id, size_t where)
{
	const AzSet *set = (const AzSet *) ((const char *) id + where);

	return az_nodes_words(id, az_set_items(id, set), set->count);
}

/* Groups that the token does not list do not count as none. */
static char *
set_fact(const AzPerson *person, const Ground *ground)
{
	char	   *fact;

	if (ground->where == offsetof(AzIdentity, groups) && person->id->groups_unlisted)
		return pstrdup("the token does not list the groups, and to ask for them raises 28000");
	fact = psprintf("the token has %s %s", ground->name, set_text(person->as_signed, ground->where));
	return az_is_limited(person) && ground->where != offsetof(AzIdentity, amr) ?
		psprintf("%s, the ceiling of actor %s leaves %s", fact, az_actor_name(person),
				 set_text(person->id, ground->where)) : fact;
}

static char *
value_fact(const AzPerson *person, const Ground *ground)
{
	const AzNode *node = (const AzNode *) ((const char *) person->id + ground->where);

	return az_is_there(node) ?
		psprintf("the token has %s %s", ground->name, az_node_words(person->id, node)) :
		psprintf("the token has no %s", ground->name);
}

/* The claim at a path; NULL: there is none. */
static char *
claim_text(const AzIdentity *id, const AzNode *node)
{
	const char *value;
	size_t		len;

	if (!az_is_there(node))
		return NULL;
	if (az_node_type(node) == AZ_ARRAY)
		return az_nodes_words(id, az_node_elements(id, node), az_node_len(node));
	return az_node_text(id, node, &value, &len) ? az_quote_value(value, len) :
		pstrdup("an object");
}

static char *
claim_fact(const AzPerson *person, const FuncExpr *call)
{
	const Const *path = linitial(call->args);
	const AzNode *node = &person->id->claims;
	StringInfoData name;
	AzText	   *keys;
	Datum	   *values;
	bool	   *nulls;
	char	   *value;
	int			n;
	int			i;

	if (!IsA(path, Const) || path->constisnull || path->consttype != TEXTARRAYOID)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(path->constvalue), TEXTOID, -1, false,
					  TYPALIGN_INT, &values, &nulls, &n);
	keys = palloc0(n * sizeof(*keys));
	initStringInfo(&name);
	for (i = 0; i < n; i++)
	{
		if (nulls[i])
			return NULL;
		keys[i].bytes = TextDatumGetCString(values[i]);
		keys[i].len = strlen(keys[i].bytes);
		node = node ? az_node_member(person->id, node, keys[i].bytes, keys[i].len) : NULL;
		appendStringInfo(&name, "%s%s", i == 0 ? "" : ".",
						 az_quote_value(keys[i].bytes, keys[i].len));
	}
	if (az_is_limited(person) && az_is_limited_location(person->id, keys, n))
		return psprintf("claim %s is closed to actor %s, who is within a ceiling", name.data,
						az_actor_name(person));
	value = claim_text(person->id, node);
	return value ? psprintf("the token has claim %s %s", name.data, value) :
		psprintf("the token has no claim %s", name.data);
}

/* The claim that the second argument names. */
static char *
named_claim_fact(const AzPerson *person, const Const *name)
{
	const AzNode *claim;
	char	   *key;
	char	   *words;

	if (!IsA(name, Const) || name->constisnull || name->consttype != TEXTOID)
		return NULL;
	key = TextDatumGetCString(name->constvalue);
	claim = az_node_member(person->id, &person->id->claims, key, strlen(key));
	words = claim_text(person->id, claim);
	return words ? psprintf("the token has claim %s %s", az_quote_value(key, strlen(key)), words) :
		psprintf("the token has no claim %s", az_quote_value(key, strlen(key)));
}

static char *
owner_fact(const AzPerson *person, const FuncExpr *call)
{
	const AzNode *owner = &person->id->owner;

	if (list_length(call->args) > 1)
		return named_claim_fact(person, lsecond(call->args));
	return az_is_there(owner) ? psprintf("the token's owner is %s", az_node_words(person->id, owner)) :
		pstrdup("the token names no owner");
}

static char *
admin_fact(const AzPerson *person)
{
	if (az_is_admin(person->id))
		return pstrdup("this is an administrator");
	return person->id->never_admin ?
		psprintf("the ceiling of actor %s leaves no administrator", az_actor_name(person)) :
		pstrdup("this is not an administrator");
}

static char *
org_text(const AzIdentity *id, const AzOrg *org)
{
	char	   *text = az_node_words(id, &org->id);

	return az_is_there(&org->role) ? psprintf("%s (%s)", text, az_node_words(id, &org->role)) : text;
}

static char *
orgs_fact(const AzPerson *person)
{
	const AzOrg *orgs = az_orgs(person->id);
	uint32		n = person->id->norgs;
	StringInfoData text;
	uint32		i;

	initStringInfo(&text);
	appendStringInfoString(&text, "the token has organisations {");
	for (i = 0; i < Min(n, AZ_MOST_VALUES); i++)
		appendStringInfo(&text, "%s%s", i == 0 ? "" : ", ", org_text(person->id, &orgs[i]));
	if (n > AZ_MOST_VALUES)
		appendStringInfo(&text, " and %u more", n - AZ_MOST_VALUES);
	appendStringInfoChar(&text, '}');
	return text.data;
}

static char *
active_org_fact(const AzPerson *person)
{
	return person->id->active_org ?
		psprintf("the token is for organisation %s", org_text(person->id, az_orgs(person->id))) :
		pstrdup("the token is for no organisation");
}

static char *
actor_fact(const AzPerson *person)
{
	return az_is_there(&person->id->actor) ? psprintf("the actor is %s", az_actor_name(person)) :
		pstrdup("nobody acts for the subject");
}

static char *
login_fact(const AzPerson *person)
{
	int64		at = person->id->authenticated;

	if (at == AZ_TIME_NONE || !IS_VALID_TIMESTAMP(at - AZ_EPOCH_SHIFT))
		return pstrdup("the token does not say when the login was");
	return psprintf("the login was at %s", timestamptz_to_str(at - AZ_EPOCH_SHIFT));
}

static char *
items_fact(const AzPerson *person)
{
	char	   *fact = az_is_there(&person->id->email) ?
		psprintf("by what is granted to %s", az_node_words(person->id, &person->id->email)) :
		pstrdup("the token has no e-mail address to which anything could be granted");

	return person->id->items_limited ?
		psprintf("%s, within the ceiling of actor %s", fact, az_actor_name(person)) : fact;
}

static char *
fact_on(const AzPerson *person, const Ground *ground, const FuncExpr *call)
{
	static const Ground permissions = {NULL, SET(permissions)};

	switch (ground->basis)
	{
		case BY_SET:
			return set_fact(person, ground);
		case BY_VALUE:
			return value_fact(person, ground);
		case BY_CLAIM:
			return claim_fact(person, call);
		case BY_OWNER:
			return owner_fact(person, call);
		case BY_ADMIN:
			return admin_fact(person);
		case BY_OWNER_OR_ADMIN:
			return psprintf("%s, %s", owner_fact(person, call), admin_fact(person));
		case BY_ORGS:
			return orgs_fact(person);
		case BY_ACTIVE_ORG:
			return active_org_fact(person);
		case BY_ACTOR:
			return actor_fact(person);
		case BY_LOGIN_TIME:
			return login_fact(person);
		case BY_ITEMS:
			return items_fact(person);
		case BY_PERMS:
			return psprintf("%s, %s", set_fact(person, &permissions), admin_fact(person));
		case BY_SET_OF_KEYS:
			return pstrdup("by the keys that the view shows");
		case BY_BEING_THERE:
			return pstrdup("somebody is logged in");
	}
	return NULL;
}

char *
az_fact(const AzPerson *person, const AzCheck *check, const FuncExpr *call)
{
	int			i;

	if (person->id == NULL)
		return pstrdup("nobody is logged in");
	for (i = 0; i < (int) lengthof(grounds); i++)
	{
		if (strcmp(grounds[i].symbol, check->symbol) == 0)
			return fact_on(person, &grounds[i], call);
	}
	return NULL;
}
