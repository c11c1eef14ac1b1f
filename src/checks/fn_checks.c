/*-------------------------------------------------------------------------
 *
 * fn_checks.c
 *	  Does the identity hold that scope, role, permission, group or claim?  Was
 *	  the login as strong as that, and does that one act for the user?
 *
 * Every check looks at the identity first, because that raises when it has
 * expired or was revoked (R2), then at its arguments (R3), and only then
 * whether there is an identity at all: a mistake in the arguments is an error
 * for anonymous sessions, too.
 *
 *-------------------------------------------------------------------------
 */
#include "server/datum.h"
#include "server/report.h"
#include "session/denial.h"
#include "session/session.h"
#include "utils/builtins.h"

#define DENIED	"Insufficient role, scope or permission"

/*
 * The lists of the identity are named by their offset in it, so that
 * a check is one line.
 */
#define SCOPES		offsetof(AzIdentity, scopes)
#define ROLES		offsetof(AzIdentity, roles)
#define PERMISSIONS	offsetof(AzIdentity, permissions)
#define GROUPS		offsetof(AzIdentity, groups)
#define AMR			offsetof(AzIdentity, amr)

/* What is one value, likewise. */
#define ACR			offsetof(AzIdentity, acr)
#define ACTOR		offsetof(AzIdentity, actor)

static inline const AzSet *
set_at(const AzIdentity *id, size_t offset)
{
	return (const AzSet *) ((const char *) id + offset);
}

static inline const AzNode *
node_at(const AzIdentity *id, size_t offset)
{
	return (const AzNode *) ((const char *) id + offset);
}

/* Groups that the token does not list must not be taken for none (Q20). */
static inline const AzIdentity *
identity_with(FunctionCallInfo fcinfo, size_t set)
{
	const AzIdentity *id = az_current();

	if (set == GROUPS && id != NULL && id->groups_unlisted)
		az_raise_groups_unlisted();
	return id;
}

/* The text argument is among the values of "where". */
static inline bool
argument_held(FunctionCallInfo fcinfo, int argno, AzHolds holds,
			  const AzIdentity *id, const void *where)
{
	text	   *value;
	bool		held;

	if (id == NULL || PG_ARGISNULL(argno))
		return false;
	value = PG_GETARG_TEXT_PP(argno);
	held = holds(id, where, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_FREE_IF_COPY(value, argno);
	return held;
}

static inline Datum
has_one(FunctionCallInfo fcinfo, size_t set)
{
	const AzIdentity *id = identity_with(fcinfo, set);

	PG_RETURN_BOOL(argument_held(fcinfo, 0, az_set_holds, id, set_at(id, set)));
}

/* One of those in the list argument is among the values of "where". */
static bool
any_held(FunctionCallInfo fcinfo, AzHolds holds, const AzIdentity *id, const void *where)
{
	AzList		required;
	bool		held;

	if (!az_requirements_open(&required, fcinfo, 0))
		return false;
	held = id != NULL && az_list_any(&required, holds, id, where);
	az_list_close(&required);
	return held;
}

static Datum
has_any(FunctionCallInfo fcinfo, size_t set)
{
	const AzIdentity *id = identity_with(fcinfo, set);

	PG_RETURN_BOOL(any_held(fcinfo, az_set_holds, id, id ? set_at(id, set) : NULL));
}

static bool
holds_all(FunctionCallInfo fcinfo, const AzIdentity *id, size_t set)
{
	AzList		required;
	bool		held;

	if (!az_requirements_open(&required, fcinfo, 0))
		return false;
	held = id != NULL && az_list_all(&required, az_set_holds, id, set_at(id, set));
	az_list_close(&required);
	return held;
}

static Datum
has_all(FunctionCallInfo fcinfo, size_t set)
{
	PG_RETURN_BOOL(holds_all(fcinfo, identity_with(fcinfo, set), set));
}

static Datum
require_all(FunctionCallInfo fcinfo, size_t set, const char *kind)
{
	if (!holds_all(fcinfo, identity_with(fcinfo, set), set))
	{
		(void) az_current_required();
		az_raise_denied_for(DENIED, az_denied_arguments_json(fcinfo, kind, NULL));
	}
	PG_RETURN_VOID();
}

AZ_SQL(authz_has_scope)
{
	return has_one(fcinfo, SCOPES);
}

AZ_SQL(authz_has_any_scope)
{
	return has_any(fcinfo, SCOPES);
}

AZ_SQL(authz_has_all_scopes)
{
	return has_all(fcinfo, SCOPES);
}

AZ_SQL(authz_require_scope)
{
	return require_all(fcinfo, SCOPES, "scope");
}

AZ_SQL(authz_has_role)
{
	return has_one(fcinfo, ROLES);
}

AZ_SQL(authz_has_any_role)
{
	return has_any(fcinfo, ROLES);
}

AZ_SQL(authz_has_all_roles)
{
	return has_all(fcinfo, ROLES);
}

AZ_SQL(authz_require_role)
{
	return require_all(fcinfo, ROLES, "role");
}

AZ_SQL(authz_has_permission)
{
	return has_one(fcinfo, PERMISSIONS);
}

AZ_SQL(authz_has_any_permission)
{
	return has_any(fcinfo, PERMISSIONS);
}

AZ_SQL(authz_has_all_permissions)
{
	return has_all(fcinfo, PERMISSIONS);
}

AZ_SQL(authz_require_permission)
{
	return require_all(fcinfo, PERMISSIONS, "permission");
}

AZ_SQL(authz_has_group)
{
	return has_one(fcinfo, GROUPS);
}

AZ_SQL(authz_has_any_group)
{
	return has_any(fcinfo, GROUPS);
}

AZ_SQL(authz_has_all_groups)
{
	return has_all(fcinfo, GROUPS);
}

AZ_SQL(authz_require_group)
{
	return require_all(fcinfo, GROUPS, "group");
}

AZ_SQL(authz_has_amr)
{
	return has_one(fcinfo, AMR);
}

AZ_SQL(authz_has_any_amr)
{
	return has_any(fcinfo, AMR);
}

AZ_SQL(authz_has_all_amrs)
{
	return has_all(fcinfo, AMR);
}

/* One value, compared whole. */
static Datum
is_one(FunctionCallInfo fcinfo, size_t node)
{
	const AzIdentity *id = az_current();

	PG_RETURN_BOOL(argument_held(fcinfo, 0, az_claim_is, id, id ? node_at(id, node) : NULL));
}

static Datum
is_any(FunctionCallInfo fcinfo, size_t node)
{
	const AzIdentity *id = az_current();

	PG_RETURN_BOOL(any_held(fcinfo, az_claim_is, id, id ? node_at(id, node) : NULL));
}

AZ_SQL(authz_has_acr)
{
	return is_one(fcinfo, ACR);
}

AZ_SQL(authz_has_any_acr)
{
	return is_any(fcinfo, ACR);
}

AZ_SQL(authz_has_actor)
{
	return is_one(fcinfo, ACTOR);
}

AZ_SQL(authz_has_any_actor)
{
	return is_any(fcinfo, ACTOR);
}

AZ_SQL(authz_is_delegated)
{
	const AzIdentity *id = az_current();

	PG_RETURN_BOOL(id != NULL && az_node_type(&id->actor) != AZ_NULL);
}

/* The value in argument 1 against the claim at the path in argument 0. */
static inline Datum
ask_claim(FunctionCallInfo fcinfo, AzHolds holds)
{
	const AzIdentity *id = az_current();
	const AzNode *claim = id == NULL ? NULL : az_open_claim_at_argument(id, fcinfo, 0);

	PG_RETURN_BOOL(argument_held(fcinfo, 1, holds, id, claim));
}

AZ_SQL(authz_has_claim)
{
	return ask_claim(fcinfo, az_claim_holds);
}

AZ_SQL(authz_claim_is)
{
	return ask_claim(fcinfo, az_claim_is);
}

static Datum
has_claims(FunctionCallInfo fcinfo, bool all)
{
	const AzIdentity *id = az_current();
	const AzNode *claim;
	AzList		required;
	bool		held;

	if (!az_requirements_open(&required, fcinfo, 1))
		PG_RETURN_BOOL(false);
	claim = id == NULL ? NULL : az_open_claim_at_argument(id, fcinfo, 0);
	if (claim == NULL)
		held = false;
	else if (all)
		held = az_list_all(&required, az_claim_holds, id, claim);
	else
		held = az_list_any(&required, az_claim_holds, id, claim);
	az_list_close(&required);
	PG_RETURN_BOOL(held);
}

AZ_SQL(authz_has_any_claim)
{
	return has_claims(fcinfo, false);
}

AZ_SQL(authz_has_all_claims)
{
	return has_claims(fcinfo, true);
}

/* NULL counts as denied: a condition that is not known does not hold. */
AZ_SQL(authz_require)
{
	(void) az_current_required();
	if (PG_ARGISNULL(0) || !PG_GETARG_BOOL(0))
	{
		char	   *message = NULL;

		if (!PG_ARGISNULL(1))
			message = text_to_cstring(PG_GETARG_TEXT_PP(1));
		az_raise_denied_for(message ? message : DENIED,
							az_denied_json("condition", message, NULL));
	}
	PG_RETURN_VOID();
}
