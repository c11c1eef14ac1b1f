/*-------------------------------------------------------------------------
 *
 * state_trust.c
 *	  Of a state: whom the database believes, what actors may not go beyond, and
 *	  settings.
 *
 * No key material: a key is its algorithm and its thumbprint, and of a secret not
 * even that, which helps guessing a weak one.
 *
 *-------------------------------------------------------------------------
 */
#include "insight/state.h"

/* Sorted, where it can be: jsonb refuses what cannot be text. */
#define OPTIONS(of) \
	"CASE WHEN pg_catalog.strpos(" of "::pg_catalog.text, '\\u0000') OPERATOR(pg_catalog.=) 0 THEN " of "::pg_catalog.jsonb::pg_catalog.text ELSE " of "::pg_catalog.text END::pg_catalog.json"

#define SORTED(list) \
	"CASE WHEN " list " IS NOT NULL THEN ARRAY(SELECT v.value COLLATE pg_catalog.\"C\"" \
	" FROM pg_catalog.unnest(" list ") v(value) WHERE v.value IS NOT NULL ORDER BY 1) END"

static const AzStateSection sections[] = {
	{"profiles",
	"SELECT p.profile, p.chosen_by, p.audience_required, " OPTIONS("p.options") " AS options"
	" FROM authz.profile p"
	" WHERE EXISTS (SELECT FROM authz.issuer i WHERE i.profile OPERATOR(pg_catalog.=) p.profile) ORDER BY p.profile COLLATE pg_catalog.\"C\""},
	{"issuers",
	"SELECT i.issuer, i.profile, " SORTED("i.audience") " AS audience, " OPTIONS("i.options") " AS options"
	" FROM authz.issuer i ORDER BY i.issuer COLLATE pg_catalog.\"C\""},
	{"keys",
	"SELECT k.issuer, k.kid, k.alg,"
	" CASE WHEN k.alg OPERATOR(pg_catalog.!~~*) 'HS%' THEN k.thumbprint END AS thumbprint"
	" FROM authz.issuer_key k"
	" ORDER BY k.issuer COLLATE pg_catalog.\"C\", k.kid COLLATE pg_catalog.\"C\", k.alg COLLATE pg_catalog.\"C\", k.thumbprint COLLATE pg_catalog.\"C\""},
	{"ceilings",
	"SELECT c.issuer, c.actor, " SORTED("c.scopes") " AS scopes, " SORTED("c.roles") " AS roles,"
	" " SORTED("c.permissions") " AS permissions, " SORTED("c.groups") " AS groups,"
	" " SORTED("c.org_roles") " AS org_roles, " SORTED("c.org_permissions") " AS org_permissions,"
	" " SORTED("c.item_permissions") " AS item_permissions, " SORTED("c.keep") " AS keep, c.admin, c.read_only"
	" FROM authz.actor_ceiling c ORDER BY c.issuer COLLATE pg_catalog.\"C\", c.actor COLLATE pg_catalog.\"C\""},
	{"implied_permissions",
	"SELECT p.client, p.permission, p.implies FROM authz.permission_implies p"
	" ORDER BY p.client COLLATE pg_catalog.\"C\", p.permission COLLATE pg_catalog.\"C\", p.implies COLLATE pg_catalog.\"C\""},
	{"settings",
	"SELECT s.name, s.reset_val AS value FROM pg_catalog.pg_settings s"
	" WHERE s.name OPERATOR(pg_catalog.=) ANY (ARRAY['dbmi_authz.olp_default', 'dbmi_authz.universal_olp', 'dbmi_authz.hide_forbidden',"
	" 'dbmi_authz.require_user_on_write', 'dbmi_authz.max_set_size']) ORDER BY s.name COLLATE pg_catalog.\"C\""},
	{"settings_of_roles",
	"SELECT pg_catalog.quote_ident(r.rolname) COLLATE pg_catalog.\"C\" AS role, s.setdatabase OPERATOR(pg_catalog.<>) 0 AS in_this_database,"
	" pg_catalog.split_part(v.setting, '=', 1) COLLATE pg_catalog.\"C\" AS name, v.setting COLLATE pg_catalog.\"C\" AS setting"
	" FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.setrole"
	" CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) v(setting)"
	" WHERE (s.setdatabase OPERATOR(pg_catalog.=) 0 OR s.setdatabase OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))"
	" AND (s.setrole OPERATOR(pg_catalog.=) 0 OR s.setrole OPERATOR(pg_catalog.=) ANY ($9))"
	" AND (pg_catalog.lower(pg_catalog.split_part(v.setting, '=', 1)) OPERATOR(pg_catalog.=) ANY (ARRAY['role', 'search_path', 'row_security', 'session_replication_role',"
	" 'datestyle', 'intervalstyle', 'timezone',"
	" 'dbmi_authz.olp_default', 'dbmi_authz.universal_olp', 'dbmi_authz.hide_forbidden',"
	" 'dbmi_authz.require_user_on_write', 'dbmi_authz.max_set_size'])"
	" OR pg_catalog.split_part(v.setting, '=', 1) OPERATOR(pg_catalog.~) '[.]' AND pg_catalog.split_part(v.setting, '=', 1) OPERATOR(pg_catalog.!~) '^dbmi_authz[.]')"
	" ORDER BY 1 NULLS FIRST, 2, 3, 4"},
	{"extensions",
	"SELECT x.extname::pg_catalog.text AS name, x.extversion AS version FROM pg_catalog.pg_extension x WHERE x.extname OPERATOR(pg_catalog.=) 'dbmi_authz'"},
};

void
az_state_trust(AzState *state)
{
	az_write_sections(state, sections, lengthof(sections));
}
