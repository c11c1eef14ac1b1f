/*-------------------------------------------------------------------------
 *
 * chain.c
 *	  An assertion that is good for several occasions, one after the other.
 *
 * A signature costs a hundred times what a hash does (Lamport, 1981: "Password
 * authentication with insecure communication").
 *
 *-------------------------------------------------------------------------
 */
#include "token/chain.h"

#include <stdio.h>
#include <string.h>

#include "token/b64url.h"
#include "token/crypto.h"

#define VALUE_CHARS		AZ_B64URL_ENCODED_LEN(AZ_CHAIN_VALUE)

/* Dots within an assertion, and within one with a use behind it. */
#define DOTS			2
#define DOTS_WITH_USE	4

bool
az_chain_make(const unsigned char seed[AZ_CHAIN_VALUE],
			  unsigned char values[AZ_CHAIN_LAST + 1][AZ_CHAIN_VALUE])
{
	int			i;

	memcpy(values[AZ_CHAIN_LAST], seed, AZ_CHAIN_VALUE);
	for (i = AZ_CHAIN_LAST; i > 0; i--)
	{
		if (!az_sha256(values[i], AZ_CHAIN_VALUE, values[i - 1]))
			return false;
	}
	return true;
}

void
az_use_write(const AzUse *use, char text[AZ_CHAIN_TEXT_MAX + 1])
{
	int			len = snprintf(text, AZ_CHAIN_TEXT_MAX + 1 - VALUE_CHARS, ".%u.",
							   (unsigned) use->number);

	az_b64url_encode(use->value, AZ_CHAIN_VALUE, text + len);
}

/* From 1 on, without zeros in front. */
static bool
read_number(const char *digits, size_t len, uint32_t *number)
{
	size_t		i;

	*number = 0;
	if (len == 0 || len > 2 || digits[0] == '0')
		return false;
	for (i = 0; i < len; i++)
	{
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		*number = *number * 10 + (uint32_t) (digits[i] - '0');
	}
	return *number <= AZ_CHAIN_LAST;
}

static bool
read_value(const char *text, size_t len, unsigned char value[AZ_CHAIN_VALUE])
{
	unsigned char bytes[AZ_B64URL_DECODED_MAX(VALUE_CHARS)];
	size_t		bytes_len;

	if (len != VALUE_CHARS || !az_b64url_decode(text, len, bytes, &bytes_len))
		return false;
	memcpy(value, bytes, AZ_CHAIN_VALUE);
	az_wipe(bytes, sizeof(bytes));
	return true;
}

/* Places of the first dots, as far as there is room; how many there are. */
static size_t
find_dots(const char *text, size_t len, size_t dots[DOTS_WITH_USE])
{
	const char *end = text + len;
	const char *dot = text;
	size_t		n = 0;

	for (; dot < end && (dot = memchr(dot, '.', (size_t) (end - dot))) != NULL; dot++, n++)
	{
		if (n < DOTS_WITH_USE)
			dots[n] = (size_t) (dot - text);
	}
	return n;
}

bool
az_use_read(const char *text, size_t len, size_t *assertion_len, AzUse *use)
{
	size_t		dots[DOTS_WITH_USE];
	size_t		n = find_dots(text, len, dots);

	memset(use, 0, sizeof(*use));
	*assertion_len = len;
	if (n == DOTS)
		return true;
	if (n != DOTS_WITH_USE)
		return false;
	*assertion_len = dots[2];
	return read_number(text + dots[2] + 1, dots[3] - dots[2] - 1, &use->number) &&
		read_value(text + dots[3] + 1, len - dots[3] - 1, use->value);
}

AzReason
az_use_follows(const AzUse *use, const AzUse *earlier)
{
	unsigned char value[AZ_CHAIN_VALUE];
	uint32_t	n;

	memcpy(value, use->value, AZ_CHAIN_VALUE);
	for (n = earlier->number; n < use->number; n++)
	{
		if (!az_sha256(value, AZ_CHAIN_VALUE, value))
			return AZ_CRYPTO_FAILURE;
	}
	return n == use->number && az_same_secret(value, earlier->value, AZ_CHAIN_VALUE) ?
		AZ_OK : AZ_ASSERTION_SIGNATURE;
}
