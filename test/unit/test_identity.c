/*-------------------------------------------------------------------------
 *
 * test_identity.c
 *	  Lookups in a block, the walk over one, and both over many payloads
 *	  drawn by lot (with a fixed seed).
 *
 *-------------------------------------------------------------------------
 */
#include "tokens.h"

/* ---- lookups ---- */

static const AzIdentity *
build(AzBuilder *builder, const AzIssuer *issuer, const AzJson *payload,
	  const AzConverter *converter)
{
	AzVerified	verified = verified_of(issuer, payload);
	const AzIdentity *id;

	(void) az_claims_build(builder, &verified, converter, &id);
	return id;
}

typedef struct HoldsCase
{
	const char *value;			/* JSON */
	const char *asked;
	bool		expected;
} HoldsCase;

static const HoldsCase holds[] = {
	{"\"a b\"", "a", true}, {"\"a b\"", "b", true}, {"\"a b\"", "a b", false},
	{"\"a b\"", "", false}, {"\"\"", "", false}, {"\" a\\t\\u000bb\\n\"", "b", true},
	{"\"abc\"", "ab", false}, {"\"abc\"", "bc", false}, {"\"abc\"", "ABC", false},
	{"[\"a b\",\"c\"]", "a b", true}, {"[\"a b\",\"c\"]", "a", false},
	{"[\"a b\",\"c\"]", "c", true}, {"[\"\"]", "", true}, {"[]", "", false},
	{"true", "true", true}, {"true", "false", false}, {"false", "false", true},
	{"42", "42", true}, {"42", "42.0", false}, {"4.0", "4.0", true}, {"-1", "-1", true},
	{"[1,true,2.5]", "1", true}, {"[1,true,2.5]", "true", true}, {"[1,true,2.5]", "2.5", true},
	{"[1,true,2.5]", "2", false}, {"null", "null", false}, {"[null]", "null", false},
	{"[null]", "", false}, {"{\"a\":\"a\"}", "a", false}, {"[[\"a\"]]", "a", false},
	{"[{\"a\":1}]", "a", false},
};

static void
test_holds(void)
{
	AzIssuer   *issuer = new_issuer("x", NULL);
	AzBuilder  *builder = az_builder_new();
	size_t		i;

	for (i = 0; i < sizeof(holds) / sizeof(holds[0]); i++)
	{
		const HoldsCase *c = &holds[i];
		char		text[200];
		AzJson	   *payload;
		const AzIdentity *id;

		sprintf(text, "{\"c\":%s}", c->value);
		payload = parse(text);
		id = build(builder, issuer, payload, NULL);
		ok(az_node_holds(id, az_node_member(id, &id->claims, "c", 1), c->asked,
						 strlen(c->asked)) == c->expected,
		   "%s %s \"%s\"", c->value, c->expected ? "holds" : "does not hold", c->asked);
		if (i == 0)
			ok(!az_node_holds(id, NULL, "a", 1) && !az_node_text(id, NULL, NULL, NULL),
			   "nothing holds nothing");
		az_json_free(payload);
	}
	az_builder_free(builder);
	az_issuer_free(issuer);
}

/* Z15: the same, compared whole. */
static const HoldsCase whole[] =
{
	{"\"Sales Support\"", "Sales Support", true}, {"\"Sales Support\"", "Sales", false},
	{"\"Sales Support\"", "Support", false}, {"\" a\"", "a", false}, {"\" a\"", " a", true},
	{"\"a\"", "A", false}, {"\"a\"", "", false}, {"\"\"", "", true}, {"\"\"", "a", false},
	{"true", "true", true}, {"false", "true", false}, {"false", "false", true},
	{"42", "42", true}, {"42", "42.0", false}, {"-1", "-1", true}, {"null", "null", false},
	{"null", "", false}, {"[\"a\"]", "a", false}, {"[]", "", false}, {"{\"a\":\"a\"}", "a", false},
};

static void
test_is(void)
{
	AzIssuer   *issuer = new_issuer("x", NULL);
	AzBuilder  *builder = az_builder_new();
	size_t		i;

	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
	{
		const HoldsCase *c = &whole[i];
		char		text[200];
		AzJson	   *payload;
		const AzIdentity *id;

		sprintf(text, "{\"c\":%s}", c->value);
		payload = parse(text);
		id = build(builder, issuer, payload, NULL);
		ok(az_node_is(id, az_node_member(id, &id->claims, "c", 1), c->asked,
					  strlen(c->asked)) == c->expected,
		   "%s %s \"%s\"", c->value, c->expected ? "is" : "is not", c->asked);
		ok(!az_node_is(id, NULL, c->asked, strlen(c->asked)), "no claim is nothing");
		az_json_free(payload);
	}
	az_builder_free(builder);
	az_issuer_free(issuer);
}

static void
test_members(void)
{
	AzIssuer   *issuer = new_issuer("x", NULL);
	AzBuilder  *builder = az_builder_new();
	AzJson	   *payload = parse("{\"b\":1,\"\":2,\"a\":3,\"ab\":4,\"B\":5,\"\\u00e9\":6,\"a\\u0001\":7}");
	const AzIdentity *id = build(builder, issuer, payload, NULL);
	const AzNode *claims = &id->claims;

	ok(is_text(id, az_node_member(id, claims, "b", 1), "1") &&
	   is_text(id, az_node_member(id, claims, "", 0), "2") &&
	   is_text(id, az_node_member(id, claims, "a", 1), "3") &&
	   is_text(id, az_node_member(id, claims, "ab", 2), "4") &&
	   is_text(id, az_node_member(id, claims, "B", 1), "5") &&
	   is_text(id, az_node_member(id, claims, "\xC3\xA9", 2), "6") &&
	   is_text(id, az_node_member(id, claims, "a\x01", 2), "7"), "every member by its name");
	ok(az_node_member(id, claims, "c", 1) == NULL && az_node_member(id, claims, "abc", 3) == NULL &&
	   az_node_member(id, claims, "\xC3", 1) == NULL, "and by no other");
	ok(az_compare("a", 1, "ab", 2) < 0 && az_compare("ab", 2, "a", 1) > 0 &&
	   az_compare("\xC3", 1, "a", 1) > 0 && az_compare("", 0, "", 0) == 0, "bytewise order");
	az_json_free(payload);
	az_builder_free(builder);
	az_issuer_free(issuer);
}

/* ---- the walk: a sound block, and one with each fault ---- */

typedef struct Broken
{
	const char *what;
	void		(*break_it) (AzIdentity *id);
} Broken;

static AzMember *
first_member(AzIdentity *id)
{
	return (AzMember *) ((char *) id + id->claims.off);
}

static uint32_t *
indexes(AzIdentity *id, uint32_t off)
{
	return (uint32_t *) ((char *) id + off);
}

static AzOrg *
first_org(AzIdentity *id)
{
	return (AzOrg *) ((char *) id + id->orgs);
}

static void
nothing(AzIdentity *id)
{
	(void) id;
}

static void
wrong_size(AzIdentity *id)
{
	id->size--;
}

static void
claims_no_object(AzIdentity *id)
{
	id->claims.head = id->claims.head >> 3 << 3 | AZ_ARRAY;
}

static void
claims_too_long(AzIdentity *id)
{
	id->claims.head = UINT32_MAX >> 3 << 3 | AZ_OBJECT;
}

static void
claims_outside(AzIdentity *id)
{
	id->claims.off = id->size;
}

static void
claims_unaligned(AzIdentity *id)
{
	id->claims.off += 2;
}

static void
claims_in_header(AzIdentity *id)
{
	id->claims.off = 0;
}

static void
names_unsorted(AzIdentity *id)
{
	AzMember   *members = first_member(id);
	AzMember	swap = members[0];

	members[0] = members[1];
	members[1] = swap;
}

static void
names_repeated(AzIdentity *id)
{
	first_member(id)[1].name = first_member(id)[0].name;
}

static void
name_no_string(AzIdentity *id)
{
	AzNode	   *name = &first_member(id)[0].name;

	name->head = name->head >> 3 << 3 | AZ_NUMBER;
}

static void
string_outside(AzIdentity *id)
{
	id->subject.off = id->size - az_node_len(&id->subject) + 1;
}

static void
issuer_missing(AzIdentity *id)
{
	memset(&id->issuer, 0, sizeof(id->issuer));
}

static void
subject_a_number(AzIdentity *id)
{
	id->subject.head = id->subject.head >> 3 << 3 | AZ_NUMBER;
}

static void
set_unsorted(AzIdentity *id)
{
	uint32_t   *sorted = indexes(id, id->roles.order);
	uint32_t	swap = sorted[0];

	sorted[0] = sorted[1];
	sorted[1] = swap;
}

static void
set_repeated(AzIdentity *id)
{
	indexes(id, id->roles.order)[1] = indexes(id, id->roles.order)[0];
}

static void
set_index_outside(AzIdentity *id)
{
	indexes(id, id->roles.order)[2] = id->roles.count;
}

static void
set_too_long(AzIdentity *id)
{
	id->roles.count = id->size;
}

static void
set_elsewhere(AzIdentity *id)
{
	id->roles.items = id->size - 4;
}

static void
org_without_role(AzIdentity *id)
{
	memset(&first_org(id)->role, 0, sizeof(AzNode));
}

static void
org_no_object(AzIdentity *id)
{
	first_org(id)->value = first_org(id)->id;
}

static void
orgs_unsorted(AzIdentity *id)
{
	uint32_t   *sorted = indexes(id, id->org_order);
	uint32_t	swap = sorted[0];

	sorted[0] = sorted[1];
	sorted[1] = swap;
}

static void
orgs_too_many(AzIdentity *id)
{
	id->norgs = 1000;
}

static void
active_of_two(AzIdentity *id)
{
	id->active_org = 1;
}

static void
admin_odd(AzIdentity *id)
{
	id->is_admin = 2;
}

static void
alg_odd(AzIdentity *id)
{
	id->alg = AZ_N_ALGS;
}

static void
thumbprint_open(AzIdentity *id)
{
	memset(id->thumbprint, 'x', sizeof(id->thumbprint));
}

static void
no_deadline(AzIdentity *id)
{
	id->deadline = AZ_TIME_NONE;
}

/* An array that is its own element: deeper than any token. */
static void
endless(AzIdentity *id)
{
	AzMember   *members = first_member(id);
	uint32_t	i;

	for (i = 0; i < az_node_len(&id->claims); i++)
	{
		if (az_node_type(&members[i].value) == AZ_ARRAY)
			*(AzNode *) ((char *) id + members[i].value.off) = members[i].value;
	}
}

/* Every element of every array is the claims: little depth, much work. */
static void
branching(AzIdentity *id)
{
	AzMember   *members = first_member(id);
	uint32_t	i;
	uint32_t	j;

	for (i = 0; i < az_node_len(&id->claims); i++)
	{
		AzNode	   *elements = (AzNode *) ((char *) id + members[i].value.off);

		for (j = 0; az_node_type(&members[i].value) == AZ_ARRAY &&
			 j < az_node_len(&members[i].value); j++)
			elements[j] = id->claims;
	}
}

static void
groups_odd(AzIdentity *id)
{
	id->groups_unlisted = 2;
}

#define BROKEN(f)	{#f, f}

static const Broken broken[] = {
	BROKEN(wrong_size), BROKEN(claims_no_object), BROKEN(claims_too_long),
	BROKEN(claims_outside), BROKEN(claims_unaligned), BROKEN(claims_in_header),
	BROKEN(names_unsorted), BROKEN(names_repeated), BROKEN(name_no_string),
	BROKEN(string_outside), BROKEN(issuer_missing), BROKEN(subject_a_number),
	BROKEN(set_unsorted), BROKEN(set_repeated), BROKEN(set_index_outside),
	BROKEN(set_too_long), BROKEN(set_elsewhere), BROKEN(org_without_role),
	BROKEN(org_no_object), BROKEN(orgs_unsorted), BROKEN(orgs_too_many),
	BROKEN(active_of_two), BROKEN(admin_odd), BROKEN(groups_odd), BROKEN(alg_odd),
	BROKEN(thumbprint_open), BROKEN(no_deadline), BROKEN(endless), BROKEN(branching),
};

static AzIdentity *
copy_of(const AzIdentity *id)
{
	AzIdentity *copy = malloc(id->size);

	must(copy != NULL, "out of memory");
	memcpy(copy, id, id->size);
	return copy;
}

static bool
check_broken(const AzIdentity *id, void (*break_it) (AzIdentity *))
{
	AzIdentity *copy = copy_of(id);
	bool		sound;

	break_it(copy);
	sound = az_identity_check(copy, id->size);
	free(copy);
	return sound;
}

static void
test_check(void)
{
	AzIssuer   *issuer = new_issuer("x", NULL);
	AzBuilder  *builder = az_builder_new();
	AzJson	   *payload = parse("{\"iss\":\"x\",\"sub\":\"somebody\",\"roles\":[\"c\",\"a\",\"b\",\"a\"],"
								"\"aud\":[\"one\",\"two\"],\"org_id_to_org_member_info\":{"
								"\"o2\":{\"user_role\":\"r\",\"user_permissions\":[\"p\"]},"
								"\"o1\":{\"user_role\":\"r\"}}}");
	const AzIdentity *id = build(builder, issuer, payload, NULL);
	size_t		i;

	ok(check_broken(id, nothing), "a copy of a sound block is sound");
	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		ok(!check_broken(id, broken[i].break_it), "%s", broken[i].what);
	ok(!az_identity_check(id, sizeof(AzIdentity) - 1) && !az_identity_check(id, 0), "too short");
	az_json_free(payload);
	az_builder_free(builder);
	az_issuer_free(issuer);
}

/* ---- payloads drawn by lot ---- */

static uint64_t lot_state = 20240229;

static uint32_t
lot(uint32_t n)
{
	lot_state = lot_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t) (lot_state >> 33) % n;
}

typedef struct Text
{
	char		data[65536];
	size_t		len;
} Text;

static void
put(Text *text, const char *bytes)
{
	size_t		len = strlen(bytes);

	must(text->len + len < sizeof(text->data), "payload too long");
	memcpy(text->data + text->len, bytes, len + 1);
	text->len += len;
}

#define USER_ROLE	0			/* drawn more often than the others */

static const char *const names[] = {
	"user_role", "sub", "scope", "scp", "roles", "permissions", "groups", "email", "aud", "azp",
	"jti", "sid", "username", "org_member_info", "org_id_to_org_member_info", "org_id",
	"user_permissions", "additional_roles", "org_role_structure", "a", "b",
	"", "\\u00e9", "\\u017c", "realm_access", "nothing in particular"
};

static const char *const strings[] = {
	"", "a", "b", "a b", " c\\td\\n", "multi_role", "read:data", "\\u00e9", "\\ud83d\\ude00",
	"\\u017c\\u00f3\\u0142w", "\\\"\\\\\\/", "x y z x y", "a\\u00a0b", "long, longer, the longest of all"
};

static const char *const scalars[] = {
	"null", "true", "false", "0", "-1", "42", "9223372036854775807", "-9223372036854775808",
	"1.5", "1e300", "-0.0", "2.2250738585072014e-308"
};

#define LOT_OF(array)	array[lot(sizeof(array) / sizeof(array[0]))]

static void put_value(Text *text, int depth);

static void
put_object(Text *text, int depth)
{
	uint32_t	chosen = 0;		/* of names, no name twice */
	uint32_t	i;
	const char *comma = "";

	for (i = lot(9); i > 0; i--)
		chosen |= UINT32_C(1) << lot(sizeof(names) / sizeof(names[0]));
	chosen |= lot(2) << USER_ROLE;
	put(text, "{");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if ((chosen & UINT32_C(1) << i) == 0)
			continue;
		put(text, comma);
		put(text, "\"");
		put(text, names[i]);
		put(text, "\":");
		put_value(text, depth + 1);
		comma = ",";
	}
	put(text, "}");
}

static void
put_array(Text *text, int depth)
{
	uint32_t	n = lot(7);
	uint32_t	i;

	put(text, "[");
	for (i = 0; i < n; i++)
	{
		if (i > 0)
			put(text, ",");
		put_value(text, depth + 1);
	}
	put(text, "]");
}

static void
put_value(Text *text, int depth)
{
	uint32_t	kind = lot(depth < 5 ? 10 : 6);

	if (kind < 4)
	{
		put(text, "\"");
		put(text, LOT_OF(strings));
		put(text, "\"");
	}
	else if (kind < 6)
		put(text, LOT_OF(scalars));
	else if (kind < 8)
		put_object(text, depth);
	else
		put_array(text, depth);
}

/* Is the block's tree the payload's?  Strings in UTF-8. */
static bool
same_tree(const AzIdentity *id, const AzNode *node, const AzJson *json)
{
	char		number[AZ_JSON_NUMBER_MAX];
	const char *name;
	const AzJson *value;
	size_t		len;
	void	   *iter = NULL;
	uint32_t	i;

	switch (az_json_type(json))
	{
		case AZ_JSON_NULL:
			return az_node_type(node) == AZ_NULL;
		case AZ_JSON_FALSE:
			return az_node_type(node) == AZ_FALSE;
		case AZ_JSON_TRUE:
			return az_node_type(node) == AZ_TRUE;
		case AZ_JSON_INTEGER:
		case AZ_JSON_REAL:
			len = az_json_number_text(json, number);
			return az_node_type(node) == AZ_NUMBER && az_node_len(node) == len &&
				memcmp(az_node_bytes(id, node), number, len) == 0;
		case AZ_JSON_STRING:
			name = az_json_string(json, &len);
			return az_node_type(node) == AZ_STRING && az_node_len(node) == len &&
				memcmp(az_node_bytes(id, node), name, len) == 0;
		case AZ_JSON_ARRAY:
			if (az_node_type(node) != AZ_ARRAY || az_node_len(node) != az_json_count(json))
				return false;
			for (i = 0; i < az_node_len(node); i++)
			{
				if (!same_tree(id, &az_node_elements(id, node)[i], az_json_at(json, i)))
					return false;
			}
			return true;
		case AZ_JSON_OBJECT:
			break;
	}
	if (az_node_type(node) != AZ_OBJECT || az_node_len(node) != az_json_count(json))
		return false;
	while ((iter = az_json_next(json, iter, &name, &len, &value)) != NULL)
	{
		const AzNode *found = az_node_member(id, node, name, len);

		if (found == NULL || !same_tree(id, found, value))
			return false;
	}
	return true;
}

/* Is every string of the set found, and nothing like it? */
static bool
set_answers(const AzIdentity *id, const AzSet *set)
{
	uint32_t	i;

	for (i = 0; i < set->count; i++)
	{
		const AzNode *item = &az_set_items(id, set)[i];
		char		other[64];
		size_t		len = az_node_len(item);

		if (!az_set_has(id, set, az_node_bytes(id, item), len))
			return false;
		if (len + 1 > sizeof(other))
			continue;
		memcpy(other, az_node_bytes(id, item), len);
		other[len] = '~';
		if (az_set_has(id, set, other, len + 1))
			return false;
	}
	return true;
}

static bool
block_answers(const AzIdentity *id)
{
	uint32_t	i;

	for (i = 0; i < id->norgs; i++)
	{
		const AzOrg *org = &az_orgs(id)[i];

		if (az_org_find(id, az_node_bytes(id, &org->id), az_node_len(&org->id)) != org ||
			!set_answers(id, &org->permissions) || !set_answers(id, &org->inherited) ||
			!set_answers(id, &org->additional))
			return false;
	}
	return set_answers(id, &id->audience) && set_answers(id, &id->scopes) &&
		set_answers(id, &id->roles) && set_answers(id, &id->permissions) &&
		set_answers(id, &id->groups) && set_answers(id, &id->admin_permissions);
}

/*
 * A block with some bytes changed.  Whatever the walk says, it must read
 * nothing outside; and what it calls sound can be asked anything.
 */
static bool
damage(const AzIdentity *id)
{
	AzIdentity *copy = copy_of(id);
	uint32_t	n = 1 + lot(3);
	bool		sound;

	for (; n > 0; n--)
		((unsigned char *) copy)[lot(id->size)] ^= (unsigned char) (1 << lot(8));
	sound = az_identity_check(copy, id->size);
	if (sound)
		(void) block_answers(copy);
	free(copy);
	return sound;
}

static void
test_lot(void)
{
	static const AzConverter latin1 = {to_latin1, NULL};
	static Text text;
	AzIssuer   *issuer = new_issuer("x", "{\"scope_claims\":[\"scope\",[\"a\",\"b\"]],"
									"\"org_claims\":[\"org_member_info\",[\"a\",\"b\"],\"b\",\"a\",\"groups\"],"
									"\"role_claims\":[\"roles\",[\"realm_access\",\"roles\"],\"\\u00e9\"],"
									"\"admin_groups\":[\"a\",\"\\u017c\\u00f3\\u0142w\"]}");
	AzBuilder  *builder = az_builder_new();
	int			round;
	int			unsound = 0;
	int			differ = 0;
	int			lost = 0;
	int			refused = 0;
	int			unsound_latin1 = 0;
	int			orgs = 0;
	int			noticed = 0;
	int			damaged = 0;

	for (round = 0; round < 20000; round++)
	{
		AzJson	   *payload;
		const AzIdentity *id;
		int			i;

		text.len = 0;
		put_object(&text, 0);
		payload = parse(text.data);
		id = build(builder, issuer, payload, NULL);
		must(id != NULL, "cannot build an identity");
		unsound += !az_identity_check(id, id->size);
		differ += !same_tree(id, &id->claims, payload);
		lost += !block_answers(id);
		orgs += id->norgs > 0;
		for (i = 0; i < 5; i++, damaged++)
			noticed += !damage(id);

		id = build(builder, issuer, payload, &latin1);
		if (id == NULL)
			refused++;
		else
			unsound_latin1 += !az_identity_check(id, id->size) || !block_answers(id);
		az_json_free(payload);
	}
	ok(unsound == 0, "%d blocks are sound", round);
	ok(differ == 0, "their trees are the payloads");
	ok(lost == 0, "their sets answer for every member");
	ok(orgs > 100, "%d of them have organisations", orgs);
	ok(refused > 100 && refused < round - 100, "%d do not fit LATIN1", refused);
	ok(unsound_latin1 == 0, "the others are sound in LATIN1");
	ok(noticed > damaged / 10, "%d of %d damaged blocks are noticed", noticed, damaged);
	az_builder_free(builder);
	az_issuer_free(issuer);
}

int
main(void)
{
	test_holds();
	test_is();
	test_members();
	test_check();
	test_lot();
	return tap_done();
}
