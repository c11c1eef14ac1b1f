/*-------------------------------------------------------------------------
 *
 * claims.c
 *	  Claims to identity: the only place that knows claim names and shapes.
 *
 * The payload goes into the block as a tree first.  Everything else is read
 * off that tree and points into it, so that a role is stored once, however
 * many questions it answers.
 *
 * A claim of the wrong shape is never an error here: it holds no values.
 * verify.c has checked that the token has what it must have.
 *
 *-------------------------------------------------------------------------
 */
#include "token/claims_intern.h"

typedef AzReading Reading;

static const AzNode null_node;

/* ---- finding claims ---- */

AzNode
az_member_of(Reading *reading, AzNode object, const char *name)
{
	AzMember	found;

	(void) az_builder_member(reading->builder, object, name, strlen(name), &found);
	return found.value;
}

static AzNode
string_member(Reading *reading, AzNode object, const char *name)
{
	AzNode		node = az_member_of(reading, object, name);

	return az_node_type(&node) == AZ_STRING ? node : null_node;
}

AzNode
az_node_at(Reading *reading, AzNode object, const AzPath *path)
{
	AzMember	found;
	size_t		i;

	found.value = object;
	for (i = 0; i < path->n; i++)
	{
		if (!az_builder_member(reading->builder, found.value, path->name[i].data,
							   path->name[i].len, &found))
			return null_node;
	}
	return found.value;
}

/* ---- list claims ---- */

static void
add_words(Reading *reading, AzNode string)
{
	uint32_t	len = az_node_len(&string);
	uint32_t	i = 0;

	/* adding to a set does not move the block */
	const char *text = az_node_bytes(az_builder_block(reading->builder), &string);

	while (i < len)
	{
		uint32_t	start;

		while (i < len && az_is_space(text[i]))
			i++;
		start = i;
		while (i < len && !az_is_space(text[i]))
			i++;
		if (i > start)
			az_builder_set_add(reading->builder,
							   az_make_node(AZ_STRING, i - start, string.off + start));
	}
}

/*
 * The values of a list claim: the strings of an array, or the words of a
 * string; anything else holds none.  split: the strings of an array are
 * lists of words, too.
 */
static void
add_values(Reading *reading, AzNode claim, bool split)
{
	const AzIdentity *block = az_builder_block(reading->builder);
	uint32_t	i;

	if (az_node_type(&claim) == AZ_STRING)
		add_words(reading, claim);
	else if (az_node_type(&claim) == AZ_ARRAY)
	{
		for (i = 0; i < az_node_len(&claim); i++)
		{
			AzNode		element = az_node_elements(block, &claim)[i];

			if (az_node_type(&element) != AZ_STRING)
				continue;
			if (split)
				add_words(reading, element);
			else
				az_builder_set_add(reading->builder, element);
		}
	}
}

/* The keys of an object, in the order of the token. */
static void
add_keys(Reading *reading, const AzJson *json, AzNode object)
{
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *value;
	AzMember	found;

	while ((iter = az_json_next(json, iter, &name, &len, &value)) != NULL)
	{
		if (az_builder_member(reading->builder, object, name, len, &found))
			az_builder_set_add(reading->builder, found.name);
	}
}

AzSet
az_list_of(Reading *reading, AzNode claim, bool split)
{
	add_values(reading, claim, split);
	return az_builder_set_end(reading->builder, claim);
}

/*
 * Read the values at a location, if there are any; an array may be shared as a
 * set.
 */
static bool
add_location(Reading *reading, const AzJson *json, AzNode object, const AzPath *path,
			 bool split, AzNode *shared)
{
	const AzJson *value = az_claim_at(json, path);
	AzNode		node;

	if (value == NULL)
		return false;
	node = az_node_at(reading, object, path);
	*shared = path->keys ? null_node : node;
	if (!path->keys)
		add_values(reading, node, split);
	else if (az_json_type(value) == AZ_JSON_OBJECT)
		add_keys(reading, value, node);
	return true;
}

AzSet
az_list_at(Reading *reading, const AzJson *json, AzNode object, const AzPaths *paths,
		   bool split)
{
	AzNode		shared = null_node;
	size_t		present = 0;
	size_t		i;

	for (i = 0; i < paths->n && (present == 0 || reading->issuer->merge_claims); i++)
		present += add_location(reading, json, object, &paths->path[i], split, &shared);
	return az_builder_set_end(reading->builder, present == 1 ? shared : null_node);
}

static AzSet
list_at(Reading *reading, const AzPaths *paths, bool split)
{
	return az_list_at(reading, reading->payload, reading->claims, paths, split);
}

static AzSet
option_set(Reading *reading, const AzNames *names)
{
	size_t		i;

	for (i = 0; i < names->n; i++)
	{
		const AzName *name = &names->name[i];

		/* nobody holds a value that has no form in this encoding */
		if (az_builder_fits(reading->builder, name->data, name->len))
			az_builder_set_add(reading->builder,
							   az_builder_string(reading->builder, name->data, name->len));
	}
	return az_builder_set_end(reading->builder, null_node);
}

static void
read_lists(Reading *reading)
{
	const AzIssuer *issuer = reading->issuer;
	AzIdentity *id = &reading->id;

	id->scopes = list_at(reading, &issuer->scope_claims, true);
	id->roles = list_at(reading, &issuer->role_claims, false);
	id->permissions = list_at(reading, &issuer->permission_claims, false);
	id->groups = list_at(reading, &issuer->group_claims, false);
	id->admin_permissions = option_set(reading, &issuer->admin_permissions);
}

bool
az_claim_lists_groups(const AzIssuer *issuer, const AzJson *payload)
{
	const AzJson *elsewhere = az_json_get_z(payload, "_claim_names");
	const AzJson *hasgroups = az_json_get_z(payload, "hasgroups");
	size_t		i;

	if (hasgroups != NULL && az_json_type(hasgroups) == AZ_JSON_TRUE)
		return false;
	for (i = 0; i < issuer->group_claims.n; i++)
	{
		const AzName *first = &issuer->group_claims.path[i].name[0];

		if (az_json_get(elsewhere, first->data, first->len) != NULL)
			return false;
	}
	return true;
}

static bool
has_any(Reading *reading, const AzSet *set, const AzNames *names)
{
	size_t		i;

	for (i = 0; i < names->n; i++)
	{
		if (az_builder_set_has(reading->builder, set, names->name[i].data,
							   names->name[i].len))
			return true;
	}
	return false;
}

/*
 * Is this an administrator by group or by permission?  Stored item permissions
 * are added elsewhere.
 */
static void
read_admin(Reading *reading)
{
	AzIdentity *id = &reading->id;

	id->is_admin = (!id->groups_unlisted &&
					has_any(reading, &id->groups, &reading->issuer->admin_groups)) ||
		has_any(reading, &id->permissions, &reading->issuer->admin_permissions);
}

/* ---- who it is ---- */

bool
az_is_person(const AzJson *value)
{
	return value != NULL && (az_json_type(value) == AZ_JSON_STRING ||
							 az_json_type(value) == AZ_JSON_INTEGER);
}

static AzNode
person_at(Reading *reading, const AzPath *path)
{
	if (!az_is_person(az_claim_at(reading->payload, path)))
		return null_node;
	return az_node_at(reading, reading->claims, path);
}

/* An empty string owns nothing, whatever a column holds. */
static AzNode
owner_at(Reading *reading, const AzPath *path)
{
	AzNode		node = person_at(reading, path);

	return az_node_len(&node) > 0 ? node : null_node;
}

static AzNode
string_at(Reading *reading, const AzPath *path)
{
	AzNode		node = az_node_at(reading, reading->claims, path);

	return az_node_type(&node) == AZ_STRING ? node : null_node;
}

static AzNode
first_string(Reading *reading, const char *name, const char *other)
{
	AzNode		node = string_member(reading, reading->claims, name);

	if (az_node_type(&node) == AZ_NULL)
		node = string_member(reading, reading->claims, other);
	return node;
}

static bool
is_accepted(const AzIssuer *issuer, const AzJson *audience)
{
	size_t		len;
	const char *text = az_json_string(audience, &len);

	return text != NULL && az_names_has(&issuer->audience, text, len);
}

/*
 * The audience for which the token was accepted.  An array has the same order
 * in the payload and in the block.
 */
static AzNode
accepted_audience(Reading *reading)
{
	const AzJson *aud = az_json_get_z(reading->payload, "aud");
	AzNode		node = az_member_of(reading, reading->claims, "aud");
	uint32_t	i;

	if (aud != NULL && is_accepted(reading->issuer, aud))
		return node;
	for (i = 0; az_node_type(&node) == AZ_ARRAY && i < az_node_len(&node); i++)
	{
		if (is_accepted(reading->issuer, az_json_at(aud, i)))
			return az_node_elements(az_builder_block(reading->builder), &node)[i];
	}
	return null_node;
}

/* RFC 9068, 2.2 has client_id, OpenID Connect Core, 2 has azp. */
static AzNode
read_client_id(Reading *reading)
{
	const AzPaths *paths = &reading->issuer->client_id_claims;
	AzNode		node = null_node;
	size_t		i;

	for (i = 0; i < paths->n && az_node_type(&node) == AZ_NULL; i++)
		node = string_at(reading, &paths->path[i]);
	if (az_node_type(&node) == AZ_NULL && reading->issuer->by_audience)
		node = accepted_audience(reading);
	return node;
}

/* RFC 7519, 4.1.3: a string is one audience, it is not split. */
static AzSet
read_audience(Reading *reading)
{
	AzNode		aud = az_member_of(reading, reading->claims, "aud");

	if (az_node_type(&aud) != AZ_STRING)
		return az_list_of(reading, aud, false);
	az_builder_set_add(reading->builder, aud);
	return az_builder_set_end(reading->builder, null_node);
}

/* The issuer's name.  Nearly always it is the token's iss, and there already. */
static AzNode
read_issuer(Reading *reading)
{
	const AzIssuer *issuer = reading->issuer;
	size_t		len;
	const char *iss = az_json_string(az_json_get_z(reading->payload, "iss"), &len);

	if (iss != NULL && len == issuer->issuer_len && memcmp(iss, issuer->issuer, len) == 0)
		return az_member_of(reading, reading->claims, "iss");
	return az_builder_string(reading->builder, issuer->issuer, issuer->issuer_len);
}

/* The string of the tree with the same bytes, if there is one. */
static AzNode
read_actor(Reading *reading, const char *actor)
{
	const AzJson *act = az_json_get_z(reading->payload, "act");
	size_t		len;
	const char *sub = az_json_string(az_json_get_z(act, "sub"), &len);

	if (actor == NULL)
		return null_node;
	if (sub != NULL && strcmp(sub, actor) == 0)
		return string_member(reading, az_member_of(reading, reading->claims, "act"), "sub");
	return az_builder_string(reading->builder, actor, strlen(actor));
}

static void
read_person(Reading *reading, const char *actor)
{
	const AzIssuer *issuer = reading->issuer;
	AzIdentity *id = &reading->id;

	id->claims = reading->claims;
	id->issuer = read_issuer(reading);
	id->subject = string_member(reading, reading->claims, "sub");
	id->user_id = person_at(reading, &issuer->user_id_claim);
	id->owner = owner_at(reading, &issuer->owner_claim);
	id->email = string_at(reading, &issuer->email_claim);
	id->username = first_string(reading, "username", "preferred_username");
	id->client_id = read_client_id(reading);
	id->token_id = string_member(reading, reading->claims, "jti");
	id->audience = read_audience(reading);
	id->acr = string_member(reading, reading->claims, "acr");
	id->actor = read_actor(reading, actor);
	id->amr = az_list_of(reading, az_member_of(reading, reading->claims, "amr"), false);
	if (issuer->client != NULL)
		id->client = az_builder_string(reading->builder, issuer->client,
									   strlen(issuer->client));
}

/* ---- all of it ---- */

AzReason
az_claims_build(AzBuilder *builder, const AzVerified *verified,
				const AzConverter *converter, const AzIdentity **identity)
{
	Reading		reading;

	memset(&reading, 0, sizeof(reading));
	reading.builder = builder;
	reading.issuer = verified->issuer;
	reading.payload = verified->payload;
	reading.id.expires = verified->expires;
	reading.id.deadline = verified->deadline;
	reading.id.not_before = verified->not_before;
	reading.id.issued = verified->issued;
	reading.id.authenticated = verified->authenticated;
	reading.id.authenticated_from = verified->authenticated_from;
	reading.id.groups_unlisted = verified->groups_unlisted;
	reading.id.asserted = verified->asserted;

	az_builder_start(builder, converter);
	reading.claims = az_builder_tree(builder, verified->payload);
	read_person(&reading, verified->actor);
	az_read_trust(&reading, verified);
	read_lists(&reading);
	read_admin(&reading);
	az_read_orgs(&reading);
	if (verified->actor != NULL || verified->groups_unlisted)
		az_read_locations(&reading, verified->actor == NULL);
	if (verified->actor != NULL)
		reading.id.needs_ceiling = reading.issuer->ceiling_required;
	return az_builder_finish(builder, &reading.id, identity);
}
