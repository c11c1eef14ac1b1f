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
 * What a token must not lack was checked by verify.c.
 *
 *-------------------------------------------------------------------------
 */
#include "token/claims.h"

typedef struct Reading
{
	AzBuilder  *builder;
	const AzIssuer *issuer;
	const AzJson *payload;
	AzNode		claims;			/* the payload in the block */
	AzIdentity	id;				/* the header, copied into the block at the end */
} Reading;

static const AzNode null_node;

/* ---- finding claims ---- */

const AzJson *
az_claim_at(const AzJson *payload, const AzPath *path)
{
	const AzJson *value = payload;
	size_t		i;

	for (i = 0; i < path->n && value != NULL; i++)
		value = az_json_get(value, path->name[i].data, path->name[i].len);
	if (value == NULL || az_json_type(value) == AZ_JSON_NULL)
		return NULL;
	return value;
}

static AzNode
member(Reading *reading, AzNode object, const char *name)
{
	AzMember	found;

	(void) az_builder_member(reading->builder, object, name, strlen(name), &found);
	return found.value;
}

static AzNode
string_member(Reading *reading, AzNode object, const char *name)
{
	AzNode		node = member(reading, object, name);

	return az_node_type(&node) == AZ_STRING ? node : null_node;
}

/* The same place in the block as az_claim_at() in the payload. */
static AzNode
node_at(Reading *reading, const AzPath *path)
{
	AzMember	found;
	size_t		i;

	found.value = reading->claims;
	for (i = 0; i < path->n; i++)
	{
		if (!az_builder_member(reading->builder, found.value, path->name[i].data,
							   path->name[i].len, &found))
			return null_node;
	}
	return found.value;
}

static bool
is_empty_object(const AzJson *value)
{
	return az_json_type(value) == AZ_JSON_OBJECT && az_json_count(value) == 0;
}

/*
 * The first location that is present and not null, even when it is empty;
 * but where empty objects count as absent, those are passed over.
 */
static AzNode
first_location(Reading *reading, const AzPaths *paths, bool pass_empty_objects,
			   const AzJson **json)
{
	size_t		i;

	for (i = 0; i < paths->n; i++)
	{
		*json = az_claim_at(reading->payload, &paths->path[i]);
		if (*json != NULL && !(pass_empty_objects && is_empty_object(*json)))
			return node_at(reading, &paths->path[i]);
	}
	*json = NULL;
	return null_node;
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
static AzSet
list_of(Reading *reading, AzNode claim, bool split)
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
	return az_builder_set_end(reading->builder, claim);
}

static AzSet
list_at(Reading *reading, const AzPaths *paths, bool split)
{
	const AzJson *json;

	return list_of(reading, first_location(reading, paths, false, &json), split);
}

static AzSet
list_member(Reading *reading, AzNode object, const char *name)
{
	return list_of(reading, member(reading, object, name), false);
}

static AzSet
option_set(Reading *reading, const AzNames *names)
{
	size_t		i;

	for (i = 0; i < names->n; i++)
		az_builder_set_add(reading->builder,
						   az_builder_string(reading->builder, names->name[i].data,
											 names->name[i].len));
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

/* An administrator by group or by permission; items come in elsewhere. */
static void
read_admin(Reading *reading)
{
	AzIdentity *id = &reading->id;

	id->is_admin = has_any(reading, &id->groups, &reading->issuer->admin_groups) ||
		has_any(reading, &id->permissions, &reading->issuer->admin_permissions);
}

/* ---- who it is ---- */

/* A person's id is a string or an integer; nothing else names anybody. */
static bool
is_person(const AzJson *value)
{
	return value != NULL && (az_json_type(value) == AZ_JSON_STRING ||
							 az_json_type(value) == AZ_JSON_INTEGER);
}

static AzNode
person_at(Reading *reading, const AzPath *path)
{
	if (!is_person(az_claim_at(reading->payload, path)))
		return null_node;
	return node_at(reading, path);
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
	AzNode		node = node_at(reading, path);

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

/* The audience for which the token was accepted.  The elements of an array
 * have the same order in the payload and in the block. */
static AzNode
accepted_audience(Reading *reading)
{
	const AzJson *aud = az_json_get_z(reading->payload, "aud");
	AzNode		node = member(reading, reading->claims, "aud");
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
	AzNode		node = first_string(reading, "azp", "client_id");

	if (az_node_type(&node) == AZ_NULL && reading->issuer->by_audience)
		node = accepted_audience(reading);
	return node;
}

/* RFC 7519, 4.1.3: a string is one audience, it is not split. */
static AzSet
read_audience(Reading *reading)
{
	AzNode		aud = member(reading, reading->claims, "aud");

	if (az_node_type(&aud) != AZ_STRING)
		return list_of(reading, aud, false);
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
		return member(reading, reading->claims, "iss");
	return az_builder_string(reading->builder, issuer->issuer, issuer->issuer_len);
}

/* The same bytes as in the tree, where these are all of the name. */
static AzNode
read_actor(Reading *reading, const char *actor)
{
	const AzJson *act = az_json_get_z(reading->payload, "act");
	size_t		len;
	const char *sub = az_json_string(az_json_get_z(act, "sub"), &len);

	if (actor == NULL)
		return null_node;
	if (sub != NULL && strcmp(sub, actor) == 0)
		return string_member(reading, member(reading, reading->claims, "act"), "sub");
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
	id->amr = list_member(reading, reading->claims, "amr");
	if (issuer->client != NULL)
		id->client = az_builder_string(reading->builder, issuer->client,
									   strlen(issuer->client));
}

/* ---- what is compared when the trust has changed: UTF-8, as signed ---- */

const char *
az_claim_subject(const AzIssuer *issuer, const AzJson *payload,
				 char number[AZ_JSON_NUMBER_MAX], size_t *len)
{
	const char *subject = az_json_string(az_json_get_z(payload, "sub"), len);
	const AzJson *user;

	if (subject != NULL)
		return subject;
	user = az_claim_at(payload, &issuer->user_id_claim);
	if (!is_person(user))
		return NULL;
	if (az_json_type(user) == AZ_JSON_STRING)
		return az_json_string(user, len);
	*len = az_json_number_text(user, number);
	number[*len] = '\0';
	return number;
}

/* Text as signed; converted is where it may stand already. */
static AzNode
as_signed(Reading *reading, const char *utf8, size_t len, AzNode converted)
{
	const AzIdentity *block = az_builder_block(reading->builder);

	if (utf8 == NULL)
		return null_node;
	if ((az_node_type(&converted) == AZ_STRING || az_node_type(&converted) == AZ_NUMBER) &&
		az_node_len(&converted) == len &&
		memcmp(az_node_bytes(block, &converted), utf8, len) == 0)
		return az_make_node(AZ_STRING, len, converted.off);
	return az_builder_bytes(reading->builder, utf8, len);
}

static AzNode
claim_as_signed(Reading *reading, const char *name)
{
	size_t		len = 0;
	const char *utf8 = az_json_string(az_json_get_z(reading->payload, name), &len);

	return as_signed(reading, utf8, len, member(reading, reading->claims, name));
}

static AzNode
subject_as_signed(Reading *reading)
{
	char		number[AZ_JSON_NUMBER_MAX];
	size_t		len = 0;
	const char *utf8 = az_claim_subject(reading->issuer, reading->payload, number, &len);
	AzNode		node = reading->id.subject;

	if (az_node_type(&node) == AZ_NULL)
		node = reading->id.user_id;
	return as_signed(reading, utf8, len, node);
}

static void
read_trust(Reading *reading, const AzVerified *verified)
{
	const AzIssuer *issuer = reading->issuer;
	AzIdentity *id = &reading->id;
	const AzKey *key = verified->key;
	const char *kid = az_key_kid(key);
	const char *actor = verified->actor;

	id->issuer_version = issuer->version;
	id->trust_issuer = as_signed(reading, issuer->issuer, issuer->issuer_len, id->issuer);
	id->trust_kid = as_signed(reading, kid, kid != NULL ? strlen(kid) : 0, null_node);
	id->trust_token_id = claim_as_signed(reading, "jti");
	id->trust_session_id = claim_as_signed(reading, "sid");
	id->trust_subject = subject_as_signed(reading);
	id->trust_actor = as_signed(reading, actor, actor != NULL ? strlen(actor) : 0, id->actor);
	id->alg = (uint32_t) az_key_alg(key);
	memcpy(id->thumbprint, az_key_thumbprint(key), sizeof(id->thumbprint));
}

/* ---- organisations ---- */

/*
 * Either one object with a string member "org_id", the organisation that is
 * active, or a map from ids to such objects.  Who has no role in one is no
 * member of it.
 */

static bool
is_membership(const AzJson *org)
{
	size_t		len;

	return az_json_string(az_json_get_z(org, "user_role"), &len) != NULL;
}

static bool
node_is(Reading *reading, AzNode node, const char *text)
{
	return az_node_type(&node) == AZ_STRING &&
		az_compare(az_node_bytes(az_builder_block(reading->builder), &node),
				   az_node_len(&node), text, strlen(text)) == 0;
}

static void
read_org(Reading *reading, size_t i, AzNode org_id, AzNode value)
{
	AzOrg		org;

	memset(&org, 0, sizeof(org));
	org.id = org_id;
	org.value = value;
	org.role = member(reading, value, "user_role");
	org.multi_role = node_is(reading, member(reading, value, "org_role_structure"),
							 "multi_role");
	org.permissions = list_member(reading, value, "user_permissions");
	org.inherited = list_member(reading, value, "inherited_user_roles_plus_current_role");
	org.additional = list_member(reading, value, "additional_roles");
	az_builder_put(reading->builder, reading->id.orgs, i, &org, sizeof(org));
}

static void
read_active_org(Reading *reading, const AzJson *json, AzNode value)
{
	if (!is_membership(json))
		return;
	reading->id.norgs = 1;
	reading->id.active_org = 1;
	reading->id.orgs = az_builder_room(reading->builder, 1, sizeof(AzOrg));
	read_org(reading, 0, member(reading, value, "org_id"), value);
}

static size_t
count_memberships(const AzJson *map)
{
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *org;
	size_t		n = 0;

	while ((iter = az_json_next(map, iter, &name, &len, &org)) != NULL)
		n += is_membership(org);
	return n;
}

static void
read_org_map(Reading *reading, const AzJson *json, AzNode map)
{
	size_t		n = count_memberships(json);
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *org;
	size_t		i = 0;

	reading->id.norgs = (uint32_t) n;
	reading->id.orgs = az_builder_room(reading->builder, n, sizeof(AzOrg));
	while ((iter = az_json_next(json, iter, &name, &len, &org)) != NULL)
	{
		AzMember	found;

		if (is_membership(org) &&
			az_builder_member(reading->builder, map, name, len, &found))
			read_org(reading, i++, found.name, found.value);
	}
}

static void
read_orgs(Reading *reading)
{
	const AzJson *json;
	AzNode		node = first_location(reading, &reading->issuer->org_claims, true, &json);
	size_t		len;

	if (json == NULL || az_json_type(json) != AZ_JSON_OBJECT)
		return;
	if (az_json_string(az_json_get_z(json, "org_id"), &len) != NULL)
		read_active_org(reading, json, node);
	else
		read_org_map(reading, json, node);
	reading->id.org_order = az_builder_order(reading->builder, reading->id.orgs,
											 reading->id.norgs, sizeof(AzOrg));
}

/* ---- where all that comes from ---- */

static AzNode
location(Reading *reading, const AzPath *path)
{
	uint32_t	room = az_builder_room(reading->builder, path->n, sizeof(AzNode));
	size_t		i;

	for (i = 0; i < path->n; i++)
	{
		AzNode		key = az_builder_string(reading->builder, path->name[i].data,
											path->name[i].len);

		az_builder_put(reading->builder, room, i, &key, sizeof(key));
	}
	return az_make_node(AZ_ARRAY, path->n, room);
}

/* For an actor's ceiling, past which these claims must not be asked. */
static void
read_locations(Reading *reading)
{
	const AzIssuer *issuer = reading->issuer;
	const AzPaths *const kinds[] = {
		&issuer->scope_claims, &issuer->role_claims, &issuer->permission_claims,
		&issuer->group_claims, &issuer->org_claims
	};
	size_t		n = 0;
	size_t		at = 0;
	size_t		i;
	size_t		j;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		n += kinds[i]->n;
	reading->id.nlocations = (uint32_t) n;
	reading->id.locations = az_builder_room(reading->builder, n, sizeof(AzNode));
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		for (j = 0; j < kinds[i]->n; j++)
		{
			AzNode		node = location(reading, &kinds[i]->path[j]);

			az_builder_put(reading->builder, reading->id.locations, at++, &node,
						   sizeof(node));
		}
	}
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

	az_builder_start(builder, converter);
	reading.claims = az_builder_tree(builder, verified->payload);
	read_person(&reading, verified->actor);
	read_trust(&reading, verified);
	read_lists(&reading);
	read_admin(&reading);
	read_orgs(&reading);
	if (verified->actor != NULL)
	{
		read_locations(&reading);
		reading.id.needs_ceiling = reading.issuer->ceiling_required;
	}
	return az_builder_finish(builder, &reading.id, identity);
}
