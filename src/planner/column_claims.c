/*-------------------------------------------------------------------------
 *
 * column_claims.c
 *	  Which claims a check over a column compares the column with.
 *
 * There is one function for each check of that kind, or for two checks that
 * differ only in whether administrators pass without a comparison.  checks.c
 * names them.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/column_claims.h"

#include "nodes/primnodes.h"

#include "checks/org.h"
#include "server/datum.h"

/* The further argument of a call; 0 for an SQL NULL, which no text is. */
static Datum
further_argument(List *args)
{
	const Const *constant = lsecond_node(Const, args);

	return constant->constisnull ? (Datum) 0 : constant->constvalue;
}

/* The same as a text; a parameter may arrive compressed or out of line. */
static const text *
further_text(List *args)
{
	Datum		argument = further_argument(args);

	return argument == (Datum) 0 ? NULL : DatumGetTextPP(argument);
}

List *
az_owner_claims(const AzIdentity *id, List *args)
{
	const AzNode *claim = &id->owner;

	if (list_length(args) > 1)
	{
		const text *name = further_text(args);

		claim = name == NULL ||
			az_is_closed_claim(id, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) ? NULL :
			az_node_member(id, &id->claims, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	}
	claim = az_scalar_or_null(claim);
	if (claim == NULL || az_node_len(claim) == 0)
		return NIL;
	return list_make1(unconstify(AzNode *, claim));
}

/* The ids of the organisations that pass a test. */
static List *
org_claims(const AzIdentity *id, AzOrgTest test, const void *what)
{
	const AzOrg *orgs = az_orgs(id);
	List	   *ids = NIL;
	uint32		i;

	for (i = 0; i < id->norgs; i++)
	{
		if (test == NULL || test(id, &orgs[i], what))
			ids = lappend(ids, unconstify(AzNode *, &orgs[i].id));
	}
	return ids;
}

static List *
org_claims_by_text(const AzIdentity *id, List *args, AzOrgTest test)
{
	const text *what = further_text(args);

	return what ? org_claims(id, test, what) : NIL;
}

List *
az_any_org_claims(const AzIdentity *id, List *args)
{
	return org_claims(id, NULL, NULL);
}

List *
az_org_role_claims(const AzIdentity *id, List *args)
{
	return org_claims_by_text(id, args, az_org_has_role);
}

List *
az_least_org_role_claims(const AzIdentity *id, List *args)
{
	return org_claims_by_text(id, args, az_org_at_least);
}

List *
az_org_permission_claims(const AzIdentity *id, List *args)
{
	return org_claims_by_text(id, args, az_org_permits);
}

static bool
permits_any(const AzIdentity *id, const AzOrg *org, const void *permissions)
{
	return az_list_any(permissions, az_set_holds, id, &org->permissions);
}

static bool
permits_all(const AzIdentity *id, const AzOrg *org, const void *permissions)
{
	return az_list_all(permissions, az_set_holds, id, &org->permissions);
}

static List *
org_claims_by_list(const AzIdentity *id, List *args, AzOrgTest test)
{
	Datum		array = further_argument(args);
	AzList		list;

	if (array == (Datum) 0)
		return NIL;
	az_list_read(&list, array);
	return org_claims(id, test, &list);
}

List *
az_any_org_permission_claims(const AzIdentity *id, List *args)
{
	return org_claims_by_list(id, args, permits_any);
}

List *
az_all_org_permissions_claims(const AzIdentity *id, List *args)
{
	return org_claims_by_list(id, args, permits_all);
}

List *
az_active_org_claims(const AzIdentity *id, List *args)
{
	const AzOrg *org = az_org_active(id);

	return org ? list_make1(unconstify(AzNode *, &org->id)) : NIL;
}
