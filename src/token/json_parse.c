/*-------------------------------------------------------------------------
 *
 * json_parse.c
 *	  JSON text to a tree (RFC 8259, RFC 7493), strictly and in one pass.
 *
 * jansson keeps the values, but does not read the text.  Its lexer ignores
 * that memory ran out while it collects a string or a number: it loses a
 * byte and goes on, and when that was a closing quote it reads and writes
 * behind its buffers, and where it compares it calls abort().  Headers are
 * parsed before anything is known about their sender.  The functions that
 * make values (json_make.h) say when they have no memory.
 *
 *-------------------------------------------------------------------------
 */
#include "token/json_make.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Parser
{
	const char *p;				/* the next character */
	const char *end;
	int			depth;
	char	   *scratch;		/* owned; for strings with escapes */
	size_t		size;			/* of the text, and so of any string in it */
	AzJsonStatus status;		/* the first thing wrong */
} Parser;

static AzJson *parse_value(Parser *parser);

/*
 * Record the first thing that is wrong; parsing functions return the result,
 * NULL.
 */
static void *
fail(Parser *parser, AzJsonStatus status)
{
	if (parser->status == AZ_JSON_OK)
		parser->status = status;
	return NULL;
}

static AzJson *
made(Parser *parser, AzJson *value)
{
	return value != NULL ? value : fail(parser, AZ_JSON_NO_MEMORY);
}

/*
 * The next character; NUL at the end of the text, since a NUL inside of it is
 * never valid either.
 */
static char
peek(const Parser *parser)
{
	return parser->p < parser->end ? *parser->p : '\0';
}

static bool
take(Parser *parser, char c)
{
	if (parser->p == parser->end || *parser->p != c)
		return false;
	parser->p++;
	return true;
}

static void
skip_space(Parser *parser)
{
	while (parser->p < parser->end &&
		   (*parser->p == ' ' || *parser->p == '\t' || *parser->p == '\n' || *parser->p == '\r'))
		parser->p++;
}

/* ---- strings ---- */

/*
 * The length of the character of UTF-8 at that place; 0 when there is none:
 * overlong forms, surrogates, beyond U+10FFFF (RFC 3629, 4).
 */
static size_t
utf8_length(const char *text, const char *end)
{
	const unsigned char *s = (const unsigned char *) text;
	unsigned char low = 0x80;	/* what the second byte may be */
	unsigned char high = 0xbf;
	size_t		len;
	size_t		i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if ((size_t) (end - text) < len || s[1] < low || s[1] > high)
		return 0;
	for (i = 2; i < len; i++)
	{
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

/*
 * The value of the four hexadecimal digits of an escape; -1 when they are not
 * digits.
 */
static int
code_unit(Parser *parser)
{
	int			unit = 0;
	int			i;

	for (i = 0; i < 4; i++)
	{
		char		c = peek(parser);

		if (c >= '0' && c <= '9')
			unit = unit << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			unit = unit << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
		parser->p++;
	}
	return unit;
}

/* Behind "\u": one character in UTF-8; NULL for half a pair, and for U+0000. */
static char *
take_code_point(Parser *parser, char *out)
{
	int			c = code_unit(parser);

	if (c >= 0xd800 && c <= 0xdbff)
	{
		int			second = -1;

		if (take(parser, '\\') && take(parser, 'u'))
			second = code_unit(parser);
		if (second < 0xdc00 || second > 0xdfff)
			return NULL;
		c = 0x10000 + ((c - 0xd800) << 10) + (second - 0xdc00);
	}
	else if (c <= 0 || (c >= 0xdc00 && c <= 0xdfff))
		return NULL;

	if (c < 0x80)
		*out++ = (char) c;
	else
	{
		if (c < 0x800)
			*out++ = (char) (0xc0 | c >> 6);
		else
		{
			if (c < 0x10000)
				*out++ = (char) (0xe0 | c >> 12);
			else
			{
				*out++ = (char) (0xf0 | c >> 18);
				*out++ = (char) (0x80 | (c >> 12 & 0x3f));
			}
			*out++ = (char) (0x80 | (c >> 6 & 0x3f));
		}
		*out++ = (char) (0x80 | (c & 0x3f));
	}
	return out;
}

/* Behind a backslash. */
static char *
take_escape(Parser *parser, char *out)
{
	static const char names[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	char		c = peek(parser);
	const char *found = c != '\0' ? strchr(names, c) : NULL;

	if (take(parser, 'u'))
		return take_code_point(parser, out);
	if (found == NULL)
		return NULL;
	parser->p++;
	*out++ = meant[found - names];
	return out;
}

/*
 * A string from its opening quote on.  It lies in the text, or where escapes
 * had to be replaced, in the scratch memory until the next string.
 */
static const char *
parse_string(Parser *parser, size_t *len)
{
	const char *start;
	char	   *out = NULL;		/* where it goes, once it has an escape */

	if (!take(parser, '"'))
		return fail(parser, AZ_JSON_INVALID);
	start = parser->p;
	while (peek(parser) != '"')
	{
		size_t		n;

		if (parser->p == parser->end || (unsigned char) *parser->p < 0x20)
			return fail(parser, AZ_JSON_INVALID);
		if (*parser->p != '\\')
		{
			n = utf8_length(parser->p, parser->end);
			if (n == 0)
				return fail(parser, AZ_JSON_INVALID);
			if (out != NULL)
			{
				memcpy(out, parser->p, n);
				out += n;
			}
			parser->p += n;
			continue;
		}
		if (out == NULL)
		{
			/* no string is longer than the text that it is written in */
			if (parser->scratch == NULL)
				parser->scratch = malloc(parser->size);
			if (parser->scratch == NULL)
				return fail(parser, AZ_JSON_NO_MEMORY);
			n = (size_t) (parser->p - start);
			memcpy(parser->scratch, start, n);
			out = parser->scratch + n;
		}
		parser->p++;
		out = take_escape(parser, out);
		if (out == NULL)
			return fail(parser, AZ_JSON_INVALID);
	}
	if (out != NULL)
		start = parser->scratch;
	else
		out = (char *) parser->p;
	*len = (size_t) (out - start);
	parser->p++;
	return start;
}

/* ---- numbers ---- */

static bool
take_digits(Parser *parser)
{
	const char *start = parser->p;

	while (peek(parser) >= '0' && peek(parser) <= '9')
		parser->p++;
	return parser->p > start;
}

/* The digits of an integer; false when it has more than 64 bits. */
static bool
read_integer(const char *digits, const char *end, bool negative, int64_t *value)
{
	*value = 0;
	for (; digits < end; digits++)
	{
		int			digit = *digits - '0';

		if (__builtin_mul_overflow(*value, 10, value) ||
			__builtin_add_overflow(*value, negative ? -digit : digit, value))
			return false;
	}
	return true;
}

/* The C library wants a terminator.  The locale of numbers is C. */
static AzJson *
make_real(Parser *parser, const char *start)
{
	size_t		len = (size_t) (parser->p - start);
	char		room[64];
	char	   *copy = len < sizeof(room) ? room : malloc(len + 1);
	double		real;

	if (copy == NULL)
		return fail(parser, AZ_JSON_NO_MEMORY);
	memcpy(copy, start, len);
	copy[len] = '\0';
	real = strtod(copy, NULL);
	if (copy != room)
		free(copy);
	if (!isfinite(real))
		return fail(parser, AZ_JSON_INVALID);
	return made(parser, az_json_make_real(real));
}

static AzJson *
parse_number(Parser *parser)
{
	const char *start = parser->p;
	bool		negative = take(parser, '-');
	const char *digits = parser->p;
	const char *end;
	int64_t		integer;

	if (!take(parser, '0') && !take_digits(parser))
		return fail(parser, AZ_JSON_INVALID);
	end = parser->p;
	if (take(parser, '.') && !take_digits(parser))
		return fail(parser, AZ_JSON_INVALID);
	if (take(parser, 'e') || take(parser, 'E'))
	{
		if (!take(parser, '+'))
			(void) take(parser, '-');
		if (!take_digits(parser))
			return fail(parser, AZ_JSON_INVALID);
	}
	if (parser->p > end)
		return make_real(parser, start);
	if (!read_integer(digits, end, negative, &integer))
		return fail(parser, AZ_JSON_INVALID);
	return made(parser, az_json_make_integer(integer));
}

/* ---- arrays, objects, everything ---- */

static bool
take_word(Parser *parser, const char *word)
{
	size_t		len = strlen(word);

	if ((size_t) (parser->end - parser->p) < len || memcmp(parser->p, word, len) != 0)
		return false;
	parser->p += len;
	return true;
}

static bool
parse_element(Parser *parser, AzJson *array)
{
	AzJson	   *value = parse_value(parser);

	return value != NULL &&
		(az_json_append(array, value) || fail(parser, AZ_JSON_NO_MEMORY));
}

/* RFC 7519, 4: one name twice refuses the whole. */
static bool
parse_member(Parser *parser, AzJson *object)
{
	size_t		len;
	const char *text;
	char	   *name;
	AzJson	   *value = NULL;
	bool		added = false;

	skip_space(parser);
	text = parse_string(parser, &len);
	if (text == NULL)
		return false;
	if (az_json_get(object, text, len) != NULL)
		return fail(parser, AZ_JSON_INVALID);
	skip_space(parser);
	if (!take(parser, ':'))
		return fail(parser, AZ_JSON_INVALID);

	/* the value may have escapes as well */
	name = malloc(len + 1);
	if (name == NULL)
		return fail(parser, AZ_JSON_NO_MEMORY);
	memcpy(name, text, len);
	value = parse_value(parser);
	if (value != NULL)
		added = az_json_add(object, name, len, value) ||
			fail(parser, AZ_JSON_NO_MEMORY);
	free(name);
	return added;
}

/* From the opening bracket on. */
static AzJson *
parse_container(Parser *parser, AzJson *container, char closing,
				bool (*parse_one) (Parser *, AzJson *))
{
	if (made(parser, container) == NULL)
		return NULL;
	parser->p++;
	skip_space(parser);
	if (take(parser, closing))
		return container;
	do
	{
		if (!parse_one(parser, container))
		{
			az_json_free(container);
			return NULL;
		}
		skip_space(parser);
	} while (take(parser, ','));
	if (take(parser, closing))
		return container;
	az_json_free(container);
	return fail(parser, AZ_JSON_INVALID);
}

static AzJson *
parse_nested(Parser *parser)
{
	AzJson	   *value;

	if (parser->depth == AZ_JSON_MAX_DEPTH)
		return fail(parser, AZ_JSON_TOO_DEEP);
	parser->depth++;
	if (peek(parser) == '{')
		value = parse_container(parser, az_json_make_object(), '}', parse_member);
	else
		value = parse_container(parser, az_json_make_array(), ']', parse_element);
	parser->depth--;
	return value;
}

static AzJson *
parse_value(Parser *parser)
{
	const char *text;
	size_t		len;

	skip_space(parser);
	switch (peek(parser))
	{
		case '{':
		case '[':
			return parse_nested(parser);
		case '"':
			text = parse_string(parser, &len);
			return text != NULL ? made(parser, az_json_make_string(text, len)) : NULL;
		case 't':
			if (take_word(parser, "true"))
				return az_json_make_true();
			break;
		case 'f':
			if (take_word(parser, "false"))
				return az_json_make_false();
			break;
		case 'n':
			if (take_word(parser, "null"))
				return az_json_make_null();
			break;
		default:
			return parse_number(parser);
	}
	return fail(parser, AZ_JSON_INVALID);
}

AzJsonStatus
az_json_parse(const char *text, size_t len, AzJson **root)
{
	Parser		parser = {text, text + len, 0, NULL, len, AZ_JSON_OK};
	AzJson	   *value = NULL;

	skip_space(&parser);
	if (peek(&parser) == '{' || peek(&parser) == '[')
		value = parse_nested(&parser);
	else
		fail(&parser, AZ_JSON_INVALID);
	if (value != NULL)
	{
		skip_space(&parser);
		if (parser.p != parser.end)
		{
			az_json_free(value);
			value = fail(&parser, AZ_JSON_INVALID);
		}
	}
	free(parser.scratch);
	*root = value;
	return parser.status;
}
