/*-------------------------------------------------------------------------
 *
 * claims_locations.c
 *	  The locations of the values that an actor's ceiling may take away, and of
 *	  the groups that a token may leave out.
 *
 * Otherwise a query could read these claims past a ceiling, or take groups
 * that are not listed for groups that the user does not have.
 *
 *-------------------------------------------------------------------------
 */
#include "token/claims_intern.h"

/* The locations while they are counted, and while they are written. */
typedef struct Locations
{
	AzReading  *reading;
	bool		groups_only;
	bool		counted;
	uint32_t	n;
	uint32_t	ngroups;		/* of them, the first */
} Locations;

static AzNode
node_of(AzReading *reading, const AzPath *path)
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

/* Nobody can ask for what has no form in this encoding. */
static bool
can_be_asked(const AzReading *reading, const AzPath *path)
{
	size_t		i;

	for (i = 0; i < path->n; i++)
	{
		if (!az_builder_fits(reading->builder, path->name[i].data, path->name[i].len))
			return false;
	}
	return path->n > 0;
}

static void
add_path(Locations *locations, const AzPath *path)
{
	AzReading  *reading = locations->reading;

	if (!can_be_asked(reading, path))
		return;
	if (locations->counted)
	{
		AzNode		node = node_of(reading, path);

		az_builder_put(reading->builder, reading->id.locations, locations->n, &node, sizeof(node));
	}
	locations->n++;
}

static void
add_paths(Locations *locations, const AzPaths *paths)
{
	size_t		i;

	for (i = 0; i < paths->n; i++)
		add_path(locations, &paths->path[i]);
}

/* Organisations stand under org_claims, in claims of their own, or in both. */
static void
add_orgs(Locations *locations)
{
	static AzName compact[] = {{"o", 1}, {"fea", 3}};
	static AzPath compact_path[] = {{1, &compact[0], false}, {1, &compact[1], false}};
	static const AzPaths clerk = {2, compact_path};
	const AzIssuer *issuer = locations->reading->issuer;
	AzOrgShape	shape = issuer->org_shape;

	if (shape != AZ_ORGS_SINGLE && shape != AZ_ORGS_CLERK)
		add_paths(locations, &issuer->org_claims);
	if (shape == AZ_ORGS_CLERK)
		add_paths(locations, &clerk);
	if (shape != AZ_ORGS_SINGLE && shape != AZ_ORGS_CLERK && shape != AZ_ORGS_BY_ROLE)
		return;
	add_paths(locations, az_org_id_paths(issuer));
	add_paths(locations, &issuer->org_name_claim);
	add_paths(locations, &issuer->org_role_claims);
	add_paths(locations, &issuer->org_permission_claims);
}

static void
add_all(Locations *locations)
{
	const AzIssuer *issuer = locations->reading->issuer;

	add_paths(locations, &issuer->group_claims);
	locations->ngroups = locations->n;
	if (locations->groups_only)
		return;
	add_paths(locations, &issuer->scope_claims);
	add_paths(locations, &issuer->role_claims);
	add_paths(locations, &issuer->permission_claims);
	add_orgs(locations);
}

void
az_read_locations(AzReading *reading, bool groups_only)
{
	Locations	locations = {.reading = reading, .groups_only = groups_only};

	add_all(&locations);
	reading->id.nlocations = locations.n;
	reading->id.ngroup_locations = locations.ngroups;
	reading->id.locations = az_builder_room(reading->builder, locations.n, sizeof(AzNode));
	locations.n = 0;
	locations.counted = true;
	add_all(&locations);
}
