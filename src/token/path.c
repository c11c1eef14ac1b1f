/*-------------------------------------------------------------------------
 *
 * path.c
 *	  Lists of names, and where in a payload a claim stands.
 *
 *-------------------------------------------------------------------------
 */
#include "token/path.h"

#include <stdlib.h>
#include <string.h>

const char	az_out_of_memory[] = "Out of memory.";

char *
az_copy_bytes(const char *data, size_t len)
{
	char	   *copy = malloc(len + 1);

	if (copy != NULL)
	{
		memcpy(copy, data, len);
		copy[len] = '\0';
	}
	return copy;
}

/* ---- names ---- */

void
az_names_free(AzNames *names)
{
	size_t		i;

	for (i = 0; i < names->n; i++)
		free(names->name[i].data);
	free(names->name);
	memset(names, 0, sizeof(*names));
}

bool
az_names_add(AzNames *names, const char *data, size_t len)
{
	AzName	   *grown = realloc(names->name, (names->n + 1) * sizeof(AzName));
	char	   *copy;

	if (grown == NULL)
		return false;
	names->name = grown;
	copy = az_copy_bytes(data, len);
	if (copy == NULL)
		return false;
	grown[names->n].data = copy;
	grown[names->n].len = len;
	names->n++;
	return true;
}

bool
az_names_has(const AzNames *names, const char *name, size_t len)
{
	size_t		i;

	for (i = 0; i < names->n; i++)
	{
		if (names->name[i].len == len &&
			memcmp(names->name[i].data, name, len) == 0)
			return true;
	}
	return false;
}

void
az_names_drop(AzNames *names, const char *name)
{
	size_t		i;

	for (i = 0; i < names->n; i++)
	{
		if (strcmp(names->name[i].data, name) != 0)
			continue;
		free(names->name[i].data);
		names->n--;
		memmove(&names->name[i], &names->name[i + 1], (names->n - i) * sizeof(AzName));
		return;
	}
}

const char *
az_names_add_array(AzNames *names, const AzJson *array, bool distinct, size_t *element)
{
	size_t		i;
	size_t		n = az_json_count(array);

	for (i = 0; i < n; i++)
	{
		size_t		len = 0;
		const char *string = az_json_string(az_json_at(array, i), &len);

		*element = i + 1;
		if (string == NULL)
			return "Expected an array of strings.";
		if (len == 0)
			return "A string in the array is empty.";
		if (distinct && az_names_has(names, string, len))
			return "A string occurs in the array twice.";
		if (!az_names_add(names, string, len))
			return az_out_of_memory;
	}
	*element = 0;
	return NULL;
}

/* ---- paths ---- */

void
az_path_free(AzPath *path)
{
	AzNames		names = {path->n, path->name};

	az_names_free(&names);
	memset(path, 0, sizeof(*path));
}

void
az_paths_free(AzPaths *paths)
{
	size_t		i;

	for (i = 0; i < paths->n; i++)
		az_path_free(&paths->path[i]);
	free(paths->path);
	memset(paths, 0, sizeof(*paths));
}

bool
az_path_is(const AzPath *path, const char *name)
{
	return path->n == 1 && !path->keys && strcmp(path->name[0].data, name) == 0;
}

bool
az_path_begins(const AzPath *path, const AzPath *start)
{
	size_t		i;

	if (path->n < start->n)
		return false;
	for (i = 0; i < start->n; i++)
	{
		if (path->name[i].len != start->name[i].len ||
			memcmp(path->name[i].data, start->name[i].data, start->name[i].len) != 0)
			return false;
	}
	return true;
}

/*
 * Read the keys of the location; "expected" is returned where it is not one at
 * all.
 */
static const char *
read_keys(AzPath *path, const AzJson *value, const char *expected, size_t *element)
{
	AzNames		names = {0};
	size_t		len = 0;
	const char *key = az_json_string(value, &len);
	const char *why = NULL;

	if (key != NULL && len > 0)
		why = az_names_add(&names, key, len) ? NULL : az_out_of_memory;
	else if (az_json_type(value) != AZ_JSON_ARRAY || az_json_count(value) == 0)
		why = expected;
	else
		why = az_names_add_array(&names, value, false, element);
	path->n = names.n;
	path->name = names.name;
	return why;
}

const char *
az_read_path(void *field, const AzJson *value, size_t *element)
{
	AzPath	   *path = field;

	az_path_free(path);
	return read_keys(path, value,
					 "Expected a string or an array of strings, none of them empty.",
					 element);
}

const char *
az_read_list_path(void *field, const AzJson *value, size_t *element)
{
	static const char expected[] = "Expected a string, an array of strings, none of them empty, or {\"path\": location, \"keys\": true}.";
	AzPath	   *path = field;
	const AzJson *keys = az_json_get_z(value, "keys");
	size_t		inside;
	const char *why;

	az_path_free(path);
	if (az_json_type(value) != AZ_JSON_OBJECT)
		return read_keys(path, value, expected, element);
	if (az_json_count(value) != 2 || keys == NULL || az_json_type(keys) != AZ_JSON_TRUE ||
		az_json_get_z(value, "path") == NULL)
		return expected;
	why = read_keys(path, az_json_get_z(value, "path"), expected, &inside);
	path->keys = true;
	return why;
}

typedef const char *(*PathReader) (void *field, const AzJson *value, size_t *element);

static const char *
read_array(AzPaths *paths, const AzJson *value, PathReader read, size_t *element)
{
	const char *why = NULL;
	size_t		key;
	size_t		i;
	size_t		n = az_json_count(value);

	if (az_json_type(value) != AZ_JSON_ARRAY)
		return "Expected an array of claim locations.";
	az_paths_free(paths);
	if (n == 0)
		return NULL;
	paths->path = calloc(n, sizeof(AzPath));
	if (paths->path == NULL)
		return az_out_of_memory;
	paths->n = n;
	for (i = 0; i < n && why == NULL; i++)
		why = read(&paths->path[i], az_json_at(value, i), &key);
	*element = why != NULL ? i : 0;
	return why;
}

const char *
az_read_paths(void *field, const AzJson *value, size_t *element)
{
	return read_array(field, value, az_read_path, element);
}

const char *
az_read_list_paths(void *field, const AzJson *value, size_t *element)
{
	return read_array(field, value, az_read_list_path, element);
}

static bool
has_array(const AzJson *array)
{
	size_t		i;

	for (i = 0; i < az_json_count(array); i++)
	{
		if (az_json_type(az_json_at(array, i)) == AZ_JSON_ARRAY)
			return true;
	}
	return false;
}

const char *
az_read_first_path(void *field, const AzJson *value, size_t *element)
{
	AzPaths    *paths = field;

	if (az_json_type(value) == AZ_JSON_ARRAY && has_array(value))
		return az_read_paths(field, value, element);
	az_paths_free(paths);
	paths->path = calloc(1, sizeof(AzPath));
	if (paths->path == NULL)
		return az_out_of_memory;
	paths->n = 1;
	return az_read_path(&paths->path[0], value, element);
}

const AzJson *
az_claim_at(const AzJson *payload, const AzPath *path)
{
	const AzJson *value = payload;
	size_t		i;

	for (i = 0; i < path->n && value != NULL; i++)
		value = az_json_get(value, path->name[i].data, path->name[i].len);
	return az_json_is_given(value) ? value : NULL;
}

const AzPath *
az_first_path(const AzJson *payload, const AzPaths *paths)
{
	size_t		i;

	for (i = 0; i < paths->n; i++)
	{
		if (az_claim_at(payload, &paths->path[i]) != NULL)
			return &paths->path[i];
	}
	return NULL;
}
