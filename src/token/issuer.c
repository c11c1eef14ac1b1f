/*-------------------------------------------------------------------------
 *
 * issuer.c
 *	  Options in JSON to the struct that verify.c and claims.c obey.
 *
 * One table names every option, how it is read and where it goes.  The
 * defaults are themselves a layer of options, the lowest one, and stand
 * nowhere else.
 *
 * Every reader takes its own type strictly: a string is never taken for a
 * list of one, a number never for a string.  An option that is misspelled or
 * has the wrong shape would otherwise loosen what an issuer may do, silently.
 *
 *-------------------------------------------------------------------------
 */
#include "token/issuer.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LEEWAY		INT64_C(86400)
#define MAX_MAX_AGE		(INT64_C(10) * 366 * 86400)

static const char out_of_memory[] = "Out of memory.";

/* Where claims are found when nothing else is said. */
static const char defaults[] =
"{\"scope_claims\":[\"scope\",\"scp\"],"
"\"role_claims\":[\"roles\"],"
"\"permission_claims\":[\"permissions\"],"
"\"group_claims\":[\"groups\"],"
"\"org_claims\":[\"org_member_info\",\"org_id_to_org_member_info\"],"
"\"email_claim\":\"email\","
"\"owner_claim\":\"sub\","
"\"user_id_claim\":\"sub\"}";

/*
 * Readers replace one field by a value of the right type.  They return NULL,
 * or why the value was refused, and if it is an array, because of which
 * element, from 1; the field is then still fit to be freed.
 */
typedef const char *(*Reader) (void *field, const AzJson *value, size_t *element);

typedef struct Option
{
	const char *name;
	Reader		read;
	size_t		field;			/* offset in AzIssuer */
} Option;

static char *
copy_bytes(const char *data, size_t len)
{
	char	   *copy = malloc(len + 1);

	if (copy != NULL)
	{
		memcpy(copy, data, len);
		copy[len] = '\0';
	}
	return copy;
}

/* ---- lists of names and paths ---- */

static void
names_free(AzNames *names)
{
	size_t		i;

	for (i = 0; i < names->n; i++)
		free(names->name[i].data);
	free(names->name);
	memset(names, 0, sizeof(*names));
}

static void
paths_free(AzPaths *paths)
{
	size_t		i;

	for (i = 0; i < paths->n; i++)
		names_free(&paths->path[i]);
	free(paths->path);
	memset(paths, 0, sizeof(*paths));
}

static bool
names_add(AzNames *names, const char *data, size_t len)
{
	AzName	   *grown = realloc(names->name, (names->n + 1) * sizeof(AzName));
	char	   *copy;

	if (grown == NULL)
		return false;
	names->name = grown;
	copy = copy_bytes(data, len);
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

/* Append the members of an array, each a string that is not empty. */
static const char *
names_add_array(AzNames *names, const AzJson *array, bool distinct, size_t *element)
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
		if (!names_add(names, string, len))
			return out_of_memory;
	}
	*element = 0;
	return NULL;
}

/* ---- readers ---- */

static const char *
read_names(void *field, const AzJson *value, size_t *element)
{
	AzNames    *names = field;

	if (az_json_type(value) != AZ_JSON_ARRAY)
		return "Expected an array of strings.";
	names_free(names);
	return names_add_array(names, value, true, element);
}

static const char *
read_actors(void *field, const AzJson *value, size_t *element)
{
	AzActors   *actors = field;

	actors->limited = true;
	return read_names(&actors->among, value, element);
}

static const char *
read_algorithms(void *field, const AzJson *value, size_t *element)
{
	AzAlgs	   *algorithms = field;
	AzNames		names = {0};
	const char *why = read_names(&names, value, element);
	AzAlgs		all = 0;
	size_t		i;

	if (why == NULL && names.n == 0)
		why = "Expected at least one algorithm.";
	for (i = 0; i < names.n && why == NULL; i++)
	{
		AzAlgs		algs = az_algs_by_name(names.name[i].data, names.name[i].len);

		if (algs == 0)
		{
			why = "Unrecognized algorithm.";
			*element = i + 1;
		}
		all |= algs;
	}
	names_free(&names);
	if (why == NULL)
		*algorithms = all;
	return why;
}

/* A location is one key, or an array of keys from the outside inwards. */
static const char *
read_path(void *field, const AzJson *value, size_t *element)
{
	static const char expected[] = "Expected a string or an array of strings, none of them empty.";
	AzPath	   *path = field;
	size_t		len = 0;
	const char *key = az_json_string(value, &len);

	names_free(path);
	if (key != NULL && len > 0)
		return names_add(path, key, len) ? NULL : out_of_memory;
	if (az_json_type(value) != AZ_JSON_ARRAY || az_json_count(value) == 0)
		return expected;
	return names_add_array(path, value, false, element);
}

static const char *
read_paths(void *field, const AzJson *value, size_t *element)
{
	AzPaths    *paths = field;
	const char *why = NULL;
	size_t		key;
	size_t		i;
	size_t		n = az_json_count(value);

	if (az_json_type(value) != AZ_JSON_ARRAY)
		return "Expected an array of claim locations.";
	paths_free(paths);
	if (n == 0)
		return NULL;
	paths->path = calloc(n, sizeof(AzPath));
	if (paths->path == NULL)
		return out_of_memory;
	paths->n = n;
	for (i = 0; i < n && why == NULL; i++)
		why = read_path(&paths->path[i], az_json_at(value, i), &key);
	*element = why != NULL ? i : 0;
	return why;
}

static const char *
read_boolean(void *field, const AzJson *value, size_t *element)
{
	bool	   *boolean = field;
	AzJsonType	type = az_json_type(value);

	if (type != AZ_JSON_TRUE && type != AZ_JSON_FALSE)
		return "Expected true or false.";
	*boolean = (type == AZ_JSON_TRUE);
	return NULL;
}

static const char *
read_leeway(void *field, const AzJson *value, size_t *element)
{
	int64_t		seconds;

	if (!az_json_integer(value, &seconds) || seconds < 0 || seconds > MAX_LEEWAY)
		return "Expected an integer from 0 to 86400.";
	*(int64_t *) field = seconds;
	return NULL;
}

static const char *
read_max_age(void *field, const AzJson *value, size_t *element)
{
	int64_t		seconds;

	if (!az_json_integer(value, &seconds) || seconds < 0 || seconds > MAX_MAX_AGE)
		return "Expected an integer from 0 to 316224000.";
	*(int64_t *) field = seconds;
	return NULL;
}

static const char *
read_string(void *field, const AzJson *value, size_t *element)
{
	char	  **string = field;
	size_t		len = 0;
	const char *text = az_json_string(value, &len);

	if (text == NULL || len == 0)
		return "Expected a string that is not empty.";
	free(*string);
	*string = copy_bytes(text, len);
	return *string != NULL ? NULL : out_of_memory;
}

static const char *
read_uri(void *field, const AzJson *value, size_t *element)
{
	static const char *const schemes[] = {"https://", "http://"};
	size_t		len = 0;
	const char *text = az_json_string(value, &len);
	size_t		i;

	for (i = 0; text != NULL && i < sizeof(schemes) / sizeof(schemes[0]); i++)
	{
		size_t		scheme_len = strlen(schemes[i]);

		if (len > scheme_len && memcmp(text, schemes[i], scheme_len) == 0)
			return read_string(field, value, element);
	}
	return "Expected a string that starts with https:// or http://.";
}

/* ---- the options ---- */

#define OPTION(name, reader)	{#name, reader, offsetof(AzIssuer, name)}

static const Option options_table[] = {
	OPTION(algorithms, read_algorithms),
	OPTION(leeway_seconds, read_leeway),
	OPTION(max_age_seconds, read_max_age),
	OPTION(required_claims, read_names),
	OPTION(token_types, read_names),
	OPTION(key_id_required, read_boolean),
	OPTION(scope_claims, read_paths),
	OPTION(role_claims, read_paths),
	OPTION(permission_claims, read_paths),
	OPTION(group_claims, read_paths),
	OPTION(org_claims, read_paths),
	OPTION(owner_claim, read_path),
	OPTION(email_claim, read_path),
	OPTION(user_id_claim, read_path),
	OPTION(admin_groups, read_names),
	OPTION(admin_permissions, read_names),
	OPTION(actors, read_actors),
	OPTION(ceiling_required, read_boolean),
	OPTION(client, read_string),
	OPTION(jwks_uri, read_uri),
};

static const Option *
find_option(const char *name, size_t len)
{
	size_t		i;

	for (i = 0; i < sizeof(options_table) / sizeof(options_table[0]); i++)
	{
		if (strlen(options_table[i].name) == len &&
			memcmp(options_table[i].name, name, len) == 0)
			return &options_table[i];
	}
	return NULL;
}

/* Name and reason, the name cut between two UTF-8 characters if need be. */
static bool
refuse(AzOptionError *error, const char *name, size_t len, const char *why)
{
	if (len > sizeof(error->name) - 1)
	{
		len = sizeof(error->name) - 1;
		while (len > 0 && ((unsigned char) name[len] & 0xC0) == 0x80)
			len--;
	}
	memcpy(error->name, name, len);
	error->name[len] = '\0';
	error->why = why;
	error->no_memory = why == out_of_memory;
	error->element = 0;
	return false;
}

bool
az_issuer_apply(AzIssuer *issuer, const AzJson *options, AzOptionError *error)
{
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *value;

	if (az_json_type(options) != AZ_JSON_OBJECT)
		return refuse(error, "", 0, "Options must be a JSON object.");

	while ((iter = az_json_next(options, iter, &name, &len, &value)) != NULL)
	{
		const Option *option = find_option(name, len);
		size_t		element = 0;
		const char *why;

		if (option == NULL)
			return refuse(error, name, len, NULL);
		if (az_json_type(value) == AZ_JSON_NULL)
			continue;
		why = option->read((char *) issuer + option->field, value, &element);
		if (why != NULL)
		{
			refuse(error, name, len, why);
			error->element = element;
			return false;
		}
	}
	return true;
}

const char *
az_option_name(size_t i)
{
	return i < sizeof(options_table) / sizeof(options_table[0]) ? options_table[i].name : NULL;
}

/* ---- the issuer itself ---- */

static bool
apply_defaults(AzIssuer *issuer)
{
	AzJson	   *options;
	AzOptionError error;
	bool		ok;

	if (az_json_parse(defaults, sizeof(defaults) - 1, &options) != AZ_JSON_OK)
		return false;
	ok = az_issuer_apply(issuer, options, &error);
	az_json_free(options);
	return ok;
}

AzIssuer *
az_issuer_new(const char *name, size_t len)
{
	AzIssuer   *issuer = calloc(1, sizeof(AzIssuer));

	if (issuer == NULL)
		return NULL;
	issuer->issuer = copy_bytes(name, len);
	issuer->issuer_len = len;
	if (issuer->issuer == NULL || !apply_defaults(issuer))
	{
		az_issuer_free(issuer);
		return NULL;
	}
	return issuer;
}

void
az_issuer_free(AzIssuer *issuer)
{
	size_t		i;

	if (issuer == NULL)
		return;
	for (i = 0; i < issuer->nkeys; i++)
		az_key_free(issuer->keys[i]);
	free(issuer->keys);
	free(issuer->issuer);
	names_free(&issuer->audience);
	names_free(&issuer->required_claims);
	names_free(&issuer->token_types);
	paths_free(&issuer->scope_claims);
	paths_free(&issuer->role_claims);
	paths_free(&issuer->permission_claims);
	paths_free(&issuer->group_claims);
	paths_free(&issuer->org_claims);
	names_free(&issuer->owner_claim);
	names_free(&issuer->email_claim);
	names_free(&issuer->user_id_claim);
	names_free(&issuer->admin_groups);
	names_free(&issuer->admin_permissions);
	names_free(&issuer->actors.among);
	free(issuer->client);
	free(issuer->jwks_uri);
	free(issuer);
}

bool
az_issuer_add_audience(AzIssuer *issuer, const char *audience, size_t len)
{
	return names_add(&issuer->audience, audience, len);
}

bool
az_issuer_add_key(AzIssuer *issuer, AzKey *key)
{
	AzKey	  **grown = realloc(issuer->keys, (issuer->nkeys + 1) * sizeof(AzKey *));

	if (grown == NULL)
	{
		az_key_free(key);
		return false;
	}
	issuer->keys = grown;
	issuer->keys[issuer->nkeys++] = key;
	return true;
}

void
az_issuer_drop_key(AzIssuer *issuer, AzKey *key)
{
	size_t		i;

	for (i = 0; i < issuer->nkeys && issuer->keys[i] != key; i++)
		;
	if (i == issuer->nkeys)
		return;
	issuer->nkeys--;
	memmove(&issuer->keys[i], &issuer->keys[i + 1],
			(issuer->nkeys - i) * sizeof(AzKey *));
	az_key_free(key);
}
