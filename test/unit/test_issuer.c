/*-------------------------------------------------------------------------
 *
 * test_issuer.c
 *	  Options of an issuer: every one of its type and no other, layers, and
 *	  what an issuer starts with.
 *
 *-------------------------------------------------------------------------
 */
#include "tokens.h"

/* ---- accept and refuse ---- */

typedef struct Case
{
	const char *options;
	const char *name;			/* of the refused option; NULL: accepted */
	const char *why;			/* NULL: unrecognized, or accepted */
} Case;

#define STRINGS		"Expected an array of strings."
#define EMPTY		"A string in the array is empty."
#define TWICE		"A string occurs in the array twice."
#define LEEWAY		"Expected an integer from 0 to 86400."
#define MAX_AGE		"Expected an integer from 0 to 316224000."
#define BOOLEAN		"Expected true or false."
#define PATH		"Expected a string or an array of strings, none of them empty."
#define PATHS		"Expected an array of claim locations."
#define STRING		"Expected a string that is not empty."
#define URI			"Expected a string that starts with https:// or http://."

static const Case cases[] = {
	{"{}", NULL, NULL},
	{"[]", "", "Options must be a JSON object."},

	{"{\"algorithms\":[\"RS256\"]}", NULL, NULL},
	{"{\"algorithms\":[\"EdDSA\",\"ES256K\",\"HS256\",\"ML-DSA-44\"]}", NULL, NULL},
	{"{\"algorithms\":[]}", "algorithms", "Expected at least one algorithm."},
	{"{\"algorithms\":\"RS256\"}", "algorithms", STRINGS},
	{"{\"algorithms\":[256]}", "algorithms", STRINGS},
	{"{\"algorithms\":[\"RS256\",\"RS256\"]}", "algorithms", TWICE},
	{"{\"algorithms\":[\"\"]}", "algorithms", EMPTY},
	{"{\"algorithms\":[\"rs256\"]}", "algorithms", "Unrecognized algorithm."},
	{"{\"algorithms\":[\"RS256\",\"none\"]}", "algorithms", "Unrecognized algorithm."},
	{"{\"algorithms\":{}}", "algorithms", STRINGS},

	{"{\"leeway_seconds\":0}", NULL, NULL},
	{"{\"leeway_seconds\":86400}", NULL, NULL},
	{"{\"leeway_seconds\":86401}", "leeway_seconds", LEEWAY},
	{"{\"leeway_seconds\":-1}", "leeway_seconds", LEEWAY},
	{"{\"leeway_seconds\":60.0}", "leeway_seconds", LEEWAY},
	{"{\"leeway_seconds\":\"60\"}", "leeway_seconds", LEEWAY},
	{"{\"leeway_seconds\":true}", "leeway_seconds", LEEWAY},

	{"{\"max_age_seconds\":0}", NULL, NULL},
	{"{\"max_age_seconds\":316224000}", NULL, NULL},
	{"{\"max_age_seconds\":316224001}", "max_age_seconds", MAX_AGE},
	{"{\"max_age_seconds\":-1}", "max_age_seconds", MAX_AGE},
	{"{\"max_age_seconds\":1e3}", "max_age_seconds", MAX_AGE},

	{"{\"required_claims\":[]}", NULL, NULL},
	{"{\"required_claims\":[\"sub\",\"https://x/y\"]}", NULL, NULL},
	{"{\"required_claims\":\"sub\"}", "required_claims", STRINGS},
	{"{\"required_claims\":[\"sub\",null]}", "required_claims", STRINGS},
	{"{\"required_claims\":[\"sub\",\"sub\"]}", "required_claims", TWICE},
	{"{\"required_claims\":[[\"sub\"]]}", "required_claims", STRINGS},

	{"{\"token_types\":[\"at+jwt\",\"JWT\"]}", NULL, NULL},
	{"{\"token_types\":[]}", NULL, NULL},
	{"{\"token_types\":\"at+jwt\"}", "token_types", STRINGS},
	{"{\"token_types\":[\"\"]}", "token_types", EMPTY},

	{"{\"key_id_required\":true}", NULL, NULL},
	{"{\"key_id_required\":false}", NULL, NULL},
	{"{\"key_id_required\":1}", "key_id_required", BOOLEAN},
	{"{\"key_id_required\":\"true\"}", "key_id_required", BOOLEAN},

	{"{\"scope_claims\":[]}", NULL, NULL},
	{"{\"scope_claims\":[\"a\",[\"b\",\"c\"]]}", NULL, NULL},
	{"{\"scope_claims\":\"scope\"}", "scope_claims", PATHS},
	{"{\"scope_claims\":{\"a\":1}}", "scope_claims", PATHS},
	{"{\"scope_claims\":[\"a\",5]}", "scope_claims", PATH},
	{"{\"scope_claims\":[\"\"]}", "scope_claims", PATH},
	{"{\"scope_claims\":[[]]}", "scope_claims", PATH},
	{"{\"scope_claims\":[[\"a\",[\"b\"]]]}", "scope_claims", STRINGS},
	{"{\"scope_claims\":[[\"a\",\"\"]]}", "scope_claims", EMPTY},
	{"{\"role_claims\":[[\"a\",\"a\"]]}", NULL, NULL},
	{"{\"role_claims\":5}", "role_claims", PATHS},
	{"{\"permission_claims\":[null]}", "permission_claims", PATH},
	{"{\"group_claims\":true}", "group_claims", PATHS},
	{"{\"org_claims\":[\"orgs\"]}", NULL, NULL},
	{"{\"org_claims\":\"orgs\"}", "org_claims", PATHS},

	{"{\"owner_claim\":\"email\"}", NULL, NULL},
	{"{\"owner_claim\":[\"user\",\"id\"]}", NULL, NULL},
	{"{\"owner_claim\":[]}", "owner_claim", PATH},
	{"{\"owner_claim\":\"\"}", "owner_claim", PATH},
	{"{\"owner_claim\":7}", "owner_claim", PATH},
	{"{\"email_claim\":{}}", "email_claim", PATH},
	{"{\"user_id_claim\":[\"a\",1]}", "user_id_claim", STRINGS},

	{"{\"admin_groups\":[\"dbmi-admin\"]}", NULL, NULL},
	{"{\"admin_groups\":[]}", NULL, NULL},
	{"{\"admin_groups\":\"dbmi-admin\"}", "admin_groups", STRINGS},
	{"{\"admin_permissions\":[\"MANAGE\"]}", NULL, NULL},
	{"{\"admin_permissions\":[\"\"]}", "admin_permissions", EMPTY},

	{"{\"actors\":[]}", NULL, NULL},
	{"{\"actors\":[\"bot\",\"https://y/ bot\"]}", NULL, NULL},
	{"{\"actors\":\"bot\"}", "actors", STRINGS},
	{"{\"actors\":true}", "actors", STRINGS},
	{"{\"actors\":[\"\"]}", "actors", EMPTY},
	{"{\"actors\":[\"bot\",5]}", "actors", STRINGS},
	{"{\"actors\":[\"bot\",\"bot\"]}", "actors", TWICE},
	{"{\"ceiling_required\":true}", NULL, NULL},
	{"{\"ceiling_required\":0}", "ceiling_required", BOOLEAN},

	{"{\"client\":\"hypatio\"}", NULL, NULL},
	{"{\"client\":\"\"}", "client", STRING},
	{"{\"client\":[\"hypatio\"]}", "client", STRING},

	{"{\"jwks_uri\":\"https://x/jwks.json\"}", NULL, NULL},
	{"{\"jwks_uri\":\"http://x/jwks.json\"}", NULL, NULL},
	{"{\"jwks_uri\":\"https://\"}", "jwks_uri", URI},
	{"{\"jwks_uri\":\"file:///etc/passwd\"}", "jwks_uri", URI},
	{"{\"jwks_uri\":\"HTTPS://x\"}", "jwks_uri", URI},
	{"{\"jwks_uri\":5}", "jwks_uri", URI},

	/* names are exact, and null does not excuse a wrong one */
	{"{\"algorithm\":[\"RS256\"]}", "algorithm", NULL},
	{"{\"Algorithms\":[\"RS256\"]}", "Algorithms", NULL},
	{"{\"leeway\":null}", "leeway", NULL},
	{"{\"\":1}", "", NULL},
	{"{\"algorithms\":null,\"leeway_seconds\":null,\"required_claims\":null,"
		"\"key_id_required\":null,\"owner_claim\":null,\"client\":null,"
	"\"scope_claims\":null,\"jwks_uri\":null}", NULL, NULL},
};

static bool
same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
test_options(void)
{
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		AzIssuer   *issuer = az_issuer_new("x", 1);
		AzJson	   *options = parse(c->options);
		AzOptionError error = {"?", "?", 0};
		bool		applied = az_issuer_apply(issuer, options, &error);

		if (c->name == NULL)
			ok(applied, "accept %s", c->options);
		else if (!ok(!applied && strcmp(error.name, c->name) == 0 && same(error.why, c->why),
					 "refuse %s", c->options))
			printf("# name \"%s\", why \"%s\"\n", error.name,
				   error.why != NULL ? error.why : "(null)");
		az_json_free(options);
		az_issuer_free(issuer);
	}
}

/* Q9: of an array, which element it is, from 1 */
static size_t
refused_element(const char *text)
{
	AzIssuer   *issuer = az_issuer_new("x", 1);
	AzJson	   *options = parse(text);
	AzOptionError error = {"?", "?", 99};
	bool		applied = az_issuer_apply(issuer, options, &error);

	az_json_free(options);
	az_issuer_free(issuer);
	return applied ? 98 : error.element;
}

static void
test_elements(void)
{
	size_t		i;

	ok(refused_element("{\"algorithms\":[\"none\",\"RS256\"]}") == 1, "the first algorithm");
	ok(refused_element("{\"algorithms\":[\"RS256\",\"ES256\",\"none\"]}") == 3, "the third algorithm");
	ok(refused_element("{\"algorithms\":[\"RS256\",256]}") == 2, "what is no string");
	ok(refused_element("{\"token_types\":[\"a\",\"b\",\"a\"]}") == 3, "the second of two");
	ok(refused_element("{\"role_claims\":[\"a\",[\"b\",\"c\"],[\"d\",1]]}") == 3, "a location");
	ok(refused_element("{\"owner_claim\":[\"a\",\"\"]}") == 2, "a part of a location");
	ok(refused_element("{\"algorithms\":[]}") == 0, "none of an empty array");
	ok(refused_element("{\"algorithms\":\"RS256\"}") == 0, "none where there is no array");
	ok(refused_element("{\"algorithms\":[\"RS256\"],\"leeway_seconds\":-1}") == 0, "none of another option");
	ok(refused_element("{\"unheard_of\":[1]}") == 0, "none of an option that is not recognized");

	for (i = 0; az_option_name(i) != NULL; i++)
	{
		char		text[128];

		snprintf(text, sizeof(text), "{\"%s\":null}", az_option_name(i));
		ok(refused_element(text) == 98, "%s is recognized", az_option_name(i));
	}
	ok(i >= 18, "as many as there are");
}

/* ---- layers ---- */

static bool
is_path(const AzPath *path, const char *expected)
{
	char		text[256] = "";
	size_t		i;

	for (i = 0; i < path->n; i++)
	{
		if (i > 0)
			strcat(text, ".");
		strcat(text, path->name[i].data);
		if (path->name[i].len != strlen(path->name[i].data))
			return false;
	}
	return strcmp(text, expected) == 0;
}

static bool
apply(AzIssuer *issuer, const char *text)
{
	AzJson	   *options = parse(text);
	AzOptionError error;
	bool		applied = az_issuer_apply(issuer, options, &error);

	az_json_free(options);
	return applied;
}

static void
test_defaults(void)
{
	AzIssuer   *issuer = az_issuer_new("https://x/", 10);

	ok(strcmp(issuer->issuer, "https://x/") == 0 && issuer->issuer_len == 10, "name");
	ok(issuer->algorithms == 0, "a new issuer may sign with nothing");
	ok(issuer->leeway_seconds == 0 && issuer->max_age_seconds == 0, "no leeway, no limit");
	ok(!issuer->by_audience && !issuer->any_audience && !issuer->key_id_required, "flags");
	ok(issuer->required_claims.n == 0 && issuer->token_types.n == 0, "nothing required");
	ok(issuer->scope_claims.n == 2 && is_path(&issuer->scope_claims.path[0], "scope") &&
	   is_path(&issuer->scope_claims.path[1], "scp"), "scope, then scp");
	ok(issuer->role_claims.n == 1 && is_path(&issuer->role_claims.path[0], "roles"), "roles");
	ok(issuer->permission_claims.n == 1 &&
	   is_path(&issuer->permission_claims.path[0], "permissions"), "permissions");
	ok(issuer->group_claims.n == 1 && is_path(&issuer->group_claims.path[0], "groups"), "groups");
	ok(issuer->org_claims.n == 2 && is_path(&issuer->org_claims.path[0], "org_member_info") &&
	   is_path(&issuer->org_claims.path[1], "org_id_to_org_member_info"), "organisations");
	ok(is_path(&issuer->owner_claim, "sub") && is_path(&issuer->user_id_claim, "sub") &&
	   is_path(&issuer->email_claim, "email"), "owner, user id and e-mail");
	ok(issuer->client == NULL && issuer->jwks_uri == NULL &&
	   issuer->admin_groups.n == 0 && issuer->admin_permissions.n == 0, "the rest is unset");
	az_issuer_free(issuer);
}

static void
test_layers(void)
{
	AzIssuer   *issuer = az_issuer_new("x", 1);

	ok(apply(issuer, "{\"algorithms\":[\"RS256\",\"HS256\"],\"leeway_seconds\":120,"
			 "\"scope_claims\":[\"a\",[\"b\",\"c\"]],\"owner_claim\":\"email\","
			 "\"client\":\"one\",\"key_id_required\":true,\"required_claims\":[\"sub\",\"email\"]}"),
	   "the profile's layer");
	ok(issuer->algorithms == (AZ_ALG_BIT(AZ_RS256) | AZ_ALG_BIT(AZ_HS256)), "its algorithms");
	ok(issuer->scope_claims.n == 2 && is_path(&issuer->scope_claims.path[0], "a") &&
	   is_path(&issuer->scope_claims.path[1], "b.c"), "its locations: a key and a path");
	ok(is_path(&issuer->email_claim, "email"), "what it does not name stays as it was");

	ok(apply(issuer, "{\"algorithms\":[\"EdDSA\"],\"leeway_seconds\":null,"
			 "\"scope_claims\":[],\"owner_claim\":[\"user\",\"id\"],\"client\":\"two\","
			 "\"key_id_required\":false,\"required_claims\":[]}"), "the issuer's layer");
	ok(issuer->algorithms == (AZ_ALG_BIT(AZ_ED25519) | AZ_ALG_BIT(AZ_ED448)),
	   "replaces a list, does not add to it");
	ok(issuer->leeway_seconds == 120, "null keeps the lower layer's value");
	ok(issuer->scope_claims.n == 0, "no location is not the default locations");
	ok(is_path(&issuer->owner_claim, "user.id"), "replaces a path");
	ok(strcmp(issuer->client, "two") == 0, "replaces a string");
	ok(!issuer->key_id_required && issuer->required_claims.n == 0, "takes back");
	az_issuer_free(issuer);

	issuer = az_issuer_new("x", 1);
	ok(!apply(issuer, "{\"algorithms\":[\"RS256\",\"none\"]}") && issuer->algorithms == 0,
	   "a refused list leaves no half of it");
	az_issuer_free(issuer);
}

static void
test_long_name(void)
{
	AzIssuer   *issuer = az_issuer_new("x", 1);
	AzOptionError error;
	AzJson	   *options;
	char		text[400] = "{\"";
	int			i;

	/* 127 ASCII letters, then characters of two bytes: the cut is before one */
	memset(text + 2, 'n', 127);
	text[129] = '\0';
	for (i = 0; i < 20; i++)
		strcat(text, "\xC3\xA9");
	strcat(text, "\":1}");
	options = parse(text);
	ok(!az_issuer_apply(issuer, options, &error) && error.why == NULL &&
	   strlen(error.name) == 127, "a long name is cut between two characters");
	az_json_free(options);
	az_issuer_free(issuer);
}

static void
test_parts(void)
{
	AzIssuer   *issuer = new_issuer("x", NULL);

	add_audience(issuer, "api");
	add_audience(issuer, "web");
	ok(az_names_has(&issuer->audience, "web", 3), "an audience that was added");
	ok(!az_names_has(&issuer->audience, "we", 2) && !az_names_has(&issuer->audience, "webb", 4) &&
	   !az_names_has(&issuer->audience, "WEB", 3), "neither a part of it nor in another case");
	must(az_issuer_add_key(issuer, new_key(NULL)), "cannot add a key");
	ok(issuer->nkeys == 2 && az_key_kid(issuer->keys[0]) != NULL &&
	   az_key_kid(issuer->keys[1]) == NULL, "keys in the order of adding");
	az_issuer_free(issuer);
	az_issuer_free(NULL);
}

int
main(void)
{
	test_options();
	test_elements();
	test_defaults();
	test_layers();
	test_long_name();
	test_parts();
	return tap_done();
}
