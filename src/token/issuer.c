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
#define MAX_SKEW		INT64_C(300)
#define MAX_MAX_AGE		(INT64_C(10) * 366 * 86400)

/* Where claims are found when nothing else is said. */
static const char defaults[] =
"{\"audience_claims\":[\"aud\"],"
"\"scope_claims\":[\"scope\",\"scp\"],"
"\"role_claims\":[\"roles\"],"
"\"permission_claims\":[\"permissions\"],"
"\"group_claims\":[\"groups\"],"
"\"org_claims\":[\"org_member_info\",\"org_id_to_org_member_info\"],"
"\"client_id_claims\":[\"azp\",\"client_id\"],"
"\"email_claim\":\"email\","
"\"owner_claim\":\"sub\","
"\"user_id_claim\":\"sub\","
"\"session_claim\":\"sid\","
"\"org_name_claim\":\"org_name\","
"\"org_role_claims\":[\"org_role\"],"
"\"org_permission_claims\":[\"org_permissions\"]}";

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
	bool		is_new;			/* 1.0 has not got it */
} Option;

/* ---- readers ---- */

static const char *
read_names(void *field, const AzJson *value, size_t *element)
{
	AzNames    *names = field;

	if (az_json_type(value) != AZ_JSON_ARRAY)
		return "Expected an array of strings.";
	az_names_free(names);
	return az_names_add_array(names, value, true, element);
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
	az_names_free(&names);
	if (why == NULL)
		*algorithms = all;
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
read_skew(void *field, const AzJson *value, size_t *element)
{
	int64_t		seconds;

	if (!az_json_integer(value, &seconds) || seconds < 0 || seconds > MAX_SKEW)
		return "Expected an integer from 0 to 300.";
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

static const char *
read_bound_tokens(void *field, const AzJson *value, size_t *element)
{
	static const char *const words[] = {"refuse", "ignore"};
	int			word = read_word(value, words, 2);

	if (word < 0)
		return "Expected \"refuse\" or \"ignore\".";
	*(bool *) field = word == 1;
	return NULL;
}

static const char *
read_overage(void *field, const AzJson *value, size_t *element)
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

static const char *
read_org_shape(void *field, const AzJson *value, size_t *element)
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

static const char *
read_string(void *field, const AzJson *value, size_t *element)
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

static const char *
read_audience_claims(void *field, const AzJson *value, size_t *element)
{
	if (az_json_type(value) == AZ_JSON_ARRAY && az_json_count(value) == 0)
		return "Expected at least one claim location.";
	return az_read_paths(field, value, element);
}

/* ---- the options ---- */

#define OPTION(name, reader)	{#name, reader, offsetof(AzIssuer, name), false}
#define NEW_OPTION(name, reader)	{#name, reader, offsetof(AzIssuer, name), true}

static const Option options_table[] = {
	OPTION(algorithms, read_algorithms),
	OPTION(leeway_seconds, read_leeway),
	NEW_OPTION(skew_seconds, read_skew),
	OPTION(max_age_seconds, read_max_age),
	NEW_OPTION(unnamed, read_boolean),
	NEW_OPTION(audience_claims, read_audience_claims),
	NEW_OPTION(merge_audience, read_boolean),
	NEW_OPTION(audience_optional, read_boolean),
	OPTION(required_claims, read_names),
	NEW_OPTION(claim_values, az_read_demands),
	OPTION(token_types, read_names),
	NEW_OPTION(token_type_required, read_boolean),
	{"bound_tokens", read_bound_tokens, offsetof(AzIssuer, ignore_bound_tokens), true},
	NEW_OPTION(groups_overage, read_overage),
	OPTION(key_id_required, read_boolean),
	OPTION(scope_claims, az_read_list_paths),
	OPTION(role_claims, az_read_list_paths),
	OPTION(permission_claims, az_read_list_paths),
	OPTION(group_claims, az_read_list_paths),
	NEW_OPTION(merge_claims, read_boolean),
	OPTION(org_claims, az_read_paths),
	NEW_OPTION(org_shape, read_org_shape),
	NEW_OPTION(org_id_claim, az_read_first_path),
	NEW_OPTION(org_name_claim, az_read_first_path),
	NEW_OPTION(org_role_claims, az_read_list_paths),
	NEW_OPTION(org_permission_claims, az_read_list_paths),
	OPTION(owner_claim, az_read_path),
	OPTION(email_claim, az_read_path),
	OPTION(user_id_claim, az_read_path),
	NEW_OPTION(client_id_claims, az_read_paths),
	NEW_OPTION(session_claim, az_read_path),
	OPTION(admin_groups, read_names),
	OPTION(admin_permissions, read_names),
	NEW_OPTION(actors, read_actors),
	NEW_OPTION(ceiling_required, read_boolean),
	OPTION(client, read_string),
	{"application", read_string, offsetof(AzIssuer, client), true},
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
	error->no_memory = why == az_out_of_memory;
	error->element = 0;
	return false;
}

static bool
is_given(const AzJson *options, const char *name)
{
	const AzJson *value = az_json_get_z(options, name);

	return value != NULL && az_json_type(value) != AZ_JSON_NULL;
}

static bool
has_usual_audience(const AzIssuer *issuer)
{
	return issuer->audience_claims.n == 1 &&
		az_path_is(&issuer->audience_claims.path[0], "aud");
}

/* What the layer puts in the place of a claim; it may still require both. */
static void
drop_replaced(AzIssuer *issuer, const AzJson *options)
{
	if (is_given(options, "required_claims"))
		return;
	if (is_given(options, "audience_claims") && !has_usual_audience(issuer))
		az_names_drop(&issuer->required_claims, "aud");
	if (is_given(options, "unnamed") && issuer->unnamed)
		az_names_drop(&issuer->required_claims, "iss");
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
	if (is_given(options, "client") && is_given(options, "application"))
		return refuse(error, "application", strlen("application"),
					  "It is the option client by another name; set one of them, the other to null.");
	drop_replaced(issuer, options);
	return true;
}

/* A claim that is required, and must be absent; NULL: there is none. */
static const char *
impossible_claim(const AzIssuer *issuer)
{
	size_t		i;

	for (i = 0; i < issuer->claim_values.n; i++)
	{
		const AzDemand *demand = &issuer->claim_values.demand[i];
		const AzName *name = &demand->claim.name[0];

		if (demand->kind == AZ_ABSENT && demand->claim.n == 1 &&
			az_demand_is_alone(&issuer->claim_values, i) &&
			(strcmp(name->data, "exp") == 0 ||
			 az_names_has(&issuer->required_claims, name->data, name->len)))
			return name->data;
	}
	return NULL;
}

bool
az_issuer_check(const AzIssuer *issuer, AzOptionError *error)
{
	static const char by_audience[] = "Tokens of this profile choose their issuer by the claim aud.";
	const char *option = NULL;
	const char *why = NULL;

	if (issuer->unnamed && issuer->by_audience)
		option = "unnamed", why = by_audience;
	else if (issuer->by_audience && !has_usual_audience(issuer))
		option = "audience_claims", why = by_audience;
	else if (issuer->unnamed && az_names_has(&issuer->required_claims, "iss", 3))
		option = "unnamed", why = "Option required_claims demands the claim iss, which the tokens of such an issuer lack.";
	else if (impossible_claim(issuer) != NULL)
		option = "claim_values", why = "A claim that must be absent is required, too.";
	return option == NULL || refuse(error, option, strlen(option), why);
}

const char *
az_new_option(const AzJson *options)
{
	void	   *iter = NULL;
	const char *name;
	size_t		len;
	const AzJson *value;

	while ((iter = az_json_next(options, iter, &name, &len, &value)) != NULL)
	{
		const Option *option = find_option(name, len);

		if (option != NULL && option->is_new)
			return option->name;
	}
	return NULL;
}

const char *
az_option_name(size_t i)
{
	return i < sizeof(options_table) / sizeof(options_table[0]) ? options_table[i].name : NULL;
}

/* ---- media types ---- */

static inline char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static bool
equal_without_case(const char *a, const char *b, size_t len)
{
	size_t		i;

	for (i = 0; i < len && lower(a[i]) == lower(b[i]); i++)
		;
	return i == len;
}

/* Take "application/" off, unless there is nothing behind it, or another "/". */
static void
shorten_type(const char **type, size_t *len)
{
	static const char prefix[] = "application/";
	const size_t n = sizeof(prefix) - 1;

	if (*len <= n || !equal_without_case(*type, prefix, n) ||
		memchr(*type + n, '/', *len - n) != NULL)
		return;
	*type += n;
	*len -= n;
}

bool
az_issuer_takes_type(const AzIssuer *issuer, const char *typ, size_t len)
{
	size_t		i;

	shorten_type(&typ, &len);
	for (i = 0; i < issuer->token_types.n; i++)
	{
		const char *accepted = issuer->token_types.name[i].data;
		size_t		accepted_len = issuer->token_types.name[i].len;

		shorten_type(&accepted, &accepted_len);
		if (accepted_len == len && equal_without_case(accepted, typ, len))
			return true;
	}
	return false;
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
	issuer->issuer = az_copy_bytes(name, len);
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
	az_names_free(&issuer->audience);
	az_paths_free(&issuer->audience_claims);
	az_names_free(&issuer->required_claims);
	az_demands_free(&issuer->claim_values);
	az_names_free(&issuer->token_types);
	az_paths_free(&issuer->scope_claims);
	az_paths_free(&issuer->role_claims);
	az_paths_free(&issuer->permission_claims);
	az_paths_free(&issuer->group_claims);
	az_paths_free(&issuer->org_claims);
	az_paths_free(&issuer->org_id_claim);
	az_paths_free(&issuer->org_name_claim);
	az_paths_free(&issuer->org_role_claims);
	az_paths_free(&issuer->org_permission_claims);
	az_path_free(&issuer->owner_claim);
	az_path_free(&issuer->email_claim);
	az_path_free(&issuer->user_id_claim);
	az_paths_free(&issuer->client_id_claims);
	az_path_free(&issuer->session_claim);
	az_names_free(&issuer->admin_groups);
	az_names_free(&issuer->admin_permissions);
	az_names_free(&issuer->actors.among);
	free(issuer->client);
	free(issuer->jwks_uri);
	free(issuer);
}

bool
az_issuer_add_audience(AzIssuer *issuer, const char *audience, size_t len)
{
	return az_names_add(&issuer->audience, audience, len);
}

static bool
comes_before(const AzKey *a, const AzKey *b)
{
	int			order;

	if (az_key_added(a) != az_key_added(b))
		return az_key_added(a) > az_key_added(b);
	order = strcmp(az_key_thumbprint(a), az_key_thumbprint(b));
	if (order != 0 || az_key_kid(a) == NULL)
		return order < 0;
	return az_key_kid(b) == NULL || strcmp(az_key_kid(a), az_key_kid(b)) < 0;
}

bool
az_issuer_add_key(AzIssuer *issuer, AzKey *key)
{
	AzKey	  **grown = realloc(issuer->keys, (issuer->nkeys + 1) * sizeof(AzKey *));
	size_t		i;

	if (grown == NULL)
	{
		az_key_free(key);
		return false;
	}
	issuer->keys = grown;
	for (i = issuer->nkeys; i > 0 && comes_before(key, grown[i - 1]); i--)
		grown[i] = grown[i - 1];
	grown[i] = key;
	issuer->nkeys++;
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
