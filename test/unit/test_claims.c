/*-------------------------------------------------------------------------
 *
 * test_claims.c
 *	  Which claims become what: names, shapes, fallbacks, organisations.
 *
 *-------------------------------------------------------------------------
 */
#include <setjmp.h>

#include "tokens.h"

#define NS		"https://authorization.dbmi.hms.harvard.edu"

/* One payload under one issuer. */
typedef struct Build
{
	AzIssuer   *issuer;
	AzJson	   *payload;
	AzBuilder  *builder;
	AzReason	reason;
	const AzIdentity *id;
} Build;

static void
run(Build *b, const AzConverter *converter)
{
	AzVerified	verified = verified_of(b->issuer, b->payload);

	b->reason = az_claims_build(b->builder, &verified, converter, &b->id);
	if (b->reason == AZ_OK && !az_identity_check(b->id, b->id->size))
		ok(false, "the block is well-formed");
}

static Build
build_with(const char *options, const char *payload, const AzConverter *converter)
{
	Build		b;

	b.issuer = new_issuer("https://x/", options);
	add_audience(b.issuer, "clientA");
	add_audience(b.issuer, "clientB");
	b.payload = parse(payload);
	b.builder = az_builder_new();
	must(b.builder != NULL, "out of memory");
	run(&b, converter);
	return b;
}

static Build
build(const char *options, const char *payload)
{
	Build		b = build_with(options, payload, NULL);

	must(b.reason == AZ_OK, "cannot build an identity");
	return b;
}

static void
end(Build *b)
{
	az_builder_free(b->builder);
	az_json_free(b->payload);
	az_issuer_free(b->issuer);
}

/* ---- list claims: rows 24 to 40 ---- */

typedef enum Which
{
	SCOPES, ROLES, PERMISSIONS, GROUPS, AUDIENCE, AMR
} Which;

static const char *const which_name[] = {
	"scopes", "roles", "permissions", "groups", "audience", "amr"
};

typedef struct ListCase
{
	Which		which;
	const char *options;		/* NULL: none */
	const char *payload;
	const char *expected;		/* in the order of the token, "a|b" */
} ListCase;

#define TX0		"{\"sub\":\"user123\",\"scope\":\"openid profile read:data\"," \
				"\"roles\":[\"admin\",\"editor\"],\"permissions\":[\"sample:read\"]}"

static const ListCase lists[] = {
	{SCOPES, NULL, TX0, "openid|profile|read:data"},
	{ROLES, NULL, TX0, "admin|editor"},
	{PERMISSIONS, NULL, TX0, "sample:read"},
	{GROUPS, NULL, TX0, ""},

	/* row 29: white space, and lists in a scope claim */
	{SCOPES, NULL, "{\"scope\":\"a  b\\tc\"}", "a|b|c"},
	{SCOPES, NULL, "{\"scope\":\" \\n\\r\\f\\u000b a \"}", "a"},
	{SCOPES, NULL, "{\"scope\":\"a\\u00a0b\"}", "a\xC2\xA0" "b"},
	{SCOPES, NULL, "{\"scope\":\"a\\u0085b\\u001cc\"}", "a\xC2\x85" "b\x1c" "c"},
	{SCOPES, NULL, "{\"scp\":[\"a\",\"b c\"]}", "a|b|c"},
	{SCOPES, NULL, "{\"scp\":[\"a\",5,\"\",[\"x\"],null,\"b a\"]}", "a|b"},

	/* row 30: the first that is present and not null, even when empty */
	{SCOPES, NULL, "{\"scope\":null,\"scp\":[\"a\"]}", "a"},
	{SCOPES, NULL, "{\"scope\":\"\",\"scp\":[\"a\"]}", ""},
	{SCOPES, NULL, "{\"scope\":[],\"scp\":[\"a\"]}", ""},
	{SCOPES, NULL, "{\"scope\":{},\"scp\":[\"a\"]}", ""},
	{SCOPES, NULL, "{\"scope\":false,\"scp\":[\"a\"]}", ""},
	{SCOPES, NULL, "{\"scope\":\"b\",\"scp\":[\"a\"]}", "b"},

	/* rows 31 and 32: keys are keys, nothing is folded */
	{ROLES, "{\"role_claims\":[\"https://example.com/claims/roles\"]}",
	"{\"https://example.com/claims/roles\":[\"admin\"],\"roles\":[\"x\"]}", "admin"},
	{ROLES, NULL, "{\"https://example.com/claims/roles\":[\"admin\"]}", ""},
	{GROUPS, "{\"group_claims\":[\"cognito:groups\"]}", "{\"cognito:groups\":[\"g1\"]}", "g1"},
	{GROUPS, "{\"group_claims\":[\"cognito:groups\"]}", "{\"cognito_groups\":[\"g1\"]}", ""},
	{ROLES, "{\"role_claims\":[[\"realm_access\",\"roles\"]]}",
	"{\"realm_access\":{\"roles\":[\"r1\"]}}", "r1"},
	{ROLES, "{\"role_claims\":[[\"realm_access\",\"roles\"]]}", "{\"realm_access.roles\":[\"r1\"]}", ""},
	{ROLES, "{\"role_claims\":[\"realm_access.roles\"]}", "{\"realm_access\":{\"roles\":[\"r1\"]}}", ""},
	{ROLES, "{\"role_claims\":[[\"a\",\"b\"],\"roles\"]}", "{\"a\":{\"b\":null},\"roles\":[\"r\"]}", "r"},
	{ROLES, "{\"role_claims\":[[\"a\",\"b\"],\"roles\"]}", "{\"a\":[\"b\"],\"roles\":[\"r\"]}", "r"},
	{ROLES, "{\"role_claims\":[[\"a\",\"b\"],\"roles\"]}", "{\"a\":\"b\",\"roles\":[\"r\"]}", "r"},
	{ROLES, "{\"role_claims\":[[\"a\",\"b\"],\"roles\"]}", "{\"a\":{\"b\":[]},\"roles\":[\"r\"]}", ""},
	{ROLES, "{\"role_claims\":[[\"a\",\"b\"],\"roles\"]}", "{\"a\":{\"b\":\"x\"},\"roles\":[\"r\"]}", "x"},
	{ROLES, "{\"role_claims\":[]}", "{\"roles\":[\"r\"]}", ""},
	{PERMISSIONS, "{\"permission_claims\":[\"d\\u00e9j\\u00e0\"]}",
	"{\"d\\u00e9j\\u00e0\":[\"vu\"]}", "vu"},

	/* row 33: a string is split, an element of an array is not */
	{ROLES, NULL, "{\"roles\":\"admin editor\"}", "admin|editor"},
	{ROLES, NULL, "{\"roles\":[\"admin editor\"]}", "admin editor"},
	{GROUPS, NULL, "{\"groups\":\"my-client-admin\"}", "my-client-admin"},
	{PERMISSIONS, NULL, "{\"permissions\":[\" a \",\"\"]}", " a |"},

	/* Q21: all locations of a kind, where the option says so */
	{ROLES, "{\"merge_claims\":true,\"role_claims\":[[\"realm_access\",\"roles\"],[\"resource_access\",\"app\",\"roles\"]]}",
	"{\"realm_access\":{\"roles\":[\"a\",\"b\"]},\"resource_access\":{\"app\":{\"roles\":[\"c\",\"a\"]}}}", "a|b|c"},
	{ROLES, "{\"merge_claims\":false,\"role_claims\":[[\"realm_access\",\"roles\"],[\"resource_access\",\"app\",\"roles\"]]}",
	"{\"realm_access\":{\"roles\":[\"a\",\"b\"]},\"resource_access\":{\"app\":{\"roles\":[\"c\",\"a\"]}}}", "a|b"},
	{SCOPES, "{\"merge_claims\":true}", "{\"scope\":\"a b\",\"scp\":[\"c d\",\"a\"]}", "a|b|c|d"},
	{SCOPES, "{\"merge_claims\":true}", "{\"scope\":5,\"scp\":[\"c\"]}", "c"},
	{SCOPES, "{\"merge_claims\":true}", "{\"scope\":null,\"scp\":[\"c\",\"d\"]}", "c|d"},
	{GROUPS, "{\"merge_claims\":true,\"group_claims\":[\"g\",\"h\",\"g\"]}", "{\"g\":[\"x\",\"y\"]}", "x|y"},
	{PERMISSIONS, "{\"merge_claims\":true,\"permission_claims\":[]}", "{\"permissions\":[\"a\"]}", ""},

	/* Q21: the keys of an object */
	{ROLES, "{\"role_claims\":[{\"path\":[\"urn:zitadel:iam:org:project:roles\"],\"keys\":true}]}",
	"{\"urn:zitadel:iam:org:project:roles\":{\"writer\":{\"1\":\"x.example\"},\"admin\":{}}}", "writer|admin"},
	{ROLES, "{\"role_claims\":[{\"path\":\"r\",\"keys\":true}]}", "{\"r\":{\"a b\":null}}", "a b"},
	{SCOPES, "{\"scope_claims\":[{\"path\":[\"r\",\"s\"],\"keys\":true}]}", "{\"r\":{\"s\":{\"a b\":1}}}", "a b"},
	{ROLES, "{\"role_claims\":[{\"path\":\"r\",\"keys\":true}]}", "{\"r\":{\"d\\u00e9j\\u00e0\":1}}", "d\xC3\xA9j\xC3\xA0"},
	{ROLES, "{\"role_claims\":[{\"path\":\"r\",\"keys\":true},\"roles\"]}", "{\"r\":{},\"roles\":[\"a\"]}", ""},
	{ROLES, "{\"role_claims\":[{\"path\":\"r\",\"keys\":true},\"roles\"]}", "{\"r\":[\"b\"],\"roles\":[\"a\"]}", ""},
	{ROLES, "{\"role_claims\":[{\"path\":\"r\",\"keys\":true},\"roles\"]}", "{\"r\":\"b\",\"roles\":[\"a\"]}", ""},
	{ROLES, "{\"role_claims\":[{\"path\":\"r\",\"keys\":true},\"roles\"]}", "{\"r\":null,\"roles\":[\"a\"]}", "a"},
	{ROLES, "{\"role_claims\":[\"r\"]}", "{\"r\":{\"a\":1}}", ""},
	{ROLES, "{\"merge_claims\":true,\"role_claims\":[\"roles\",{\"path\":\"r\",\"keys\":true}]}",
	"{\"r\":{\"b\":1,\"a\":2},\"roles\":[\"a\"]}", "a|b"},

	/* rows 34 to 37 */
	{PERMISSIONS, NULL, "{\"permissions\":\"read:admin-messages-extra\"}", "read:admin-messages-extra"},
	{PERMISSIONS, NULL, "{\"permissions\":5}", ""},
	{PERMISSIONS, NULL, "{\"permissions\":5.5}", ""},
	{PERMISSIONS, NULL, "{\"permissions\":true}", ""},
	{PERMISSIONS, NULL, "{\"permissions\":{\"a\":1}}", ""},
	{PERMISSIONS, NULL, "{\"permissions\":null}", ""},
	{PERMISSIONS, NULL, "{}", ""},
	{PERMISSIONS, NULL, "{\"permissions\":[1,\"a\",true,null,{\"b\":1},[\"c\"]]}", "a"},
	{PERMISSIONS, NULL, "{\"permissions\":[],\"scope\":\"read:messages\"}", ""},
	{SCOPES, NULL, "{\"permissions\":[\"p\"],\"scope\":\"read:messages\"}", "read:messages"},

	/* no repetitions, first come first */
	{ROLES, NULL, "{\"roles\":[\"b\",\"a\",\"b\",\"c\",\"a\"]}", "b|a|c"},
	{SCOPES, NULL, "{\"scope\":\"z y z x y\"}", "z|y|x"},
	{ROLES, NULL, "{\"roles\":[\"a\",\"A\",\"ab\",\"\"]}", "a|A|ab|"},

	/* RFC 7519, 4.1.3: never split */
	{AUDIENCE, NULL, "{\"aud\":\"a b\"}", "a b"},
	{AUDIENCE, NULL, "{\"aud\":[\"b\",\"a\"]}", "b|a"},
	{AUDIENCE, NULL, "{\"aud\":[\"b\",1]}", "b"},
	{AUDIENCE, NULL, "{\"aud\":7}", ""},
	{AUDIENCE, NULL, "{}", ""},

	/* RFC 8176: a list as any other */
	{AMR, NULL, "{\"amr\":[\"pwd\",\"otp\",\"pwd\"]}", "pwd|otp"},
	{AMR, NULL, "{\"amr\":\"pwd mfa\"}", "pwd|mfa"},
	{AMR, NULL, "{\"amr\":[1,\"pwd\",null,[\"otp\"]]}", "pwd"},
	{AMR, NULL, "{\"amr\":{\"pwd\":true}}", ""},
	{AMR, NULL, "{\"amr\":1}", ""},
	{AMR, NULL, "{\"amr\":null}", ""},
	{AMR, NULL, "{}", ""},
};

static const AzSet *
set_of(const AzIdentity *id, Which which)
{
	const AzSet *const sets[] = {
		&id->scopes, &id->roles, &id->permissions, &id->groups, &id->audience,
		&id->amr
	};

	return sets[which];
}

static void
test_lists(void)
{
	size_t		i;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
	{
		const ListCase *c = &lists[i];
		Build		b = build(c->options, c->payload);

		ok(is_set(b.id, set_of(b.id, c->which), c->expected), "%s of %s%s%s",
		   which_name[c->which], c->payload, c->options != NULL ? " under " : "",
		   c->options != NULL ? c->options : "");
		end(&b);
	}
}

/* Rows 24 to 27, 33, 35: exact, never a part. */
static void
test_membership(void)
{
	Build		b = build(NULL, TX0);
	const AzIdentity *id = b.id;

	ok(has(id, &id->scopes, "read:data"), "has scope read:data");
	ok(!has(id, &id->scopes, "read:dat"), "not read:dat");
	ok(!has(id, &id->scopes, "READ:DATA"), "not READ:DATA");
	ok(!has(id, &id->scopes, "write") && !has(id, &id->scopes, ""), "neither write nor \"\"");
	ok(!has(id, &id->scopes, "openid profile"), "nor two at once");
	ok(has(id, &id->roles, "editor") && !has(id, &id->roles, "x"), "roles");
	ok(has(id, &id->permissions, "sample:read") && !has(id, &id->permissions, "sample"),
	   "permissions");
	end(&b);
}

/* ---- who it is: row 22 ---- */

typedef enum Fact
{
	SUBJECT, USER_ID, OWNER, EMAIL, USERNAME, CLIENT_ID, TOKEN_ID, CLIENT, ISSUER,
	ACR
} Fact;

static const char *const fact_name[] = {
	"subject", "user_id", "owner", "email", "username", "client_id", "token_id",
	"client", "issuer", "acr"
};

typedef struct FactCase
{
	Fact		fact;
	bool		by_audience;
	const char *options;
	const char *payload;
	const char *expected;		/* NULL: none */
} FactCase;

#define CID		"{\"client_id_claims\":[\"cid\",[\"a\",\"b\"]]}"

static const FactCase facts[] = {
	{SUBJECT, false, NULL, "{\"sub\":\"auth0|u1\"}", "auth0|u1"},
	{SUBJECT, false, NULL, "{}", NULL},
	{USER_ID, false, NULL, "{\"sub\":\"auth0|u1\"}", "auth0|u1"},
	{USER_ID, false, "{\"user_id_claim\":\"user_id\"}", "{\"user_id\":\"u-1\",\"sub\":\"s\"}", "u-1"},
	{USER_ID, false, "{\"user_id_claim\":\"user_id\"}", "{\"user_id\":42}", "42"},
	{USER_ID, false, "{\"user_id_claim\":\"user_id\"}", "{\"user_id\":-7}", "-7"},
	{USER_ID, false, "{\"user_id_claim\":\"user_id\"}", "{\"user_id\":42.0}", NULL},
	{USER_ID, false, "{\"user_id_claim\":\"user_id\"}", "{\"user_id\":true}", NULL},
	{USER_ID, false, "{\"user_id_claim\":\"user_id\"}", "{\"user_id\":[\"u\"]}", NULL},
	{USER_ID, false, "{\"user_id_claim\":\"user_id\"}", "{\"user_id\":null,\"sub\":\"s\"}", NULL},
	{USER_ID, false, "{\"user_id_claim\":[\"user\",\"id\"]}", "{\"user\":{\"id\":9}}", "9"},
	{OWNER, false, NULL, "{\"sub\":\"s\"}", "s"},
	{OWNER, false, "{\"owner_claim\":\"email\"}", "{\"sub\":\"s\",\"email\":\"a@x\"}", "a@x"},
	{OWNER, false, "{\"owner_claim\":\"email\"}", "{\"sub\":\"s\"}", NULL},
	{OWNER, false, "{\"owner_claim\":\"email\"}", "{\"email\":\"\"}", NULL},
	{OWNER, false, "{\"owner_claim\":\"email\"}", "{\"email\":{\"a\":1}}", NULL},
	{OWNER, false, "{\"owner_claim\":\"n\"}", "{\"n\":9223372036854775807}", "9223372036854775807"},
	{EMAIL, false, NULL, "{\"email\":\"user@example.com\"}", "user@example.com"},
	{EMAIL, false, NULL, "{\"email\":5}", NULL},
	{EMAIL, false, "{\"email_claim\":[\"" NS "\",\"email\"]}",
	"{\"" NS "\":{\"email\":\"a@x\"},\"email\":\"b@x\"}", "a@x"},
	{USERNAME, false, NULL, "{\"username\":\"ann\",\"preferred_username\":\"p\"}", "ann"},
	{USERNAME, false, NULL, "{\"preferred_username\":\"p\"}", "p"},
	{USERNAME, false, NULL, "{\"username\":null,\"preferred_username\":\"p\"}", "p"},
	{USERNAME, false, NULL, "{\"username\":7}", NULL},
	{CLIENT_ID, false, NULL, "{\"azp\":\"a\",\"client_id\":\"c\",\"aud\":\"clientA\"}", "a"},
	{CLIENT_ID, false, NULL, "{\"client_id\":\"c\",\"aud\":\"clientA\"}", "c"},
	{CLIENT_ID, false, NULL, "{\"aud\":\"clientA\"}", NULL},
	{CLIENT_ID, false, NULL, "{\"azp\":7,\"client_id\":\"c\"}", "c"},
	{CLIENT_ID, false, CID, "{\"cid\":\"a\",\"azp\":\"c\"}", "a"},
	{CLIENT_ID, false, CID, "{\"a\":{\"b\":\"c\"},\"client_id\":\"x\"}", "c"},
	{CLIENT_ID, false, CID, "{\"azp\":\"x\",\"client_id\":\"x\"}", NULL},
	{CLIENT_ID, false, "{\"client_id_claims\":[]}", "{\"azp\":\"x\"}", NULL},
	{CLIENT_ID, true, CID, "{\"aud\":\"clientA\"}", "clientA"},
	{CLIENT_ID, true, NULL, "{\"aud\":\"clientA\"}", "clientA"},
	{CLIENT_ID, true, NULL, "{\"aud\":[\"zzz\",\"clientB\",\"clientA\"]}", "clientB"},
	{CLIENT_ID, true, NULL, "{\"aud\":[\"zzz\",\"clientB\"],\"azp\":\"a\"}", "a"},
	{CLIENT_ID, true, NULL, "{\"aud\":\"zzz\"}", NULL},
	{TOKEN_ID, false, NULL, "{\"jti\":\"J1\"}", "J1"},
	{TOKEN_ID, false, NULL, "{}", NULL},
	{CLIENT, false, "{\"client\":\"hypatio\"}", "{\"client\":\"forged\"}", "hypatio"},
	{CLIENT, false, NULL, "{\"client\":\"forged\"}", NULL},
	{ISSUER, false, NULL, "{\"iss\":\"https://x/\"}", "https://x/"},
	{ISSUER, true, NULL, "{\"iss\":\"https://elsewhere/\"}", "https://x/"},
	{ACR, false, NULL, "{\"acr\":\"urn:gold card\"}", "urn:gold card"},
	{ACR, false, NULL, "{\"acr\":\"\"}", ""},
	{ACR, false, NULL, "{\"acr\":1}", NULL},
	{ACR, false, NULL, "{\"acr\":[\"gold\"]}", NULL},
	{ACR, false, NULL, "{\"acr\":null}", NULL},
	{ACR, false, NULL, "{}", NULL},
};

static const AzNode *
fact_of(const AzIdentity *id, Fact fact)
{
	const AzNode *const nodes[] = {
		&id->subject, &id->user_id, &id->owner, &id->email, &id->username,
		&id->client_id, &id->token_id, &id->client, &id->issuer, &id->acr
	};

	return nodes[fact];
}

static void
test_facts(void)
{
	size_t		i;

	for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
	{
		const FactCase *c = &facts[i];
		Build		b = build(c->options, c->payload);
		const AzNode *node;

		b.issuer->by_audience = c->by_audience;
		run(&b, NULL);
		node = fact_of(b.id, c->fact);
		ok(c->expected == NULL ? is_null(node) : is_text(b.id, node, c->expected),
		   "%s of %s%s%s%s", fact_name[c->fact], c->payload,
		   c->options != NULL ? " under " : "", c->options != NULL ? c->options : "",
		   c->by_audience ? " by audience" : "");
		end(&b);
	}
}

static void
test_header(void)
{
	Build		b = build("{\"user_id_claim\":\"uid\",\"owner_claim\":\"uid\"}",
						  "{\"iss\":\"https://x/\",\"uid\":42,\"jti\":\"J\",\"sid\":\"S\"}");
	const AzIdentity *id = b.id;

	b.issuer->version = 77;
	run(&b, NULL);
	id = b.id;
	ok(id->expires == 2000000 && id->deadline == 3000000 && id->not_before == AZ_TIME_NONE &&
	   id->issued == 1000000, "times as verified");
	ok(az_node_type(&id->user_id) == AZ_NUMBER && az_node_type(&id->owner) == AZ_NUMBER,
	   "an integer that names somebody stays a number");
	ok(id->issuer_version == 77 && is_text(id, &id->trust_issuer, "https://x/"), "issuer");
	ok(is_text(id, &id->trust_kid, "k1") && id->alg == AZ_HS256 &&
	   strcmp(id->thumbprint, az_key_thumbprint(b.issuer->keys[0])) == 0, "key");
	ok(is_text(id, &id->trust_token_id, "J") && is_text(id, &id->trust_session_id, "S"),
	   "jti and sid");
	ok(az_node_type(&id->trust_subject) == AZ_STRING && is_text(id, &id->trust_subject, "42"),
	   "without sub a revocation names the user id");
	ok(id->issuer.off == id->trust_issuer.off && id->user_id.off == id->trust_subject.off &&
	   id->token_id.off == id->trust_token_id.off, "the same bytes are stored once");
	end(&b);

	b = build(NULL, "{\"sub\":\"s\",\"sid\":5}");
	ok(is_text(b.id, &b.id->trust_subject, "s"), "sub, where there is one");
	ok(is_null(&b.id->trust_session_id) && is_null(&b.id->trust_token_id),
	   "a sid that is no string is none");
	end(&b);

	/* Q30: not every provider calls it sid */
	b = build("{\"session_claim\":[\"a\",\"session_id\"]}", "{\"sid\":\"s\",\"a\":{\"session_id\":\"t\"}}");
	ok(is_text(b.id, &b.id->trust_session_id, "t"), "the session's id is where the option says");
	end(&b);

	b = build(NULL, "{}");
	az_key_free(b.issuer->keys[0]);
	b.issuer->keys[0] = new_key(NULL);
	run(&b, NULL);
	ok(is_null(&b.id->trust_kid) && is_null(&b.id->trust_subject), "a key without kid");
	end(&b);
}

/* ---- administrators: rows 41 and 42 ---- */

#define DBMI	"{\"group_claims\":[[\"" NS "\",\"groups\"]],\"permission_claims\":[[\"" NS \
				"\",\"permissions\"]],\"admin_groups\":[\"my-client-admin\"]," \
				"\"admin_permissions\":[\"MANAGE\",\"ADMIN\"]}"

static void
test_admin(void)
{
	static const struct
	{
		const char *payload;
		bool		expected;
	}			cases[] = {
		{"{}", false},
		{"{\"" NS "\":{\"groups\":[\"my-client-admin\"],\"permissions\":[\"VIEW\"]}}", true},
		{"{\"" NS "\":{\"groups\":[],\"permissions\":[\"MANAGE\"]}}", true},
		{"{\"" NS "\":{\"groups\":[\"x\"],\"permissions\":[\"ADMIN\"]}}", true},
		{"{\"" NS "\":{\"groups\":[\"MANAGE\"],\"permissions\":[\"my-client-admin\"]}}", false},
		{"{\"" NS "\":{\"groups\":[\"my-client-admins\"],\"permissions\":[\"manage\"]}}", false},
		{"{\"groups\":[\"my-client-admin\"],\"permissions\":[\"MANAGE\"]}", false},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Build		b = build(DBMI, cases[i].payload);

		ok(b.id->is_admin == cases[i].expected, "%san administrator: %s",
		   cases[i].expected ? "" : "not ", cases[i].payload);
		ok(is_set(b.id, &b.id->admin_permissions, "MANAGE|ADMIN"), "the option is kept");
		end(&b);
	}
	{
		Build		b = build(NULL, "{\"groups\":[\"\"],\"permissions\":[\"\"]}");

		ok(b.id->is_admin == 0, "nobody is one where nothing makes one");
		end(&b);
	}
}

/* ---- organisations: rows 65 to 74 ---- */

#define O1		"1189c444-8a2d-4c41-8b4b-ae43ce79a492"
#define O2		"0b1f8a3e-0000-4c41-8b4b-ae43ce79a492"
#define ORG1	"{\"org_id\":\"" O1 "\",\"org_name\":\"Acme Inc\",\"url_safe_org_name\":\"acme-inc\"," \
				"\"org_metadata\":{\"plan\":\"gold\"},\"user_role\":\"Admin\"," \
				"\"inherited_user_roles_plus_current_role\":[\"Admin\",\"Member\"]," \
				"\"user_permissions\":[\"can_view_billing\",\"ProductA::CanCreate\"]}"
#define ORG2	"{\"org_id\":\"" O2 "\",\"user_role\":\"Member\"," \
				"\"inherited_user_roles_plus_current_role\":[\"Member\"],\"user_permissions\":[]}"
#define TPM		"{\"user_id\":\"u-1\",\"org_id_to_org_member_info\":{\"" O1 "\":" ORG1 ",\"" O2 "\":" ORG2 "}}"
#define TPA		"{\"user_id\":\"u-1\",\"org_member_info\":" ORG1 "}"

static const AzOrg *
find(const AzIdentity *id, const char *org)
{
	return az_org_find(id, org, strlen(org));
}

static bool
is_member(const AzIdentity *id, const AzOrg *org, const char *name, const char *text)
{
	return is_text(id, az_node_member(id, &org->value, name, strlen(name)), text);
}

static void
test_org_map(void)
{
	Build		b = build(NULL, TPM);
	const AzIdentity *id = b.id;
	const AzOrg *org = find(id, O1);

	ok(id->norgs == 2 && id->active_org == 0, "two organisations, none active");
	ok(is_text(id, &az_orgs(id)[0].id, O1) && is_text(id, &az_orgs(id)[1].id, O2),
	   "in the order of the token");
	must(org != NULL && find(id, O2) != NULL, "an organisation is missing");
	ok(find(id, "unknown") == NULL && find(id, "") == NULL &&
	   find(id, "1189C444-8A2D-4C41-8B4B-AE43CE79A492") == NULL, "ids are exact");
	ok(is_text(id, &org->role, "Admin") && org->multi_role == 0, "role");
	ok(is_set(id, &org->inherited, "Admin|Member"), "inherited roles");
	ok(is_set(id, &org->permissions, "can_view_billing|ProductA::CanCreate"), "permissions");
	ok(has(id, &org->permissions, "can_view_billing") && !has(id, &org->permissions, "can_view") &&
	   !has(id, &org->permissions, "productA::CanCreate"), "permissions are exact");
	ok(org->additional.count == 0, "no additional roles");
	ok(is_member(id, org, "org_name", "Acme Inc") &&
	   is_member(id, org, "url_safe_org_name", "acme-inc"), "the object itself");
	org = find(id, O2);
	ok(is_text(id, &org->role, "Member") && org->permissions.count == 0, "the other one");
	end(&b);
}

static void
test_active_org(void)
{
	Build		b = build(NULL, TPA);

	ok(b.id->norgs == 1 && b.id->active_org == 1 && find(b.id, O1) != NULL &&
	   find(b.id, O2) == NULL, "one object is the active organisation");
	ok(has(b.id, &find(b.id, O1)->permissions, "can_view_billing"), "with its permissions");
	end(&b);

	b = build(NULL, "{\"org_member_info\":" ORG1 ",\"org_id_to_org_member_info\":{\"" O2 "\":" ORG2 "}}");
	ok(b.id->norgs == 1 && b.id->active_org == 1 && find(b.id, O2) == NULL,
	   "the active one excludes the others");
	end(&b);

	b = build(NULL, "{\"org_member_info\":{},\"org_id_to_org_member_info\":{\"" O2 "\":" ORG2 "}}");
	ok(b.id->norgs == 1 && b.id->active_org == 0 && find(b.id, O2) != NULL,
	   "an empty object counts as absent");
	end(&b);

	b = build(NULL, "{\"org_member_info\":null,\"org_id_to_org_member_info\":{\"" O2 "\":" ORG2 "}}");
	ok(b.id->norgs == 1 && b.id->active_org == 0, "so does null");
	end(&b);

	b = build(NULL, "{\"org_member_info\":\"x\",\"org_id_to_org_member_info\":{\"" O2 "\":" ORG2 "}}");
	ok(b.id->norgs == 0, "another type does not: it holds no organisations");
	end(&b);

	b = build("{\"org_claims\":[\"org_id_to_org_member_info\"]}",
			  "{\"org_id_to_org_member_info\":" ORG1 "}");
	ok(b.id->active_org == 1 && find(b.id, O1) != NULL, "the shape decides, not the name");
	end(&b);
}

/* rows 67 and 68: at least a role, and several roles */
static void
test_multi_role(void)
{
	Build		b = build(NULL, "{\"org_id_to_org_member_info\":{\"" O1 "\":{"
						  "\"org_role_structure\":\"multi_role\",\"user_role\":\"Owner\","
						  "\"inherited_user_roles_plus_current_role\":[\"Owner\",\"Admin\",\"Member\"],"
						  "\"additional_roles\":[\"Billing\"],\"user_permissions\":[\"View\"]}}}");
	const AzOrg *org = find(b.id, O1);

	must(org != NULL, "an organisation is missing");
	ok(org->multi_role == 1 && is_text(b.id, &org->role, "Owner") &&
	   is_set(b.id, &org->additional, "Billing") &&
	   is_set(b.id, &org->inherited, "Owner|Admin|Member"), "several roles");
	end(&b);

	b = build(NULL, "{\"org_id_to_org_member_info\":{\"a\":{\"org_role_structure\":\"Multi_Role\","
			  "\"user_role\":\"r\"},\"b\":{\"org_role_structure\":5,\"user_role\":\"r\"}}}");
	ok(find(b.id, "a")->multi_role == 0 && find(b.id, "b")->multi_role == 0,
	   "any other structure is the hierarchy");
	end(&b);
}

/* Rows 71 and 72: one bad organisation spoils nothing else. */
static void
test_odd_orgs(void)
{
	Build		b = build(NULL, "{\"org_id_to_org_member_info\":{"
						  "\"null\":{\"user_role\":null,\"user_permissions\":[\"p\"]},"
						  "\"none\":{\"user_permissions\":[\"p\"]},"
						  "\"number\":{\"user_role\":5},\"list\":{\"user_role\":[\"Admin\"]},"
						  "\"string\":\"Admin\",\"array\":[],\"true\":true,\"nil\":null,"
						  "\"good\":{\"user_role\":\"Member\"},"
						  "\"words\":{\"user_role\":\"Member\",\"user_permissions\":\"a b\"},"
						  "\"odd\":{\"user_role\":\"Member\",\"user_permissions\":{\"a\":1},"
						  "\"org_id\":\"else\"},"
						  "\"\":{\"user_role\":\"\"}}}");
	const AzIdentity *id = b.id;

	ok(id->norgs == 4, "who has no role is no member");
	ok(find(id, "null") == NULL && find(id, "none") == NULL && find(id, "number") == NULL &&
	   find(id, "list") == NULL && find(id, "string") == NULL && find(id, "array") == NULL &&
	   find(id, "true") == NULL && find(id, "nil") == NULL, "of none of them");
	ok(find(id, "good") != NULL && find(id, "good")->permissions.count == 0,
	   "without permissions there are none");
	ok(is_set(id, &find(id, "words")->permissions, "a|b"), "a string of permissions is split");
	ok(find(id, "odd") != NULL && find(id, "odd")->permissions.count == 0 &&
	   find(id, "else") == NULL, "the key of the map is the id");
	ok(find(id, "") != NULL && is_text(id, &find(id, "")->role, ""), "empty names are names");
	end(&b);

	b = build(NULL, "{\"org_member_info\":{\"org_id\":\"a\",\"user_role\":null}}");
	ok(b.id->norgs == 0 && b.id->active_org == 0, "no role in the active one: no member");
	end(&b);

	b = build(NULL, "{\"org_id_to_org_member_info\":{\"org_id\":{\"user_role\":\"r\"},"
			  "\"b\":{\"user_role\":\"r\"}}}");
	ok(b.id->norgs == 2 && find(b.id, "org_id") != NULL, "a map may have the key org_id");
	end(&b);

	b = build(NULL, "{\"org_id_to_org_member_info\":{}}");
	ok(b.id->norgs == 0, "an empty map");
	end(&b);
	b = build(NULL, "{\"org_id_to_org_member_info\":[" ORG1 "]}");
	ok(b.id->norgs == 0, "an array is no map");
	end(&b);
	b = build("{\"org_claims\":[]}", TPM);
	ok(b.id->norgs == 0, "no location, no organisations");
	end(&b);
}

/* Rows 76 to 78: what the SQL edge reads off the tree. */
static void
test_tree(void)
{
	Build		b = build(NULL, "{\"properties\":{\"a\":{\"b\":1}},\"impersonator_user_id\":\"staff-9\","
						  "\"login_method\":{\"login_method\":\"social_sso\",\"provider\":\"Apple\"},"
						  "\"n\":[1,-2.5,1e300,true,false,null,\"\",{},[]]}");
	const AzIdentity *id = b.id;
	const AzNode *node = az_node_member(id, &id->claims, "properties", 10);
	static const char *const texts[] = {"1", "-2.5", "1e+300", "true", "false"};
	const AzNode *list;
	size_t		i;

	node = az_node_member(id, az_node_member(id, node, "a", 1), "b", 1);
	ok(is_text(id, node, "1"), "a property in a property");
	ok(az_node_member(id, &id->claims, "nope", 4) == NULL &&
	   az_node_member(id, node, "b", 1) == NULL, "what is not there");
	ok(is_text(id, az_node_member(id, &id->claims, "impersonator_user_id", 20), "staff-9"),
	   "the impersonator");
	node = az_node_member(id, &id->claims, "login_method", 12);
	ok(is_text(id, az_node_member(id, node, "provider", 8), "Apple"), "an unheard-of provider");

	list = az_node_member(id, &id->claims, "n", 1);
	ok(az_node_len(list) == 9, "every element");
	for (i = 0; i < 5; i++)
		ok(is_text(id, &az_node_elements(id, list)[i], texts[i]), "the text of %s", texts[i]);
	ok(is_null(&az_node_elements(id, list)[5]) && is_text(id, &az_node_elements(id, list)[6], "") &&
	   az_node_type(&az_node_elements(id, list)[7]) == AZ_OBJECT &&
	   az_node_type(&az_node_elements(id, list)[8]) == AZ_ARRAY, "null, \"\", {} and []");
	end(&b);
}

/* ---- encodings ---- */

static void
test_encoding(void)
{
	static const AzConverter latin1 = {to_latin1, NULL};
	Build		b = build_with("{\"role_claims\":[[\"r\\u00f4les\",\"\\u00e0\"]],"
							   "\"client\":\"caf\\u00e9\",\"admin_permissions\":[\"g\\u00e9rer\"],"
							   "\"admin_groups\":[\"\\u00e9quipe\"]}",
							   "{\"sub\":\"Andr\\u00e9\",\"jti\":\"\\u00fc\","
							   "\"r\\u00f4les\":{\"\\u00e0\":[\"\\u00e9l\\u00e8ve\",\"b\"]},"
							   "\"groups\":[\"\\u00e9quipe\"]}", &latin1);
	const AzIdentity *id = b.id;

	must(b.reason == AZ_OK, "cannot build an identity");
	ok(is_text(id, &id->subject, "Andr\xE9"), "claims are converted");
	ok(is_text(id, &id->trust_subject, "Andr\xC3\xA9") &&
	   is_text(id, &id->trust_token_id, "\xC3\xBC") && is_text(id, &id->token_id, "\xFC"),
	   "what the trust compares is as signed");
	ok(is_set(id, &id->roles, "\xE9l\xE8ve|b"), "a location with accents finds its claim");
	ok(is_text(id, &id->client, "caf\xE9"), "options are converted");
	ok(is_set(id, &id->admin_permissions, "g\xE9rer"), "lists of them, too");
	ok(id->is_admin == 1, "and compared in the same encoding");
	end(&b);

	b = build_with(NULL, "{\"sub\":\"za\\u017c\\u00f3\\u0142\\u0107\"}", &latin1);
	ok(b.reason == AZ_CLAIM_ENCODING && b.id == NULL, "a value that does not fit");
	az_json_free(b.payload);
	b.payload = parse("{\"sub\":\"zazolc\"}");
	run(&b, &latin1);
	ok(b.reason == AZ_OK && is_text(b.id, &b.id->subject, "zazolc"),
	   "the builder goes on with the next");
	end(&b);

	b = build_with(NULL, "{\"\\u017c\":1}", &latin1);
	ok(b.reason == AZ_CLAIM_ENCODING, "a name that does not fit");
	end(&b);
	b = build_with(NULL, "{\"a\":[{\"b\":\"\\ud83d\\ude00\"}]}", &latin1);
	ok(b.reason == AZ_CLAIM_ENCODING, "deep inside");
	end(&b);
	b = build_with("{\"client\":\"\\u017c\"}", "{}", &latin1);
	ok(b.reason == AZ_CLAIM_ENCODING, "an option that does not fit");
	end(&b);
	b = build_with("{\"admin_groups\":[\"\u017c\"],\"role_claims\":[\"\u017c\"]}", "{}", &latin1);
	ok(b.reason == AZ_OK && b.id->is_admin == 0, "unless it is only compared");
	end(&b);
	b = build_with("{\"client\":\"\\u017c\"}", "{\"sub\":\"za\\u017c\"}", NULL);
	ok(b.reason == AZ_OK && is_text(b.id, &b.id->subject, "za\xC5\xBC"), "without a converter: UTF-8");
	end(&b);
}

/* A converter that makes two names one. */
static bool
to_question_mark(void *arg, const char *utf8, size_t len, char **out, size_t *out_len)
{
	(void) arg;
	(void) utf8;
	(void) len;
	*out = malloc(2);
	must(*out != NULL, "out of memory");
	strcpy(*out, "?");
	*out_len = 1;
	return true;
}

static void
test_merged_names(void)
{
	static const AzConverter lossy = {to_question_mark, NULL};
	Build		b = build_with(NULL, "{\"\\u00e9\":1,\"\\u00e8\":2}", &lossy);

	ok(b.reason == AZ_CLAIM_ENCODING, "two names that become one are refused");
	end(&b);
	b = build_with(NULL, "{\"\\u00e9\":1,\"e\":2}", &lossy);
	ok(b.reason == AZ_OK, "two that stay two are not");
	end(&b);
}

/* ---- a converter that leaves ---- */

typedef struct Leap
{
	jmp_buf		back;
	int			countdown;
} Leap;

static bool
leap(void *arg, const char *utf8, size_t len, char **out, size_t *out_len)
{
	Leap	   *l = arg;

	if (--l->countdown == 0)
		longjmp(l->back, 1);
	return to_latin1(NULL, utf8, len, out, out_len);
}

/* That nothing is lost is for the leak checker to say. */
static void
test_leap(void)
{
	static Leap l;
	static Build b;
	static volatile int calls;
	static volatile int left;
	AzConverter converter = {leap, &l};

	b = build("{\"role_claims\":[\"r\\u00f4les\"],\"admin_groups\":[\"\\u00e9\"],\"client\":\"\\u00e9\"}",
			  "{\"sub\":\"\\u00e9\",\"r\\u00f4les\":[\"\\u00e8\",\"\\u00e0\"],\"jti\":\"\\u00e7\"}");
	for (calls = 1; calls < 100; calls++)
	{
		l.countdown = calls;
		if (setjmp(l.back) == 0)
		{
			run(&b, &converter);
			break;
		}
		left++;
	}
	ok(left > 5 && calls < 100 && b.reason == AZ_OK, "left at each of %d conversions", left);
	ok(is_set(b.id, &b.id->roles, "\xE8|\xE0"), "and built in the end");
	end(&b);
}

/* ---- sizes ---- */

static void
measure(const char *what, const char *options, const char *payload)
{
	Build		b = build(options, payload);
	double		ratio = (double) b.id->size / (double) strlen(payload);

	ok(ratio <= 4, "%s: %u bytes for a payload of %zu, %.2f times", what,
	   b.id->size, strlen(payload), ratio);
	end(&b);
}

/* An organisation with permissions, as PropelAuth sends them, n times. */
static char *
many_orgs(int n)
{
	char	   *text = malloc((size_t) n * 600 + 400);
	char	   *at = text;
	int			i;

	must(text != NULL, "out of memory");
	at += sprintf(at, "{\"iss\":\"https://auth.example.com\",\"iat\":1700000000,\"exp\":1700001800,"
				  "\"user_id\":\"31c41c16-c281-44ae-9602-8a047e3bf33d\",\"email\":\"t@example.com\","
				  "\"org_id_to_org_member_info\":{");
	for (i = 0; i < n; i++)
		at += sprintf(at, "%s\"1189c444-8a2d-4c41-8b4b-%012d\":{"
					  "\"org_id\":\"1189c444-8a2d-4c41-8b4b-%012d\",\"org_name\":\"Acme %d\","
					  "\"url_safe_org_name\":\"acme-%d\",\"org_metadata\":{\"plan\":\"gold\"},"
					  "\"org_role_structure\":\"single_role_in_hierarchy\",\"user_role\":\"Admin\","
					  "\"inherited_user_roles_plus_current_role\":[\"Admin\",\"Member\"],"
					  "\"additional_roles\":[],\"user_permissions\":[\"can_view_billing\","
					  "\"propelauth::can_invite\"]}", i > 0 ? "," : "", i, i, i, i);
	strcpy(at, "}}");
	return text;
}

static char *
many_strings(const char *claim, int n)
{
	char	   *text = malloc((size_t) n * 40 + 400);
	char	   *at = text;
	int			i;

	must(text != NULL, "out of memory");
	at += sprintf(at, "{\"iss\":\"https://x/\",\"sub\":\"s\",\"exp\":1700001800,\"%s\":[", claim);
	for (i = 0; i < n; i++)
		at += sprintf(at, "%s\"read:things-%d\"", i > 0 ? "," : "", i * 7919 % n);
	strcpy(at, "]}");
	return text;
}

static void
test_sizes(void)
{
	char	   *orgs = many_orgs(20);
	char	   *strings = many_strings("permissions", 2000);

	measure("axioms", NULL, "{\"iss\":\"https://auth.example.com\",\"aud\":[\"my-api\"],"
			"\"sub\":\"user123\",\"exp\":1735689600,\"iat\":1735686000,\"jti\":\"J1\","
			"\"scope\":\"openid profile read:data\",\"roles\":[\"admin\",\"editor\"],"
			"\"permissions\":[\"sample:read\"],\"scp\":[\"openid\"],\"cognito:groups\":[\"g1\"],"
			"\"https://example.com/claims/roles\":[\"admin\"]}");
	measure("auth0", NULL, "{\"iss\":\"https://my-domain.us.auth0.com/\",\"sub\":\"user@clients\","
			"\"aud\":\"https://api.example.com\",\"iat\":1700000000,\"exp\":1700003600,"
			"\"azp\":\"mK3brgMY0GIMox40xKWcUZBbv2Xs0YdG\",\"scope\":\"read:messages\","
			"\"gty\":\"client-credentials\",\"permissions\":[\"read:admin-messages\"]}");
	measure("dbmi", DBMI, "{\"iss\":\"https://dbmi.auth0.com/\",\"aud\":\"clientA\",\"sub\":\"auth0|5a1\","
			"\"email\":\"user@example.com\",\"iat\":1700000000,\"exp\":1700036000,"
			"\"" NS "\":{\"groups\":[\"dbmi-admin\"],\"roles\":[\"curator\"],\"permissions\":[\"MANAGE\"]}}");
	measure("propelauth, 2 organisations", NULL, TPM);
	measure("propelauth, 20 organisations", NULL, orgs);
	measure("2000 permissions", NULL, strings);
	free(orgs);
	free(strings);
}

static void
test_many(void)
{
	char	   *text = many_strings("roles", 5000);
	Build		b = build(NULL, text);
	char		value[40];
	int			found = 0;
	int			i;

	for (i = 0; i < 5000; i++)
	{
		sprintf(value, "read:things-%d", i);
		found += has(b.id, &b.id->roles, value);
	}
	ok(b.id->roles.count == 5000 && found == 5000, "each of 5000 roles");
	ok(!has(b.id, &b.id->roles, "read:things-5000"), "and no other");
	ok(b.id->roles.items == az_node_member(b.id, &b.id->claims, "roles", 5)->off,
	   "a list without repetitions shares the claim's array");
	end(&b);
	free(text);

	text = many_orgs(300);
	b = build(NULL, text);
	for (i = 0, found = 0; i < 300; i++)
	{
		sprintf(value, "1189c444-8a2d-4c41-8b4b-%012d", i);
		found += find(b.id, value) != NULL;
	}
	ok(b.id->norgs == 300 && found == 300, "each of 300 organisations");
	end(&b);
	free(text);
}

/* As deep as json_parse.c lets through. */
static void
test_depth(void)
{
	char		text[256] = "{\"a\":";
	int			i;
	Build		b;

	for (i = 1; i < AZ_JSON_MAX_DEPTH; i++)
		strcat(text, "[");
	for (i = 1; i < AZ_JSON_MAX_DEPTH; i++)
		strcat(text, "]");
	strcat(text, "}");
	b = build(NULL, text);
	ok(az_identity_check(b.id, b.id->size), "%d levels", AZ_JSON_MAX_DEPTH);
	end(&b);
}

/* ---- organisations in other shapes ---- */

#define SINGLE	"{\"org_shape\":\"single\"}"
#define CLERK	"{\"org_shape\":\"single\",\"org_id_claim\":[\"o\",\"id\"],\"org_name_claim\":[\"o\",\"slg\"],\"org_role_claims\":[[\"o\",\"rol\"]],\"org_permission_claims\":[[\"o\",\"per\"]]}"
#define BOTH	"{\"org_shape\":\"single\",\"org_id_claim\":[[\"o\",\"id\"],\"org_id\"],\"org_name_claim\":[[\"o\",\"slg\"],\"org_slug\"],\"org_role_claims\":[[\"o\",\"rol\"],\"org_role\"]}"
#define COMPACT	"{\"org_shape\":\"clerk\",\"org_id_claim\":[[\"o\",\"id\"],\"org_id\"],\"org_role_claims\":[[\"o\",\"rol\"],\"org_role\"]}"
#define O(per, fpm, fea)	"{\"o\":{\"id\":\"o1\",\"rol\":\"admin\",\"per\":" per ",\"fpm\":" fpm "},\"fea\":" fea "}"
#define BY_ROLE	"{\"org_shape\":\"by_role\",\"org_claims\":[\"r\"],\"org_id_claim\":\"home\",\"org_name_claim\":\"home name\"}"
#define LIST	"{\"org_shape\":\"list\",\"org_claims\":[\"organization\",\"organizations\"]}"
#define MAP		"{\"org_shape\":\"map\",\"org_claims\":[\"organization\"]}"
#define MAP_ID	"{\"org_shape\":\"map\",\"org_claims\":[\"organization\"],\"org_id_claim\":\"id\",\"org_role_claims\":[\"roles\"]}"

/* "id name role permissions additional", one organisation a line. */
static bool
are_orgs(const Build *b, const char *expected)
{
	const AzIdentity *id = b->id;
	char		text[1000] = "";
	uint32_t	i;
	uint32_t	j;

	for (i = 0; i < id->norgs; i++)
	{
		const AzOrg *org = &az_orgs(id)[i];
		const AzSet *sets[2] = {&org->permissions, &org->additional};
		const AzNode *nodes[3] = {&org->id, &org->name, &org->role};
		size_t		k;

		for (k = 0; k < 3; k++)
			sprintf(text + strlen(text), "%.*s ", is_null(nodes[k]) ? 1 : (int) az_node_len(nodes[k]),
					is_null(nodes[k]) ? "-" : az_node_bytes(id, nodes[k]));
		for (k = 0; k < 2; k++)
		{
			for (j = 0; j < sets[k]->count; j++)
				sprintf(text + strlen(text), "%s%.*s", j > 0 ? "," : "",
						(int) az_node_len(&az_set_items(id, sets[k])[j]),
						az_node_bytes(id, &az_set_items(id, sets[k])[j]));
			strcat(text, k == 0 ? " " : "\n");
		}
		if (az_org_find(id, az_node_bytes(id, &org->id), az_node_len(&org->id)) != org ||
			!is_null(&org->value) || org->inherited.count != 0 || org->multi_role != 1)
			return false;
	}
	if (strcmp(text, expected) != 0)
		printf("# got \"%s\"\n", text);
	return strcmp(text, expected) == 0;
}

static void
test_org_shapes(void)
{
	static const struct
	{
		const char *options;
		const char *payload;
		const char *expected;
	}			cases[] =
	{
		{SINGLE, "{\"org_id\":\"o1\",\"org_name\":\"Acme\",\"org_role\":\"admin\",\"org_permissions\":[\"a\",\"b\"]}", "o1 Acme admin a,b admin\n"},
		{SINGLE, "{\"org_id\":\"o1\",\"org_role\":[\"x\",\"y\"]}", "o1 - x  x,y\n"},
		{SINGLE, "{\"org_id\":\"o1\"}", "o1 - -  \n"},
		{SINGLE, "{\"org_id\":\"\"}", ""},
		{SINGLE, "{\"org_id\":7}", ""},
		{SINGLE, "{\"org_id\":null,\"org_role\":\"admin\"}", ""},
		{SINGLE, "{\"org_id\":\"o1\",\"org_name\":5,\"org_role\":{},\"org_permissions\":1}", "o1 - -  \n"},
		{SINGLE, "{\"org_member_info\":{\"org_id\":\"o1\",\"user_role\":\"Admin\"}}", ""},
		{CLERK, "{\"o\":{\"id\":\"org_1\",\"slg\":\"acme\",\"rol\":\"admin\",\"per\":\"read manage\"},\"org_id\":\"x\"}", "org_1 acme admin read,manage admin\n"},
		{CLERK, "{\"org_id\":\"x\"}", ""},
		{BOTH, "{\"o\":{\"id\":\"org_1\",\"slg\":\"acme\",\"rol\":\"admin\"}}", "org_1 acme admin  admin\n"},
		{BOTH, "{\"org_id\":\"org_1\",\"org_slug\":\"acme\",\"org_role\":\"org:admin\"}", "org_1 acme org:admin  org:admin\n"},
		{BOTH, "{\"o\":{\"id\":\"\"},\"org_id\":\"org_1\"}", ""},
		{BOTH, "{\"o\":{},\"org_id\":\"org_1\",\"org_slug\":7}", "org_1 - -  \n"},
		{BOTH, "{}", ""},
		{COMPACT, O("\"manage,read\"", "\"3,2\"", "\"o:dash,o:teams\""), "o1 - admin org:dash:manage,org:dash:read,org:teams:read admin\n"},
		{COMPACT, O("\"manage,read\"", "\"1,2\"", "\"u:own,o:dash, uo:teams\""), "o1 - admin org:dash:manage,org:teams:read admin\n"},
		{COMPACT, O("\"manage,read\"", "\"3\"", "\"o:dash,o:teams\""), "o1 - admin org:dash:manage,org:dash:read admin\n"},
		{COMPACT, O("\"read\"", "\"3,2,1\"", "\"o:dash\""), "o1 - admin org:dash:read admin\n"},
		{COMPACT, O("\"read\"", "\"x,-1,1.0,1e0,18446744073709551617,\"", "\"o:a,o:b,o:c,o:d,o:e,o:f\""), "o1 - admin  admin\n"},
		{COMPACT, O("\",read\"", "\"3\"", "\"o:dash\""), "o1 - admin org:dash:read admin\n"},
		{COMPACT, O("\"read\"", "\"1,1,1\"", "\"o:,dash,:x,o:b\""), "o1 - admin org:b:read admin\n"},
		{COMPACT, O("\"\"", "\"\"", "\"\""), "o1 - admin  admin\n"},
		{COMPACT, O("[\"read\"]", "\"1\"", "\"o:dash\""), "o1 - admin  admin\n"},
		{COMPACT, O("\"read\"", "1", "\"o:dash\""), "o1 - admin  admin\n"},
		{COMPACT, O("\"read\"", "\"1\"", "null"), "o1 - admin  admin\n"},
		{COMPACT, "{\"org_id\":\"o1\",\"org_role\":\"org:admin\",\"org_permissions\":[\"org:dash:read\"],\"fea\":\"o:dash\"}",
		"o1 - org:admin org:dash:read org:admin\n"},
		{COMPACT, "{\"fea\":\"o:dash\"}", ""},
		{BOTH, O("\"read\"", "\"1\"", "\"o:dash\""), "o1 - admin  admin\n"},
		{BY_ROLE, "{\"r\":{\"admin\":{\"o1\":\"One\",\"o2\":\"Two\"},\"clerk\":{\"o2\":\"2\",\"o3\":{}}}}",
		"o1 One admin  admin\no2 Two admin  admin,clerk\no3 - clerk  clerk\n"},
		{BY_ROLE, "{\"home\":\"o2\",\"home name\":\"Home\",\"r\":{\"admin\":{\"o1\":\"One\",\"o2\":\"Two\"},\"clerk\":{\"o2\":\"2\"}}}",
		"o2 Home admin  admin,clerk\no1 One admin  admin\n"},
		{BY_ROLE, "{\"home\":\"o9\",\"org_permissions\":[\"p\"],\"r\":{\"admin\":{\"o1\":\"One\"}}}", "o9 - - p \no1 One admin  admin\n"},
		{BY_ROLE, "{\"home\":\"o9\",\"org_role\":\"boss\"}", "o9 - -  \n"},
		{BY_ROLE, "{\"home\":\"\",\"r\":{\"admin\":{\"\":\"x\",\"o1\":null},\"clerk\":[\"o1\"],\"nurse\":\"o1\",\"guest\":{}}}", ""},
		{BY_ROLE, "{\"home\":7,\"r\":[\"admin\"]}", ""},
		{BY_ROLE, "{}", ""},
		{LIST, "{\"organization\":[\"b\",\"a\",\"b\",\"\",7,null,[\"c\"]]}", "b - -  \na - -  \n"},
		{LIST, "{\"organization\":\"a b\"}", "a b - -  \n"},
		{LIST, "{\"organization\":\"\"}", ""},
		{LIST, "{\"organization\":[]}", ""},
		{LIST, "{\"organization\":[],\"organizations\":[\"a\"]}", ""},
		{LIST, "{\"organization\":{},\"organizations\":[\"a\"]}", "a - -  \n"},
		{LIST, "{\"organization\":7}", ""},
		{LIST, "{\"organization\":{\"acme\":{\"org_role\":\"r\"},\"beta\":[\"s\"]}}", "acme - r  r\nbeta - s  s\n"},
		{LIST, "{}", ""},
		{MAP, "{\"organization\":{\"b\":[\"r1\",\"r2\"],\"a\":{\"org_name\":\"Acme\",\"org_role\":\"r3\",\"org_permissions\":[\"p\"]}}}",
		"b - r1  r1,r2\na Acme r3 p r3\n"},
		{MAP, "{\"organization\":{\"a\":{},\"b\":[],\"c\":null,\"d\":\"admin\",\"e\":5,\"f\":true}}", "a - -  \nb - -  \n"},
		{MAP, "{\"organization\":[\"a\"]}", ""},
		{MAP, "{\"organization\":{}}", ""},
		{MAP, "{\"organization\":\"a\"}", ""},
		{MAP, "{\"organization\":{\"a\":{\"user_role\":\"Admin\"}}}", "a - -  \n"},
		{MAP_ID, "{\"organization\":{\"acme\":{\"id\":\"o1\",\"roles\":[\"r\"]},\"beta\":{\"id\":\"o2\",\"org_name\":\"Beta Ltd\"}}}",
		"o1 acme r  r\no2 Beta Ltd -  \n"},
		{MAP_ID, "{\"organization\":{\"acme\":{\"roles\":[\"r\"]},\"beta\":[\"r\"],\"gamma\":{\"id\":\"o3\"},\"delta\":{\"id\":4}}}", "o3 gamma -  \n"},
		{MAP_ID, "{\"organization\":{\"a\":{\"id\":\"o1\"},\"b\":{\"id\":\"o2\"},\"c\":{\"id\":\"o1\"}}}", ""},
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Build		b = build(cases[i].options, cases[i].payload);

		ok(are_orgs(&b, cases[i].expected), "%s under %s", cases[i].payload, cases[i].options);
		ok(b.id->active_org == (b.id->norgs > 0 && (strstr(cases[i].options, "single") != NULL ||
													strstr(cases[i].options, "clerk") != NULL)),
		   "it is the active one, or there is none");
		end(&b);
	}
	{
		Build		b = build("{\"org_shape\":\"propelauth\"}", "{\"org_member_info\":{\"org_id\":\"o1\",\"user_role\":\"Admin\",\"org_name\":\"Acme\"}}");

		ok(b.id->norgs == 1 && is_text(b.id, &az_orgs(b.id)->name, "Acme") &&
		   is_text(b.id, &az_orgs(b.id)->role, "Admin") && az_orgs(b.id)->multi_role == 0, "PropelAuth's shape by name");
		end(&b);
	}
}

int
main(void)
{
	test_lists();
	test_membership();
	test_facts();
	test_header();
	test_admin();
	test_org_map();
	test_active_org();
	test_multi_role();
	test_odd_orgs();
	test_tree();
	test_encoding();
	test_merged_names();
	test_leap();
	test_sizes();
	test_many();
	test_depth();
	test_org_shapes();
	return tap_done();
}
