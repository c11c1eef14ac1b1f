/*-------------------------------------------------------------------------
 *
 * b64url.c
 *	  Strict base64url without padding (RFC 4648, 5; RFC 7515, 2).
 *
 * Every byte string has exactly one encoding here.  A decoder that skips a
 * character or drops unused bits gives one signed token many spellings, and
 * two parsers two readings of it.
 *
 *-------------------------------------------------------------------------
 */
#include "token/b64url.h"

#include <stdint.h>

static const char alphabet[64 + 1] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/*
 * The sextet of a character plus one; 0 for a character that is not base64url.
 */
static const uint8_t sextets[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6,
	['G'] = 7, ['H'] = 8, ['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12,
	['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
	['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26,
	['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38,
	['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44,
	['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50,
	['y'] = 51, ['z'] = 52,
	['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58,
	['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

/*
 * Read n characters into the low bits of *bits, most significant first.
 */
static bool
take(const unsigned char *in, size_t n, uint32_t *bits)
{
	size_t		i;

	*bits = 0;
	for (i = 0; i < n; i++)
	{
		uint32_t	sextet = sextets[in[i]];

		if (sextet == 0)
			return false;
		*bits = *bits << 6 | (sextet - 1);
	}
	return true;
}

bool
az_b64url_decode(const char *in, size_t len, unsigned char *out, size_t *outlen)
{
	const unsigned char *p = (const unsigned char *) in;
	unsigned char *start = out;
	uint32_t	bits;

	for (; len >= 4; len -= 4, p += 4)
	{
		if (!take(p, 4, &bits))
			return false;
		*out++ = bits >> 16 & 0xff;
		*out++ = bits >> 8 & 0xff;
		*out++ = bits & 0xff;
	}

	if (len == 1 || !take(p, len, &bits))
		return false;
	if (len == 2)
	{
		if ((bits & 0x0f) != 0)
			return false;
		*out++ = bits >> 4 & 0xff;
	}
	else if (len == 3)
	{
		if ((bits & 0x03) != 0)
			return false;
		*out++ = bits >> 10 & 0xff;
		*out++ = bits >> 2 & 0xff;
	}

	*outlen = (size_t) (out - start);
	return true;
}

void
az_b64url_encode(const unsigned char *in, size_t len, char *out)
{
	for (; len >= 3; len -= 3, in += 3)
	{
		uint32_t	bits = (uint32_t) in[0] << 16 | (uint32_t) in[1] << 8 | in[2];

		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 0x3f];
		*out++ = alphabet[bits >> 6 & 0x3f];
		*out++ = alphabet[bits & 0x3f];
	}
	if (len > 0)
	{
		uint32_t	bits = (uint32_t) in[0] << 16;

		if (len == 2)
			bits |= (uint32_t) in[1] << 8;
		*out++ = alphabet[bits >> 18];
		*out++ = alphabet[bits >> 12 & 0x3f];
		if (len == 2)
			*out++ = alphabet[bits >> 6 & 0x3f];
	}
	*out = '\0';
}
