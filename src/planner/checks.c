/*-------------------------------------------------------------------------
 *
 * checks.c
 *	  What the planner may do with each function that asks for the identity.
 *
 * The order is that of the install script.
 *
 *-------------------------------------------------------------------------
 */
#include "planner/checks.h"

static const AzCheck checks[] = {
	/* session */
	{"authz_is_authenticated", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true, .outlives_end = true},
	{"authz_expires_at", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},

	/* the claims */
	{"authz_claims", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_claim", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_claim_text", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_subject", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_user_id", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_email", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_username", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_issuer", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_client_id", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_token_id", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_audience", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_scopes", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_roles", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_permissions", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_groups", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},

	/* how the user logged in */
	{"authz_acr", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_amr", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_acr", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_any_acr", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_amr", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_any_amr", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_all_amrs", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_authenticated_at", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_authenticated_within", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true, .changes_with_time = true},

	/* who acts for the user */
	{"authz_actor", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_is_delegated", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_actor", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_any_actor", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},

	/* scopes, roles, permissions, groups */
	{"authz_has_scope", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_any_scope", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_all_scopes", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_role", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_any_role", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_all_roles", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_permission", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_any_permission", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_all_permissions", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_group", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_any_group", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_all_groups", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},

	/* any other claim */
	{"authz_claim_is", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_claim", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_any_claim", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_all_claims", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false},

	/* ownership and administration */
	{"authz_is_owner", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1, .claims = az_owner_claims},
	{"authz_is_owner_or_admin", AZ_QUESTION, AZ_ON_GRANTS, .leakproof = false, .value_argument = 1, .claims = az_owner_claims, .or_admin = true},
	{"authz_is_admin", AZ_QUESTION, AZ_ON_GRANTS, .leakproof = false},

	/* organisations */
	{"authz_in_org", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1, .claims = az_any_org_claims},
	{"authz_has_org_role", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1, .claims = az_org_role_claims},
	{"authz_is_at_least_org_role", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1, .claims = az_least_org_role_claims},
	{"authz_has_org_permission", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1, .claims = az_org_permission_claims},
	{"authz_has_any_org_permission", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1, .claims = az_any_org_permission_claims},
	{"authz_has_all_org_permissions", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1, .claims = az_all_org_permissions_claims},
	{"authz_org_ids", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_org_ids_with_permission", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_orgs", AZ_STAYS, AZ_ON_TOKEN, .leakproof = false},
	{"authz_org_id_by_name", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_org_role", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1},
	{"authz_org_roles", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1},
	{"authz_org_permissions", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1},
	{"authz_org_role_structure", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1},
	{"authz_org_metadata", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1},
	{"authz_active_org_id", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_in_active_org", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = false, .value_argument = 1, .claims = az_active_org_claims},
	{"authz_has_active_org_role", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_has_active_org_permission", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},

	/* sets */
	{"authz_in_set", AZ_STAYS, AZ_ON_TOKEN, .leakproof = false, .asks_set = true},
	{"authz_set_keys", AZ_STAYS, AZ_ON_TOKEN, .leakproof = false, .asks_set = true},

	/* item permissions */
	{"authz_item_client", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_has_item_permission", AZ_QUESTION, AZ_ON_GRANTS, .leakproof = false, .item_argument = 1},
	{"authz_has_any_item_permission", AZ_QUESTION, AZ_ON_GRANTS, .leakproof = false, .item_argument = 1},
	{"authz_has_app_permission", AZ_QUESTION, AZ_ON_GRANTS, .leakproof = false},
	{"authz_manages_item", AZ_QUESTION, AZ_ON_GRANTS, .leakproof = false, .item_argument = 1},

	/* the user */
	{"authz_user_property", AZ_VALUE, AZ_ON_TOKEN, .leakproof = false},
	{"authz_legacy_user_id", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_is_impersonated", AZ_QUESTION, AZ_ON_TOKEN, .leakproof = true},
	{"authz_impersonator_user_id", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_login_method", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_login_provider", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},
	{"authz_login_org_id", AZ_VALUE, AZ_ON_TOKEN, .leakproof = true},

	/* object permissions */
	{"authz_has_perm", AZ_QUESTION, AZ_ON_GRANTS, .leakproof = false},
	{"authz_has_perms", AZ_QUESTION, AZ_ON_GRANTS, .leakproof = false},
	{"authz_has_object_perm", AZ_STAYS, AZ_ON_RULES, .leakproof = false},
	{"authz_has_object_perms", AZ_STAYS, AZ_ON_RULES, .leakproof = false},
	{"authz_object_permissions", AZ_STAYS, AZ_ON_RULES, .leakproof = false},
	{"authz_explain_perm", AZ_STAYS, AZ_ON_RULES, .leakproof = false},
};

const AzCheck *
az_find_check(const char *symbol)
{
	int			i;

	for (i = 0; i < (int) lengthof(checks); i++)
	{
		if (strcmp(checks[i].symbol, symbol) == 0)
			return &checks[i];
	}
	return NULL;
}

bool
az_ends_with_identity(const AzCheck *check)
{
	return check == NULL || !check->outlives_end;
}

bool
az_asks_grants(const AzCheck *check)
{
	return check == NULL || check->basis != AZ_ON_TOKEN;
}
