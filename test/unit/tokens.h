/*-------------------------------------------------------------------------
 *
 * tokens.h
 *	  Issuers, keys and HS256 tokens for the tests of the claim half.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TOKENS_H
#define TOKENS_H

#include <stdlib.h>
#include <string.h>
#include <openssl/hmac.h>

#include "token/b64url.h"
#include "token/issuer.h"
#include "tap.h"
#include "token/verify.h"

#define NOW_SECONDS		INT64_C(1700000000)
#define NOW				(NOW_SECONDS * 1000000)

static const char secret[] = "0123456789abcdef0123456789abcdef";

/* A test that cannot go on. */
static inline void
must(bool fine, const char *what)
{
	if (fine)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}

static inline AzJson *
parse(const char *text)
{
	AzJson	   *json = NULL;

	if (az_json_parse(text, strlen(text), &json) != AZ_JSON_OK)
		printf("# %s\n", text);
	must(json != NULL, "cannot parse JSON");
	return json;
}

static inline AzKey *
new_key(const char *kid)
{
	AzKey	   *key = NULL;
	AzKeyError	error;

	must(az_key_from_secret((const unsigned char *) secret, strlen(secret), kid,
							"HS256", &key, &error) == AZ_KEY_OK, "cannot make a key");
	return key;
}

/* What was verified of a token of that issuer, signed with its first key. */
static inline AzVerified
verified_of(const AzIssuer *issuer, const AzJson *payload)
{
	AzVerified	verified = {
		.issuer = issuer,
		.key = issuer->keys[0],
		.payload = payload,
		.expires = 2000000,
		.deadline = 3000000,
		.not_before = AZ_TIME_NONE,
		.issued = 1000000,
		.authenticated = AZ_TIME_NONE,
		.authenticated_from = AZ_TIME_NONE
	};

	return verified;
}

/* An issuer with options (NULL: none) and one key, whose kid is k1. */
static inline AzIssuer *
new_issuer(const char *name, const char *options)
{
	AzIssuer   *issuer = az_issuer_new(name, strlen(name));
	AzOptionError error;
	AzJson	   *json = parse(options != NULL ? options : "{}");

	must(issuer != NULL, "cannot make an issuer");
	issuer->algorithms = AZ_ALG_BIT(AZ_HS256);
	must(az_issuer_apply(issuer, json, &error), "cannot apply options");
	must(az_issuer_add_key(issuer, new_key("k1")), "cannot add a key");
	az_json_free(json);
	return issuer;
}

static inline void
add_audience(AzIssuer *issuer, const char *audience)
{
	must(az_issuer_add_audience(issuer, audience, strlen(audience)),
		 "cannot add an audience");
}

/* A token over these very texts; new memory. */
static inline char *
mint(const char *header, const char *payload)
{
	size_t		header_len = AZ_B64URL_ENCODED_LEN(strlen(header));
	size_t		payload_len = AZ_B64URL_ENCODED_LEN(strlen(payload));
	char	   *token = malloc(header_len + payload_len + 2 + 43 + 1);
	unsigned char mac[32];
	unsigned int mac_len = 0;

	must(token != NULL, "out of memory");
	az_b64url_encode((const unsigned char *) header, strlen(header), token);
	token[header_len] = '.';
	az_b64url_encode((const unsigned char *) payload, strlen(payload),
					 token + header_len + 1);
	must(HMAC(EVP_sha256(), secret, (int) strlen(secret),
			  (const unsigned char *) token, header_len + 1 + payload_len,
			  mac, &mac_len) != NULL && mac_len == sizeof(mac), "cannot sign");
	token[header_len + 1 + payload_len] = '.';
	az_b64url_encode(mac, sizeof(mac), token + header_len + payload_len + 2);
	return token;
}

/*
 * UTF-8 to LATIN1: a converter that refuses most of Unicode.
 */
static inline bool
to_latin1(void *arg, const char *utf8, size_t len, char **out, size_t *out_len)
{
	char	   *latin1 = malloc(len + 1);
	size_t		i;
	size_t		n = 0;

	(void) arg;
	must(latin1 != NULL, "out of memory");
	for (i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) utf8[i];

		if (c < 0x80)
			latin1[n++] = (char) c;
		else if ((c == 0xC2 || c == 0xC3) && i + 1 < len)
			latin1[n++] = (char) ((c & 3) << 6 | (utf8[++i] & 0x3F));
		else
		{
			free(latin1);
			return false;
		}
	}
	latin1[n] = '\0';
	*out = latin1;
	*out_len = n;
	return true;
}

static inline bool
is_text(const AzIdentity *id, const AzNode *node, const char *text)
{
	const char *bytes;
	size_t		len;

	return az_node_text(id, node, &bytes, &len) &&
		len == strlen(text) && memcmp(bytes, text, len) == 0;
}

static inline bool
is_null(const AzNode *node)
{
	return az_node_type(node) == AZ_NULL;
}

static inline bool
has(const AzIdentity *id, const AzSet *set, const char *value)
{
	return az_set_has(id, set, value, strlen(value));
}

/* The set in the order of the token, as "a|b". */
static inline bool
is_set(const AzIdentity *id, const AzSet *set, const char *expected)
{
	char		text[1024];
	size_t		len = 0;
	uint32_t	i;

	for (i = 0; i < set->count; i++)
	{
		const AzNode *item = &az_set_items(id, set)[i];

		must(len + az_node_len(item) + 2 < sizeof(text), "set too long for a test");
		if (i > 0)
			text[len++] = '|';
		memcpy(text + len, az_node_bytes(id, item), az_node_len(item));
		len += az_node_len(item);
	}
	text[len] = '\0';
	if (strcmp(text, expected) != 0)
		printf("# got \"%s\", expected \"%s\"\n", text, expected);
	return strcmp(text, expected) == 0;
}

#endif							/* TOKENS_H */
