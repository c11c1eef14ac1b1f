/*-------------------------------------------------------------------------
 *
 * json.c
 *	  An opaque, read-only tree of JSON values.
 *
 * An AzJson is a json_t under another name, so that no file but this one sees
 * jansson's header.
 *
 * jansson draws the seed of its hash tables when it makes the first object
 * of a process, and never again.  So nothing may be parsed in a process that
 * forks afterwards (the postmaster, when the library is preloaded): the
 * children would share the seed, and one could learn it for the others.
 *
 * An empty object comes from json_pack(), since json_object() is a symbol of
 * the PostgreSQL server, too, and our call would reach that one.
 *
 *-------------------------------------------------------------------------
 */
#include "token/json_make.h"

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

void
az_json_free(AzJson *root)
{
	json_decref((json_t *) root);
}

const char *
az_json_version(void)
{
	return jansson_version_str();
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
	/* jansson writes to neither, but its arguments are not const */
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

/* ---- making values ---- */

static AzJson *
made(json_t *value)
{
	return (AzJson *) value;
}

AzJson *
az_json_make_object(void)
{
	return made(json_pack("{}"));
}

AzJson *
az_json_make_array(void)
{
	return made(json_pack("[]"));
}

AzJson *
az_json_make_string(const char *text, size_t len)
{
	return made(json_stringn_nocheck(text, len));
}

AzJson *
az_json_make_integer(int64_t integer)
{
	return made(json_integer(integer));
}

AzJson *
az_json_make_real(double real)
{
	return made(json_real(real));
}

AzJson *
az_json_make_true(void)
{
	return made(json_true());
}

AzJson *
az_json_make_false(void)
{
	return made(json_false());
}

AzJson *
az_json_make_null(void)
{
	return made(json_null());
}

bool
az_json_append(AzJson *array, AzJson *value)
{
	return json_array_append_new((json_t *) array, (json_t *) value) == 0;
}

bool
az_json_add(AzJson *object, const char *name, size_t len, AzJson *value)
{
	return json_object_setn_new_nocheck((json_t *) object, name, len,
										(json_t *) value) == 0;
}
