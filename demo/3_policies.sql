-- What the clinic's rules are, in its own words.  A command without a policy
-- is refused.

ALTER TABLE documents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE records ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE messages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- People read and change their own documents; auditors read all of them.
CREATE POLICY read_own ON documents FOR SELECT
	USING (authz.is_owner(owner) OR authz.has_role('auditor'));
CREATE POLICY add_own ON documents FOR INSERT
	WITH CHECK (authz.is_owner(owner));
CREATE POLICY change_own ON documents FOR UPDATE
	USING (authz.is_owner(owner)) WITH CHECK (authz.is_owner(owner));
CREATE POLICY remove_own ON documents FOR DELETE
	USING (authz.is_owner(owner));

-- Members read their organisations' records; writing takes a permission in
-- that organisation, removing the role Admin or one above it.
CREATE POLICY read_org ON records FOR SELECT
	USING (authz.in_org(org_id));
CREATE POLICY add_org ON records FOR INSERT
	WITH CHECK (authz.has_org_permission(org_id, 'records:write'));
CREATE POLICY change_org ON records FOR UPDATE
	USING (authz.has_org_permission(org_id, 'records:write'))
	WITH CHECK (authz.has_org_permission(org_id, 'records:write'));
CREATE POLICY remove_org ON records FOR DELETE
	USING (authz.is_at_least_org_role(org_id, 'Admin'));

-- Messages need a permission.  The trigger tells whoever lacks it which one,
-- in the form that an HTTP API passes on (RFC 6750).
CREATE POLICY read_messages ON messages FOR SELECT
	USING (authz.has_permission('read:admin-messages'));
CREATE POLICY add_messages ON messages FOR INSERT
	WITH CHECK (authz.has_permission('write:admin-messages'));

CREATE FUNCTION may_write_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.require_permission('write:admin-messages');
	RETURN NULL;
END $$;
CREATE TRIGGER may_write BEFORE INSERT ON messages
	FOR EACH STATEMENT EXECUTE FUNCTION may_write_messages();
