/*-------------------------------------------------------------------------
 *
 * test_chain.c
 *	  Uses of an assertion: one way to write each, and only the next values of its own
 *	  chain are taken.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "token/assertion.h"
#include "tap.h"

#define JWS		"eyJhIjoxfQ.e30.c2ln"
#define V		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"	/* 00 01 .. 1f */

static unsigned char values[AZ_CHAIN_LAST + 1][AZ_CHAIN_VALUE];
static unsigned char others[AZ_CHAIN_LAST + 1][AZ_CHAIN_VALUE];

/* A copy without terminator, so that a sanitizer sees any byte too many. */
static bool
reads(const char *text, size_t *len, AzUse *use)
{
	char	   *copy = malloc(strlen(text) + 1);
	bool		read;

	memcpy(copy, text, strlen(text));
	read = az_use_read(copy, strlen(text), len, use);
	free(copy);
	return read;
}

static void
test_make(void)
{
	unsigned char seed[AZ_CHAIN_VALUE];
	unsigned char hash[AZ_CHAIN_VALUE];
	int			i;
	int			wrong = 0;

	memset(seed, 7, sizeof(seed));
	ok(az_chain_make(seed, values), "a chain");
	seed[0]++;
	ok(az_chain_make(seed, others), "another one");
	for (i = 1; i <= AZ_CHAIN_LAST; i++)
	{
		SHA256(values[i], AZ_CHAIN_VALUE, hash);
		wrong += memcmp(hash, values[i - 1], AZ_CHAIN_VALUE) != 0;
	}
	ok(wrong == 0, "each value is the hash of the next one");
	seed[0]--;
	ok(memcmp(values[AZ_CHAIN_LAST], seed, AZ_CHAIN_VALUE) == 0, "the last are the random bytes");
}

static void
test_write(void)
{
	AzUse		use;
	AzUse		again;
	char		text[AZ_CHAIN_TEXT_MAX + 1];
	char		whole[200];
	size_t		len;
	uint32_t	n;
	int			wrong = 0;

	for (n = 1; n <= AZ_CHAIN_LAST; n++)
	{
		use.number = n;
		memcpy(use.value, values[n], AZ_CHAIN_VALUE);
		az_use_write(&use, text);
		snprintf(whole, sizeof(whole), "%s%s", JWS, text);
		wrong += strlen(text) > AZ_CHAIN_TEXT_MAX || !reads(whole, &len, &again) || len != strlen(JWS) ||
			memcmp(&use, &again, sizeof(use)) != 0;
	}
	ok(wrong == 0, "what is written is read");
	ok(strlen(text) == AZ_CHAIN_TEXT_MAX, "the last one is as long as that may be");
}

static void
test_read(void)
{
	static const char *const bad[] = {
		"", ".", "a", "a.b", JWS ".", JWS ".1", JWS ".1.", JWS ".." V, JWS ".1." V ".", JWS "." V, JWS ".1." V "." V,
		JWS ".0." V, JWS ".01." V, JWS ".001." V, JWS ".65." V, JWS ".99." V, JWS ".100." V, JWS ".4294967297." V,
		JWS ".-1." V, JWS ".+1." V, JWS ". 1." V, JWS ".1 ." V, JWS ".a." V, JWS ".1a." V, JWS ".\xc2\xb9." V,
		JWS ".1. " V, JWS ".1." V " ", JWS ".1." V "\n", JWS ".1." V "=", JWS ".1." V "A",
		JWS ".1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg", JWS ".1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh",
		JWS ".1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",	/* unused bits */
		JWS ".1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH+8", JWS ".1.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH~8",
		JWS "~1." V
	};
	AzUse		use;
	size_t		len;
	size_t		i;

	ok(reads(JWS, &len, &use) && len == strlen(JWS) && use.number == 0, "an assertion by itself");
	ok(reads(JWS ".1." V, &len, &use) && len == strlen(JWS) && use.number == 1 &&
	   use.value[0] == 0 && use.value[31] == 31, "a use of it");
	ok(reads(JWS ".64." V, &len, &use) && use.number == 64, "the last one");
	ok(reads("....", &len, &use) == false && reads("..", &len, &use) && len == 2, "dots");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!reads(bad[i], &len, &use), "neither, %zu", i);
	ok(!az_use_read(JWS ".1\0." V, sizeof(JWS ".1\0." V) - 1, &len, &use), "nor with a zero in it");
}

static AzReason
follows(uint32_t number, const unsigned char *value, uint32_t earlier_number,
		const unsigned char *earlier_value)
{
	AzUse		use = {.number = number};
	AzUse		earlier = {.number = earlier_number};

	memcpy(use.value, value, AZ_CHAIN_VALUE);
	memcpy(earlier.value, earlier_value, AZ_CHAIN_VALUE);
	return az_use_follows(&use, &earlier);
}

/* Every pair of places in the chain. */
static void
test_follows(void)
{
	unsigned char changed[AZ_CHAIN_VALUE];
	uint32_t	i;
	uint32_t	j;
	int			bit;
	int			wrong = 0;

	for (i = 0; i <= AZ_CHAIN_LAST; i++)
		for (j = 0; j <= AZ_CHAIN_LAST; j++)
			wrong += (follows(i, values[i], j, values[j]) == AZ_OK) != (i >= j);
	ok(wrong == 0, "the same and those behind it follow, none before it");
	for (i = 1; i <= AZ_CHAIN_LAST; i++)
	{
		wrong += follows(i, values[i - 1], 0, values[0]) != AZ_ASSERTION_SIGNATURE;
		wrong += i < AZ_CHAIN_LAST && follows(i, values[i + 1], 0, values[0]) != AZ_ASSERTION_SIGNATURE;
		wrong += follows(i, others[i], 0, values[0]) != AZ_ASSERTION_SIGNATURE;
		wrong += follows(i, values[0], 0, values[0]) != AZ_ASSERTION_SIGNATURE;
	}
	ok(wrong == 0, "nor a value of another place, or of another chain");
	for (bit = 0; bit < 8 * AZ_CHAIN_VALUE; bit++)
	{
		memcpy(changed, values[5], sizeof(changed));
		changed[bit / 8] ^= 1 << bit % 8;
		wrong += follows(5, changed, 3, values[3]) != AZ_ASSERTION_SIGNATURE;
		wrong += follows(5, changed, 5, values[5]) != AZ_ASSERTION_SIGNATURE;
	}
	ok(wrong == 0, "nor one with a bit changed");
}

static void
test_of_assertion(void)
{
	AzAssertion one = {.anchor = NULL};
	AzAssertion many = {.anchor = values[0]};
	AzUse		use = {.number = 3};
	AzUse		first = {.number = 0};

	memcpy(use.value, values[3], AZ_CHAIN_VALUE);
	ok(az_assertion_use(&one, &first) == AZ_OK && az_assertion_use(&many, &first) == AZ_OK,
	   "each is good for the first use");
	ok(az_assertion_use(&many, &use) == AZ_OK, "one with an anchor for later ones");
	ok(az_assertion_use(&one, &use) == AZ_ASSERTION_SIGNATURE, "one without it is not");
	many.anchor = others[0];
	ok(az_assertion_use(&many, &use) == AZ_ASSERTION_SIGNATURE, "nor one with another");
}

int
main(void)
{
	test_make();
	test_write();
	test_read();
	test_follows();
	test_of_assertion();
	return tap_done();
}
