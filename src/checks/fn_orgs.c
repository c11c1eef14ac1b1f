/*-------------------------------------------------------------------------
 *
 * fn_orgs.c
 *	  Checks about organisations.  What a token says about one of them is in
 *	  fn_org_facts.c.
 *
 * As everywhere the identity is looked at first, then the arguments, the type
 * of the organisation among them, and only then whether anybody is there.
 *
 *-------------------------------------------------------------------------
 */
#include "checks/org.h"
#include "server/datum.h"
#include "session/denial.h"
#include "session/session.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* A test of az_org_any() with the text in argument 1; NULL passes none. */
static bool
member_passes(FunctionCallInfo fcinfo, const AzIdentity *id, AzOrgTest test)
{
	text	   *what;
	bool		passes;

	if (PG_ARGISNULL(1))
	{
		/* the type of the organisation is judged all the same */
		(void) az_org_any(fcinfo, 0, NULL, test, NULL);
		return false;
	}
	what = PG_GETARG_TEXT_PP(1);
	passes = az_org_any(fcinfo, 0, id, test, what);
	PG_FREE_IF_COPY(what, 1);
	return passes;
}

AZ_SQL(authz_in_org)
{
	PG_RETURN_BOOL(az_org_any(fcinfo, 0, az_current(), NULL, NULL));
}

AZ_SQL(authz_has_org_role)
{
	PG_RETURN_BOOL(member_passes(fcinfo, az_current(), az_org_has_role));
}

AZ_SQL(authz_is_at_least_org_role)
{
	PG_RETURN_BOOL(member_passes(fcinfo, az_current(), az_org_at_least));
}

AZ_SQL(authz_has_org_permission)
{
	PG_RETURN_BOOL(member_passes(fcinfo, az_current(), az_org_permits));
}

static bool
permits_any(const AzIdentity *id, const AzOrg *org, const void *list)
{
	return az_list_any(list, az_set_holds, id, &org->permissions);
}

static bool
permits_all(const AzIdentity *id, const AzOrg *org, const void *list)
{
	return az_list_all(list, az_set_holds, id, &org->permissions);
}

/* The same with the list in argument 1. */
static bool
member_passes_list(FunctionCallInfo fcinfo, const AzIdentity *id, AzOrgTest test)
{
	AzList		required;
	bool		passes;

	if (!az_requirements_open(&required, fcinfo, 1))
	{
		(void) az_org_any(fcinfo, 0, NULL, test, NULL);
		return false;
	}
	passes = az_org_any(fcinfo, 0, id, test, &required);
	az_list_close(&required);
	return passes;
}

AZ_SQL(authz_has_any_org_permission)
{
	PG_RETURN_BOOL(member_passes_list(fcinfo, az_current(), permits_any));
}

AZ_SQL(authz_has_all_org_permissions)
{
	PG_RETURN_BOOL(member_passes_list(fcinfo, az_current(), permits_all));
}


/*
 * The organisation that the token is for
 */

AZ_SQL(authz_in_active_org)
{
	const AzIdentity *id = az_current();

	PG_RETURN_BOOL(az_org_named(fcinfo, 0, id, az_org_active(id)));
}

static bool
active_passes(FunctionCallInfo fcinfo, AzOrgTest test)
{
	const AzIdentity *id = az_current();
	const AzOrg *org = az_org_active(id);
	text	   *what;
	bool		passes;

	if (org == NULL || PG_ARGISNULL(0))
		return false;
	what = PG_GETARG_TEXT_PP(0);
	passes = test(id, org, what);
	PG_FREE_IF_COPY(what, 0);
	return passes;
}

AZ_SQL(authz_has_active_org_role)
{
	PG_RETURN_BOOL(active_passes(fcinfo, az_org_has_role));
}

AZ_SQL(authz_has_active_org_permission)
{
	PG_RETURN_BOOL(active_passes(fcinfo, az_org_permits));
}


/*
 * The raising twins.  Their descriptions are those of PropelAuth.
 */

/* The organisation as the caller wrote it; its type is a supported one. */
static char *
argument_text(FunctionCallInfo fcinfo, int argno)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(get_fn_expr_argtype(fcinfo->flinfo, argno), &output, &is_varlena);
	return OidOutputFunctionCall(output, PG_GETARG_DATUM(argno));
}

/* what: the name of the second argument in the log, NULL when there is none */
static void
require_member(FunctionCallInfo fcinfo, const char *what)
{
	bool		member = az_org_any(fcinfo, 0, az_current(), NULL, NULL);

	(void) az_current_required();
	if (PG_ARGISNULL(0))
		az_raise_denied_for("Required org is unspecified",
							az_denied_arguments_json(fcinfo, "org", what, NULL));
	if (!member)
		az_raise_denied_for(psprintf("User is not a member of org %s",
									 argument_text(fcinfo, 0)),
							az_denied_arguments_json(fcinfo, "org", what, NULL));
}

AZ_SQL(authz_require_org)
{
	require_member(fcinfo, NULL);
	PG_RETURN_VOID();
}

AZ_SQL(authz_require_org_role)
{
	require_member(fcinfo, "role");
	if (!member_passes(fcinfo, az_current(), az_org_has_role))
		az_raise_denied_for("User doesn't have required role",
							az_denied_arguments_json(fcinfo, "org", "role", NULL));
	PG_RETURN_VOID();
}

AZ_SQL(authz_require_org_permission)
{
	require_member(fcinfo, "permission");
	if (!member_passes(fcinfo, az_current(), az_org_permits))
		az_raise_denied_for("User doesn't have required permission",
							az_denied_arguments_json(fcinfo, "org", "permission", NULL));
	PG_RETURN_VOID();
}
