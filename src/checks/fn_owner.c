/*-------------------------------------------------------------------------
 *
 * fn_owner.c
 *	  Is this row mine, and am I an administrator?
 *
 * The type of the column is judged before anything else, for anonymous
 * sessions, too: a policy over a column that cannot be compared is a mistake
 * of its author.
 *
 *-------------------------------------------------------------------------
 */
#include "items/grants.h"
#include "server/datum.h"
#include "server/value.h"
#include "session/denial.h"
#include "session/session.h"

/*
 * The first argument equals the claim, read as a value of its type.  A claim
 * that is neither string nor number equals nothing, and neither does NULL; an
 * empty string owns nothing, whatever a column holds.
 */
static bool
owns(FunctionCallInfo fcinfo, const AzIdentity *id, const AzNode *claim)
{
	const AzValueType *type = az_value_type(fcinfo, 0);

	if (PG_ARGISNULL(0) || az_scalar_or_null(claim) == NULL || az_node_len(claim) == 0)
		return false;
	return az_value_equals(type, PG_GETARG_DATUM(0), PG_GET_COLLATION(),
						   az_node_bytes(id, claim), az_node_len(claim));
}

/* The top-level claim that the second argument names. */
static const AzNode *
named_claim(FunctionCallInfo fcinfo, const AzIdentity *id)
{
	text	   *name;
	const AzNode *claim;

	if (PG_ARGISNULL(1))
		return NULL;
	name = PG_GETARG_TEXT_PP(1);
	claim = az_is_closed_claim(id, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name)) ? NULL :
		az_node_member(id, &id->claims, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	PG_FREE_IF_COPY(name, 1);
	return claim;
}

/* is_owner(owner) and is_owner(owner, claim) */
AZ_SQL(authz_is_owner)
{
	const AzIdentity *id = az_current();
	const AzNode *claim = NULL;

	if (id != NULL)
		claim = PG_NARGS() > 1 ? named_claim(fcinfo, id) : &id->owner;
	PG_RETURN_BOOL(owns(fcinfo, id, claim));
}

AZ_SQL(authz_is_owner_or_admin)
{
	const AzIdentity *id = az_current();
	bool		owner = owns(fcinfo, id, id == NULL ? NULL : &id->owner);

	PG_RETURN_BOOL(owner || az_is_admin(id));
}

AZ_SQL(authz_is_admin)
{
	const AzIdentity *id = az_current();

	PG_RETURN_BOOL(az_is_admin(id));
}

AZ_SQL(authz_require_admin)
{
	if (!az_is_admin(az_current_required()))
		az_raise_denied_for("Insufficient role, scope or permission",
							"{\"administrator\": true}");
	PG_RETURN_VOID();
}
