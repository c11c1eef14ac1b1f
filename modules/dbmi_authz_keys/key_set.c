/*-------------------------------------------------------------------------
 *
 * key_set.c
 *	  The key set that an issuer publishes, wherever that is.
 *
 *-------------------------------------------------------------------------
 */
#include "key_set.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "settings.h"
#include "token/json.h"

/* ---- JSON ---- */

/* NULL: it is none, or no object, or memory ran out. */
static AzJson *
parse_object(const AzAnswer *answer, AzOutcome *outcome)
{
	AzJson	   *json;
	AzJsonStatus status = az_json_parse(answer->body, answer->len, &json);

	*outcome = status == AZ_JSON_NO_MEMORY ? AZ_INTERNAL : AZ_NOT_JSON;
	if (status != AZ_JSON_OK)
		return NULL;
	if (az_json_type(json) == AZ_JSON_OBJECT)
		return json;
	az_json_free(json);
	return NULL;
}

/* One character of UTF-8, which is valid, as JSON in ASCII has it (RFC 8259, 7). */
static void
append_escaped(StringInfo out, const unsigned char *bytes)
{
	pg_wchar	c = utf8_to_unicode(bytes);

	if (c >= 0x10000)
		appendStringInfo(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
						 0xdc00 + ((c - 0x10000) & 0x3ff));
	else
		appendStringInfo(out, "\\u%04x", c);
}

/*
 * The same JSON in ASCII: a database of another encoding can take what it cannot
 * represent, as long as it does not matter.  Outside of ASCII there are strings only.
 */
static void
to_ascii(AzAnswer *answer)
{
	const unsigned char *s = (const unsigned char *) answer->body;
	const unsigned char *end = s + answer->len;
	StringInfoData out;

	initStringInfo(&out);
	while (s < end)
	{
		if (*s < 0x80)
			appendStringInfoCharMacro(&out, *s);
		else
			append_escaped(&out, s);
		s += pg_utf_mblen(s);
	}
	pfree(answer->body);
	answer->body = out.data;
	answer->len = out.len;
}

/* ---- where it is ---- */

/* The document's jwks_uri, in the answer's place; it must be about that very issuer. */
static AzOutcome
read_document(const AzJson *document, const char *issuer, char **jwks_uri)
{
	const char *text;
	size_t		len;

	if (!az_json_get_string(document, "issuer", &text, &len) || text == NULL ||
		strlen(issuer) != len || memcmp(text, issuer, len) != 0)
		return AZ_WRONG_ISSUER;
	if (!az_json_get_string(document, "jwks_uri", &text, &len) || len == 0)
		return AZ_NO_JWKS_URI;
	*jwks_uri = pstrdup(text);
	return AZ_FETCHED;
}

static AzOutcome
discover(const AzSource *source, char **jwks_uri, AzAnswer *answer)
{
	char	   *url = az_discovery_url(source->name);
	AzOutcome	outcome = url ? az_fetch(url, source->name, "", answer) : AZ_INTERNAL;
	AzJson	   *document;

	free(url);
	if (outcome != AZ_FETCHED)
		return outcome;
	document = parse_object(answer, &outcome);
	if (document == NULL)
		return outcome;
	outcome = read_document(document, source->name, jwks_uri);
	az_json_free(document);
	return outcome;
}

static uint64
hash_of(const char *url)
{
	return hash_bytes_extended((const unsigned char *) url, strlen(url), 0);
}

AzOutcome
az_fetch_key_set(const AzSource *source, const char *etag, uint64 etag_url, AzAnswer *answer)
{
	char	   *jwks_uri = source->jwks_uri;
	AzOutcome	outcome;
	AzJson	   *set;

	memset(answer, 0, sizeof(*answer));
	if (jwks_uri == NULL)
	{
		outcome = discover(source, &jwks_uri, answer);
		if (outcome != AZ_FETCHED)
			return outcome;
	}
	outcome = az_fetch(jwks_uri, source->name, etag_url == hash_of(jwks_uri) ? etag : "", answer);
	answer->url = hash_of(jwks_uri);
	if (outcome != AZ_FETCHED)
		return outcome;
	set = parse_object(answer, &outcome);
	if (set == NULL)
		return outcome;
	az_json_free(set);
	to_ascii(answer);
	return AZ_FETCHED;
}
