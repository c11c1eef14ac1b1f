/*-------------------------------------------------------------------------
 *
 * fuzz_json.c
 *	  JSON as a text, and as the header and payload of a token.
 *
 * jansson's own reader is asked as well: both give the same tree, or both
 * refuse.  We refuse a NUL everywhere, and more depth, where it does not.
 *
 *-------------------------------------------------------------------------
 */
#include <jansson.h>

#include "token/b64url.h"
#include "fuzz.h"

/* Everything a tree offers agrees with itself. */
static void
walk(const AzJson *value, int depth)
{
	char		number[AZ_JSON_NUMBER_MAX];
	const AzJson *member;
	const char *name;
	void	   *iter = NULL;
	size_t		len;
	size_t		n = 0;

	switch (az_json_type(value))
	{
		case AZ_JSON_STRING:
			name = az_json_string(value, &len);
			HOLDS(strlen(name) == len);
			break;
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			len = az_json_number_text(value, number);
			HOLDS(len > 0 && len < sizeof(number));
			break;
		case AZ_JSON_ARRAY:
			HOLDS(depth <= AZ_JSON_MAX_DEPTH);
			for (n = 0; n < az_json_count(value); n++)
				walk(az_json_at(value, n), depth + 1);
			HOLDS(az_json_at(value, n) == NULL);
			break;
		case AZ_JSON_OBJECT:
			HOLDS(depth <= AZ_JSON_MAX_DEPTH);
			while ((iter = az_json_next(value, iter, &name, &len, &member)) != NULL)
			{
				HOLDS(az_json_get(value, name, len) == member);
				walk(member, depth + 1);
				n++;
			}
			HOLDS(n == az_json_count(value));
			break;
		case AZ_JSON_NULL:
		case AZ_JSON_FALSE:
		case AZ_JSON_TRUE:
			break;
	}
}

static void
compare(const char *text, size_t len)
{
	AzJson	   *ours;
	AzJsonStatus status = az_json_parse(text, len, &ours);
	json_t	   *theirs = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	HOLDS((status == AZ_JSON_OK) == (ours != NULL));
	HOLDS(status != AZ_JSON_NO_MEMORY);
	if (memchr(text, '\0', len) != NULL)
		HOLDS(ours == NULL);
	else if (status != AZ_JSON_TOO_DEEP)
		HOLDS((ours != NULL) == (theirs != NULL));
	if (ours != NULL)
	{
		HOLDS(json_equal((const json_t *) ours, theirs) == 1);
		walk(ours, 1);
	}
	az_json_free(ours);
	json_decref(theirs);
}

/* The header from one line, the payload from the rest. */
static void
in_token(const char *header, size_t header_len, const char *payload, size_t payload_len)
{
	size_t		h = AZ_B64URL_ENCODED_LEN(header_len);
	size_t		p = AZ_B64URL_ENCODED_LEN(payload_len);
	char	   *token = malloc(h + p + 8);
	AzJson	   *json;
	AzJws		jws;
	AzReason	reason;

	HOLDS(token != NULL);
	az_b64url_encode((const unsigned char *) header, header_len, token);
	token[h] = '.';
	az_b64url_encode((const unsigned char *) payload, payload_len, token + h + 1);
	memcpy(token + h + 1 + p, ".AAAA", 6);
	reason = az_jws_parse(token, h + p + 6, &jws);
	if (reason == AZ_OK)
	{
		HOLDS(az_json_parse(header, header_len, &json) == AZ_JSON_OK);
		HOLDS(az_json_type(json) == AZ_JSON_OBJECT);
		HOLDS(jws.payload_len == payload_len &&
			  memcmp(jws.payload, payload, payload_len) == 0);
		if (az_jws_header(&jws) == AZ_OK)
		{
			/* what must be understood, or carries something else (RFC 7515, 4.1.11) */
			HOLDS(az_json_get_z(json, "crit") == NULL && az_json_get_z(json, "b64") == NULL);
			HOLDS(!jws.alg_missing || jws.algs == 0);
			HOLDS(az_json_get_z(json, "alg") == NULL || jws.alg_missing ||
				  az_json_type(az_json_get_z(json, "alg")) == AZ_JSON_STRING);
		}
		az_json_free(json);
	}
	az_jws_free(&jws);
	free(token);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *rest;
	size_t		rest_len;
	size_t		line = first_line((const char *) data, size, &rest, &rest_len);

	compare((const char *) data, size);
	in_token((const char *) data, line, rest, rest_len);
	return 0;
}
