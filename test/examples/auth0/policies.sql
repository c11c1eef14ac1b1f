ALTER TABLE message ENABLE ROW LEVEL SECURITY;

-- PublicMessageApiView: no permission class
CREATE POLICY public_messages ON message FOR SELECT
	USING (audience = 'public');
-- ProtectedMessageApiView: IsAuthenticated
CREATE POLICY protected_messages ON message FOR SELECT
	USING (audience = 'protected' AND authz.is_authenticated());
-- AdminMessageApiView: IsAuthenticated, HasAdminPermission
CREATE POLICY admin_messages ON message FOR SELECT
	USING (audience = 'admin' AND authz.has_permission('read:admin-messages'));
-- an endpoint that the sample does not have: HasPermission('write:messages')
CREATE POLICY writers_write ON message FOR INSERT
	WITH CHECK (authz.has_permission('write:messages'));

-- The endpoints, where a 401 or 403 is wanted instead of no row.
CREATE FUNCTION protected_message() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
	PERFORM authz.require_authenticated();
	RETURN (SELECT body FROM message WHERE audience = 'protected');
END $$;
CREATE FUNCTION admin_message() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
	PERFORM authz.require_permission('read:admin-messages');
	RETURN (SELECT body FROM message WHERE audience = 'admin');
END $$;
