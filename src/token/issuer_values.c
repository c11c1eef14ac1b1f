/*-------------------------------------------------------------------------
 *
 * issuer_values.c
 *	  The values of options: each reader takes its own type strictly.
 *
 * A string is never taken for a list of one, a number never for a string.  An
 * option that has the wrong shape would otherwise loosen what an issuer may
 * do, silently.
 *
 *-------------------------------------------------------------------------
 */
#include "token/issuer_intern.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LEEWAY		INT64_C(86400)
#define MAX_SKEW		INT64_C(300)
#define MAX_MAX_AGE		(INT64_C(10) * 366 * 86400)

const char *
az_read_names(void *field, const AzJson *value, size_t *element)
{
	AzNames    *names = field;

	if (az_json_type(value) != AZ_JSON_ARRAY)
		return "Expected an array of strings.";
	az_names_free(names);
	return az_names_add_array(names, value, true, element);
}

const char *
az_read_actors(void *field, const AzJson *value, size_t *element)
{
	AzActors   *actors = field;

	actors->limited = true;
	return az_read_names(&actors->among, value, element);
}

const char *
az_read_algorithms(void *field, const AzJson *value, size_t *element)
{
	AzAlgs	   *algorithms = field;
	AzNames		names = {0};
	const char *why = az_read_names(&names, value, element);
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
	az_names_free(&names);
	if (why == NULL)
		*algorithms = all;
	return why;
}

const char *
az_read_boolean(void *field, const AzJson *value, size_t *element)
{
	bool	   *boolean = field;
	AzJsonType	type = az_json_type(value);

	if (type != AZ_JSON_TRUE && type != AZ_JSON_FALSE)
		return "Expected true or false.";
	*boolean = (type == AZ_JSON_TRUE);
	return NULL;
}

const char *
az_read_leeway(void *field, const AzJson *value, size_t *element)
{
	int64_t		seconds;

	if (!az_json_integer(value, &seconds) || seconds < 0 || seconds > MAX_LEEWAY)
		return "Expected an integer from 0 to 86400.";
	*(int64_t *) field = seconds;
	return NULL;
}

const char *
az_read_skew(void *field, const AzJson *value, size_t *element)
{
	int64_t		seconds;

	if (!az_json_integer(value, &seconds) || seconds < 0 || seconds > MAX_SKEW)
		return "Expected an integer from 0 to 300.";
	*(int64_t *) field = seconds;
	return NULL;
}

const char *
az_read_max_age(void *field, const AzJson *value, size_t *element)
{
	int64_t		seconds;

	if (!az_json_integer(value, &seconds) || seconds < 0 || seconds > MAX_MAX_AGE)
		return "Expected an integer from 0 to 316224000.";
	*(int64_t *) field = seconds;
	return NULL;
}

/* Which of the words is it?  -1: none. */
static int
read_word(const AzJson *value, const char *const *words, int n)
{
	size_t		len = 0;
	const char *text = az_json_string(value, &len);
	int			i;

	for (i = 0; i < n && text != NULL; i++)
	{
		if (strlen(words[i]) == len && memcmp(words[i], text, len) == 0)
			return i;
	}
	return -1;
}

const char *
az_read_bound_tokens(void *field, const AzJson *value, size_t *element)
{
	static const char *const words[] = {"refuse", "ignore"};
	int			word = read_word(value, words, 2);

	if (word < 0)
		return "Expected \"refuse\" or \"ignore\".";
	*(bool *) field = word == 1;
	return NULL;
}

const char *
az_read_overage(void *field, const AzJson *value, size_t *element)
{
	static const char *const words[] = {
		[AZ_OVERAGE_REFUSE] = "refuse",
		[AZ_OVERAGE_RAISE] = "raise",
		[AZ_OVERAGE_IGNORE] = "ignore"
	};
	int			word = read_word(value, words, 3);

	if (word < 0)
		return "Expected \"refuse\", \"raise\" or \"ignore\".";
	*(AzOverage *) field = (AzOverage) word;
	return NULL;
}

const char *
az_read_org_shape(void *field, const AzJson *value, size_t *element)
{
	static const char *const words[] = {
		[AZ_ORGS_PROPELAUTH] = "propelauth",
		[AZ_ORGS_SINGLE] = "single",
		[AZ_ORGS_CLERK] = "clerk",
		[AZ_ORGS_MAP] = "map",
		[AZ_ORGS_LIST] = "list",
		[AZ_ORGS_BY_ROLE] = "by_role"
	};
	int			word = read_word(value, words, 6);

	if (word < 0)
		return "Expected \"propelauth\", \"single\", \"clerk\", \"map\", \"list\" or \"by_role\".";
	*(AzOrgShape *) field = (AzOrgShape) word;
	return NULL;
}

const char *
az_read_string(void *field, const AzJson *value, size_t *element)
{
	char	  **string = field;
	size_t		len = 0;
	const char *text = az_json_string(value, &len);

	if (text == NULL || len == 0)
		return "Expected a string that is not empty.";
	free(*string);
	*string = az_copy_bytes(text, len);
	return *string != NULL ? NULL : az_out_of_memory;
}

const char *
az_read_uri(void *field, const AzJson *value, size_t *element)
{
	static const char *const schemes[] = {"https://", "http://"};
	size_t		len = 0;
	const char *text = az_json_string(value, &len);
	size_t		i;

	for (i = 0; text != NULL && i < sizeof(schemes) / sizeof(schemes[0]); i++)
	{
		size_t		scheme_len = strlen(schemes[i]);

		if (len > scheme_len && memcmp(text, schemes[i], scheme_len) == 0)
			return az_read_string(field, value, element);
	}
	return "Expected a string that starts with https:// or http://.";
}

const char *
az_read_audience_claims(void *field, const AzJson *value, size_t *element)
{
	if (az_json_type(value) == AZ_JSON_ARRAY && az_json_count(value) == 0)
		return "Expected at least one claim location.";
	return az_read_paths(field, value, element);
}
