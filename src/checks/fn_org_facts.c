/*-------------------------------------------------------------------------
 *
 * fn_org_facts.c
 *	  What the token says about organisations.
 *
 * A fact about an organisation of which the identity is not a member is NULL.
 * A member of the wrong JSON type counts as absent and is not an error.
 *
 *-------------------------------------------------------------------------
 */
#include "server/compat.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "checks/org.h"
#include "server/datum.h"
#include "session/session.h"

#define DEFAULT_STRUCTURE	"single_role_in_hierarchy"

static const AzNode *
member(const AzIdentity *id, const AzOrg *org, const char *name)
{
	return az_node_member(id, &org->value, name, strlen(name));
}

/* A member that is a string, or NULL. */
static const AzNode *
string_member(const AzIdentity *id, const AzOrg *org, const char *name)
{
	const AzNode *node = member(id, org, name);

	return node != NULL && az_node_type(node) == AZ_STRING ? node : NULL;
}

/* A role is a string or nothing. */
static const AzNode *
assigned_role(const AzOrg *org)
{
	return az_node_type(&org->role) == AZ_STRING ? &org->role : NULL;
}

static Datum
role_structure(const AzIdentity *id, const AzOrg *org)
{
	const AzNode *structure = string_member(id, org, "org_role_structure");

	if (org->multi_role)
		return CStringGetTextDatum("multi_role");
	if (structure == NULL)
		return CStringGetTextDatum(DEFAULT_STRUCTURE);
	return az_text_datum(id, structure);
}

AZ_SQL(authz_org_role)
{
	const AzIdentity *id = az_current();
	const AzOrg *org = az_org_first(fcinfo, 0, id);

	if (org == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, assigned_role(org));
}

/* Several roles: the assigned one, then the additional ones, each once. */
static Datum
several_roles(const AzIdentity *id, const AzOrg *org)
{
	const AzNode *role = assigned_role(org);
	const AzNode *items = az_set_items(id, &org->additional);
	Datum	   *texts = palloc(sizeof(Datum) * (org->additional.count + 1));
	int			count = 0;
	uint32		i;

	if (role != NULL)
		texts[count++] = az_text_datum(id, role);
	for (i = 0; i < org->additional.count; i++)
	{
		if (role == NULL || az_node_len(role) != az_node_len(&items[i]) ||
			memcmp(az_node_bytes(id, role), az_node_bytes(id, &items[i]),
				   az_node_len(role)) != 0)
			texts[count++] = az_text_datum(id, &items[i]);
	}
	return az_array_datum(texts, count);
}

AZ_SQL(authz_org_roles)
{
	const AzIdentity *id = az_current();
	const AzOrg *org = az_org_first(fcinfo, 0, id);

	if (org == NULL)
		PG_RETURN_NULL();
	if (org->multi_role)
		return several_roles(id, org);
	return az_text_array_of_set(id, &org->inherited);
}

AZ_SQL(authz_org_permissions)
{
	const AzIdentity *id = az_current();
	const AzOrg *org = az_org_first(fcinfo, 0, id);

	if (org == NULL)
		PG_RETURN_NULL();
	return az_text_array_of_set(id, &org->permissions);
}

AZ_SQL(authz_org_role_structure)
{
	const AzIdentity *id = az_current();
	const AzOrg *org = az_org_first(fcinfo, 0, id);

	if (org == NULL)
		PG_RETURN_NULL();
	return role_structure(id, org);
}

AZ_SQL(authz_org_metadata)
{
	const AzIdentity *id = az_current();
	const AzOrg *org = az_org_first(fcinfo, 0, id);

	if (org == NULL)
		PG_RETURN_NULL();
	return az_return_jsonb(fcinfo, id, member(id, org, "org_metadata"));
}

AZ_SQL(authz_active_org_id)
{
	const AzIdentity *id = az_current();
	const AzOrg *org = az_org_active(id);

	if (org == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &org->id);
}

/* The ids of the memberships that pass the test, in the order of the token. */
static Datum
ids_that_pass(const AzIdentity *id, AzOrgTest test, const void *what)
{
	const AzOrg *orgs = az_orgs(id);
	Datum	   *texts = palloc(sizeof(Datum) * (id->norgs + 1));
	int			count = 0;
	uint32		i;

	for (i = 0; i < id->norgs; i++)
	{
		if (test == NULL || test(id, &orgs[i], what))
			texts[count++] = az_text_datum(id, &orgs[i].id);
	}
	return az_array_datum(texts, count);
}

AZ_SQL(authz_org_ids)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return ids_that_pass(id, NULL, NULL);
}

AZ_SQL(authz_org_ids_with_permission)
{
	const AzIdentity *id = az_current();

	if (id == NULL || PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return ids_that_pass(id, az_org_permits, PG_GETARG_TEXT_PP(0));
}

/* Names are not unique: the smallest id, bytewise. */
AZ_SQL(authz_org_id_by_name)
{
	const AzIdentity *id = az_current();
	const uint32 *order;
	text	   *name;
	uint32		i;

	if (id == NULL || PG_ARGISNULL(0))
		PG_RETURN_NULL();
	name = PG_GETARG_TEXT_PP(0);
	order = (const uint32 *) ((const char *) id + id->org_order);
	for (i = 0; i < id->norgs; i++)
	{
		const AzOrg *org = &az_orgs(id)[order[i]];
		const AzNode *own = az_scalar_or_null(&org->name);

		if (own != NULL && az_node_len(own) == VARSIZE_ANY_EXHDR(name) &&
			memcmp(az_node_bytes(id, own), VARDATA_ANY(name), az_node_len(own)) == 0)
			return az_return_text(fcinfo, id, &org->id);
	}
	PG_RETURN_NULL();
}

/* One column of orgs(). */
static void
put_text(const AzIdentity *id, const AzNode *node, Datum *value, bool *isnull)
{
	*isnull = node == NULL;
	*value = node == NULL ? (Datum) 0 : az_text_datum(id, node);
}

AZ_SQL(authz_orgs)
{
	const AzIdentity *id = az_current();
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	uint32		i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; id != NULL && i < id->norgs; i++)
	{
		const AzOrg *org = &az_orgs(id)[i];
		const AzNode *metadata = member(id, org, "org_metadata");
		Datum		values[10] = {0};
		bool		nulls[10] = {0};

		put_text(id, &org->id, &values[0], &nulls[0]);
		put_text(id, az_scalar_or_null(&org->name), &values[1], &nulls[1]);
		put_text(id, string_member(id, org, "url_safe_org_name"), &values[2], &nulls[2]);
		put_text(id, string_member(id, org, "legacy_org_id"), &values[3], &nulls[3]);
		put_text(id, assigned_role(org), &values[4], &nulls[4]);
		values[5] = role_structure(id, org);
		values[6] = az_text_array_of_set(id, &org->inherited);
		values[7] = az_text_array_of_set(id, &org->additional);
		values[8] = az_text_array_of_set(id, &org->permissions);
		nulls[9] = metadata == NULL || az_node_type(metadata) == AZ_NULL;
		if (!nulls[9])
			values[9] = az_jsonb_datum(id, metadata);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}
