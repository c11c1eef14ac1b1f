/*-------------------------------------------------------------------------
 *
 * claims_trust.c
 *	  The texts that are compared when the trust has changed: in UTF-8, as
 *	  signed.
 *
 *-------------------------------------------------------------------------
 */
#include "token/claims_intern.h"

static const AzNode null_node;

const char *
az_claim_subject(const AzIssuer *issuer, const AzJson *payload,
				 char number[AZ_JSON_NUMBER_MAX], size_t *len)
{
	const char *subject = az_json_string(az_json_get_z(payload, "sub"), len);
	const AzJson *user;

	if (subject != NULL)
		return subject;
	user = az_claim_at(payload, &issuer->user_id_claim);
	if (!az_is_person(user))
		return NULL;
	if (az_json_type(user) == AZ_JSON_STRING)
		return az_json_string(user, len);
	*len = az_json_number_text(user, number);
	number[*len] = '\0';
	return number;
}

/*
 * Text as signed; "converted" is the node that may have the same bytes
 * already.
 */
static AzNode
as_signed(AzReading *reading, const char *utf8, size_t len, AzNode converted)
{
	const AzIdentity *block = az_builder_block(reading->builder);

	if (utf8 == NULL)
		return null_node;
	if ((az_node_type(&converted) == AZ_STRING || az_node_type(&converted) == AZ_NUMBER) &&
		az_node_len(&converted) == len &&
		memcmp(az_node_bytes(block, &converted), utf8, len) == 0)
		return az_make_node(AZ_STRING, len, converted.off);
	return az_builder_bytes(reading->builder, utf8, len);
}

static AzNode
claim_as_signed(AzReading *reading, const char *name)
{
	size_t		len = 0;
	const char *utf8 = az_json_string(az_json_get_z(reading->payload, name), &len);

	return as_signed(reading, utf8, len, az_member_of(reading, reading->claims, name));
}

static AzNode
session_as_signed(AzReading *reading)
{
	const AzPath *path = &reading->issuer->session_claim;
	size_t		len = 0;
	const char *utf8 = az_json_string(az_claim_at(reading->payload, path), &len);

	return as_signed(reading, utf8, len, az_node_at(reading, reading->claims, path));
}

static AzNode
subject_as_signed(AzReading *reading)
{
	char		number[AZ_JSON_NUMBER_MAX];
	size_t		len = 0;
	const char *utf8 = az_claim_subject(reading->issuer, reading->payload, number, &len);
	AzNode		node = reading->id.subject;

	if (az_node_type(&node) == AZ_NULL)
		node = reading->id.user_id;
	return as_signed(reading, utf8, len, node);
}

void
az_read_trust(AzReading *reading, const AzVerified *verified)
{
	const AzIssuer *issuer = reading->issuer;
	AzIdentity *id = &reading->id;
	const AzKey *key = verified->key;
	const char *kid = key != NULL ? az_key_kid(key) : NULL;
	const char *actor = verified->actor;

	id->issuer_version = issuer->version;
	id->issuer_updated = issuer->to_be_updated ? issuer->content : 0;
	id->trust_issuer = as_signed(reading, issuer->issuer, issuer->issuer_len, id->issuer);
	id->trust_kid = as_signed(reading, kid, kid != NULL ? strlen(kid) : 0, null_node);
	id->trust_token_id = claim_as_signed(reading, "jti");
	id->trust_session_id = session_as_signed(reading);
	id->trust_subject = subject_as_signed(reading);
	id->trust_actor = as_signed(reading, actor, actor != NULL ? strlen(actor) : 0, id->actor);
	if (key == NULL)
		return;					/* and no key has an empty thumbprint */
	id->alg = (uint32_t) az_key_alg(key);
	memcpy(id->thumbprint, az_key_thumbprint(key), sizeof(id->thumbprint));
}
