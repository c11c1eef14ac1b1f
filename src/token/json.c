/*-------------------------------------------------------------------------
 *
 * json.c
 *	  JSON text to an opaque, read-only tree; the only user of jansson.
 *
 * An AzJson is a json_t under another name, so that no other file sees
 * jansson's header.  We call decoding functions only: json_object() is also
 * a symbol of the PostgreSQL server, and ours would reach that one.
 *
 * jansson draws the seed of its hash tables when it makes the first object
 * of a process, and never again.  So nothing may be parsed in a process that
 * forks afterwards (the postmaster, when the library is preloaded): the
 * children would share the seed, and one could learn it for the others.
 *
 *-------------------------------------------------------------------------
 */
#include "json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

static const json_t *
tree(const AzJson *value)
{
	return (const json_t *) value;
}

static const AzJson *
branch(const json_t *value)
{
	return (const AzJson *) value;
}

/*
 * What a text holds, counted without regard to order.  When memory runs out
 * while jansson collects a string or a number it drops a byte and goes on, so
 * a tree is believed only if it holds what the text does.
 */
typedef struct Census
{
	size_t		deepest;
	size_t		string_bytes;	/* of all strings and names, decoded */
	uint64_t	integers;		/* sum */
	uint64_t	reals;			/* sum of their bits */
} Census;

static void
count_real(Census *census, double real)
{
	uint64_t	bits;

	memcpy(&bits, &real, sizeof(bits));
	census->reals += bits;
}

/* Four hexadecimal digits; any number for other characters. */
static unsigned int
code_unit(const char *text)
{
	unsigned int unit = 0;
	int			i;

	for (i = 0; i < 4; i++)
	{
		char		c = text[i];

		unit = unit << 4 | (unsigned int) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return unit & 0xffff;
}

/*
 * A string from behind its opening quote; returns the place of the closing
 * one, or len.  A surrogate stands for half of the four bytes of its pair.
 */
static size_t
survey_string(const char *text, size_t len, size_t i, Census *census)
{
	while (i < len && text[i] != '"')
	{
		unsigned int unit = 0;

		if (text[i] == '\\' && i + 5 < len && text[i + 1] == 'u')
		{
			unit = code_unit(text + i + 2);
			i += 5;
		}
		else if (text[i] == '\\')
			i++;
		i++;
		census->string_bytes += unit < 0x80 ? 1 :
			(unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) ? 2 : 3;
	}
	return i;
}

/* A number; returns the place behind it. */
static size_t
survey_number(const char *text, size_t len, size_t start, Census *census)
{
	char		copy[64];
	bool		real = false;
	bool		negative = text[start] == '-';
	uint64_t	integer = 0;
	size_t		i;

	for (i = start; i < len; i++)
	{
		char		c = text[i];

		if (c >= '0' && c <= '9')
			integer = integer * 10 + (uint64_t) (c - '0');
		else if (c == '.' || c == 'e' || c == 'E')
			real = true;
		else if (c != '-' && c != '+')
			break;
	}
	if (!real)
		census->integers += negative ? 0 - integer : integer;
	else if (i - start < sizeof(copy))
	{
		memcpy(copy, text + start, i - start);
		copy[i - start] = '\0';
		count_real(census, strtod(copy, NULL));
	}
	else
	{
		char	   *long_copy = strndup(text + start, i - start);

		/* without memory the sums differ, and the tree is not believed */
		if (long_copy != NULL)
			count_real(census, strtod(long_copy, NULL));
		free(long_copy);
	}
	return i;
}

/* In text that is not JSON the outcome is of no consequence. */
static void
survey_text(const char *text, size_t len, Census *census)
{
	size_t		depth = 0;
	size_t		i = 0;

	while (i < len)
	{
		char		c = text[i];

		if (c == '-' || (c >= '0' && c <= '9'))
		{
			i = survey_number(text, len, i, census);
			continue;
		}
		if (c == '"')
			i = survey_string(text, len, i + 1, census);
		else if (c == '[' || c == '{')
		{
			if (++depth > census->deepest)
				census->deepest = depth;
		}
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		i++;
	}
}

/* No deeper than the text, which was looked at before. */
static void
survey_tree(const AzJson *value, Census *census)
{
	const AzJson *member;
	const char *name;
	size_t		len;
	size_t		i;
	void	   *iter = NULL;

	switch (az_json_type(value))
	{
		case AZ_JSON_STRING:
			census->string_bytes += json_string_length(tree(value));
			break;
		case AZ_JSON_INTEGER:
			census->integers += (uint64_t) json_integer_value(tree(value));
			break;
		case AZ_JSON_REAL:
			count_real(census, json_real_value(tree(value)));
			break;
		case AZ_JSON_ARRAY:
			for (i = 0; i < az_json_count(value); i++)
				survey_tree(az_json_at(value, i), census);
			break;
		case AZ_JSON_OBJECT:
			while ((iter = az_json_next(value, iter, &name, &len, &member)) != NULL)
			{
				census->string_bytes += len;
				survey_tree(member, census);
			}
			break;
		case AZ_JSON_NULL:
		case AZ_JSON_FALSE:
		case AZ_JSON_TRUE:
			break;
	}
}

static bool
same_content(const Census *a, const Census *b)
{
	return a->string_bytes == b->string_bytes && a->integers == b->integers &&
		a->reals == b->reals;
}

AzJsonStatus
az_json_parse(const char *text, size_t len, AzJson **root)
{
	Census		expected = {0, 0, 0, 0};
	Census		found = {0, 0, 0, 0};
	json_error_t error;

	*root = NULL;

	/* jansson loses a NUL byte that follows a number, and goes on */
	if (memchr(text, '\0', len) != NULL)
		return AZ_JSON_INVALID;
	/* its own limit of depth is 2048, and it recurses */
	survey_text(text, len, &expected);
	if (expected.deepest > AZ_JSON_MAX_DEPTH)
		return AZ_JSON_TOO_DEEP;

	*root = (AzJson *) json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (*root != NULL)
	{
		survey_tree(*root, &found);
		if (same_content(&expected, &found))
			return AZ_JSON_OK;
		az_json_free(*root);
		*root = NULL;
		return AZ_JSON_NO_MEMORY;
	}

	/* jansson leaves the text empty on some paths that ran out of memory */
	if (error.text[0] == '\0' ||
		json_error_code(&error) == json_error_out_of_memory)
		return AZ_JSON_NO_MEMORY;
	return AZ_JSON_INVALID;
}

void
az_json_free(AzJson *root)
{
	json_decref((json_t *) root);
}

AzJsonType
az_json_type(const AzJson *value)
{
	switch (json_typeof(tree(value)))
	{
		case JSON_OBJECT:
			return AZ_JSON_OBJECT;
		case JSON_ARRAY:
			return AZ_JSON_ARRAY;
		case JSON_STRING:
			return AZ_JSON_STRING;
		case JSON_INTEGER:
			return AZ_JSON_INTEGER;
		case JSON_REAL:
			return AZ_JSON_REAL;
		case JSON_TRUE:
			return AZ_JSON_TRUE;
		case JSON_FALSE:
			return AZ_JSON_FALSE;
		case JSON_NULL:
			break;
	}
	return AZ_JSON_NULL;
}

size_t
az_json_count(const AzJson *value)
{
	if (json_is_array(tree(value)))
		return json_array_size(tree(value));
	return json_object_size(tree(value));
}

const AzJson *
az_json_get(const AzJson *object, const char *name, size_t len)
{
	return branch(json_object_getn(tree(object), name, len));
}

const AzJson *
az_json_at(const AzJson *array, size_t i)
{
	return branch(json_array_get(tree(array), i));
}

void *
az_json_next(const AzJson *object, void *iter,
			 const char **name, size_t *name_len, const AzJson **value)
{
	/* jansson wants to write neither, it just does not say so */
	json_t	   *members = (json_t *) object;

	if (iter == NULL)
		iter = json_object_iter(members);
	else
		iter = json_object_iter_next(members, iter);
	if (iter == NULL)
		return NULL;

	*name = json_object_iter_key(iter);
	*name_len = json_object_iter_key_len(iter);
	*value = branch(json_object_iter_value(iter));
	return iter;
}

const char *
az_json_string(const AzJson *value, size_t *len)
{
	if (!json_is_string(tree(value)))
		return NULL;
	*len = json_string_length(tree(value));
	return json_string_value(tree(value));
}

bool
az_json_get_string(const AzJson *object, const char *name,
				   const char **text, size_t *len)
{
	const AzJson *value = az_json_get_z(object, name);

	*text = NULL;
	*len = 0;
	if (value == NULL)
		return true;
	*text = az_json_string(value, len);
	return *text != NULL;
}

bool
az_json_integer(const AzJson *value, int64_t *out)
{
	if (!json_is_integer(tree(value)))
		return false;
	*out = json_integer_value(tree(value));
	return true;
}

bool
az_json_number(const AzJson *value, double *out)
{
	if (!json_is_number(tree(value)))
		return false;
	*out = json_number_value(tree(value));
	return true;
}

/*
 * The shortest %g that reads back.  Up to 15 digits survive the way into a
 * double and back, so that the search can start there; a subnormal number
 * has fewer.
 */
static size_t
real_text(double real, char *buf)
{
	int			digits = fabs(real) < DBL_MIN ? 1 : 15;
	int			len;

	do
		len = snprintf(buf, AZ_JSON_NUMBER_MAX, "%.*g", digits, real);
	while (strtod(buf, NULL) != real && ++digits <= 17);

	if (strpbrk(buf, ".e") == NULL)
		len += snprintf(buf + len, AZ_JSON_NUMBER_MAX - (size_t) len, ".0");
	return (size_t) len;
}

size_t
az_json_number_text(const AzJson *value, char *buf)
{
	if (json_is_real(tree(value)))
		return real_text(json_real_value(tree(value)), buf);
	if (json_is_integer(tree(value)))
		return (size_t) snprintf(buf, AZ_JSON_NUMBER_MAX, "%" JSON_INTEGER_FORMAT,
								 json_integer_value(tree(value)));
	return 0;
}
