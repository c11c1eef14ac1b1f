/*-------------------------------------------------------------------------
 *
 * test_limit.c
 *	  An identity within a ceiling: what is left, what is closed, and that
 *	  nothing else has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "token/limit.h"
#include "tokens.h"

#define PAYLOAD \
	"{\"iss\":\"https://x/\",\"exp\":1700000100,\"sub\":\"ann\",\"act\":{\"sub\":\"bot\"},\"scope\":\"c a b a\"," \
	"\"roles\":[\"z\",\"y\",\"x\"],\"permissions\":[\"p\",\"q\"],\"groups\":[\"admins\",\"g\"],\"realm\":{\"roles\":[\"r\"]}," \
	"\"org_id_to_org_member_info\":{\"o1\":{\"user_role\":\"Owner\",\"user_permissions\":[\"p\",\"q\"]," \
	"\"inherited_user_roles_plus_current_role\":[\"Owner\",\"Member\"],\"additional_roles\":[\"Billing\"]}," \
	"\"o2\":{\"user_role\":\"Member\"}}}"

static AzText texts[] = {{"b", 1}, {"c", 1}, {"p", 1}, {"x", 1}, {"Member", 6}};

static AzText admins = {"admins", 6};

/* ann's identity, in which "bot" acts; borrowed from the builder. */
static const AzIdentity *
build(AzIssuer *issuer, AzBuilder *builder, const AzJson *payload)
{
	AzVerified	verified = verified_of(issuer, payload);
	const AzIdentity *id;

	verified.actor = "bot";
	must(az_claims_build(builder, &verified, NULL, &id) == AZ_OK, "cannot build an identity");
	return id;
}

static bool
closed(const AzIdentity *id, const char *a, const char *b)
{
	AzText		path[] = {{a, strlen(a)}, {b ? b : "", b ? strlen(b) : 0}};

	/* the block is ours */
	((AzIdentity *) id)->limited = 1;
	return az_is_limited_location(id, path, b ? 2 : 1);
}

static void
test_left(const AzIdentity *id)
{
	AzCeiling	ceiling;
	AzIdentity *room = malloc(az_limit_room(id));
	const AzOrg *org;
	int			i;

	must(room != NULL, "out of memory");
	memset(&ceiling, 0, sizeof(ceiling));
	for (i = 0; i < AZ_N_LIMITS; i++)
		ceiling.limits[i] = (AzLimit) {true, 5, texts};
	ceiling.keep = (AzLimit) {true, 1, &admins};
	az_limit_identity(id, &ceiling, room);
	ok(az_identity_check(room, room->size), "the block is well-formed");
	ok(is_set(room, &room->scopes, "c|b"), "scopes, in the order of the token");
	ok(is_set(room, &room->roles, ""), "roles: none is in both");
	ok(is_set(room, &room->permissions, "p"), "permissions");
	ok(is_set(room, &room->groups, "admins"), "groups: what is kept stays");
	ok(room->is_admin == 0 && room->never_admin == 1, "no administrator, whatever is kept");
	org = az_org_find(room, "o1", 2);
	ok(org != NULL && is_null(&org->role) && is_set(room, &org->inherited, "Member") &&
	   is_set(room, &org->additional, "") && is_set(room, &org->permissions, "p"),
	   "an organisation: the membership stays");
	org = az_org_find(room, "o2", 2);
	ok(org != NULL && is_text(room, &org->role, "Member"), "another one");
	ok(room->permissions_limited && az_set_has(room, &room->permission_ceiling, "x", 1) &&
	   az_set_has(room, &room->permission_ceiling, "admins", 6) &&
	   !az_set_has(room, &room->permission_ceiling, "q", 1), "what the ceiling leaves of permissions");
	ok(is_text(room, &room->subject, "ann") && is_text(room, &room->actor, "bot"), "the rest is as it was");
	ok(is_set(id, &id->scopes, "c|a|b") && id->is_admin == 1, "and so is the identity itself");

	memset(&ceiling, 0, sizeof(ceiling));
	ceiling.admin = true;
	az_limit_identity(id, &ceiling, room);
	ok(az_identity_check(room, room->size) && is_set(room, &room->scopes, "c|a|b") &&
	   is_set(room, &room->groups, "admins|g") && room->is_admin == 1 && !room->never_admin &&
	   !room->permissions_limited && !room->items_limited && room->limited, "without limits all is left");
	free(room);
}

static void
test_locations(const AzIdentity *id)
{
	ok(closed(id, "scope", NULL) && closed(id, "scp", NULL) && closed(id, "groups", NULL) &&
	   closed(id, "permissions", NULL) && closed(id, "roles", NULL), "claims of values");
	ok(closed(id, "realm", "roles") && !closed(id, "realm", NULL) && !closed(id, "realm", "role"),
	   "a path to one");
	ok(closed(id, "org_id_to_org_member_info", "o1") && closed(id, "org_member_info", NULL),
	   "what lies inside of one");
	ok(!closed(id, "sub", NULL) && !closed(id, "act", "sub") && !closed(id, "Scope", NULL),
	   "no other claim");
}

/* Where an organisation has its claims at the top, these are its locations. */
static void
test_flat_locations(AzBuilder *builder)
{
	AzIssuer   *issuer = new_issuer("https://x/", "{\"org_shape\":\"single\",\"org_name_claim\":\"org_slug\","
									"\"org_role_claims\":[\"org_role\",[\"o\",\"rol\"]],"
									"\"org_permission_claims\":[\"org_permissions\"]}");
	AzJson	   *payload = parse("{\"iss\":\"https://x/\",\"sub\":\"ann\",\"act\":{\"sub\":\"bot\"},"
							   "\"org_id\":\"o1\",\"org_role\":\"admin\",\"org_permissions\":[\"p\"]}");
	const AzIdentity *id = build(issuer, builder, payload);

	ok(closed(id, "org_role", NULL) && closed(id, "o", "rol") && closed(id, "org_permissions", NULL) &&
	   closed(id, "org_slug", NULL) && closed(id, "org_id", NULL), "flat claims of an organisation");
	ok(!closed(id, "o", "id") && !closed(id, "org_member_info", NULL) && closed(id, "scope", NULL),
	   "and none that says nothing there");
	az_json_free(payload);
	az_issuer_free(issuer);
}

/* Groups that the token does not list: to ask for them is an error. */
static void
test_unlisted(AzBuilder *builder)
{
	AzIssuer   *issuer = new_issuer("https://x/", "{\"groups_overage\":\"raise\",\"admin_groups\":[\"adm\"],"
									"\"group_claims\":[\"groups\",[\"a\",\"b\"]]}");
	AzJson	   *payload = parse("{\"iss\":\"https://x/\",\"sub\":\"ann\",\"hasgroups\":true,\"groups\":[\"adm\"]}");
	AzVerified	verified = verified_of(issuer, payload);
	AzText		groups[] = {{"groups", 6}, {"0", 1}};
	AzText		path[] = {{"a", 1}, {"b", 1}};
	AzText		scope = {"scope", 5};
	const AzIdentity *id;

	verified.groups_unlisted = true;
	must(az_claims_build(builder, &verified, NULL, &id) == AZ_OK, "cannot build an identity");
	ok(az_identity_check(id, id->size), "the block is well-formed");
	ok(id->is_admin == 0, "nobody is an administrator by groups that are not all");
	ok(az_is_unlisted_location(id, groups, 1) && az_is_unlisted_location(id, groups, 2) &&
	   az_is_unlisted_location(id, path, 2), "where groups are");
	ok(!az_is_unlisted_location(id, path, 1) && !az_is_unlisted_location(id, &scope, 1) &&
	   !az_is_limited_location(id, groups, 1), "and nowhere else");
	verified.groups_unlisted = false;
	must(az_claims_build(builder, &verified, NULL, &id) == AZ_OK, "cannot build an identity");
	ok(id->is_admin == 1 && !az_is_unlisted_location(id, groups, 1), "a list is asked, and makes an administrator");
	az_json_free(payload);
	az_issuer_free(issuer);
}

int
main(void)
{
	AzIssuer   *issuer = new_issuer("https://x/", "{\"admin_groups\":[\"admins\"],"
									"\"role_claims\":[[\"realm\",\"roles\"],\"roles\"]}");
	AzBuilder  *builder = az_builder_new();
	AzJson	   *payload = parse(PAYLOAD);
	const AzIdentity *id;

	must(builder != NULL, "out of memory");
	id = build(issuer, builder, payload);
	test_left(id);
	test_locations(id);
	test_flat_locations(builder);
	test_unlisted(builder);
	az_builder_free(builder);
	az_json_free(payload);
	az_issuer_free(issuer);
	return tap_done();
}
