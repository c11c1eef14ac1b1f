/*-------------------------------------------------------------------------
 *
 * issuer.c
 *	  An issuer: what it may do, and its keys.
 *
 * The defaults are themselves a layer of options, the lowest one, and stand
 * nowhere else.
 *
 *-------------------------------------------------------------------------
 */
#include "token/issuer.h"

#include <stdlib.h>
#include <string.h>

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
az_is_type(const char *typ, size_t len, const char *expected, size_t expected_len)
{
	shorten_type(&typ, &len);
	shorten_type(&expected, &expected_len);
	return expected_len == len && equal_without_case(expected, typ, len);
}

bool
az_issuer_takes_type(const AzIssuer *issuer, const char *typ, size_t len)
{
	size_t		i;

	if (issuer->to_be_updated)
		return az_names_has(&issuer->token_types, typ, len);
	for (i = 0; i < issuer->token_types.n; i++)
	{
		if (az_is_type(typ, len, issuer->token_types.name[i].data,
					   issuer->token_types.name[i].len))
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
