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
	az_names_free(path);
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

const char *
az_read_path(void *field, const AzJson *value, size_t *element)
{
	static const char expected[] = "Expected a string or an array of strings, none of them empty.";
	AzPath	   *path = field;
	size_t		len = 0;
	const char *key = az_json_string(value, &len);

	az_path_free(path);
	if (key != NULL && len > 0)
		return az_names_add(path, key, len) ? NULL : az_out_of_memory;
	if (az_json_type(value) != AZ_JSON_ARRAY || az_json_count(value) == 0)
		return expected;
	return az_names_add_array(path, value, false, element);
}

const char *
az_read_paths(void *field, const AzJson *value, size_t *element)
{
	AzPaths    *paths = field;
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
		why = az_read_path(&paths->path[i], az_json_at(value, i), &key);
	*element = why != NULL ? i : 0;
	return why;
}

const AzJson *
az_claim_at(const AzJson *payload, const AzPath *path)
{
	const AzJson *value = payload;
	size_t		i;

	for (i = 0; i < path->n && value != NULL; i++)
		value = az_json_get(value, path->name[i].data, path->name[i].len);
	if (value == NULL || az_json_type(value) == AZ_JSON_NULL)
		return NULL;
	return value;
}
