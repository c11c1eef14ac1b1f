/*-------------------------------------------------------------------------
 *
 * limit.c
 *	  An identity as its actor may use it: within a ceiling.
 *
 * The block is copied, and behind the copy come the sets that are left.  So
 * checks, accessors and the planner ask it as they ask any other, and cannot
 * forget that there is a ceiling.  Strings stay where they are.
 *
 *-------------------------------------------------------------------------
 */
#include "token/limit.h"

/* The copy while it grows. */
typedef struct Limiting
{
	AzIdentity *id;
	const AzCeiling *ceiling;
	size_t		used;
} Limiting;

static inline size_t
aligned(size_t size)
{
	return (size + 7) & ~(size_t) 7;
}

/* Room that a set of so many needs at most. */
static size_t
room_for(size_t count)
{
	return aligned(count * sizeof(AzNode)) + 2 * aligned(count * sizeof(uint32_t));
}

bool
az_ceiling_is_large(const AzCeiling *ceiling)
{
	size_t		values = ceiling->keep.n;
	size_t		bytes = 0;
	size_t		i;
	size_t		j;

	for (j = 0; j < ceiling->keep.n; j++)
		bytes += ceiling->keep.texts[j].len;
	for (i = 0; i < AZ_N_LIMITS; i++)
	{
		values += ceiling->limits[i].n;
		for (j = 0; j < ceiling->limits[i].n; j++)
			bytes += ceiling->limits[i].texts[j].len;
	}
	return values > AZ_MAX_CEILING_VALUES || bytes > AZ_MAX_CEILING_BYTES;
}

/* The two sets that hold texts of the ceiling have what is kept in common. */
size_t
az_limit_room(const AzIdentity *id)
{
	const AzOrg *orgs = az_orgs(id);
	size_t		size = aligned(id->size);
	uint32_t	i;

	size += room_for(id->scopes.count) + room_for(id->roles.count) +
		room_for(id->permissions.count) + room_for(id->groups.count);
	for (i = 0; i < id->norgs; i++)
		size += room_for(orgs[i].permissions.count) + room_for(orgs[i].inherited.count) +
			room_for(orgs[i].additional.count);
	return size + 2 * (room_for(AZ_MAX_CEILING_VALUES) + aligned(AZ_MAX_CEILING_BYTES));
}

static uint32_t
take(Limiting *limiting, size_t size)
{
	size_t		taken = limiting->used;

	limiting->used += aligned(size);
	return (uint32_t) taken;
}

static void *
at(const Limiting *limiting, uint32_t off)
{
	return (char *) limiting->id + off;
}

static bool
holds(const AzLimit *limit, const char *bytes, size_t len)
{
	size_t		i;

	for (i = 0; i < limit->n; i++)
	{
		if (limit->texts[i].len == len && memcmp(limit->texts[i].bytes, bytes, len) == 0)
			return true;
	}
	return false;
}

/* Is a value of that kind left? */
static bool
leaves(const Limiting *limiting, AzLimitKind kind, const AzNode *value)
{
	const AzCeiling *ceiling = limiting->ceiling;
	const char *bytes = az_node_bytes(limiting->id, value);
	size_t		len = az_node_len(value);

	return !ceiling->limits[kind].limited ||
		holds(&ceiling->limits[kind], bytes, len) || holds(&ceiling->keep, bytes, len);
}

/*
 * What is left of a set, in its order.  "places" maps the numbers of the old
 * items to those of the new ones.
 */
static void
limit_set(Limiting *limiting, AzSet *set, AzLimitKind kind)
{
	const AzNode *items = az_set_items(limiting->id, set);
	const uint32_t *sorted = (const uint32_t *) ((const char *) limiting->id + set->order);
	AzSet		left = {0, take(limiting, set->count * sizeof(AzNode)),
	take(limiting, set->count * sizeof(uint32_t))};
	uint32_t   *places = at(limiting, take(limiting, set->count * sizeof(uint32_t)));
	AzNode	   *to = at(limiting, left.items);
	uint32_t   *order = at(limiting, left.order);
	uint32_t	n = 0;
	uint32_t	i;

	if (!limiting->ceiling->limits[kind].limited)
		return;
	for (i = 0; i < set->count; i++)
	{
		places[i] = UINT32_MAX;
		if (!leaves(limiting, kind, &items[i]))
			continue;
		places[i] = left.count;
		to[left.count++] = items[i];
	}
	for (i = 0; i < set->count; i++)
	{
		if (places[sorted[i]] != UINT32_MAX)
			order[n++] = places[sorted[i]];
	}
	*set = left;
}

/* ---- what is asked of the ceiling itself ---- */

static int
compare_items(const Limiting *limiting, const AzNode *a, const AzNode *b)
{
	return az_compare(az_node_bytes(limiting->id, a), az_node_len(a),
					  az_node_bytes(limiting->id, b), az_node_len(b));
}

/* Insert in order; a second one of the same bytes is not added. */
static void
add_text(Limiting *limiting, AzSet *set, const AzText *text, uint32_t *bytes)
{
	AzNode	   *items = (AzNode *) ((char *) limiting->id + set->items);
	uint32_t   *order = (uint32_t *) ((char *) limiting->id + set->order);
	AzNode	   *item = &items[set->count];
	uint32_t	place;
	uint32_t	i;

	item->head = (uint32_t) text->len << 3 | AZ_STRING;
	item->off = *bytes;
	memcpy((char *) limiting->id + *bytes, text->bytes, text->len);
	for (place = 0; place < set->count; place++)
	{
		int			compared = compare_items(limiting, item, &items[order[place]]);

		if (compared == 0)
			return;
		if (compared < 0)
			break;
	}
	for (i = set->count; i > place; i--)
		order[i] = order[i - 1];
	order[place] = set->count++;
	*bytes += (uint32_t) text->len;
}

static AzSet
set_of_ceiling(Limiting *limiting, AzLimitKind kind)
{
	const AzLimit *lists[] = {&limiting->ceiling->limits[kind], &limiting->ceiling->keep};
	size_t		n = lists[0]->n + lists[1]->n;
	AzSet		set = {0, take(limiting, n * sizeof(AzNode)),
	take(limiting, n * sizeof(uint32_t))};
	uint32_t	bytes;
	size_t		size = 0;
	size_t		i;
	size_t		j;

	for (i = 0; i < 2; i++)
		for (j = 0; j < lists[i]->n; j++)
			size += lists[i]->texts[j].len;
	bytes = take(limiting, size);
	for (i = 0; i < 2; i++)
		for (j = 0; j < lists[i]->n; j++)
			add_text(limiting, &set, &lists[i]->texts[j], &bytes);
	return set;
}

/* ---- all of it ---- */

static void
limit_org(Limiting *limiting, AzOrg *org)
{
	if (az_node_type(&org->role) == AZ_STRING &&
		!leaves(limiting, AZ_LIMIT_ORG_ROLES, &org->role))
		memset(&org->role, 0, sizeof(org->role));
	limit_set(limiting, &org->inherited, AZ_LIMIT_ORG_ROLES);
	limit_set(limiting, &org->additional, AZ_LIMIT_ORG_ROLES);
	limit_set(limiting, &org->permissions, AZ_LIMIT_ORG_PERMISSIONS);
}

static void
limit_all(Limiting *limiting)
{
	AzIdentity *id = limiting->id;
	const AzCeiling *ceiling = limiting->ceiling;
	AzOrg	   *orgs = (AzOrg *) ((char *) id + id->orgs);
	uint32_t	i;

	limit_set(limiting, &id->scopes, AZ_LIMIT_SCOPES);
	limit_set(limiting, &id->roles, AZ_LIMIT_ROLES);
	limit_set(limiting, &id->permissions, AZ_LIMIT_PERMISSIONS);
	limit_set(limiting, &id->groups, AZ_LIMIT_GROUPS);
	for (i = 0; i < id->norgs; i++)
		limit_org(limiting, &orgs[i]);

	id->limited = 1;
	if (!ceiling->admin)
		id->is_admin = 0;
	id->never_admin = !ceiling->admin;
	id->permissions_limited = ceiling->limits[AZ_LIMIT_PERMISSIONS].limited;
	if (id->permissions_limited)
		id->permission_ceiling = set_of_ceiling(limiting, AZ_LIMIT_PERMISSIONS);
	id->items_limited = ceiling->limits[AZ_LIMIT_ITEM_PERMISSIONS].limited;
	if (id->items_limited)
		id->item_ceiling = set_of_ceiling(limiting, AZ_LIMIT_ITEM_PERMISSIONS);
}

void
az_limit_identity(const AzIdentity *id, const AzCeiling *ceiling, AzIdentity *room)
{
	Limiting	limiting = {room, ceiling, aligned(id->size)};

	memcpy(room, id, id->size);
	memset((char *) room + id->size, 0, aligned(id->size) - id->size);
	limit_all(&limiting);
	room->size = (uint32_t) limiting.used;
}

/* Does the path lead to, or into, one of the first so many locations? */
static bool
is_location(const AzIdentity *id, uint32_t count, const AzText *path, size_t n)
{
	const AzNode *locations = (const AzNode *) ((const char *) id + id->locations);
	uint32_t	i;
	uint32_t	j;

	for (i = 0; i < count; i++)
	{
		const AzNode *keys = az_node_elements(id, &locations[i]);
		uint32_t	depth = az_node_len(&locations[i]);

		for (j = 0; j < depth && j < n; j++)
		{
			if (az_compare(az_node_bytes(id, &keys[j]), az_node_len(&keys[j]),
						   path[j].bytes, path[j].len) != 0)
				break;
		}
		if (j == depth)
			return true;
	}
	return false;
}

bool
az_is_limited_location(const AzIdentity *id, const AzText *path, size_t n)
{
	return id->limited && is_location(id, id->nlocations, path, n);
}

bool
az_is_unlisted_location(const AzIdentity *id, const AzText *path, size_t n)
{
	return id->groups_unlisted && is_location(id, id->ngroup_locations, path, n);
}
