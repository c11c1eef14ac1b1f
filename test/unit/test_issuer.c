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
#define SKEW		"Expected an integer from 0 to 300."
#define OVERAGE		"Expected \"refuse\", \"raise\" or \"ignore\"."
#define MAX_AGE		"Expected an integer from 0 to 316224000."
#define BOOLEAN		"Expected true or false."
#define PATH		"Expected a string or an array of strings, none of them empty."
#define LIST_PATH	"Expected a string, an array of strings, none of them empty, or {\"path\": location, \"keys\": true}."
#define PATHS		"Expected an array of claim locations."
#define DEMANDS		"Expected an array of at most 16 objects."
#define ONE_DEMAND	"Expected {\"claim\": location, \"values\": array of strings}, {\"claim\": location, \"present\": true}, {\"claim\": location, \"absent\": true} or {\"any\": array of such objects}."
#define DEMAND		"{\"claim\":\"a\",\"values\":[\"x\"]}"
#define SEVERAL		"Expected at least two objects in the array \"any\"."
#define TWO_DEMANDS	DEMAND "," DEMAND
#define EIGHT_DEMANDS	TWO_DEMANDS "," TWO_DEMANDS "," TWO_DEMANDS "," TWO_DEMANDS
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

	{"{\"skew_seconds\":0}", NULL, NULL},
	{"{\"skew_seconds\":300}", NULL, NULL},
	{"{\"skew_seconds\":301}", "skew_seconds", SKEW},
	{"{\"skew_seconds\":-1}", "skew_seconds", SKEW},
	{"{\"skew_seconds\":5.0}", "skew_seconds", SKEW},
	{"{\"skew_seconds\":\"5\"}", "skew_seconds", SKEW},

	{"{\"session_claim\":\"session_id\"}", NULL, NULL},
	{"{\"session_claim\":[\"a\",\"b\"]}", NULL, NULL},
	{"{\"session_claim\":[]}", "session_claim", PATH},
	{"{\"session_claim\":{\"path\":\"a\",\"keys\":true}}", "session_claim", PATH},
	{"{\"token_type_required\":true}", NULL, NULL},
	{"{\"token_type_required\":\"at+jwt\"}", "token_type_required", BOOLEAN},

	{"{\"bound_tokens\":\"refuse\"}", NULL, NULL},
	{"{\"bound_tokens\":\"ignore\"}", NULL, NULL},
	{"{\"bound_tokens\":\"raise\"}", "bound_tokens", "Expected \"refuse\" or \"ignore\"."},
	{"{\"bound_tokens\":true}", "bound_tokens", "Expected \"refuse\" or \"ignore\"."},
	{"{\"groups_overage\":\"refuse\"}", NULL, NULL},
	{"{\"groups_overage\":\"raise\"}", NULL, NULL},
	{"{\"groups_overage\":\"ignore\"}", NULL, NULL},
	{"{\"groups_overage\":\"Ignore\"}", "groups_overage", OVERAGE},
	{"{\"groups_overage\":\"\"}", "groups_overage", OVERAGE},
	{"{\"groups_overage\":[\"ignore\"]}", "groups_overage", OVERAGE},

	{"{\"required_claims\":[]}", NULL, NULL},
	{"{\"required_claims\":[\"sub\",\"https://x/y\"]}", NULL, NULL},
	{"{\"required_claims\":\"sub\"}", "required_claims", STRINGS},
	{"{\"required_claims\":[\"sub\",null]}", "required_claims", STRINGS},
	{"{\"required_claims\":[\"sub\",\"sub\"]}", "required_claims", TWICE},
	{"{\"required_claims\":[[\"sub\"]]}", "required_claims", STRINGS},

	{"{\"unnamed\":true}", NULL, NULL},
	{"{\"unnamed\":\"true\"}", "unnamed", BOOLEAN},
	{"{\"audience_claims\":[\"client_id\",[\"a\",\"b\"]]}", NULL, NULL},
	{"{\"audience_optional\":false}", NULL, NULL},
	{"{\"audience_optional\":\"yes\"}", "audience_optional", BOOLEAN},
	{"{\"client_id_claims\":[\"cid\",[\"a\",\"b\"]]}", NULL, NULL},
	{"{\"client_id_claims\":[]}", NULL, NULL},
	{"{\"client_id_claims\":\"cid\"}", "client_id_claims", PATHS},
	{"{\"client_id_claims\":[{\"path\":\"a\",\"keys\":true}]}", "client_id_claims", PATH},
	{"{\"audience_claims\":[]}", "audience_claims", "Expected at least one claim location."},
	{"{\"audience_claims\":\"client_id\"}", "audience_claims", PATHS},
	{"{\"audience_claims\":[1]}", "audience_claims", PATH},
	{"{\"audience_claims\":[{\"path\":\"a\",\"keys\":true}]}", "audience_claims", PATH},

	{"{\"claim_values\":[]}", NULL, NULL},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"values\":[\"a\",\"b\"]},{\"absent\":true,\"claim\":[\"x\",\"y\"]}]}", NULL, NULL},
	{"{\"claim_values\":[" EIGHT_DEMANDS "," EIGHT_DEMANDS "]}", NULL, NULL},
	{"{\"claim_values\":[" EIGHT_DEMANDS "," EIGHT_DEMANDS "," DEMAND "]}", "claim_values", DEMANDS},
	{"{\"claim_values\":" DEMAND "}", "claim_values", DEMANDS},
	{"{\"claim_values\":[\"azp\"]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"azp\"}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"values\":[\"a\"]}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"values\":\"a\"}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"values\":[\"a\"],\"absent\":true}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"absent\":false}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"absent\":1}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"value\":[\"a\"]}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"values\":[]}]}", "claim_values", "Expected at least one value."},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"values\":[1]}]}", "claim_values", STRINGS},
	{"{\"claim_values\":[{\"claim\":\"azp\",\"values\":[\"a\",\"a\"]}]}", "claim_values", TWICE},
	{"{\"claim_values\":[{\"claim\":\"\",\"values\":[\"a\"]}]}", "claim_values", LIST_PATH},
	{"{\"claim_values\":[{\"claim\":{\"path\":\"a\",\"keys\":true},\"values\":[\"a\"]}]}", NULL, NULL},
	{"{\"claim_values\":[{\"claim\":{\"path\":\"a\",\"keys\":true},\"absent\":true}]}", "claim_values", PATH},
	{"{\"claim_values\":[{\"claim\":[\"a\",\"b\"],\"values\":[\"x\"]},{\"claim\":\"a\",\"absent\":true}]}", "claim_values",
	"The claim cannot be absent and have a value."},
	{"{\"claim_values\":[{\"claim\":\"a\",\"values\":[\"x\"]},{\"claim\":[\"a\",\"b\"],\"absent\":true}]}", NULL, NULL},
	{"{\"claim_values\":[{\"claim\":\"a\",\"values\":[\"x\"]},{\"claim\":[\"a\"],\"absent\":true}]}", "claim_values",
	"The claim cannot be absent and have a value."},
	{"{\"claim_values\":[{\"claim\":\"a\",\"values\":[\"x\"]},{\"claim\":\"a\",\"values\":[\"y\"]}]}", NULL, NULL},
	{"{\"claim_values\":[{\"claim\":[\"a\",\"b\"],\"present\":true}]}", NULL, NULL},
	{"{\"claim_values\":[{\"claim\":\"a\",\"present\":false}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"a\",\"present\":true,\"values\":[\"x\"]}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"claim\":\"a\",\"present\":true},{\"claim\":\"a\",\"absent\":true}]}", "claim_values",
	"The claim cannot be absent and have a value."},
	{"{\"claim_values\":[{\"claim\":{\"path\":\"a\",\"keys\":true},\"present\":true}]}", "claim_values", PATH},
	{"{\"claim_values\":[{\"any\":[" TWO_DEMANDS "]}," DEMAND "]}", NULL, NULL},
	{"{\"claim_values\":[{\"any\":[{\"claim\":\"a\",\"absent\":true}," DEMAND "]}]}", NULL, NULL},
	{"{\"claim_values\":[" DEMAND ",{\"any\":[{\"claim\":\"a\",\"absent\":true},{\"claim\":\"b\",\"present\":true}]}]}", NULL, NULL},
	{"{\"claim_values\":[{\"any\":[{\"claim\":\"b\",\"absent\":true}," DEMAND "]},{\"claim\":\"a\",\"absent\":true}]}", NULL, NULL},
	{"{\"claim_values\":[{\"any\":[" TWO_DEMANDS "]},{\"claim\":\"b\",\"absent\":true},{\"claim\":\"b\",\"present\":true}]}", "claim_values",
	"The claim cannot be absent and have a value."},
	{"{\"claim_values\":[{\"any\":[" EIGHT_DEMANDS "]},{\"any\":[" EIGHT_DEMANDS "]}]}", NULL, NULL},
	{"{\"claim_values\":[{\"any\":[" EIGHT_DEMANDS "]}," DEMAND ",{\"any\":[" EIGHT_DEMANDS "]}]}", "claim_values",
	"Expected at most 16 claims in all."},
	{"{\"claim_values\":[{\"any\":[]}]}", "claim_values", SEVERAL},
	{"{\"claim_values\":[{\"any\":[" DEMAND "]}]}", "claim_values", SEVERAL},
	{"{\"claim_values\":[{\"any\":" DEMAND "}]}", "claim_values", SEVERAL},
	{"{\"claim_values\":[{\"any\":[{\"any\":[" TWO_DEMANDS "]}," DEMAND "]}]}", "claim_values", ONE_DEMAND},
	{"{\"claim_values\":[{\"any\":[" DEMAND ",{\"claim\":\"b\",\"values\":[]}]}]}", "claim_values", "Expected at least one value."},
	{"{\"claim_values\":[{\"any\":[" TWO_DEMANDS "],\"claim\":\"a\"}]}", "claim_values", ONE_DEMAND},

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
	{"{\"scope_claims\":[\"a\",5]}", "scope_claims", LIST_PATH},
	{"{\"scope_claims\":[\"\"]}", "scope_claims", LIST_PATH},
	{"{\"scope_claims\":[[]]}", "scope_claims", LIST_PATH},
	{"{\"scope_claims\":[[\"a\",[\"b\"]]]}", "scope_claims", STRINGS},
	{"{\"scope_claims\":[[\"a\",\"\"]]}", "scope_claims", EMPTY},
	{"{\"role_claims\":[[\"a\",\"a\"]]}", NULL, NULL},
	{"{\"role_claims\":5}", "role_claims", PATHS},
	{"{\"permission_claims\":[null]}", "permission_claims", LIST_PATH},
	{"{\"group_claims\":true}", "group_claims", PATHS},
	{"{\"merge_claims\":true}", NULL, NULL},
	{"{\"merge_claims\":1}", "merge_claims", BOOLEAN},
	{"{\"role_claims\":[{\"path\":[\"a\",\"b\"],\"keys\":true},\"r\"]}", NULL, NULL},
	{"{\"group_claims\":[{\"path\":\"a\",\"keys\":true}]}", NULL, NULL},
	{"{\"role_claims\":[{\"path\":\"a\",\"keys\":false}]}", "role_claims", LIST_PATH},
	{"{\"role_claims\":[{\"path\":\"a\",\"keys\":1}]}", "role_claims", LIST_PATH},
	{"{\"role_claims\":[{\"path\":\"a\"}]}", "role_claims", LIST_PATH},
	{"{\"role_claims\":[{\"keys\":true}]}", "role_claims", LIST_PATH},
	{"{\"role_claims\":[{\"path\":\"a\",\"keys\":true,\"x\":1}]}", "role_claims", LIST_PATH},
	{"{\"role_claims\":[{\"path\":[],\"keys\":true}]}", "role_claims", LIST_PATH},
	{"{\"role_claims\":[{\"path\":[\"a\",\"\"],\"keys\":true}]}", "role_claims", EMPTY},
	{"{\"role_claims\":[{}]}", "role_claims", LIST_PATH},
	{"{\"owner_claim\":{\"path\":\"a\",\"keys\":true}}", "owner_claim", PATH},
	{"{\"org_claims\":[{\"path\":\"a\",\"keys\":true}]}", "org_claims", PATH},
	{"{\"org_claims\":[\"orgs\"]}", NULL, NULL},
	{"{\"org_claims\":\"orgs\"}", "org_claims", PATHS},

	{"{\"org_shape\":\"propelauth\"}", NULL, NULL},
	{"{\"org_shape\":\"single\",\"org_id_claim\":\"o\",\"org_name_claim\":[\"o\",\"n\"],"
	"\"org_role_claims\":[{\"path\":\"r\",\"keys\":true}],\"org_permission_claims\":[]}", NULL, NULL},
	{"{\"org_shape\":\"map\"}", NULL, NULL},
	{"{\"org_shape\":\"flat\"}", "org_shape", "Expected \"propelauth\", \"single\", \"clerk\", \"map\", \"list\" or \"by_role\"."},
	{"{\"org_shape\":1}", "org_shape", "Expected \"propelauth\", \"single\", \"clerk\", \"map\", \"list\" or \"by_role\"."},
	{"{\"org_shape\":\"list\"}", NULL, NULL},
	{"{\"org_shape\":\"clerk\"}", NULL, NULL},
	{"{\"org_shape\":\"by_role\"}", NULL, NULL},
	{"{\"org_id_claim\":[[\"o\",\"id\"],\"org_id\"],\"org_name_claim\":[[\"o\",\"slg\"],[\"org_slug\"]]}", NULL, NULL},
	{"{\"org_id_claim\":[\"org_id\",[\"o\",\"\"]]}", "org_id_claim", EMPTY},
	{"{\"org_id_claim\":[[]]}", "org_id_claim", PATH},
	{"{\"org_id_claim\":[\"a\",5]}", "org_id_claim", STRINGS},
	{"{\"email_claim\":[[\"a\"],[\"b\"]]}", "email_claim", STRINGS},
	{"{\"org_id_claim\":[]}", "org_id_claim", PATH},
	{"{\"org_name_claim\":{\"path\":\"a\",\"keys\":true}}", "org_name_claim", PATH},
	{"{\"org_role_claims\":\"role\"}", "org_role_claims", PATHS},
	{"{\"org_permission_claims\":[\"\"]}", "org_permission_claims", LIST_PATH},

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
	{"{\"application\":\"hypatio\"}", NULL, NULL},
	{"{\"application\":\"\"}", "application", STRING},
	{"{\"application\":\"a\",\"client\":null}", NULL, NULL},
	{"{\"application\":\"a\",\"client\":\"a\"}", "application",
	"It is the option client by another name; set one of them, the other to null."},
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
		AzOptionError error = {"?", "?", 0, 0};
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
	AzOptionError error = {"?", "?", 0, 99};
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
	ok(refused_element("{\"claim_values\":[" DEMAND ",{\"claim\":\"b\",\"values\":[1]}]}") == 2, "a demand");
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

/* What 1.0 has not got: with its objects an issuer that has one is not believed. */
static void
test_new_options(void)
{
	static const char *const old[] = {
		"algorithms", "leeway_seconds", "max_age_seconds", "required_claims", "token_types",
		"key_id_required", "scope_claims", "role_claims", "permission_claims", "group_claims",
		"org_claims", "owner_claim", "email_claim", "user_id_claim", "admin_groups",
		"admin_permissions", "client", "jwks_uri"
	};
	size_t		i;
	size_t		j;

	for (i = 0; az_option_name(i) != NULL; i++)
	{
		char		text[128];
		AzJson	   *options;
		bool		is_old = false;
		const char *found;

		for (j = 0; j < sizeof(old) / sizeof(old[0]); j++)
			is_old = is_old || strcmp(old[j], az_option_name(i)) == 0;
		snprintf(text, sizeof(text), "{\"client\":\"c\",\"%s\":null}",
				 strcmp(az_option_name(i), "client") == 0 ? "leeway_seconds" : az_option_name(i));
		options = parse(text);
		found = az_new_option(options);
		ok(same(found, is_old ? NULL : az_option_name(i)), "%s is %s", az_option_name(i),
		   is_old ? "an old option" : "a new one");
		az_json_free(options);
	}
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
	ok(issuer->skew_seconds == 0 && !issuer->token_type_required &&
	   is_path(&issuer->session_claim, "sid"), "no skew, no type, sid");
	ok(issuer->leeway_seconds == 0 && issuer->max_age_seconds == 0, "no leeway, no limit");
	ok(!issuer->by_audience && !issuer->any_audience && !issuer->key_id_required, "flags");
	ok(issuer->required_claims.n == 0 && issuer->token_types.n == 0, "nothing required");
	ok(issuer->scope_claims.n == 2 && is_path(&issuer->scope_claims.path[0], "scope") &&
	   is_path(&issuer->scope_claims.path[1], "scp"), "scope, then scp");
	ok(!issuer->unnamed && issuer->audience_claims.n == 1 &&
	   is_path(&issuer->audience_claims.path[0], "aud"), "named, and for an aud");
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
	ok(apply(issuer, "{\"application\":\"three\"}") && strcmp(issuer->client, "three") == 0,
	   "a string by its other name");
	ok(!issuer->key_id_required && issuer->required_claims.n == 0, "takes back");
	az_issuer_free(issuer);

	issuer = az_issuer_new("x", 1);
	ok(!apply(issuer, "{\"algorithms\":[\"RS256\",\"none\"]}") && issuer->algorithms == 0,
	   "a refused list leaves no half of it");
	az_issuer_free(issuer);
}

/* ---- options that take the place of a claim, or contradict each other ---- */

static bool
requires(const AzIssuer *issuer, const char *claim)
{
	return az_names_has(&issuer->required_claims, claim, strlen(claim));
}

/* Q12, Q13: what is replaced is required no more, unless that very layer says so. */
static void
test_replaced(void)
{
	static const struct
	{
		const char *options;
		bool		iss;
		bool		aud;
	}			cases[] =
	{
		{"{}", true, true},
		{"{\"audience_claims\":[\"client_id\"]}", true, false},
		{"{\"audience_claims\":[\"client_id\",\"aud\"]}", true, false},
		{"{\"audience_claims\":[\"aud\"]}", true, true},
		{"{\"audience_claims\":null}", true, true},
		{"{\"unnamed\":true}", false, true},
		{"{\"unnamed\":false}", true, true},
		{"{\"unnamed\":true,\"audience_claims\":[\"azp\"]}", false, false},
		{"{\"required_claims\":[\"aud\"],\"audience_claims\":[\"azp\"]}", false, true},
		{"{\"required_claims\":null,\"audience_claims\":[\"azp\"]}", true, false},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		AzIssuer   *issuer = az_issuer_new("x", 1);

		must(apply(issuer, "{\"required_claims\":[\"iss\",\"aud\",\"exp\",\"sub\"]}"), "cannot apply");
		ok(apply(issuer, cases[i].options) && requires(issuer, "iss") == cases[i].iss &&
		   requires(issuer, "aud") == cases[i].aud, "what is still required after %s",
		   cases[i].options);
		az_issuer_free(issuer);
	}
}

static void
test_contradictions(void)
{
	static const struct
	{
		const char *options;
		bool		by_audience;
		const char *name;		/* of the refused option; NULL: accepted */
	}			cases[] =
	{
		{"{}", false, NULL},
		{"{}", true, NULL},
		{"{\"unnamed\":true}", false, NULL},
		{"{\"unnamed\":true}", true, "unnamed"},
		{"{\"unnamed\":false}", true, NULL},
		{"{\"audience_claims\":[\"azp\"]}", false, NULL},
		{"{\"audience_claims\":[\"azp\"]}", true, "audience_claims"},
		{"{\"audience_claims\":[\"aud\",\"azp\"]}", true, "audience_claims"},
		{"{\"audience_claims\":[\"aud\"]}", true, NULL},
		{"{\"unnamed\":true,\"required_claims\":[\"iss\"]}", false, "unnamed"},
		{"{\"unnamed\":true,\"required_claims\":[\"sub\"]}", false, NULL},
		{"{\"required_claims\":[\"a\"],\"claim_values\":[{\"claim\":\"a\",\"absent\":true}]}", false, "claim_values"},
		{"{\"required_claims\":[\"a\"],\"claim_values\":[{\"claim\":[\"a\",\"b\"],\"absent\":true}]}", false, NULL},
		{"{\"required_claims\":[\"a\"],\"claim_values\":[{\"claim\":\"a\",\"values\":[\"x\"]}]}", false, NULL},
		{"{\"claim_values\":[{\"claim\":\"exp\",\"absent\":true}]}", false, "claim_values"},
		{"{\"required_claims\":[\"a\"],\"claim_values\":[{\"any\":[{\"claim\":\"a\",\"absent\":true},{\"claim\":\"b\",\"present\":true}]}]}", false, NULL},
		{"{\"claim_values\":[{\"claim\":\"a\",\"absent\":true}]}", false, NULL},
		{"{\"claim_values\":[{\"claim\":\"iss\",\"absent\":true}]}", false, "claim_values"},
		{"{\"claim_values\":[{\"claim\":\"iss\",\"absent\":true}]}", true, NULL},
		{"{\"unnamed\":true,\"claim_values\":[{\"claim\":\"iss\",\"absent\":true}]}", false, NULL},
		{"{\"unnamed\":true,\"claim_values\":[{\"claim\":\"iss\",\"values\":[\"x\"]}]}", false, "unnamed"},
		{"{\"max_age_seconds\":60,\"claim_values\":[{\"claim\":\"iat\",\"absent\":true}]}", false, "claim_values"},
		{"{\"claim_values\":[{\"claim\":\"iat\",\"absent\":true}]}", false, NULL},
		{"{\"required_claims\":[\"cnf\"]}", false, "bound_tokens"},
		{"{\"claim_values\":[{\"claim\":[\"cnf\",\"jkt\"],\"values\":[\"x\"]}]}", false, "bound_tokens"},
		{"{\"required_claims\":[\"cnf\"],\"bound_tokens\":\"ignore\"}", false, NULL},
		{"{\"claim_values\":[{\"claim\":\"cnf\",\"absent\":true}]}", false, NULL},
		{"{\"required_claims\":[\"act\"],\"actors\":[]}", false, "actors"},
		{"{\"required_claims\":[\"act\"],\"actors\":[\"bot\"]}", false, NULL},
		{"{\"actors\":[]}", false, NULL},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		AzIssuer   *issuer = az_issuer_new("x", 1);
		AzOptionError error = {"?", "?", true, 99};
		bool		fits;

		must(apply(issuer, cases[i].options), "cannot apply");
		issuer->by_audience = cases[i].by_audience;
		fits = az_issuer_check(issuer, &error);
		ok(fits ? cases[i].name == NULL :
		   cases[i].name != NULL && strcmp(error.name, cases[i].name) == 0 &&
		   error.why != NULL && !error.no_memory && error.element == 0,
		   "%s: %s%s", fits ? "fits" : error.why, cases[i].options,
		   cases[i].by_audience ? " by audience" : "");
		az_issuer_free(issuer);
	}
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
	AzKey	   *early;
	AzKey	   *late;

	add_audience(issuer, "api");
	add_audience(issuer, "web");
	ok(az_names_has(&issuer->audience, "web", 3), "an audience that was added");
	ok(!az_names_has(&issuer->audience, "we", 2) && !az_names_has(&issuer->audience, "webb", 4) &&
	   !az_names_has(&issuer->audience, "WEB", 3), "neither a part of it nor in another case");
	must(az_issuer_add_key(issuer, new_key(NULL)), "cannot add a key");
	ok(issuer->nkeys == 2 && az_key_kid(issuer->keys[0]) != NULL &&
	   az_key_kid(issuer->keys[1]) == NULL, "of keys added at once the one with a kid is first");
	late = new_key("late");
	az_key_set_added(late, 2);
	early = new_key("a");
	az_key_set_added(early, -1);
	must(az_issuer_add_key(issuer, late) && az_issuer_add_key(issuer, early) &&
		 az_issuer_add_key(issuer, new_key("k0")), "cannot add keys");
	ok(issuer->nkeys == 5 && issuer->keys[0] == late && issuer->keys[4] == early &&
	   strcmp(az_key_kid(issuer->keys[1]), "k0") == 0, "the one added last is first");
	az_issuer_drop_key(issuer, late);
	ok(issuer->nkeys == 4 && strcmp(az_key_kid(issuer->keys[0]), "k0") == 0 &&
	   issuer->keys[3] == early, "the others keep their order when one goes");
	az_issuer_free(issuer);
	az_issuer_free(NULL);
}

int
main(void)
{
	test_options();
	test_elements();
	test_new_options();
	test_defaults();
	test_layers();
	test_replaced();
	test_contradictions();
	test_long_name();
	test_parts();
	return tap_done();
}
