/*-------------------------------------------------------------------------
 *
 * challenge.c
 *	  What ties an assertion to one occasion.
 *
 * For one server it is a challenge: random bytes that this session gives out,
 * and waits for until the first assertion arrives, accepted or not.  For all
 * nodes of a cluster, which cannot be asked first, it is the sender (random
 * bytes of a backend) and a number that grows (senders.c).
 *
 *-------------------------------------------------------------------------
 */
#include "trust/challenge.h"

#include "token/b64url.h"

#define RANDOM_BYTES	16
#define RANDOM_CHARS	AZ_B64URL_ENCODED_LEN(RANDOM_BYTES)

/* Room for a number of 64 bits. */
#define NUMBER_CHARS	20

StaticAssertDecl(RANDOM_BYTES == AZ_SENDER_ID, "a sender is known by its random bytes");

static void
make_random(char text[RANDOM_CHARS + 1])
{
	unsigned char bytes[RANDOM_BYTES];

	if (!pg_strong_random(bytes, sizeof(bytes)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	az_b64url_encode(bytes, sizeof(bytes), text);
}

/* ---- for all nodes of a cluster ---- */

char *
az_new_nonce(void)
{
	static char sender[RANDOM_CHARS + 1] = "";
	static uint64 last_number = 0;

	if (*sender == '\0')
		make_random(sender);
	return psprintf("%s." UINT64_FORMAT, sender, ++last_number);
}

/* The number as it is written above; there is one way to write it. */
static bool
read_number(const char *digits, uint64 *number)
{
	size_t		len = strspn(digits, "0123456789");
	char		written[NUMBER_CHARS + 1];

	if (len == 0 || len > NUMBER_CHARS || digits[len] != '\0')
		return false;
	*number = strtoull(digits, NULL, 10);
	snprintf(written, sizeof(written), UINT64_FORMAT, *number);
	return strcmp(written, digits) == 0;
}

bool
az_read_nonce(const char *nonce, unsigned char sender[AZ_SENDER_ID], uint64 *number)
{
	unsigned char bytes[AZ_B64URL_DECODED_MAX(RANDOM_CHARS)];
	size_t		len;

	if (strnlen(nonce, RANDOM_CHARS + 1) <= RANDOM_CHARS || nonce[RANDOM_CHARS] != '.' ||
		!az_b64url_decode(nonce, RANDOM_CHARS, bytes, &len) || len != RANDOM_BYTES)
		return false;
	memcpy(sender, bytes, RANDOM_BYTES);
	return read_number(nonce + RANDOM_CHARS + 1, number);
}

/* ---- for this session ---- */

static char challenge[RANDOM_CHARS + 1] = "";

char *
az_new_challenge(void)
{
	if (*challenge == '\0')
		make_random(challenge);
	return pstrdup(challenge);
}

const char *
az_spend_challenge(void)
{
	static char spent[RANDOM_CHARS + 1];

	strcpy(spent, challenge);
	*challenge = '\0';
	return spent;
}
