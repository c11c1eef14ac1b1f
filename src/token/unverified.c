/*-------------------------------------------------------------------------
 *
 * unverified.c
 *	  What a token says about its issuer and its key, for the log of tokens
 *	  that were refused.
 *
 * The token is read once more, by the parsers that verify.c uses, because a
 * verification keeps nothing of a token that it refuses.
 *
 *-------------------------------------------------------------------------
 */
#include "token/unverified.h"

#include <string.h>

bool
az_read_unverified(const char *token, size_t len, AzUnverified *unverified)
{
	memset(unverified, 0, sizeof(*unverified));
	if (az_jws_parse(token, len, &unverified->jws) != AZ_OK ||
		az_json_parse((const char *) unverified->jws.payload, unverified->jws.payload_len,
					  &unverified->payload) != AZ_JSON_OK ||
		az_json_type(unverified->payload) != AZ_JSON_OBJECT)
		return false;
	(void) az_json_get_string(unverified->payload, "iss", &unverified->iss, &unverified->iss_len);
	(void) az_json_get_string(unverified->jws.header, "kid", &unverified->kid, &unverified->kid_len);
	return true;
}

void
az_free_unverified(AzUnverified *unverified)
{
	az_jws_free(&unverified->jws);
	az_json_free(unverified->payload);
	memset(unverified, 0, sizeof(*unverified));
}
