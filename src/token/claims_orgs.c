/*-------------------------------------------------------------------------
 *
 * claims_orgs.c
 *	  Claims to memberships in organisations, in the shapes of option
 *	  "org_shape".
 *
 * Every shape gives the same struct AzOrg, which the checks ask.
 *
 *-------------------------------------------------------------------------
 */
#include "token/claims_intern.h"

static const AzNode null_node;

static bool
is_string(const AzJson *value)
{
	size_t		len;

	return az_json_string(value, &len) != NULL;
}

static AzNode
if_string(AzNode node)
{
	return az_node_type(&node) == AZ_STRING ? node : null_node;
}

void
az_put_org(AzReading *reading, size_t i, const AzOrg *org)
{
	az_builder_put(reading->builder, reading->id.orgs, i, org, sizeof(*org));
}

void
az_make_room_for_orgs(AzReading *reading, size_t n)
{
	reading->id.norgs = (uint32_t) n;
	reading->id.orgs = az_builder_room(reading->builder, n, sizeof(AzOrg));
}

static bool
is_empty_object(const AzJson *value)
{
	return az_json_type(value) == AZ_JSON_OBJECT && az_json_count(value) == 0;
}

/*
 * What org_claims name: the first location that is present, not null and no
 * empty object.  NULL: there is none, or it is no object.
 */
static const AzJson *
find_orgs(AzReading *reading, AzNode *node)
{
	const AzPaths *paths = &reading->issuer->org_claims;
	size_t		i;

	for (i = 0; i < paths->n; i++)
	{
		const AzJson *json = az_claim_at(reading->payload, &paths->path[i]);

		if (json == NULL || is_empty_object(json))
			continue;
		*node = az_node_at(reading, reading->claims, &paths->path[i]);
		return az_json_type(json) == AZ_JSON_OBJECT ? json : NULL;
	}
	return NULL;
}

/* ---- propelauth ---- */

/*
 * Either one object with a string member "org_id", the organisation that is
 * active, or a map from ids to such objects.  A user without a role in an
 * organisation is not a member of it.
 */

static bool
is_membership(const AzJson *org)
{
	return is_string(az_json_get_z(org, "user_role"));
}

static bool
node_is(AzReading *reading, AzNode node, const char *text)
{
	return az_node_type(&node) == AZ_STRING &&
		az_compare(az_node_bytes(az_builder_block(reading->builder), &node),
				   az_node_len(&node), text, strlen(text)) == 0;
}

static void
read_org(AzReading *reading, size_t i, AzNode org_id, AzNode value)
{
	AzOrg		org;

	memset(&org, 0, sizeof(org));
	org.id = org_id;
	org.value = value;
	org.name = if_string(az_member_of(reading, value, "org_name"));
	org.role = az_member_of(reading, value, "user_role");
	org.multi_role = node_is(reading, az_member_of(reading, value, "org_role_structure"),
							 "multi_role");
	org.permissions = az_list_of(reading, az_member_of(reading, value, "user_permissions"),
								 false);
	org.inherited = az_list_of(reading, az_member_of(reading, value,
													 "inherited_user_roles_plus_current_role"),
							   false);
	org.additional = az_list_of(reading, az_member_of(reading, value, "additional_roles"),
								false);
	az_put_org(reading, i, &org);
}

static void
read_active_org(AzReading *reading, const AzJson *json, AzNode value)
{
	if (!is_membership(json))
		return;
	az_make_room_for_orgs(reading, 1);
	reading->id.active_org = 1;
	read_org(reading, 0, az_member_of(reading, value, "org_id"), value);
}

static size_t
count_members(const AzJson *map, bool (*counts) (const AzJson *org))
{
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *org;
	size_t		n = 0;

	while ((iter = az_json_next(map, iter, &name, &len, &org)) != NULL)
		n += counts(org);
	return n;
}

static void
read_org_map(AzReading *reading, const AzJson *json, AzNode map)
{
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *org;
	size_t		i = 0;

	az_make_room_for_orgs(reading, count_members(json, is_membership));
	while ((iter = az_json_next(json, iter, &name, &len, &org)) != NULL)
	{
		AzMember	found;

		if (is_membership(org) &&
			az_builder_member(reading->builder, map, name, len, &found))
			read_org(reading, i++, found.name, found.value);
	}
}

static void
read_propelauth(AzReading *reading)
{
	AzNode		node = null_node;
	const AzJson *json = find_orgs(reading, &node);

	if (json == NULL)
		return;
	if (is_string(az_json_get_z(json, "org_id")))
		read_active_org(reading, json, node);
	else
		read_org_map(reading, json, node);
}

/* ---- the shapes whose claims are options ---- */

void
az_set_org_roles(AzReading *reading, AzOrg *org, AzSet roles)
{
	org->multi_role = 1;
	org->additional = roles;
	if (roles.count > 0 && !az_builder_failed(reading->builder))
		org->role = az_set_items(az_builder_block(reading->builder), &roles)[0];
}

void
az_read_org_facts(AzReading *reading, AzOrg *org, const AzJson *json, AzNode object)
{
	const AzIssuer *issuer = reading->issuer;
	const AzPath *path = az_first_path(json, &issuer->org_name_claim);
	AzNode		name = path != NULL ? if_string(az_node_at(reading, object, path)) : null_node;

	if (az_node_type(&name) != AZ_NULL)
		org->name = name;
	az_set_org_roles(reading, org, az_list_at(reading, json, object, &issuer->org_role_claims, false));
	if (issuer->org_shape == AZ_ORGS_CLERK && az_add_compact_permissions(reading))
		org->permissions = az_builder_set_end(reading->builder, null_node);
	else
		org->permissions = az_list_at(reading, json, object, &issuer->org_permission_claims, false);
}

const AzPaths *
az_org_id_paths(const AzIssuer *issuer)
{
	static AzName usual = {"org_id", 6};
	static AzPath usual_path = {1, &usual, false};
	static const AzPaths usual_paths = {1, &usual_path};

	return issuer->org_id_claim.n > 0 ? &issuer->org_id_claim : &usual_paths;
}

const char *
az_org_id_at(AzReading *reading, const AzJson *json, AzNode object, size_t *len, AzNode *id)
{
	const AzPath *path = az_first_path(json, az_org_id_paths(reading->issuer));
	const char *text = path != NULL ? az_json_string(az_claim_at(json, path), len) : NULL;

	if (text == NULL || *len == 0)
		return NULL;
	*id = az_node_at(reading, object, path);
	return text;
}

/* Flat claims: the organisation that the token is for. */
static void
read_single(AzReading *reading)
{
	size_t		len;
	AzOrg		org;

	memset(&org, 0, sizeof(org));
	if (az_org_id_at(reading, reading->payload, reading->claims, &len, &org.id) == NULL)
		return;
	az_make_room_for_orgs(reading, 1);
	reading->id.active_org = 1;
	az_read_org_facts(reading, &org, reading->payload, reading->claims);
	az_put_org(reading, 0, &org);
}

static bool
has_id_inside(const AzReading *reading)
{
	return reading->issuer->org_id_claim.n > 0;
}

static bool
is_mapped(const AzJson *org)
{
	return az_json_type(org) == AZ_JSON_OBJECT || az_json_type(org) == AZ_JSON_ARRAY;
}

/*
 * A member of the map.  Its key is the id, or the name where the id stands
 * inside.
 */
static AzOrg
read_mapped(AzReading *reading, const AzJson *json, const AzMember *member)
{
	size_t		len;
	AzOrg		org;

	memset(&org, 0, sizeof(org));
	if (!has_id_inside(reading))
	{
		if (az_node_len(&member->name) > 0)
			org.id = member->name;
	}
	else
	{
		(void) az_org_id_at(reading, json, member->value, &len, &org.id);
		org.name = member->name;
	}
	if (az_json_type(json) == AZ_JSON_ARRAY)
		az_set_org_roles(reading, &org, az_list_of(reading, member->value, false));
	else
		az_read_org_facts(reading, &org, json, member->value);
	return org;
}

/* Ids that stand inside may be absent, or the same: then they name nobody. */
static bool
are_distinct(AzReading *reading)
{
	AzSet		ids;
	uint32_t	i;

	if (az_builder_failed(reading->builder))
		return false;
	for (i = 0; i < reading->id.norgs; i++)
	{
		AzOrg		org;

		memcpy(&org, (const char *) az_builder_block(reading->builder) + reading->id.orgs +
			   i * sizeof(org), sizeof(org));
		az_builder_set_add(reading->builder, org.id);
	}
	ids = az_builder_set_end(reading->builder, null_node);
	return ids.count == reading->id.norgs;
}

static void
read_map(AzReading *reading)
{
	AzNode		map = null_node;
	const AzJson *json = find_orgs(reading, &map);
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *value;
	uint32_t	n = 0;

	if (json == NULL)
		return;
	az_make_room_for_orgs(reading, count_members(json, is_mapped));
	while ((iter = az_json_next(json, iter, &name, &len, &value)) != NULL)
	{
		AzMember	found;
		AzOrg		org;

		if (!is_mapped(value) ||
			!az_builder_member(reading->builder, map, name, len, &found))
			continue;
		org = read_mapped(reading, value, &found);
		if (az_node_type(&org.id) == AZ_STRING)
			az_put_org(reading, n++, &org);
	}
	reading->id.norgs = n;
	if (has_id_inside(reading) && !are_distinct(reading))
		reading->id.norgs = 0;
}

/* The ids of a list, which may be a string alone. */
static AzSet
ids_of(AzReading *reading, AzNode list)
{
	bool		is_list = az_node_type(&list) == AZ_ARRAY;
	uint32_t	n = is_list ? az_node_len(&list) : 1;
	uint32_t	i;

	for (i = 0; i < n; i++)
	{
		AzNode		id = list;

		if (is_list)
			id = az_node_elements(az_builder_block(reading->builder), &list)[i];
		if (az_node_type(&id) == AZ_STRING && az_node_len(&id) > 0)
			az_builder_set_add(reading->builder, id);
	}
	return az_builder_set_end(reading->builder, null_node);
}

/* Organisations of which only the ids are told; or a map. */
static void
read_list(AzReading *reading)
{
	AzNode		list = null_node;
	AzSet		ids;
	uint32_t	i;

	if (find_orgs(reading, &list) != NULL)
	{
		read_map(reading);
		return;
	}
	ids = ids_of(reading, list);
	if (az_builder_failed(reading->builder))
		return;
	az_make_room_for_orgs(reading, ids.count);
	for (i = 0; i < ids.count && !az_builder_failed(reading->builder); i++)
	{
		AzOrg		org;

		memset(&org, 0, sizeof(org));
		org.id = az_set_items(az_builder_block(reading->builder), &ids)[i];
		org.multi_role = 1;
		az_put_org(reading, i, &org);
	}
}

static void
read_by_role(AzReading *reading)
{
	AzNode		node = null_node;
	const AzJson *roles = find_orgs(reading, &node);

	az_read_by_role(reading, roles, node);
}

/* ---- whichever it is ---- */

void
az_read_orgs(AzReading *reading)
{
	static void (*const readers[]) (AzReading *reading) = {
		[AZ_ORGS_PROPELAUTH] = read_propelauth,
		[AZ_ORGS_SINGLE] = read_single,
		[AZ_ORGS_CLERK] = read_single,
		[AZ_ORGS_MAP] = read_map,
		[AZ_ORGS_LIST] = read_list,
		[AZ_ORGS_BY_ROLE] = read_by_role
	};

	readers[reading->issuer->org_shape] (reading);
	if (reading->id.norgs > 0)
		reading->id.org_order = az_builder_order(reading->builder, reading->id.orgs,
												 reading->id.norgs, sizeof(AzOrg));
}
