/*-------------------------------------------------------------------------
 *
 * issuer_options.c
 *	  Options in JSON to the struct that verify.c and claims.c obey.
 *
 * One table names every option, how it is read and where it goes.  A
 * misspelled option is refused, because it would silently loosen what an
 * issuer may do.
 *
 *-------------------------------------------------------------------------
 */
#include "token/issuer_intern.h"

#include <string.h>

typedef struct Option
{
	const char *name;
	AzOptionReader read;
	size_t		field;			/* offset in AzIssuer */
	bool		is_new;			/* 1.0 does not have it */
} Option;

#define OPTION(name, reader)	{#name, reader, offsetof(AzIssuer, name), false}
#define NEW_OPTION(name, reader)	{#name, reader, offsetof(AzIssuer, name), true}

static const Option options_table[] = {
	OPTION(algorithms, az_read_algorithms),
	OPTION(leeway_seconds, az_read_leeway),
	NEW_OPTION(skew_seconds, az_read_skew),
	OPTION(max_age_seconds, az_read_max_age),
	NEW_OPTION(unnamed, az_read_boolean),
	NEW_OPTION(audience_claims, az_read_audience_claims),
	NEW_OPTION(audience_optional, az_read_boolean),
	OPTION(required_claims, az_read_names),
	NEW_OPTION(claim_values, az_read_demands),
	OPTION(token_types, az_read_names),
	NEW_OPTION(token_type_required, az_read_boolean),
	{"bound_tokens", az_read_bound_tokens, offsetof(AzIssuer, ignore_bound_tokens), true},
	NEW_OPTION(groups_overage, az_read_overage),
	OPTION(key_id_required, az_read_boolean),
	OPTION(scope_claims, az_read_list_paths),
	OPTION(role_claims, az_read_list_paths),
	OPTION(permission_claims, az_read_list_paths),
	OPTION(group_claims, az_read_list_paths),
	NEW_OPTION(merge_claims, az_read_boolean),
	OPTION(org_claims, az_read_paths),
	NEW_OPTION(org_shape, az_read_org_shape),
	NEW_OPTION(org_id_claim, az_read_first_path),
	NEW_OPTION(org_name_claim, az_read_first_path),
	NEW_OPTION(org_role_claims, az_read_list_paths),
	NEW_OPTION(org_permission_claims, az_read_list_paths),
	OPTION(owner_claim, az_read_path),
	OPTION(email_claim, az_read_path),
	OPTION(user_id_claim, az_read_path),
	NEW_OPTION(client_id_claims, az_read_paths),
	NEW_OPTION(session_claim, az_read_path),
	OPTION(admin_groups, az_read_names),
	OPTION(admin_permissions, az_read_names),
	NEW_OPTION(actors, az_read_actors),
	NEW_OPTION(ceiling_required, az_read_boolean),
	OPTION(client, az_read_string),
	{"application", az_read_string, offsetof(AzIssuer, client), true},
	OPTION(jwks_uri, az_read_uri),
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
	return az_json_is_given(az_json_get_z(options, name));
}

static bool
has_usual_audience(const AzIssuer *issuer)
{
	return issuer->audience_claims.n == 1 &&
		az_path_is(&issuer->audience_claims.path[0], "aud");
}

/*
 * What the layer puts in the place of a claim is no longer required; the layer
 * may still require both.
 */
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

/* Must every token have that claim, by another option than claim_values? */
static bool
is_required(const AzIssuer *issuer, const char *name)
{
	if (strcmp(name, "exp") == 0)
		return true;
	if (strcmp(name, "iss") == 0 && !issuer->unnamed && !issuer->by_audience)
		return true;
	if (strcmp(name, "iat") == 0 && issuer->max_age_seconds != 0)
		return true;
	return az_names_has(&issuer->required_claims, name, strlen(name));
}

/* The same, or by that one. */
static bool
is_demanded(const AzIssuer *issuer, const char *name)
{
	return is_required(issuer, name) || az_demands_presence(&issuer->claim_values, name);
}

/* A claim that is required, and must be absent? */
static bool
demands_the_impossible(const AzIssuer *issuer)
{
	size_t		i;

	for (i = 0; i < issuer->claim_values.n; i++)
	{
		const AzDemand *demand = &issuer->claim_values.demand[i];

		if (demand->alone && demand->kind == AZ_ABSENT && demand->claim.n == 1 &&
			is_required(issuer, demand->claim.name[0].data))
			return true;
	}
	return false;
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
	else if (issuer->unnamed && is_demanded(issuer, "iss"))
		option = "unnamed", why = "Another option demands the claim iss, which the tokens of such an issuer lack.";
	else if (demands_the_impossible(issuer))
		option = "claim_values", why = "A claim that must be absent is required, too.";
	else if (!issuer->ignore_bound_tokens && is_demanded(issuer, "cnf"))
		option = "bound_tokens", why = "Another option demands the claim cnf, for which tokens are refused.";
	else if (issuer->actors.limited && issuer->actors.among.n == 0 && is_demanded(issuer, "act"))
		option = "actors", why = "Another option demands the claim act, for which all tokens are refused.";
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

bool
az_option_is_on(const AzJson *options, const char *name, bool otherwise)
{
	const AzJson *value = az_json_get_z(options, name);

	return az_json_is_given(value) ? az_json_type(value) == AZ_JSON_TRUE : otherwise;
}

const char *
az_option_name(size_t i)
{
	return i < sizeof(options_table) / sizeof(options_table[0]) ? options_table[i].name : NULL;
}
