/*-------------------------------------------------------------------------
 *
 * identity.c
 *	  Looking things up in an identity, and walking all of it.
 *
 * Every lookup is a binary search over bytes and allocates nothing: this is
 * what a policy runs per row when the planner could not.
 *
 * az_identity_check() trusts no offset and no count.  It is an assertion, not
 * a parser: blocks are well-formed by construction (builder.c).
 *
 *-------------------------------------------------------------------------
 */
#include "token/identity.h"

/* ---- lookups ---- */

/* How a string or a number's text compares with value. */
static int
compare_node(const AzIdentity *id, const AzNode *node, const char *value, size_t len)
{
	return az_compare(az_node_bytes(id, node), az_node_len(node), value, len);
}

/*
 * Lists up to this length are walked, comparing lengths, first and last bytes:
 * a branch that is guessed wrong costs as much as several of those.
 */
#define WALKED	24

static inline bool
equals_node(const AzIdentity *id, const AzNode *node, const char *value,
			size_t len)
{
	const char *bytes = az_node_bytes(id, node);
	const size_t word = sizeof(uint64_t);

	if (az_node_len(node) != len)
		return false;
	if (len >= word &&
		(az_first_bytes(bytes) != az_first_bytes(value) ||
		 az_first_bytes(bytes + len - word) != az_first_bytes(value + len - word)))
		return false;
	return memcmp(bytes, value, len) == 0;
}

static const uint32_t *
indexes_at(const AzIdentity *id, uint32_t off)
{
	return (const uint32_t *) ((const char *) id + off);
}

const AzNode *
az_node_member(const AzIdentity *id, const AzNode *object,
			   const char *name, size_t len)
{
	const AzMember *members;
	uint32_t	low = 0;
	uint32_t	high;

	if (az_node_type(object) != AZ_OBJECT)
		return NULL;
	members = az_node_members(id, object);
	high = az_node_len(object);
	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		int			order = compare_node(id, &members[middle].name, name, len);

		if (order == 0)
			return &members[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool
az_set_has(const AzIdentity *id, const AzSet *set, const char *value, size_t len)
{
	const AzNode *items = az_set_items(id, set);
	const uint32_t *sorted = indexes_at(id, set->order);
	uint32_t	low = 0;
	uint32_t	high = set->count;

	if (high <= WALKED)
	{
		uint32_t	i;

		for (i = 0; i < high; i++)
			if (equals_node(id, &items[i], value, len))
				return true;
		return false;
	}

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		int			order = compare_node(id, &items[sorted[middle]], value, len);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

const AzOrg *
az_org_find(const AzIdentity *id, const char *org, size_t len)
{
	const AzOrg *orgs = az_orgs(id);
	const uint32_t *sorted = indexes_at(id, id->org_order);
	uint32_t	low = 0;
	uint32_t	high = id->norgs;

	if (high <= WALKED)
	{
		uint32_t	i;

		for (i = 0; i < high; i++)
			if (equals_node(id, &orgs[i].id, org, len))
				return &orgs[i];
		return NULL;
	}

	while (low < high)
	{
		uint32_t	middle = low + (high - low) / 2;
		const AzOrg *found = &orgs[sorted[middle]];
		int			order = compare_node(id, &found->id, org, len);

		if (order == 0)
			return found;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool
az_node_text(const AzIdentity *id, const AzNode *node, const char **text, size_t *len)
{
	if (node == NULL)
		return false;
	switch (az_node_type(node))
	{
		case AZ_FALSE:
			*text = "false";
			*len = 5;
			return true;
		case AZ_TRUE:
			*text = "true";
			*len = 4;
			return true;
		case AZ_NUMBER:
		case AZ_STRING:
			*text = az_node_bytes(id, node);
			*len = az_node_len(node);
			return true;
		case AZ_NULL:
		case AZ_ARRAY:
		case AZ_OBJECT:
			break;
	}
	return false;
}

bool
az_node_is(const AzIdentity *id, const AzNode *node, const char *value, size_t len)
{
	const char *text;
	size_t		text_len;

	return az_node_text(id, node, &text, &text_len) &&
		text_len == len && memcmp(text, value, len) == 0;
}

/* Is the value one of the words of a text? */
static bool
text_has_word(const char *text, size_t text_len, const char *value, size_t len)
{
	size_t		i = 0;

	while (i < text_len)
	{
		size_t		start;

		while (i < text_len && az_is_space(text[i]))
			i++;
		start = i;
		while (i < text_len && !az_is_space(text[i]))
			i++;
		if (i > start && i - start == len && memcmp(text + start, value, len) == 0)
			return true;
	}
	return false;
}

bool
az_node_holds(const AzIdentity *id, const AzNode *node, const char *value, size_t len)
{
	const AzNode *elements;
	uint32_t	i;

	if (node == NULL)
		return false;
	if (az_node_type(node) == AZ_STRING)
		return text_has_word(az_node_bytes(id, node), az_node_len(node), value, len);
	if (az_node_type(node) != AZ_ARRAY)
		return az_node_is(id, node, value, len);

	elements = az_node_elements(id, node);
	for (i = 0; i < az_node_len(node); i++)
	{
		if (az_node_is(id, &elements[i], value, len))
			return true;
	}
	return false;
}

/* ---- the walk ---- */

/*
 * visits bounds the work: in a block that we built every node of the tree
 * has its own place, so there cannot be more of them than fit.
 */

typedef struct Walk
{
	const AzIdentity *id;
	size_t		size;
	size_t		visits;			/* left */
} Walk;

static bool
is_range(const Walk *walk, uint32_t off, size_t count, size_t width, size_t align)
{
	if (count == 0)
		return off <= walk->size;
	return off >= sizeof(AzIdentity) && off <= walk->size && off % align == 0 &&
		count <= (walk->size - off) / width;
}

static bool
is_text(const Walk *walk, const AzNode *node, AzType type)
{
	return az_node_type(node) == type &&
		is_range(walk, node->off, az_node_len(node), 1, 1);
}

static bool
is_null(const AzNode *node)
{
	return node->head == AZ_NULL && node->off == 0;
}

static bool
is_string_or_null(const Walk *walk, const AzNode *node)
{
	return is_null(node) || is_text(walk, node, AZ_STRING);
}

static bool
is_string_number_or_null(const Walk *walk, const AzNode *node)
{
	return is_string_or_null(walk, node) || is_text(walk, node, AZ_NUMBER);
}

static bool is_tree(Walk *walk, const AzNode *node, int depth);

static bool
is_array(Walk *walk, const AzNode *node, int depth)
{
	const AzNode *elements = az_node_elements(walk->id, node);
	uint32_t	i;

	if (!is_range(walk, node->off, az_node_len(node), sizeof(AzNode), 4))
		return false;
	for (i = 0; i < az_node_len(node); i++)
	{
		if (!is_tree(walk, &elements[i], depth + 1))
			return false;
	}
	return true;
}

static bool
is_object(Walk *walk, const AzNode *node, int depth)
{
	const AzMember *members = az_node_members(walk->id, node);
	uint32_t	i;

	if (!is_range(walk, node->off, az_node_len(node), sizeof(AzMember), 4))
		return false;
	for (i = 0; i < az_node_len(node); i++)
	{
		const AzNode *name = &members[i].name;

		if (!is_text(walk, name, AZ_STRING) ||
			!is_tree(walk, &members[i].value, depth + 1))
			return false;
		if (i > 0 && compare_node(walk->id, &members[i - 1].name,
								  az_node_bytes(walk->id, name), az_node_len(name)) >= 0)
			return false;
	}
	return true;
}

static bool
is_tree(Walk *walk, const AzNode *node, int depth)
{
	if (walk->visits == 0)
		return false;
	walk->visits--;
	switch (az_node_type(node))
	{
		case AZ_NULL:
		case AZ_FALSE:
		case AZ_TRUE:
			return az_node_len(node) == 0 && node->off == 0;
		case AZ_NUMBER:
		case AZ_STRING:
			return is_text(walk, node, az_node_type(node));
		case AZ_ARRAY:
			return depth <= AZ_JSON_MAX_DEPTH && is_array(walk, node, depth);
		case AZ_OBJECT:
			return depth <= AZ_JSON_MAX_DEPTH && is_object(walk, node, depth);
	}
	return false;
}

static bool
is_set(const Walk *walk, const AzSet *set)
{
	const AzNode *items = az_set_items(walk->id, set);
	const uint32_t *sorted = indexes_at(walk->id, set->order);
	uint32_t	i;

	if (!is_range(walk, set->items, set->count, sizeof(AzNode), 4) ||
		!is_range(walk, set->order, set->count, sizeof(uint32_t), 4))
		return false;
	for (i = 0; i < set->count; i++)
	{
		const AzNode *item;

		if (sorted[i] >= set->count)
			return false;
		item = &items[sorted[i]];
		if (!is_text(walk, item, AZ_STRING))
			return false;
		if (i > 0 && compare_node(walk->id, &items[sorted[i - 1]],
								  az_node_bytes(walk->id, item), az_node_len(item)) >= 0)
			return false;
	}
	return true;
}

/*
 * With PropelAuth's shape it can only be missing because a ceiling took it
 * away.
 */
static bool
is_role(const Walk *walk, const AzOrg *org)
{
	return is_text(walk, &org->role, AZ_STRING) ||
		(is_null(&org->role) && (is_null(&org->value) || walk->id->limited));
}

static bool
is_org(Walk *walk, const AzOrg *org)
{
	return is_text(walk, &org->id, AZ_STRING) &&
		(is_null(&org->value) || (az_node_type(&org->value) == AZ_OBJECT &&
								  is_tree(walk, &org->value, 2))) &&
		is_role(walk, org) &&
		is_string_or_null(walk, &org->name) &&
		org->multi_role <= 1 &&
		is_set(walk, &org->permissions) &&
		is_set(walk, &org->inherited) &&
		is_set(walk, &org->additional);
}

/* Ascending ids make the indexes a permutation, so each is walked once. */
static bool
are_orgs(Walk *walk)
{
	const AzIdentity *id = walk->id;
	const AzOrg *orgs = az_orgs(id);
	const uint32_t *sorted = indexes_at(id, id->org_order);
	uint32_t	i;

	if (!is_range(walk, id->orgs, id->norgs, sizeof(AzOrg), 4) ||
		!is_range(walk, id->org_order, id->norgs, sizeof(uint32_t), 4) ||
		id->groups_unlisted > 1 || id->active_org > 1 || (id->active_org == 1 && id->norgs != 1))
		return false;
	for (i = 0; i < id->norgs; i++)
	{
		const AzNode *org_id;

		if (sorted[i] >= id->norgs || !is_org(walk, &orgs[sorted[i]]))
			return false;
		org_id = &orgs[sorted[i]].id;
		if (i > 0 && compare_node(id, &orgs[sorted[i - 1]].id,
								  az_node_bytes(id, org_id), az_node_len(org_id)) >= 0)
			return false;
	}
	return true;
}

static bool
are_locations(Walk *walk)
{
	const AzIdentity *id = walk->id;
	const AzNode *nodes = (const AzNode *) ((const char *) id + id->locations);
	uint32_t	i;

	if (id->ngroup_locations > id->nlocations ||
		!is_range(walk, id->locations, id->nlocations, sizeof(AzNode), 4))
		return false;
	for (i = 0; i < id->nlocations; i++)
	{
		if (az_node_type(&nodes[i]) != AZ_ARRAY || !is_tree(walk, &nodes[i], 1))
			return false;
	}
	return true;
}

static bool
are_limits(const Walk *walk)
{
	const AzIdentity *id = walk->id;

	return id->needs_ceiling <= 1 && id->limited <= 1 && id->never_admin <= 1 &&
		id->permissions_limited <= 1 && id->items_limited <= 1 &&
		is_set(walk, &id->permission_ceiling) &&
		is_set(walk, &id->item_ceiling);
}

/* The facts of the header that are single values. */
static bool
is_header(const Walk *walk)
{
	const AzIdentity *id = walk->id;

	return id->is_admin <= 1 && id->asserted <= 1 &&
		id->expires != AZ_TIME_NONE && id->deadline != AZ_TIME_NONE &&
		id->alg < AZ_N_ALGS &&
		memchr(id->thumbprint, '\0', sizeof(id->thumbprint)) != NULL &&
		is_text(walk, &id->trust_issuer, AZ_STRING) &&
		is_string_or_null(walk, &id->trust_kid) &&
		is_string_or_null(walk, &id->trust_token_id) &&
		is_string_or_null(walk, &id->trust_session_id) &&
		is_string_or_null(walk, &id->trust_subject) &&
		is_string_or_null(walk, &id->trust_actor) &&
		is_text(walk, &id->issuer, AZ_STRING) &&
		is_string_or_null(walk, &id->subject) &&
		is_string_number_or_null(walk, &id->user_id) &&
		is_string_number_or_null(walk, &id->owner) &&
		is_string_or_null(walk, &id->email) &&
		is_string_or_null(walk, &id->username) &&
		is_string_or_null(walk, &id->client_id) &&
		is_string_or_null(walk, &id->token_id) &&
		is_string_or_null(walk, &id->client) &&
		is_string_or_null(walk, &id->acr) &&
		is_string_or_null(walk, &id->actor);
}

bool
az_identity_check(const AzIdentity *id, size_t size)
{
	Walk		walk;

	if ((uintptr_t) id % 8 != 0 || size < sizeof(AzIdentity) || id->size != size)
		return false;
	walk.id = id;
	walk.size = size;

	/* the tree once, and the organisations in it once more */
	walk.visits = 2 * (size / sizeof(AzNode));

	return is_header(&walk) &&
		az_node_type(&id->claims) == AZ_OBJECT &&
		is_tree(&walk, &id->claims, 1) &&
		is_set(&walk, &id->audience) &&
		is_set(&walk, &id->amr) &&
		is_set(&walk, &id->scopes) &&
		is_set(&walk, &id->roles) &&
		is_set(&walk, &id->permissions) &&
		is_set(&walk, &id->groups) &&
		is_set(&walk, &id->admin_permissions) &&
		are_orgs(&walk) &&
		are_locations(&walk) &&
		are_limits(&walk);
}
