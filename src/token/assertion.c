/*-------------------------------------------------------------------------
 *
 * assertion.c
 *	  How an assertion is made, by which one server tells another who is logged
 *	  in.
 *
 * The header and the payload are written as JSON here, from values that were
 * parsed as JSON before, so every text that goes in is escaped.  verify.c and
 * verify_assertion.c are the other side.
 *
 *-------------------------------------------------------------------------
 */
#include "token/assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/b64url.h"

bool
az_assertion_is_short(const AzAssertion *assertion)
{
	return assertion->issued >= 0 && assertion->expires > assertion->issued &&
		assertion->expires - assertion->issued <= AZ_ASSERTION_SECONDS;
}

AzReason
az_assertion_times(const AzAssertion *assertion, int64_t now)
{
	int64_t		seconds = now / INT64_C(1000000);

	if (assertion->expires <= seconds)
		return AZ_ASSERTION_EXPIRED;
	return assertion->issued <= seconds + AZ_ASSERTION_SKEW ? AZ_OK : AZ_ASSERTION_AHEAD;
}

AzReason
az_assertion_use(const AzAssertion *assertion, const AzUse *use)
{
	AzUse		first = {0};

	if (use->number == 0)
		return AZ_OK;
	if (assertion->anchor == NULL)
		return AZ_ASSERTION_SIGNATURE;
	memcpy(first.value, assertion->anchor, AZ_CHAIN_VALUE);
	return az_use_follows(use, &first);
}

/* ---- text that grows ---- */

typedef struct Text
{
	char	   *data;			/* owned */
	size_t		len;
	size_t		size;
	bool		failed;			/* then nothing more is added */
} Text;

static void
put(Text *text, const char *bytes, size_t len)
{
	if (!text->failed && len > text->size - text->len)
	{
		size_t		size = 2 * (text->len + len) + 256;
		char	   *grown = realloc(text->data, size);

		text->failed = grown == NULL;
		if (grown != NULL)
		{
			text->data = grown;
			text->size = size;
		}
	}
	if (text->failed)
		return;
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
}

static void
put_z(Text *text, const char *string)
{
	put(text, string, strlen(string));
}

static void
put_b64url(Text *text, const char *bytes, size_t len)
{
	size_t		encoded_len = AZ_B64URL_ENCODED_LEN(len);
	char	   *encoded = malloc(encoded_len + 1);

	if (encoded == NULL)
	{
		text->failed = true;
		return;
	}
	az_b64url_encode((const unsigned char *) bytes, len, encoded);
	put(text, encoded, encoded_len);
	free(encoded);
}

/* ---- JSON (RFC 8259, 7) ---- */

static void
put_escaped(Text *text, unsigned char c)
{
	static const char names[] = "\"\\bfnrt";
	static const char meant[] = "\"\\\b\f\n\r\t";
	const char *found = strchr(meant, c);
	char		escape[7] = {'\\', '\0'};

	if (c != '\0' && found != NULL)
		escape[1] = names[found - meant];
	else
		snprintf(escape, sizeof(escape), "\\u%04x", c);
	put_z(text, escape);
}

/* A string in UTF-8. */
static void
put_string(Text *text, const char *utf8, size_t len)
{
	size_t		start = 0;
	size_t		i;

	put(text, "\"", 1);
	for (i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) utf8[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		put(text, utf8 + start, i - start);
		put_escaped(text, c);
		start = i + 1;
	}
	put(text, utf8 + start, len - start);
	put(text, "\"", 1);
}

/* ---- the payload: the tree of the identity ---- */

typedef struct Payload
{
	Text		text;
	const AzIdentity *id;
	const AzConverter *to_utf8; /* NULL: it is UTF-8 */
} Payload;

static void put_value(Payload *payload, const AzNode *node);

static void
put_node_string(Payload *payload, const AzNode *node)
{
	const char *bytes = az_node_bytes(payload->id, node);
	size_t		len = az_node_len(node);
	char	   *owned = NULL;
	size_t		i;

	for (i = 0; i < len && (unsigned char) bytes[i] < 0x80; i++)
		;
	if (i < len && payload->to_utf8 != NULL)
	{
		if (!payload->to_utf8->convert(payload->to_utf8->arg, bytes, len, &owned, &len))
		{
			payload->text.failed = true;
			return;
		}
		bytes = owned;
	}
	put_string(&payload->text, bytes, len);
	free(owned);
}

static void
put_array(Payload *payload, const AzNode *array)
{
	const AzNode *elements = az_node_elements(payload->id, array);
	uint32_t	i;

	put_z(&payload->text, "[");
	for (i = 0; i < az_node_len(array); i++)
	{
		if (i > 0)
			put_z(&payload->text, ",");
		put_value(payload, &elements[i]);
	}
	put_z(&payload->text, "]");
}

/*
 * Members are sorted by name, but their names were put into the block in the
 * order of the token, which some lists depend on.  A name of no bytes has the
 * offset of the next one.
 */
static int
by_place(const void *a, const void *b)
{
	const AzNode *x = &((const AzMember *) a)->name;
	const AzNode *y = &((const AzMember *) b)->name;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return (az_node_len(x) > az_node_len(y)) - (az_node_len(x) < az_node_len(y));
}

static void
put_object(Payload *payload, const AzNode *object)
{
	size_t		n = az_node_len(object);
	size_t		size = n * sizeof(AzMember);
	AzMember   *members = malloc(size > 0 ? size : 1);
	size_t		i;

	if (members == NULL)
	{
		payload->text.failed = true;
		return;
	}
	if (n > 0)
		memcpy(members, az_node_members(payload->id, object), size);
	qsort(members, n, sizeof(AzMember), by_place);
	put_z(&payload->text, "{");
	for (i = 0; i < n && !payload->text.failed; i++)
	{
		if (i > 0)
			put_z(&payload->text, ",");
		put_node_string(payload, &members[i].name);
		put_z(&payload->text, ":");
		put_value(payload, &members[i].value);
	}
	put_z(&payload->text, "}");
	free(members);
}

/* Recursion is bounded: the block has no deeper tree than the token had. */
static void
put_value(Payload *payload, const AzNode *node)
{
	switch (az_node_type(node))
	{
		case AZ_NULL:
			put_z(&payload->text, "null");
			break;
		case AZ_FALSE:
			put_z(&payload->text, "false");
			break;
		case AZ_TRUE:
			put_z(&payload->text, "true");
			break;
		case AZ_NUMBER:
			put(&payload->text, az_node_bytes(payload->id, node), az_node_len(node));
			break;
		case AZ_STRING:
			put_node_string(payload, node);
			break;
		case AZ_ARRAY:
			put_array(payload, node);
			break;
		case AZ_OBJECT:
			put_object(payload, node);
			break;
	}
}

/* ---- the header ---- */

static void
put_text_member(Text *header, const char *name, const char *value)
{
	put_z(header, ",\"");
	put_z(header, name);
	put_z(header, "\":");
	put_string(header, value, strlen(value));
}

static void
put_times(Text *header, const AzAssertion *assertion)
{
	char		times[80];

	snprintf(times, sizeof(times), ",\"iat\":%" PRId64 ",\"exp\":%" PRId64,
			 assertion->issued, assertion->expires);
	put_z(header, times);
}

/* The end of the chain of later uses; no character of base64url is escaped. */
static void
put_anchor(Text *header, const unsigned char *anchor)
{
	put_z(header, ",\"chain\":\"");
	put_b64url(header, (const char *) anchor, AZ_CHAIN_VALUE);
	put_z(header, "\"");
}

static void
put_header(Text *header, const AzSigningKey *key, const AzAssertion *assertion)
{
	put_z(header, "{\"alg\":\"EdDSA\",\"typ\":\"" AZ_ASSERTION_TYPE "\"");
	put_text_member(header, "kid", az_signing_key_kid(key));
	put_text_member(header, "destination", assertion->destination);
	put_text_member(header, "nonce", assertion->nonce);
	put_times(header, assertion);
	if (assertion->stored != NULL)
		put_text_member(header, "stored", assertion->stored);
	if (assertion->anchor != NULL)
		put_anchor(header, assertion->anchor);
	put_z(header, "}");
}

/* ---- the whole ---- */

static bool
is_fit(const char *text)
{
	return text != NULL && *text != '\0' && strlen(text) <= AZ_ASSERTION_TEXT_MAX;
}

static void
put_signature(Text *token, const AzSigningKey *key)
{
	unsigned char signature[AZ_SIGNATURE_ED25519];

	if (token->failed ||
		!az_sign(key, (const unsigned char *) token->data, token->len, signature))
	{
		token->failed = true;
		return;
	}
	put_z(token, ".");
	put_b64url(token, (const char *) signature, sizeof(signature));
}

char *
az_assertion_make(const AzSigningKey *key, const AzAssertion *assertion,
				  const AzIdentity *id, const AzConverter *to_utf8)
{
	Text		header = {0};
	Text		token = {0};
	Payload		payload = {.id = id, .to_utf8 = to_utf8};

	/* an identity that nobody has signed has no key */
	if (!is_fit(assertion->destination) || !is_fit(assertion->nonce) ||
		(assertion->stored != NULL && !is_fit(assertion->stored)) ||
		!az_assertion_is_short(assertion) || id->thumbprint[0] == '\0')
		return NULL;

	put_header(&header, key, assertion);
	put_value(&payload, &id->claims);
	token.failed = header.failed || payload.text.failed;
	if (!token.failed)
	{
		put_b64url(&token, header.data, header.len);
		put_z(&token, ".");
		put_b64url(&token, payload.text.data, payload.text.len);
		put_signature(&token, key);
		put(&token, "", 1);
	}
	free(header.data);
	free(payload.text.data);
	if (!token.failed)
		return token.data;
	free(token.data);
	return NULL;
}

/* ---- what the header says ---- */

bool
az_is_assertion(const char *token, size_t len)
{
	const char *dot = memchr(token, '.', len);
	size_t		encoded_len = dot != NULL ? (size_t) (dot - token) : 0;
	unsigned char *text;
	AzJson	   *header = NULL;
	size_t		text_len;
	const char *typ = NULL;
	size_t		typ_len = 0;
	bool		is;

	if (encoded_len == 0 || encoded_len > AZ_ASSERTION_HEADER_MAX)
		return false;
	text = malloc(AZ_B64URL_DECODED_MAX(encoded_len));
	if (text != NULL && az_b64url_decode(token, encoded_len, text, &text_len) &&
		az_json_parse((const char *) text, text_len, &header) == AZ_JSON_OK)
		(void) az_json_get_string(header, "typ", &typ, &typ_len);
	free(text);
	is = az_is_type(typ, typ_len, AZ_ASSERTION_TYPE, sizeof(AZ_ASSERTION_TYPE) - 1);
	az_json_free(header);
	return is;
}
