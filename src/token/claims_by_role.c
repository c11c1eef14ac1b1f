/*-------------------------------------------------------------------------
 *
 * claims_by_role.c
 *	  Memberships from an object that goes from role to organisations.
 *
 * Zitadel writes {"doctor": {"id 1":  "name", "id 2":  "name"}} for a user who
 * is a doctor in both.  The organisation that the user belongs to stands
 * elsewhere, and may be one of these or not; it comes first.  None is the
 * active one.
 *
 *-------------------------------------------------------------------------
 */
#include "token/claims_intern.h"

#include <string.h>

/* Where we are: at a member of the object of a role. */
typedef struct Place
{
	void	   *role_iter;
	const char *role;
	size_t		role_len;
	const AzJson *orgs;			/* of that role */
	void	   *org_iter;
	const char *id;
	size_t		id_len;
	const AzJson *name;
} Place;

/* The next pair of a role and an organisation. */
static bool
next_place(const AzJson *roles, Place *place)
{
	for (;;)
	{
		if (place->orgs != NULL)
			place->org_iter = az_json_next(place->orgs, place->org_iter, &place->id,
										   &place->id_len, &place->name);
		if (place->orgs != NULL && place->org_iter != NULL)
		{
			if (az_json_is_given(place->name) && place->id_len > 0)
				return true;
			continue;
		}
		place->role_iter = az_json_next(roles, place->role_iter, &place->role,
										&place->role_len, &place->orgs);
		if (place->role_iter == NULL)
			return false;
		place->org_iter = NULL;
		if (az_json_type(place->orgs) != AZ_JSON_OBJECT)
			place->orgs = NULL;
	}
}

static bool
has_org(const AzJson *orgs, const char *id, size_t len)
{
	const AzJson *name = az_json_type(orgs) == AZ_JSON_OBJECT ? az_json_get(orgs, id, len) : NULL;

	return az_json_is_given(name);
}

/* Is this the first role that has the organisation? */
static bool
comes_first(const AzJson *roles, const Place *place)
{
	void	   *iter = NULL;
	const char *role;
	size_t		len;
	const AzJson *orgs;

	while ((iter = az_json_next(roles, iter, &role, &len, &orgs)) != NULL && orgs != place->orgs)
	{
		if (has_org(orgs, place->id, place->id_len))
			return false;
	}
	return true;
}

/* The roles in one organisation, in the order of the token. */
static AzSet
roles_in(AzReading *reading, const AzJson *roles, AzNode node, const char *id, size_t id_len)
{
	static const AzNode null_node;
	void	   *iter = NULL;
	const char *role;
	size_t		len;
	const AzJson *orgs;
	AzMember	found;

	while (roles != NULL && (iter = az_json_next(roles, iter, &role, &len, &orgs)) != NULL)
	{
		if (has_org(orgs, id, id_len) &&
			az_builder_member(reading->builder, node, role, len, &found))
			az_builder_set_add(reading->builder, found.name);
	}
	return az_builder_set_end(reading->builder, null_node);
}

static size_t
count_places(const AzJson *roles)
{
	Place		place = {0};
	size_t		n = 0;

	while (roles != NULL && next_place(roles, &place))
		n++;
	return n;
}

/* An organisation under a role: the id is the key, the name its value. */
static bool
read_place(AzReading *reading, AzNode roles, const Place *place, AzOrg *org)
{
	AzMember	found;

	memset(org, 0, sizeof(*org));
	if (!az_builder_member(reading->builder, roles, place->role, place->role_len, &found) ||
		!az_builder_member(reading->builder, found.value, place->id, place->id_len, &found))
		return false;
	org->id = found.name;
	if (az_node_type(&found.value) == AZ_STRING)
		org->name = found.value;
	return true;
}

void
az_read_by_role(AzReading *reading, const AzJson *roles, AzNode node)
{
	Place		place = {0};
	AzOrg		org = {0};
	size_t		home_len = 0;
	const char *home = az_org_id_at(reading, reading->payload, reading->claims, &home_len, &org.id);
	uint32_t	n = 0;

	az_make_room_for_orgs(reading, count_places(roles) + (home != NULL));
	if (home != NULL)
	{
		az_read_org_facts(reading, &org, reading->payload, reading->claims);
		memset(&org.role, 0, sizeof(org.role));
		az_set_org_roles(reading, &org, roles_in(reading, roles, node, home, home_len));
		az_put_org(reading, n++, &org);
	}
	while (roles != NULL && next_place(roles, &place))
	{
		bool		is_home = home != NULL && place.id_len == home_len &&
			memcmp(place.id, home, home_len) == 0;

		if (is_home || !comes_first(roles, &place) || !read_place(reading, node, &place, &org))
			continue;
		az_set_org_roles(reading, &org, roles_in(reading, roles, node, place.id, place.id_len));
		az_put_org(reading, n++, &org);
	}
	reading->id.norgs = n;
}
