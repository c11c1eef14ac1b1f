/*-------------------------------------------------------------------------
 *
 * test_reason.c
 *	  The list of reasons is complete, and fit for a header of HTTP.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "token/reason.h"
#include "tap.h"

static bool
only(const char *text, const char *characters)
{
	return *text != '\0' && strspn(text, characters) == strlen(text);
}

/*
 * RFC 6750, 3: %x20-21 / %x23-5B / %x5D-7E.
 */
static bool
is_description(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e || *text == '"' || *text == '\\')
			return false;
	return true;
}

static bool
is_sentence(const char *text)
{
	return *text >= 'A' && *text <= 'Z' && text[strlen(text) - 1] == '.';
}

static void
test_reason(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);
	bool		unique = true;
	int			i;

	if (!ok(info != NULL && info->name != NULL && info->description != NULL,
			"reason %d is in the list", reason))
		return;
	for (i = 0; i < (int) reason; i++)
		unique = unique && strcmp(info->name, az_reason_info(i)->name) != 0;
	ok(unique, "%s: the name is its own", info->name);
	ok(only(info->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
	   "%s: the name is lower case", info->name);
	ok(is_description(info->description) && *info->description != '\0',
	   "%s: the description fits into WWW-Authenticate", info->name);
	/* Q9: a refusal says what to do next */
	if (reason == AZ_OK)
		ok(info->hint == NULL, "%s: no hint", info->name);
	else
		ok(info->hint != NULL && is_sentence(info->hint),
		   "%s: the hint is a sentence", info->name);
	if (reason == AZ_OK || reason == AZ_TOKEN_MISSING)
		ok(info->error == NULL, "%s: no error", info->name);
	else
		ok(info->error != NULL && strcmp(info->error, "invalid_token") == 0,
		   "%s: the error is invalid_token", info->name);
}

static void
test_description(AzReason reason, const char *expected)
{
	const AzReasonInfo *info = az_reason_info(reason);

	ok(strcmp(info->description, expected) == 0, "%s: \"%s\"", info->name, expected);
}

static void
test_malformed(AzReason reason)
{
	const AzReasonInfo *info = az_reason_info(reason);

	ok(strncmp(info->description, "Malformed token", 15) == 0,
	   "%s: the token is called malformed", info->name);
}

int
main(void)
{
	int			i;

	for (i = AZ_OK; i < AZ_N_REASONS; i++)
		test_reason(i);

	test_malformed(AZ_SEGMENT_COUNT);
	test_malformed(AZ_ENCRYPTED);
	test_malformed(AZ_ALPHABET);
	test_malformed(AZ_BASE64URL);
	test_malformed(AZ_HEADER_JSON);
	test_malformed(AZ_PAYLOAD_JSON);

	/* the texts that programs look for */
	test_description(AZ_TOKEN_MISSING, "Missing token");
	test_description(AZ_EXPIRED, "Token has expired");
	test_description(AZ_AUDIENCE, "Invalid token audience");
	test_description(AZ_ISSUER_UNTRUSTED, "Invalid token issuer");
	test_description(AZ_NOT_INSTALLED, "Invalid token issuer");
	test_description(AZ_SIGNATURE, "Invalid token signature");
	test_description(AZ_ALG_MISSING, "Missing algorithm");
	test_description(AZ_ALG_REFUSED, "Invalid or unsupported algorithm");
	test_description(AZ_KEY_ID_MISSING, "Missing key ID");
	test_description(AZ_TOKEN_TYPE, "Invalid token type");
	test_description(AZ_EXP_MISSING, "Missing expiration claim");
	test_description(AZ_CLAIM_MISSING, "Invalid payload in token");
	test_description(AZ_ACTOR_CLAIM, "Invalid actor claim");
	test_description(AZ_REVOKED, "Token was revoked");
	return tap_done();
}
