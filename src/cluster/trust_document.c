/*-------------------------------------------------------------------------
 *
 * trust_document.c
 *	  The trust of a database as one JSON document, for other servers.
 *
 *-------------------------------------------------------------------------
 */
#include "cluster/trust_document.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "server/arguments.h"
#include "server/spi.h"

const char *const az_own_profiles[] = {
	"auth0", "axioms", "clerk", "cognito", "dbmi", "entra", "firebase", "generic", "google",
	"keycloak", "okta", "postgrest", "propelauth", "simplejwt", "supabase", "workos", "zitadel"
};
const int	az_n_own_profiles = lengthof(az_own_profiles);

/* What a member is. */
typedef enum Kind
{
	NAME,						/* a string that is not empty */
	STRING,
	STRINGS,					/* an array of strings */
	BOOLEAN,
	OBJECT,
	ROWS						/* an array, of which its own row tells */
} Kind;

typedef struct Member
{
	const char *name;
	Kind		kind;
	bool		may_be_null;
} Member;

static const Member profile_members[] = {
	{"profile", NAME, false}, {"chosen_by", NAME, false}, {"audience_required", BOOLEAN, false}, {"options", OBJECT, false}
};
static const Member issuer_members[] = {
	{"issuer", NAME, false}, {"audience", STRINGS, true}, {"profile", NAME, false}, {"options", OBJECT, false},
	{"keys", ROWS, false}
};
static const Member key_members[] = {
	{"jwk", OBJECT, false}, {"source", NAME, false}, {"added_at", NAME, false}
};
static const Member revocation_members[] = {
	{"issuer", NAME, false}, {"kind", NAME, false}, {"value", NAME, false}, {"issued_before", NAME, true},
	{"until", NAME, true}, {"revoked_at", NAME, false}
};
static const Member inactive_members[] = {
	{"issuer", NAME, false}, {"subject", NAME, false}
};
static const Member ceiling_members[] = {
	{"issuer", NAME, false}, {"actor", NAME, false}, {"scopes", STRINGS, true}, {"roles", STRINGS, true},
	{"permissions", STRINGS, true}, {"groups", STRINGS, true}, {"org_roles", STRINGS, true},
	{"org_permissions", STRINGS, true}, {"item_permissions", STRINGS, true},
	{"keep", STRINGS, true}, {"admin", BOOLEAN, false}, {"read_only", BOOLEAN, false}
};
static const Member item_members[] = {
	{"email", NAME, false}, {"client", NAME, false}, {"item", NAME, false}, {"permission", NAME, false},
	{"granted_by", STRING, true}, {"granted_at", NAME, false}
};
static const Member implies_members[] = {
	{"client", NAME, false}, {"permission", NAME, false}, {"implies", NAME, false}
};
static const Member access_members[] = {
	{"perm", NAME, false}, {"rel", NAME, true}, {"kind", NAME, false}, {"rule", NAME, false},
	{"rule_owner", NAME, true}
};

#define LIST(name, members)	{name, members, lengthof(members)}

static const struct
{
	const char *name;
	const Member *members;		/* NULL: the rows are judged by others */
	int			n;
}			lists[AZ_N_LISTS] = {
	[AZ_LIST_PROFILES] = LIST("profiles", profile_members),
	[AZ_LIST_ISSUERS] = LIST("issuers", issuer_members),
	[AZ_LIST_CLUSTER_KEYS] = {"cluster_keys", NULL, 0},
	[AZ_LIST_REVOCATIONS] = LIST("revocations", revocation_members),
	[AZ_LIST_INACTIVE] = LIST("inactive_subjects", inactive_members),
	[AZ_LIST_CEILINGS] = LIST("actor_ceilings", ceiling_members),
	[AZ_LIST_ITEMS] = LIST("item_permissions", item_members),
	[AZ_LIST_IMPLIES] = LIST("permission_implies", implies_members),
	[AZ_LIST_ACCESS] = LIST("object_access", access_members)
};

const char *
az_trust_list_name(AzTrustList list)
{
	return lists[list].name;
}

static void
raise_invalid(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid trust"),
			 errdetail_internal("%s", detail),
			 errhint("Pass what export_trust() returns; nothing was changed.")));
}

void
az_raise_bad_trust(AzTrustList list, size_t i, const char *why)
{
	raise_invalid(psprintf("Row %zu of \"%s\", counted from 1: %s", i + 1, lists[list].name, why));
	pg_unreachable();
}

/* ----------------------------------------------------------------
 * Is it as it must be?
 * ----------------------------------------------------------------
 */

static bool
is_string(const AzJson *value, bool empty)
{
	size_t		len;

	return az_json_string(value, &len) != NULL && (empty || len > 0);
}

static bool
are_strings(const AzJson *value)
{
	size_t		i;

	if (az_json_type(value) != AZ_JSON_ARRAY)
		return false;
	for (i = 0; i < az_json_count(value); i++)
	{
		if (!is_string(az_json_at(value, i), true))
			return false;
	}
	return true;
}

static bool
is_of_kind(const AzJson *value, const Member *member)
{
	if (az_json_type(value) == AZ_JSON_NULL)
		return member->may_be_null;
	switch (member->kind)
	{
		case NAME:
			return is_string(value, false);
		case STRING:
			return is_string(value, true);
		case STRINGS:
			return are_strings(value);
		case BOOLEAN:
			return az_json_type(value) == AZ_JSON_TRUE || az_json_type(value) == AZ_JSON_FALSE;
		case OBJECT:
			return az_json_type(value) == AZ_JSON_OBJECT;
		case ROWS:
			return az_json_type(value) == AZ_JSON_ARRAY;
	}
	return false;
}

static const char *
kind_name(Kind kind)
{
	switch (kind)
	{
		case NAME:
			return "a string that is not empty";
		case STRING:
			return "a string";
		case STRINGS:
			return "an array of strings";
		case BOOLEAN:
			return "true or false";
		case OBJECT:
			return "an object";
		case ROWS:
			break;
	}
	return "an array";
}

static void
check_row(AzTrustList list, size_t i, const AzJson *row, const Member *members, int n)
{
	int			j;

	CHECK_FOR_INTERRUPTS();
	if (az_json_type(row) != AZ_JSON_OBJECT)
		az_raise_bad_trust(list, i, "It is not an object.");
	for (j = 0; j < n; j++)
	{
		const AzJson *value = az_json_get_z(row, members[j].name);

		if (value == NULL)
			az_raise_bad_trust(list, i, psprintf("Member \"%s\" is missing.", members[j].name));
		if (!is_of_kind(value, &members[j]))
			az_raise_bad_trust(list, i, psprintf("Member \"%s\" is not %s.", members[j].name,
												 kind_name(members[j].kind)));
	}
	if (az_json_count(row) != (size_t) n)
		az_raise_bad_trust(list, i, "It has a member that this version does not know.");
}

static void
check_keys(size_t issuer, const AzJson *keys)
{
	size_t		i;

	for (i = 0; i < az_json_count(keys); i++)
		check_row(AZ_LIST_ISSUERS, issuer, az_json_at(keys, i), key_members,
				  lengthof(key_members));
}

static void
check_list(AzTrustList list, const AzJson *rows)
{
	size_t		i;

	for (i = 0; lists[list].members && i < az_json_count(rows); i++)
	{
		check_row(list, i, az_json_at(rows, i), lists[list].members, lists[list].n);
		if (list == AZ_LIST_ISSUERS)
			check_keys(i, az_json_get_z(az_json_at(rows, i), "keys"));
	}
}

/* Before all else: what another version has is not to be called wrong. */
static void
check_version(const AzJson *root)
{
	int64_t		version;

	if (!az_json_integer(az_json_get_z(root, "version"), &version))
		raise_invalid("Member \"version\" is missing, or not a number.");
	if (version != AZ_TRUST_DOCUMENT_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("trust of another version of the extension"),
				 errdetail("It has version " INT64_FORMAT "; this server takes version %d.",
						   (int64) version, AZ_TRUST_DOCUMENT_VERSION),
				 errhint("Have the same version of dbmi_authz on all servers.")));
}

void
az_read_trust_document(const text *json, AzTrustDocument *document)
{
	int			i;

	document->root = az_parse_json(json, "trust", ERRCODE_INVALID_PARAMETER_VALUE);
	check_version(document->root);
	for (i = 0; i < AZ_N_LISTS; i++)
	{
		const AzJson *rows = az_json_get_z(document->root, lists[i].name);

		if (rows == NULL || az_json_type(rows) != AZ_JSON_ARRAY)
			raise_invalid(psprintf("Member \"%s\" is missing, or not an array.", lists[i].name));
		document->lists[i] = rows;
	}
	if (az_json_count(document->root) != AZ_N_LISTS + 1)
		raise_invalid("It has a member that this version does not know.");
	for (i = 0; i < AZ_N_LISTS; i++)
		check_list(i, document->lists[i]);
}

void
az_split_trust_document(const text *json, AzTrustDocument *document)
{
	AzSpiParams params = {0};
	uint64		n;
	uint64		i;
	int			list;

	az_spi_param(&params, JSONOID, json);
	n = az_spi_run("SELECT e.key, e.value FROM pg_catalog.json_each($1) e", &params);
	for (i = 0; i < n; i++)
	{
		for (list = 0; list < AZ_N_LISTS; list++)
		{
			if (strcmp(az_spi_result(i, 1), lists[list].name) == 0)
				document->texts[list] = az_spi_result_text(i, 2);
		}
	}
}

text *
az_trust_text(const AzJson *row, const char *member)
{
	size_t		len;
	const char *string = az_json_string(az_json_get_z(row, member), &len);

	return string ? az_server_text(string, psprintf("member \"%s\" of the trust", member)) : NULL;
}
