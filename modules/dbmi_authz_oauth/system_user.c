/*-------------------------------------------------------------------------
 *
 * system_user.c
 *	  The system user of a verified token, and the roles that it names.
 *
 *-------------------------------------------------------------------------
 */
#include "system_user.h"

#include "utils/guc.h"

#include "token/path.h"

/* OpenID Connect, 2: a subject has at most 255 characters, of ASCII. */
#define MAX_SUBJECT		255

/* ----------------------------------------------------------------
 * The line of pg_hba.conf
 * ----------------------------------------------------------------
 */

/* OpenID Connect Discovery, 4, puts it behind the path of the issuer, RFC 8414, 3.1, before it. */
char *
az_hba_issuer(const HbaLine *line)
{
	static const char *const documents[] = {
		"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"
	};
	const char *issuer = line->oauth_issuer;
	const char *well_known = issuer ? strstr(issuer, "/.well-known/") : NULL;
	int			i;

	if (well_known == NULL)
		return issuer ? pstrdup(issuer) : NULL;
	for (i = 0; i < (int) lengthof(documents); i++)
	{
		const char *rest = well_known + strlen(documents[i]);

		if (strncmp(well_known, documents[i], strlen(documents[i])) == 0 &&
			(*rest == '\0' || *rest == '/'))
			return psprintf("%.*s%s", (int) (well_known - issuer), issuer, rest);
	}
	return NULL;
}

bool
az_has_hba_scopes(const HbaLine *line, const AzIdentity *id)
{
	const char *scope = line->oauth_scope ? line->oauth_scope : "";

	for (;;)
	{
		size_t		len;

		scope += strspn(scope, " ");
		len = strcspn(scope, " ");
		if (len == 0)
			return true;
		if (!az_set_has(id, &id->scopes, scope, len))
			return false;
		scope += len;
	}
}

/* ----------------------------------------------------------------
 * The system user
 * ----------------------------------------------------------------
 */

/*
 * A text that is not printable ASCII would reach the log, and be another text
 * in some databases.
 */
static bool
is_fit(const char *subject, uint32 len)
{
	uint32		i;

	for (i = 0; i < len; i++)
	{
		if (subject[i] < ' ' || subject[i] > '~')
			return false;
	}
	return len > 0 && len <= MAX_SUBJECT;
}

/*
 * No issuer has a space in its name (az_may_be_login_issuer()), so the first one ends
 * it, and no subject of one issuer is taken for somebody of another.
 */
char *
az_system_user(const HbaLine *line, const char *issuer, const AzIdentity *id)
{
	const char *subject = az_node_bytes(id, &id->trust_subject);
	uint32		len = az_node_len(&id->trust_subject);

	if (az_node_type(&id->trust_subject) != AZ_STRING || !is_fit(subject, len))
		return NULL;
	if (line->usermap == NULL && !line->oauth_skip_usermap)
		return pnstrdup(subject, len);
	return psprintf("%s %.*s", issuer, (int) len, subject);
}

/* ----------------------------------------------------------------
 * Roles in a claim
 * ----------------------------------------------------------------
 */

static char *role_claim = NULL;

/*
 * The setting as a claim's location: a name, or JSON as in an issuer's options.
 * False when it is neither, or memory ran out.
 */
static bool
read_location(const char *text, AzPath *path)
{
	AzJson	   *json = NULL;
	size_t		element;
	AzName	   *name;
	bool		done;

	if (*text == '[' || *text == '{')
	{
		done = az_json_parse(text, strlen(text), &json) == AZ_JSON_OK &&
			az_read_list_path(path, json, &element) == NULL;
		az_json_free(json);
		return done;
	}
	name = calloc(1, sizeof(AzName));
	if (name == NULL)
		return false;
	name->data = az_copy_bytes(text, strlen(text));
	name->len = strlen(text);
	path->name = name;
	path->n = 1;
	return name->data != NULL;
}

static bool
check_role_claim(char **newval, void **extra, GucSource source)
{
	AzPath		path = {0};
	bool		valid;

	if (*newval == NULL || **newval == '\0')
		return true;
	valid = read_location(*newval, &path);
	az_path_free(&path);
	if (!valid)
		GUC_check_errdetail("Expected the name of a claim, or its location as JSON.");
	return valid;
}

void
az_define_role_claim(void)
{
	DefineCustomStringVariable("dbmi_authz_oauth.role_claim",
							   "The claim that names the roles that its bearer may log in with.",
							   "It is asked where pg_hba.conf says delegate_ident_mapping=1.",
							   &role_claim,
							   NULL,
							   PGC_SIGHUP,
							   0,
							   check_role_claim, NULL, NULL);
}

bool
az_has_role_claim(void)
{
	return role_claim != NULL && *role_claim != '\0';
}

/* The value at a location; NULL: there is none. */
static const AzNode *
claim_at(const AzIdentity *id, const AzPath *path)
{
	const AzNode *node = &id->claims;
	size_t		i;

	for (i = 0; i < path->n && node; i++)
		node = az_node_member(id, node, path->name[i].data, path->name[i].len);
	return node;
}

static bool
is_role(const AzIdentity *id, const AzNode *node, const char *role)
{
	return az_node_type(node) == AZ_STRING && az_node_len(node) == strlen(role) &&
		memcmp(az_node_bytes(id, node), role, strlen(role)) == 0;
}

/* A string is one role, whatever is in it; numbers and the like are none. */
static bool
lists_role(const AzIdentity *id, const AzNode *node, bool keys, const char *role)
{
	uint32		i;

	if (keys)
		return az_node_member(id, node, role, strlen(role)) != NULL;
	if (az_node_type(node) != AZ_ARRAY)
		return is_role(id, node, role);
	for (i = 0; i < az_node_len(node); i++)
	{
		if (is_role(id, &az_node_elements(id, node)[i], role))
			return true;
	}
	return false;
}

bool
az_names_role(const AzIdentity *id, const char *role)
{
	AzPath		path = {0};
	const AzNode *node;
	bool		names = false;

	if (az_has_role_claim() && read_location(role_claim, &path))
	{
		node = claim_at(id, &path);
		names = node != NULL && lists_role(id, node, path.keys, role);
	}
	az_path_free(&path);
	return names;
}
