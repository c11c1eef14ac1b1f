ALTER TABLE project ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;
ALTER TABLE report ENABLE ROW LEVEL SECURITY;

-- IsUserInOrg
CREATE POLICY members_read ON project FOR SELECT
	USING (authz.in_org(org_id));
-- IsUserInOrgWithPermission('ProductA::CanCreate')
CREATE POLICY creators_add ON project FOR INSERT
	WITH CHECK (authz.has_org_permission(org_id, 'ProductA::CanCreate'));
-- IsUserInOrgWithMinimumRole('Admin')
CREATE POLICY admins_change ON project FOR UPDATE
	USING (authz.is_at_least_org_role(org_id, 'Admin'));
-- IsUserInOrgWithRole('Owner')
CREATE POLICY owners_delete ON project FOR DELETE
	USING (authz.has_org_role(org_id, 'Owner'));

-- IsUserInOrgWithPermission('can_view_billing')
CREATE POLICY billing_reads ON invoice FOR SELECT
	USING (authz.has_org_permission(org_id, 'can_view_billing'));
-- IsUserInOrgWithAllPermissions(['can_view_billing', 'can_pay'])
CREATE POLICY billing_pays ON invoice FOR UPDATE
	USING (authz.has_all_org_permissions(org_id, 'can_view_billing', 'can_pay'));

-- org.org_metadata['plan'] == 'gold'
CREATE POLICY gold_reads ON report FOR SELECT
	USING (authz.in_org(org_id) AND authz.org_metadata(org_id) ->> 'plan' = 'gold');

-- user.is_impersonated(): whoever acts for somebody looks, and touches nothing
CREATE POLICY no_impersonator_adds ON project AS RESTRICTIVE FOR INSERT
	WITH CHECK (authz.is_authenticated() AND NOT authz.is_impersonated());
CREATE POLICY no_impersonator_changes ON project AS RESTRICTIVE FOR UPDATE
	USING (authz.is_authenticated() AND NOT authz.is_impersonated());
CREATE POLICY no_impersonator_deletes ON project AS RESTRICTIVE FOR DELETE
	USING (authz.is_authenticated() AND NOT authz.is_impersonated());
CREATE POLICY no_impersonator_pays ON invoice AS RESTRICTIVE FOR UPDATE
	USING (authz.is_authenticated() AND NOT authz.is_impersonated());

-- A view that answers 401 or 403 and says why, instead of showing nothing.
CREATE FUNCTION pay(which integer, org uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.require_org_permission(org, 'can_pay');
	UPDATE invoice SET paid = true, paid_by = authz.user_id()::uuid
	  WHERE id = which AND org_id = org;
END $$;
