ALTER TABLE project ENABLE ROW LEVEL SECURITY;
ALTER TABLE dataset ENABLE ROW LEVEL SECURITY;
ALTER TABLE profile ENABLE ROW LEVEL SECURITY;
ALTER TABLE profile_image ENABLE ROW LEVEL SECURITY;
ALTER TABLE review ENABLE ROW LEVEL SECURITY;

-- @dbmi_user
CREATE POLICY users_list ON project FOR SELECT
	USING (authz.is_authenticated());
-- @dbmi_admin
CREATE POLICY admins_write ON project
	USING (authz.is_admin());

-- has_permission(request, email, item, 'VIEW', check_parents=True): a grant on
-- the project covers what is below it
CREATE POLICY viewers_read ON dataset FOR SELECT
	USING (authz.has_item_permission(item, 'VIEW', check_parents => true));
-- has MANAGE on the item or above it
CREATE POLICY managers_add ON dataset FOR INSERT
	WITH CHECK (authz.manages_item(item));
CREATE POLICY managers_change ON dataset FOR UPDATE
	USING (authz.manages_item(item));
CREATE POLICY managers_delete ON dataset FOR DELETE
	USING (authz.manages_item(item));

-- DBMIAdminOrOwnerPermission, with DRF_OBJECT_OWNER_KEY = 'email'
CREATE POLICY owner_or_admin ON profile
	USING (authz.is_owner_or_admin(email));
-- who registers for a project shows the project's manager the profile
CREATE POLICY shown_to_grantees ON profile FOR SELECT
	USING (authz.has_item_permission('SciReg.n2c2.profile.' || email, 'VIEW'));

-- @dbmi_item_permission('profile.image', 'view'): exactly that item, a grant
-- on 'profile' is none on 'profile.image'
CREATE POLICY image_viewers ON profile_image FOR SELECT
	USING (authz.has_item_permission('profile.image', 'view'));
-- DBMIOwnerPermission
CREATE POLICY owner ON profile_image
	USING (authz.is_owner(email));

-- @dbmi_role('curator') and @dbmi_app_permission('REVIEW'), one on the other
CREATE POLICY curators_review ON review
	USING (authz.has_role('curator') AND authz.has_app_permission('REVIEW'));

-- A view that answers 401 or 403.
CREATE FUNCTION download(which integer) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	wanted text;
BEGIN
	PERFORM authz.require_item_permission((SELECT d.item FROM hypatio.dataset d WHERE d.id = which), 'VIEW', true);
	SELECT d.file INTO wanted FROM hypatio.dataset d WHERE d.id = which;
	RETURN wanted;
END $$;
