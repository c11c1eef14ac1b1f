/*-------------------------------------------------------------------------
 *
 * fn_user.c
 *	  Facts about the user that PropelAuth puts into its tokens.
 *
 *-------------------------------------------------------------------------
 */
#include "server/datum.h"
#include "session/session.h"
#include "utils/builtins.h"

/* A member of an object in the payload; NULL when absent or JSON null. */
static const AzNode *
present(const AzIdentity *id, const AzNode *object, const char *name)
{
	const AzNode *node = NULL;

	if (id != NULL && object != NULL)
		node = az_node_member(id, object, name, strlen(name));
	return node == NULL || az_node_type(node) == AZ_NULL ? NULL : node;
}

static const AzNode *
claim(const AzIdentity *id, const char *name)
{
	return id == NULL ? NULL : present(id, &id->claims, name);
}

AZ_SQL(authz_user_property)
{
	const AzIdentity *id = az_current();
	const AzNode *properties = claim(id, "properties");
	text	   *name;

	if (properties == NULL || PG_ARGISNULL(0))
		PG_RETURN_NULL();
	name = PG_GETARG_TEXT_PP(0);
	return az_return_jsonb(fcinfo, id,
						   az_node_member(id, properties, VARDATA_ANY(name),
										  VARSIZE_ANY_EXHDR(name)));
}

AZ_SQL(authz_legacy_user_id)
{
	const AzIdentity *id = az_current();

	return az_return_text(fcinfo, id, az_scalar_or_null(claim(id, "legacy_user_id")));
}

/* Whatever stands there, an empty string too: somebody acts for the user. */
AZ_SQL(authz_is_impersonated)
{
	PG_RETURN_BOOL(claim(az_current(), "impersonator_user_id") != NULL);
}

AZ_SQL(authz_impersonator_user_id)
{
	const AzIdentity *id = az_current();

	return az_return_text(fcinfo, id, az_scalar_or_null(claim(id, "impersonator_user_id")));
}

/* A string in the claim login_method, or NULL. */
static const AzNode *
login_fact(const AzIdentity *id, const char *name)
{
	const AzNode *node = present(id, claim(id, "login_method"), name);

	return node != NULL && az_node_type(node) == AZ_STRING ? node : NULL;
}

/* The methods that PropelAuth knows; any other is "unknown". */
static bool
is_method(const AzIdentity *id, const AzNode *node)
{
	static const char *const methods[] = {
		"password", "magic_link", "social_sso", "email_confirmation_link",
		"saml_sso", "impersonation", "generated_from_backend_api"
	};
	size_t		i;

	for (i = 0; i < lengthof(methods); i++)
	{
		if (az_node_len(node) == strlen(methods[i]) &&
			memcmp(az_node_bytes(id, node), methods[i], strlen(methods[i])) == 0)
			return true;
	}
	return false;
}

AZ_SQL(authz_login_method)
{
	const AzIdentity *id = az_current();
	const AzNode *method = login_fact(id, "login_method");

	if (id == NULL)
		PG_RETURN_NULL();
	if (method == NULL || !is_method(id, method))
		PG_RETURN_TEXT_P(cstring_to_text("unknown"));
	return az_text_datum(id, method);
}

AZ_SQL(authz_login_provider)
{
	const AzIdentity *id = az_current();

	return az_return_text(fcinfo, id, login_fact(id, "provider"));
}

AZ_SQL(authz_login_org_id)
{
	const AzIdentity *id = az_current();

	return az_return_text(fcinfo, id, login_fact(id, "org_id"));
}
