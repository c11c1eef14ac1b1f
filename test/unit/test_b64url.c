/*-------------------------------------------------------------------------
 *
 * test_b64url.c
 *	  Every byte string has exactly one encoding, and no other text decodes.
 *
 * C7.8: lengths are computed
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "token/b64url.h"
#include "tap.h"

/*
 * Decode a copy without terminator into a buffer of just the promised size,
 * so that a sanitizer sees any byte too many.
 */
static bool
decodes(const char *text, size_t len, unsigned char *out, size_t *out_len)
{
	char	   *in = malloc(len > 0 ? len : 1);
	unsigned char *buf = malloc(AZ_B64URL_DECODED_MAX(len));
	bool		decoded;

	if (in == NULL || buf == NULL)
		abort();
	memcpy(in, text, len);
	decoded = az_b64url_decode(in, len, buf, out_len);
	if (decoded && out != NULL)
		memcpy(out, buf, *out_len);
	free(in);
	free(buf);
	return decoded;
}

static void
accept(const char *text, const char *bytes)
{
	unsigned char out[64];
	char		again[64];
	size_t		len;

	if (!ok(decodes(text, strlen(text), out, &len) && len == strlen(bytes) &&
			memcmp(out, bytes, len) == 0, "accept \"%s\"", text))
		return;
	az_b64url_encode(out, len, again);
	ok(strcmp(again, text) == 0 && AZ_B64URL_ENCODED_LEN(len) == strlen(text),
	   "encode to \"%s\"", text);
}

static void
refuse(const char *text, size_t len, const char *what)
{
	size_t		out_len;

	ok(!decodes(text, len, NULL, &out_len), "refuse %s", what);
}

/*
 * RFC 4648, 10, without padding, and RFC 7515, C.
 */
static void
test_examples(void)
{
	static const unsigned char c[] = {3, 236, 255, 224, 193};
	char		text[16];

	accept("", "");
	accept("Zg", "f");
	accept("Zm8", "fo");
	accept("Zm9v", "foo");
	accept("Zm9vYg", "foob");
	accept("Zm9vYmE", "fooba");
	accept("Zm9vYmFy", "foobar");
	az_b64url_encode(c, sizeof(c), text);
	ok(strcmp(text, "A-z_4ME") == 0, "the letters of the URL alphabet");
}

static void
test_alphabet(void)
{
	char		text[8] = "Zm9vYmFy";
	size_t		len;
	size_t		i;
	int			c;
	int			accepted = 0;

	/* at each place, each byte */
	for (i = 0; i < 8; i++)
	{
		char		old = text[i];

		for (c = 0; c < 256; c++)
		{
			text[i] = (char) c;
			if (decodes(text, 8, NULL, &len))
				accepted++;
		}
		text[i] = old;
	}
	ok(accepted == 8 * 64, "64 of 256 bytes at each of 8 places: %d", accepted);

	accept("Zm9v", "foo");
	refuse("Zm9+", 4, "the plus of the other alphabet");
	refuse("Zm9/", 4, "the slash of the other alphabet");
	refuse("Zm9v\n", 5, "a newline at the end");
	refuse("Zm 9v", 5, "a blank inside");
	refuse("Zm9v\0", 5, "a NUL at the end");
	refuse("Zm9\xc3\xb6", 5, "UTF-8");
}

static void
test_length(void)
{
	accept("Zg", "f");
	refuse("Zg==", 4, "padding");
	refuse("Zg=", 3, "half of the padding");
	refuse("Zm8=", 4, "padding of two bytes");
	refuse("=", 1, "only padding");
	refuse("Z", 1, "one character");
	refuse("Zm9vZ", 5, "five characters");
	refuse("Zm9vYmFyZ", 9, "nine characters");

	accept("Zg", "f");
	refuse("Zh", 2, "an unused bit");
	refuse("Zo", 2, "the highest unused bit");
	accept("Zm8", "fo");
	refuse("Zm9", 3, "an unused bit of three characters");
	refuse("Zm-", 3, "the highest unused bit of three characters");
}

/*
 * All texts of two and three characters: what decodes encodes to itself, and
 * there is one for each string of one or two bytes.
 */
static void
test_exhaustive(void)
{
	unsigned char out[4];
	char		text[4];
	char		again[8];
	size_t		len;
	long		accepted[4] = {0, 0, 0, 0};
	bool		canonical = true;
	unsigned long n;
	size_t		chars;

	for (chars = 2; chars <= 3; chars++)
		for (n = 0; n < 1UL << (8 * chars); n++)
		{
			text[0] = (char) (n & 0xff);
			text[1] = (char) (n >> 8 & 0xff);
			text[2] = (char) (n >> 16 & 0xff);
			if (!az_b64url_decode(text, chars, out, &len))
				continue;
			accepted[chars]++;
			az_b64url_encode(out, len, again);
			canonical = canonical && len == chars - 1 && memcmp(again, text, chars) == 0;
		}
	ok(accepted[2] == 256, "256 texts of two characters");
	ok(accepted[3] == 65536, "65536 texts of three characters");
	ok(canonical, "each is the encoding of what it decodes to");
}

static void
test_round_trip(void)
{
	unsigned char bytes[300];
	unsigned char out[300];
	char		text[404];
	size_t		len;
	size_t		n;
	bool		same = true;

	for (n = 0; n < sizeof(bytes); n++)
		bytes[n] = (unsigned char) (n * 167 + 13);
	for (n = 0; n <= sizeof(bytes); n++)
	{
		az_b64url_encode(bytes, n, text);
		same = same && strlen(text) == AZ_B64URL_ENCODED_LEN(n) &&
			AZ_B64URL_DECODED_MAX(strlen(text)) >= n &&
			decodes(text, strlen(text), out, &len) &&
			len == n && memcmp(bytes, out, n) == 0;
	}
	ok(same, "0 to 300 bytes there and back");
}

int
main(void)
{
	test_examples();
	test_alphabet();
	test_length();
	test_exhaustive();
	test_round_trip();
	return tap_done();
}
