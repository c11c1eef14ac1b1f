/*-------------------------------------------------------------------------
 *
 * fuzz_identity.c
 *	  An identity from the options of an issuer, one line, and a payload.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "token/actor.h"
#include "token/limit.h"

/* In the order of the token, each found, each once. */
static void
check_set(const AzIdentity *id, const AzSet *set)
{
	const AzNode *items = az_set_items(id, set);
	uint32_t	i;
	uint32_t	j;

	for (i = 0; i < set->count; i++)
	{
		HOLDS(az_set_has(id, set, az_node_bytes(id, &items[i]), az_node_len(&items[i])));
		for (j = i > 20 ? i - 20 : 0; j < i; j++)
			HOLDS(az_compare(az_node_bytes(id, &items[i]), az_node_len(&items[i]),
							 az_node_bytes(id, &items[j]), az_node_len(&items[j])) != 0);
	}
	HOLDS(!az_set_has(id, set, "\xff" "not UTF-8", 10));
}

/* The block says what the payload says. */
static void
check_tree(const AzIdentity *id, const AzNode *node, const AzJson *json)
{
	const AzJson *member;
	const char *name;
	void	   *iter = NULL;
	size_t		len;
	size_t		i;

	switch (az_json_type(json))
	{
		case AZ_JSON_STRING:
			name = az_json_string(json, &len);
			HOLDS(az_node_type(node) == AZ_STRING && az_node_len(node) == len &&
				  memcmp(az_node_bytes(id, node), name, len) == 0);
			break;
		case AZ_JSON_ARRAY:
			HOLDS(az_node_type(node) == AZ_ARRAY && az_node_len(node) == az_json_count(json));
			for (i = 0; i < az_json_count(json); i++)
				check_tree(id, &az_node_elements(id, node)[i], az_json_at(json, i));
			break;
		case AZ_JSON_OBJECT:
			HOLDS(az_node_type(node) == AZ_OBJECT && az_node_len(node) == az_json_count(json));
			while ((iter = az_json_next(json, iter, &name, &len, &member)) != NULL)
			{
				const AzNode *found = az_node_member(id, node, name, len);

				HOLDS(found != NULL);
				check_tree(id, found, member);
			}
			break;
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			HOLDS(az_node_type(node) == AZ_NUMBER);
			break;
		case AZ_JSON_NULL:
			HOLDS(az_node_type(node) == AZ_NULL);
			break;
		case AZ_JSON_FALSE:
			HOLDS(az_node_type(node) == AZ_FALSE);
			break;
		case AZ_JSON_TRUE:
			HOLDS(az_node_type(node) == AZ_TRUE);
			break;
	}
}

static void
check_identity(const AzIdentity *original, const AzJson *payload)
{
	AzIdentity *id = malloc(original->size);
	uint32_t	i;

	/* it can be moved, and lacks nothing at its end */
	HOLDS(id != NULL);
	memcpy(id, original, original->size);
	HOLDS(az_identity_check(id, id->size) && !az_identity_check(id, id->size - 1));
	check_tree(id, &id->claims, payload);
	check_set(id, &id->audience);
	check_set(id, &id->amr);
	check_set(id, &id->scopes);
	check_set(id, &id->roles);
	check_set(id, &id->permissions);
	check_set(id, &id->groups);
	check_set(id, &id->admin_permissions);
	for (i = 0; i < id->norgs; i++)
	{
		const AzOrg *org = &az_orgs(id)[i];

		HOLDS(az_org_find(id, az_node_bytes(id, &org->id), az_node_len(&org->id)) != NULL);
		check_set(id, &org->permissions);
		check_set(id, &org->inherited);
		check_set(id, &org->additional);
	}
	free(id);
}

/* Within a ceiling it is whole, holds no more than before, and knows it. */
static void
check_limited(const AzIdentity *id)
{
	AzText		texts[] = {{"admins", 6}, {"r", 1}, {"", 0}, {"r", 1}};
	AzCeiling	ceiling = {.keep = {true, 1, texts}};
	AzIdentity *room = malloc(az_limit_room(id));
	const AzNode *items;
	uint32_t	i;

	HOLDS(room != NULL);
	for (i = 0; i < AZ_N_LIMITS; i++)
		ceiling.limits[i] = (AzLimit) {i != AZ_LIMIT_SCOPES, i % 2 ? 4 : 0, texts};
	az_limit_identity(id, &ceiling, room);
	HOLDS(room->size <= az_limit_room(id) && az_identity_check(room, room->size));
	check_set(room, &room->groups);
	check_set(room, &room->permission_ceiling);
	HOLDS(room->scopes.count == id->scopes.count && room->is_admin == 0 && room->norgs == id->norgs);
	items = az_set_items(room, &room->roles);
	for (i = 0; i < room->roles.count; i++)
		HOLDS(az_set_has(id, &id->roles, az_node_bytes(room, &items[i]), az_node_len(&items[i])));
	free(room);
}

/* A block that was tampered with is judged without reading outside of it. */
static void
check_damaged(const uint8_t *data, size_t size)
{
	AzIdentity *id = malloc(size > 0 ? size : 1);

	HOLDS(id != NULL);
	memcpy(id, data, size);
	if (size >= sizeof(id->size))
		id->size = (uint32_t) size;
	(void) az_identity_check(id, size);
	free(id);
}

static void
build(const AzIssuer *issuer, const AzKey *key, const AzJson *payload)
{
	AzVerified	verified = {
		.issuer = issuer,
		.key = key,
		.payload = payload,
		.expires = 3,
		.deadline = 4,
		.not_before = 1,
		.issued = 2
	};
	AzBuilder  *builder = az_builder_new();
	const AzIdentity *id = NULL;
	char	   *actor;
	AzReason	reason = az_read_actor(payload, &actor);

	HOLDS(builder != NULL && (reason == AZ_OK || actor == NULL));
	verified.actor = actor;
	reason = az_claims_build(builder, &verified, NULL, &id);
	HOLDS(reason == AZ_OK || reason == AZ_TOKEN_TOO_LARGE);
	if (reason == AZ_OK)
	{
		check_identity(id, payload);
		check_limited(id);
		HOLDS(actor == NULL ? az_node_type(&id->actor) == AZ_NULL :
			  az_node_len(&id->trust_actor) == strlen(actor));
	}
	az_builder_free(builder);
	free(actor);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static AzKey *key;
	AzIssuer   *issuer = az_issuer_new("https://x/", 10);
	AzJson	   *options;
	AzJson	   *payload;
	AzKeyError	key_error;
	AzOptionError error;
	const char *rest;
	size_t		rest_len;
	size_t		line = first_line((const char *) data, size, &rest, &rest_len);

	if (key == NULL)
		HOLDS(az_key_from_secret((const unsigned char *) "0123456789abcdef0123456789abcdef", 32,
								 "k", "HS256", &key, &key_error) == AZ_KEY_OK);
	HOLDS(issuer != NULL);
	check_damaged(data, size);
	if (az_json_parse(rest, rest_len, &payload) == AZ_JSON_OK)
	{
		bool		fit = true;

		if (az_json_parse((const char *) data, line, &options) == AZ_JSON_OK)
			fit = az_issuer_apply(issuer, options, &error);
		if (fit && az_json_type(payload) == AZ_JSON_OBJECT)
			build(issuer, key, payload);
		az_json_free(options);
	}
	az_json_free(payload);
	az_issuer_free(issuer);
	return 0;
}
