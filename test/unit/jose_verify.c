/*-------------------------------------------------------------------------
 *
 * jose_verify.c
 *	  Puts questions to the token library, one JSON object a line, and writes
 *	  one line each: "accept", or "reject" and the reason.
 *
 * {"jwk": {...}, "token": "..."} or {"jwks": {...}, "token": "..."}
 *		the signature of a compact JWS, whatever its payload; a "jwk" may be a
 *		key pair
 * {"jwk": {...}, "alg": "...", "msg": "hex", "sig": "hex"}
 *		one raw signature; a key without "alg" is bound to this one
 * {"jwks": {...}, "token": "...", "now": N, "iss": "...", "aud": "...",
 *  "leeway": N, "require": [...], "options": {...}}
 *		the whole verification of a JWT, at that instant; options as
 *		add_issuer() takes them, over a leeway of 0 and no required claims
 * {"cluster": {"keys": [...]}, "destination": "...", ...}
 *		the same of an assertion, for that destination, by the keys of a cluster
 *
 * "strict": true refuses a set for an entry that is malformed or weak.
 *
 * Every algorithm may be used, symmetric ones too.  Tokens are limited to
 * 65536 bytes, the default of the extension.  Members that are not named here
 * are ignored; a line that is not understood gets "reject bad-request".
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/assertion.h"
#include "token/b64url.h"
#include "token/jwk_set.h"
#include "token/verify.h"

#define MAX_TOKEN_SIZE	65536
#define BAD_REQUEST		"bad-request"

/* ---- the request ---- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * The bytes of a member in hexadecimal; NULL when it is not that.
 */
static unsigned char *
get_hex(const AzJson *request, const char *name, size_t *len)
{
	const char *text;
	size_t		text_len;
	unsigned char *bytes;
	size_t		i;

	if (!az_json_get_string(request, name, &text, &text_len) || text == NULL ||
		text_len % 2 != 0)
		return NULL;
	*len = text_len / 2;
	bytes = malloc(*len + 1);
	for (i = 0; bytes != NULL && i < *len; i++)
	{
		int			high = hex_digit(text[2 * i]);
		int			low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
		{
			free(bytes);
			return NULL;
		}
		bytes[i] = (unsigned char) (high << 4 | low);
	}
	return bytes;
}

/* ---- JSON text ---- */

typedef struct Text
{
	char	   *data;
	size_t		len;
	size_t		size;
	bool		failed;			/* out of memory */
} Text;

static const Text no_text = {NULL, 0, 0, false};

static void
put(Text *text, const char *bytes, size_t len)
{
	if (text->len + len > text->size)
	{
		size_t		size = 2 * (text->len + len) + 256;
		char	   *data = realloc(text->data, size);

		if (data == NULL)
		{
			text->failed = true;
			return;
		}
		text->data = data;
		text->size = size;
	}
	memcpy(text->data + text->len, bytes, len);
	text->len += len;
}

static void
put_z(Text *text, const char *bytes)
{
	put(text, bytes, strlen(bytes));
}

static void
put_string(Text *text, const char *bytes, size_t len)
{
	char		escape[8];
	size_t		i;

	put_z(text, "\"");
	for (i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) bytes[i];

		if (c < 0x20 || c == '"' || c == '\\')
		{
			snprintf(escape, sizeof(escape), "\\u%04x", c);
			put_z(text, escape);
		}
		else
			put(text, bytes + i, 1);
	}
	put_z(text, "\"");
}

static void put_value(Text *text, const AzJson *value);

static bool
is_among(const char *name, size_t len, const char *const *names, size_t n)
{
	size_t		i;

	for (i = 0; i < n; i++)
		if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	return false;
}

/*
 * The members of an object without its braces, each with a comma behind, but
 * for those of that name.
 */
static void
put_members(Text *text, const AzJson *object, const char *const *but, size_t n)
{
	const char *name;
	const AzJson *member;
	size_t		len;
	void	   *iter = NULL;

	while ((iter = az_json_next(object, iter, &name, &len, &member)) != NULL)
	{
		if (is_among(name, len, but, n))
			continue;
		put_string(text, name, len);
		put_z(text, ":");
		put_value(text, member);
		put_z(text, ",");
	}
}

static void
put_value(Text *text, const AzJson *value)
{
	char		number[AZ_JSON_NUMBER_MAX];
	const char *string;
	size_t		len;
	size_t		i;

	switch (az_json_type(value))
	{
		case AZ_JSON_NULL:
			put_z(text, "null");
			break;
		case AZ_JSON_FALSE:
			put_z(text, "false");
			break;
		case AZ_JSON_TRUE:
			put_z(text, "true");
			break;
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			put(text, number, az_json_number_text(value, number));
			break;
		case AZ_JSON_STRING:
			string = az_json_string(value, &len);
			put_string(text, string, len);
			break;
		case AZ_JSON_ARRAY:
			put_z(text, "[");
			for (i = 0; i < az_json_count(value); i++)
			{
				if (i > 0)
					put_z(text, ",");
				put_value(text, az_json_at(value, i));
			}
			put_z(text, "]");
			break;
		case AZ_JSON_OBJECT:
			put_z(text, "{");
			put_members(text, value, NULL, 0);
			if (az_json_count(value) > 0)
				text->len--;	/* the last comma */
			put_z(text, "}");
			break;
	}
}

/*
 * The tree of a text that is complete, which is freed; NULL when memory ran
 * out on the way.
 */
static AzJson *
parse_text(Text *text)
{
	AzJson	   *root = NULL;

	if (!text->failed)
		az_json_parse(text->data, text->len, &root);
	free(text->data);
	return root;
}

/* ---- keys ---- */

typedef struct Keys
{
	AzKey	  **key;
	size_t		n;
} Keys;

static void
free_keys(Keys *keys)
{
	size_t		i;

	for (i = 0; i < keys->n; i++)
		az_key_free(keys->key[i]);
	free(keys->key);
}

/*
 * NULL, or the answer.
 */
static const char *
key_fault(AzKeyStatus status)
{
	switch (status)
	{
		case AZ_KEY_OK:
			return NULL;
		case AZ_KEY_NOT_FOR_SIGNATURES:
			return "key-not-for-signatures";
		case AZ_KEY_REFUSED:
			return "key-refused";
		case AZ_KEY_NO_MEMORY:
			break;
	}
	return "no-memory";
}

/*
 * A copy of a key pair without its private half.
 */
static AzJson *
public_half(const AzJson *pair)
{
	static const char *const names[] = {
		"d", "p", "q", "dp", "dq", "qi", "oth", "priv"
	};
	Text		text = no_text;

	put_z(&text, "{");
	put_members(&text, pair, names, sizeof(names) / sizeof(names[0]));
	if (!text.failed && text.data[text.len - 1] == ',')
		text.len--;
	put_z(&text, "}");
	return parse_text(&text);
}

/*
 * The RFCs and others print whole key pairs beside their tokens.  The library
 * refuses those; of a single one we take the half that verifies.
 */
static AzKeyStatus
load_key(const AzJson *jwk, AzKey **key)
{
	AzKeyError	error;
	AzKeyStatus status;
	AzJson	   *half = NULL;

	if (az_json_get_z(jwk, "d") != NULL || az_json_get_z(jwk, "priv") != NULL)
	{
		half = public_half(jwk);
		if (half == NULL)
			return AZ_KEY_NO_MEMORY;
		jwk = half;
	}
	status = az_key_from_jwk(jwk, 0, true, key, &error);
	az_json_free(half);
	return status;
}

static bool
is_true(const AzJson *value)
{
	return value != NULL && az_json_type(value) == AZ_JSON_TRUE;
}

static const char *
load_keys(const AzJson *request, Keys *keys)
{
	const AzJson *jwk = az_json_get_z(request, "jwk");
	const AzJson *jwks = az_json_get_z(request, "jwks");
	const AzJson *strict = az_json_get_z(request, "strict");
	AzKeySet	set;
	AzKeyError	error;
	AzKeyStatus status;

	if ((jwk == NULL) == (jwks == NULL))
		return BAD_REQUEST;
	if (jwks != NULL)
	{
		status = az_key_set_read(jwks, 0, true, is_true(strict), &set, &error);
		free(set.positions);
		free(set.skipped);
		keys->key = set.keys;
		keys->n = set.n;
		return key_fault(status);
	}

	keys->key = calloc(1, sizeof(*keys->key));
	if (keys->key == NULL)
		return "no-memory";
	keys->n = 1;
	return key_fault(load_key(jwk, &keys->key[0]));
}

/* ---- a token's signature ---- */

static AzReason
verify_token(const char *token, size_t len, const Keys *keys)
{
	AzCandidateKeys candidates;
	AzJws		jws;
	AzReason	reason;
	size_t		i;

	if (len > MAX_TOKEN_SIZE)
		return AZ_TOKEN_TOO_LARGE;
	reason = az_jws_parse(token, len, &jws);
	if (reason == AZ_OK)
		reason = az_jws_header(&jws);
	if (reason == AZ_OK)
		reason = az_jws_choose_keys(&jws, keys->key, keys->n, AZ_ALGS_ALL, false, &candidates);
	if (reason == AZ_OK)
		for (i = 0, reason = AZ_SIGNATURE; i < candidates.n && reason == AZ_SIGNATURE; i++)
			reason = az_jws_verify(&jws, candidates.key[i]);
	az_jws_free(&jws);
	return reason;
}

static const char *
judge_signature(const AzJson *request, const char *token, size_t len)
{
	Keys		keys = {NULL, 0};
	const char *fault = load_keys(request, &keys);

	if (fault == NULL)
	{
		AzReason	reason = verify_token(token, len, &keys);

		if (reason != AZ_OK)
			fault = az_reason_info(reason)->name;
	}
	free_keys(&keys);
	return fault;
}

/* ---- a raw signature ---- */

/*
 * A copy of a JWK that says which algorithm it is for.
 */
static AzJson *
jwk_with_alg(const AzJson *jwk, const char *alg, size_t alg_len)
{
	Text		text = no_text;

	put_z(&text, "{");
	put_members(&text, jwk, NULL, 0);
	put_z(&text, "\"alg\":");
	put_string(&text, alg, alg_len);
	put_z(&text, "}");
	return parse_text(&text);
}

/*
 * The key, bound to the algorithm of the request where it names none itself.
 */
static const char *
load_bound_key(const AzJson *jwk, const char *alg, size_t alg_len, AzKey **key)
{
	AzAlgs		algs = az_algs_by_name(alg, alg_len);
	AzJson	   *bound = NULL;
	AzKeyError	error;
	const char *fault;

	if (algs == 0)
		return az_reason_info(AZ_ALG_REFUSED)->name;
	if (az_json_get_z(jwk, "alg") == NULL && az_json_type(jwk) == AZ_JSON_OBJECT)
	{
		bound = jwk_with_alg(jwk, alg, alg_len);
		if (bound == NULL)
			return BAD_REQUEST;
		jwk = bound;
	}

	fault = key_fault(az_key_from_jwk(jwk, 0, true, key, &error));
	if (fault == NULL && (AZ_ALG_BIT(az_key_alg(*key)) & algs) == 0)
		fault = az_reason_info(AZ_KEY_MISMATCH)->name;
	az_json_free(bound);
	return fault;
}

static const char *
judge_raw(const AzJson *request)
{
	const AzJson *jwk = az_json_get_z(request, "jwk");
	const char *alg;
	size_t		alg_len;
	size_t		msg_len = 0;
	size_t		sig_len = 0;
	unsigned char *msg = get_hex(request, "msg", &msg_len);
	unsigned char *sig = get_hex(request, "sig", &sig_len);
	AzKey	   *key = NULL;
	const char *fault = BAD_REQUEST;

	if (jwk != NULL && msg != NULL && sig != NULL &&
		az_json_get_string(request, "alg", &alg, &alg_len) && alg != NULL)
		fault = load_bound_key(jwk, alg, alg_len, &key);
	if (fault == NULL)
	{
		AzReason	reason = az_signature_verify(key, msg, msg_len, sig, sig_len);

		if (reason != AZ_OK)
			fault = az_reason_info(reason)->name;
	}
	az_key_free(key);
	free(msg);
	free(sig);
	return fault;
}

/* ---- the whole verification ---- */

static char *
copy_of(const char *bytes, size_t len)
{
	char	   *copy = malloc(len + 1);

	if (copy != NULL)
	{
		memcpy(copy, bytes, len);
		copy[len] = '\0';
	}
	return copy;
}

/*
 * Required claims: an array of strings, or nothing.
 */
static bool
set_required(AzIssuer *issuer, const AzJson *names)
{
	size_t		i;

	if (names == NULL)
		return true;
	if (az_json_type(names) != AZ_JSON_ARRAY)
		return false;
	issuer->required_claims.name = calloc(az_json_count(names) + 1, sizeof(AzName));
	if (issuer->required_claims.name == NULL)
		return false;
	for (i = 0; i < az_json_count(names); i++)
	{
		AzName	   *name = &issuer->required_claims.name[i];
		const char *text = az_json_string(az_json_at(names, i), &name->len);

		if (text == NULL)
			return false;
		name->data = copy_of(text, name->len);
		if (name->data == NULL)
			return false;
		issuer->required_claims.n++;
	}
	return true;
}

static bool
set_audience(AzIssuer *issuer, const AzJson *aud)
{
	const char *text;
	size_t		len;

	issuer->any_audience = aud == NULL;
	if (aud == NULL)
		return true;
	text = az_json_string(aud, &len);
	return text != NULL && az_issuer_add_audience(issuer, text, len);
}

static bool
set_leeway(AzIssuer *issuer, const AzJson *leeway)
{
	double		seconds = 0;

	if (leeway != NULL &&
		(!az_json_number(leeway, &seconds) ||
		 !(seconds >= 0 && seconds < 1e9) || seconds != floor(seconds)))
		return false;
	issuer->leeway_seconds = (int64_t) seconds;
	return true;
}

static bool
set_options(AzIssuer *issuer, const AzJson *options)
{
	AzOptionError error;

	return options == NULL || (az_issuer_apply(issuer, options, &error) &&
							   az_issuer_check(issuer, &error));
}

static AzIssuer *
issuer_of(const AzJson *request)
{
	const char *iss;
	size_t		len;
	AzIssuer   *issuer;

	if (!az_json_get_string(request, "iss", &iss, &len) || iss == NULL)
		return NULL;
	issuer = az_issuer_new(iss, len);
	if (issuer == NULL)
		return NULL;
	issuer->algorithms = AZ_ALGS_ALL;
	if (!set_required(issuer, az_json_get_z(request, "require")) ||
		!set_audience(issuer, az_json_get_z(request, "aud")) ||
		!set_leeway(issuer, az_json_get_z(request, "leeway")) ||
		!set_options(issuer, az_json_get_z(request, "options")))
	{
		az_issuer_free(issuer);
		return NULL;
	}
	return issuer;
}

/*
 * Seconds since 1970, as microseconds.
 */
static bool
get_now(const AzJson *request, int64_t *now)
{
	double		seconds;

	if (!az_json_number(az_json_get_z(request, "now"), &seconds) ||
		!(fabs(seconds) < 1e12))
		return false;
	*now = llround(seconds * 1e6);
	return true;
}

/* Who takes assertions. */
typedef struct Node
{
	AzKeySet	keys;
	const char *destination;	/* borrowed from the request */
	AzUse		use;			/* of what is presented */
} Node;

static const AzKey *
find_cluster_key(void *arg, const char *kid, size_t len)
{
	const Node *node = arg;
	size_t		i;

	for (i = 0; i < node->keys.n; i++)
	{
		const char *name = az_key_kid(node->keys.keys[i]);

		if (name != NULL && strlen(name) == len && memcmp(name, kid, len) == 0)
			return node->keys.keys[i];
	}
	return NULL;
}

static AzReason
judge_destination(void *arg, const AzAssertion *assertion)
{
	const Node *node = arg;

	return strcmp(assertion->destination, node->destination) != 0 ? AZ_ASSERTION_DESTINATION :
		az_assertion_use(assertion, &node->use);
}

static AzReason
verify_assertion(AzVerification *verification, const AzJson *request, const char *token, size_t len,
				 int64_t now, const AzTrust *trust, const AzIdentity **identity)
{
	Node		node;
	AzAssertionTrust by = {find_cluster_key, judge_destination, &node};
	AzKeyError	error;
	size_t		destination_len;
	AzReason	reason = AZ_ASSERTION_KEY;

	memset(&node, 0, sizeof(node));
	if (!az_use_read(token, len, &len, &node.use))
		return AZ_ASSERTION_MALFORMED;
	if (az_json_get_string(request, "destination", &node.destination, &destination_len) &&
		node.destination != NULL &&
		az_key_set_read(az_json_get_z(request, "cluster"), 0, true, false, &node.keys, &error) == AZ_KEY_OK)
		reason = az_verify_assertion(verification, token, len, now, trust, &by, identity);
	az_key_set_free(&node.keys);
	return reason;
}

static AzReason
verify_jwt(const AzJson *request, const char *token, size_t len, int64_t now, AzIssuer *issuer)
{
	AzVerification *verification = az_verification_new();
	AzTrust		trust = {.issuers = &issuer, .nissuers = 1, .max_token_size = MAX_TOKEN_SIZE};
	const AzIdentity *identity;
	AzReason	reason = AZ_NO_MEMORY;

	if (verification != NULL && az_json_get_z(request, "cluster") != NULL)
		reason = verify_assertion(verification, request, token, len, now, &trust, &identity);
	else if (verification != NULL)
		reason = az_verify(verification, token, len, now, &trust, &identity);
	az_verification_free(verification);
	return reason;
}

static const char *
judge_jwt(const AzJson *request, const char *token, size_t len)
{
	Keys		keys = {NULL, 0};
	AzIssuer   *issuer = issuer_of(request);
	const char *fault = BAD_REQUEST;
	int64_t		now;
	size_t		i;

	if (issuer != NULL && get_now(request, &now))
		fault = load_keys(request, &keys);
	if (fault != NULL)
		free_keys(&keys);
	else
	{
		AzReason	reason;

		for (i = 0; i < keys.n && fault == NULL; i++)
			if (!az_issuer_add_key(issuer, keys.key[i]))
				fault = "no-memory";
		for (; i < keys.n; i++)
			az_key_free(keys.key[i]);
		free(keys.key);

		if (fault == NULL)
		{
			reason = verify_jwt(request, token, len, now, issuer);
			if (reason != AZ_OK)
				fault = az_reason_info(reason)->name;
		}
	}
	az_issuer_free(issuer);
	return fault;
}

/* ---- lines ---- */

/*
 * NULL to accept, else why not.
 */
static const char *
judge(const AzJson *request)
{
	const char *token;
	size_t		len;

	if (az_json_type(request) != AZ_JSON_OBJECT ||
		!az_json_get_string(request, "token", &token, &len))
		return BAD_REQUEST;
	if (token == NULL)
		return judge_raw(request);
	if (az_json_get_z(request, "msg") != NULL || az_json_get_z(request, "sig") != NULL)
		return BAD_REQUEST;
	if (az_json_get_z(request, "now") != NULL)
		return judge_jwt(request, token, len);
	return judge_signature(request, token, len);
}

static const char *
judge_line(const char *line, size_t len)
{
	AzJson	   *request;
	const char *fault = BAD_REQUEST;

	if (az_json_parse(line, len, &request) == AZ_JSON_OK)
		fault = judge(request);
	az_json_free(request);
	return fault;
}

int
main(void)
{
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		len;

	while ((len = getline(&line, &size, stdin)) >= 0)
	{
		const char *fault = judge_line(line, (size_t) len);

		if (fault == NULL)
			puts("accept");
		else
			printf("reject %s\n", fault);
		fflush(stdout);
	}
	free(line);
	return 0;
}
