/*-------------------------------------------------------------------------
 *
 * key_members.c
 *	  The members of a JWK that public and private keys have in common.
 *
 *-------------------------------------------------------------------------
 */
#include "token/key_members.h"

#include <stdlib.h>
#include <string.h>

#include "token/b64url.h"

#define MAX_KEY_OPS		64

bool
az_member_is(const char *text, size_t len, const char *expected)
{
	return len == strlen(expected) && memcmp(text, expected, len) == 0;
}

/* ---- what it is for ---- */

/*
 * One operation of key_ops; for_signatures: "use" says that the key signs.
 */
static const char *
judge_operation(const AzJson *ops, size_t i, bool for_signatures, const char *needed,
				bool *found)
{
	size_t		len;
	size_t		other_len;
	size_t		j;
	const char *op = az_json_string(az_json_at(ops, i), &len);

	if (op == NULL)
		return "\"key_ops\" holds something that is not a string";
	for (j = 0; j < i; j++)
	{
		const char *other = az_json_string(az_json_at(ops, j), &other_len);

		if (len == other_len && memcmp(op, other, len) == 0)
			return "\"key_ops\" holds a value twice";
	}

	if (az_member_is(op, len, needed))
		*found = true;
	else if (for_signatures && !az_member_is(op, len, "sign") &&
			 !az_member_is(op, len, "verify"))
		return "\"use\" and \"key_ops\" contradict each other";
	return NULL;
}

/*
 * RFC 7517, 4.2 and 4.3.  A malformed key is refused before one that is merely
 * for another use.
 */
AzKeyStatus
az_member_judge_use(const AzJson *jwk, const char *needed, const char **why)
{
	const AzJson *ops = az_json_get_z(jwk, "key_ops");
	const char *use;
	size_t		use_len;
	bool		for_signatures;
	bool		found = false;
	size_t		i;

	if (!az_json_get_string(jwk, "use", &use, &use_len))
	{
		*why = "\"use\" is not a string";
		return AZ_KEY_REFUSED;
	}
	for_signatures = use != NULL && az_member_is(use, use_len, "sig");

	if (ops != NULL)
	{
		if (az_json_type(ops) != AZ_JSON_ARRAY || az_json_count(ops) > MAX_KEY_OPS)
		{
			*why = "\"key_ops\" is not an array, or too long";
			return AZ_KEY_REFUSED;
		}
		for (i = 0; i < az_json_count(ops); i++)
		{
			*why = judge_operation(ops, i, for_signatures, needed, &found);
			if (*why != NULL)
				return AZ_KEY_REFUSED;
		}
	}

	if ((use != NULL && !for_signatures) || (ops != NULL && !found))
	{
		*why = az_member_is(needed, strlen(needed), "verify") ?
			"the key is not for verifying signatures" : "the key is not for making signatures";
		return AZ_KEY_NOT_FOR_SIGNATURES;
	}
	return AZ_KEY_OK;
}

/* ---- its material ---- */

AzKeyStatus
az_member_read_part(const AzJson *jwk, const char *name, AzBytes *part, const char **why)
{
	const char *text;
	size_t		len;

	if (!az_json_get_string(jwk, name, &text, &len) || text == NULL)
	{
		*why = "a member that defines the key is missing or not a string";
		return AZ_KEY_REFUSED;
	}
	part->data = malloc(AZ_B64URL_DECODED_MAX(len));
	if (part->data == NULL)
		return AZ_KEY_NO_MEMORY;
	if (!az_b64url_decode(text, len, part->data, &part->len))
	{
		/* wipe what was decoded so far: it may be a secret */
		part->len = AZ_B64URL_DECODED_MAX(len);
		*why = "a member that defines the key is not valid base64url";
		return AZ_KEY_REFUSED;
	}
	return AZ_KEY_OK;
}
