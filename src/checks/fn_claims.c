/*-------------------------------------------------------------------------
 *
 * fn_claims.c
 *	  What the identity says, as SQL values.
 *
 * NULL without identity; a list that the token does not carry is empty.
 *
 *-------------------------------------------------------------------------
 */
#include "server/datum.h"
#include "server/report.h"
#include "session/session.h"

AZ_SQL(authz_claims)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_jsonb_datum(id, &id->claims);
}

AZ_SQL(authz_claim)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_jsonb(fcinfo, id, az_claim_at_argument(id, fcinfo, 0));
}

AZ_SQL(authz_claim_text)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, az_claim_at_argument(id, fcinfo, 0));
}

AZ_SQL(authz_subject)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->subject);
}

AZ_SQL(authz_user_id)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->user_id);
}

AZ_SQL(authz_email)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->email);
}

AZ_SQL(authz_username)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->username);
}

AZ_SQL(authz_issuer)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->issuer);
}

AZ_SQL(authz_client_id)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->client_id);
}

AZ_SQL(authz_token_id)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->token_id);
}

AZ_SQL(authz_audience)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_text_array_of_set(id, &id->audience);
}

AZ_SQL(authz_scopes)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_text_array_of_set(id, &id->scopes);
}

AZ_SQL(authz_roles)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_text_array_of_set(id, &id->roles);
}

AZ_SQL(authz_permissions)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_text_array_of_set(id, &id->permissions);
}

AZ_SQL(authz_groups)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	if (id->groups_unlisted)
		az_raise_groups_unlisted();
	return az_text_array_of_set(id, &id->groups);
}

AZ_SQL(authz_acr)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->acr);
}

AZ_SQL(authz_amr)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_text_array_of_set(id, &id->amr);
}

AZ_SQL(authz_actor)
{
	const AzIdentity *id = az_current();

	if (id == NULL)
		PG_RETURN_NULL();
	return az_return_text(fcinfo, id, &id->actor);
}
