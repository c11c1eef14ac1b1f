ALTER TABLE article ENABLE ROW LEVEL SECURITY;
ALTER TABLE comment ENABLE ROW LEVEL SECURITY;
ALTER TABLE tag ENABLE ROW LEVEL SECURITY;
ALTER TABLE feedback ENABLE ROW LEVEL SECURITY;

-- ArticleViewSet: scopes for each action, by access_token_any_scopes and
-- access_token_all_scopes; where both are given, both must hold.
--   list, retrieve          any of article:read, article:admin
--   create                  all of openid, article:create
--   update, partial_update  any of article:update, article:admin, and
--                           access_token_any_roles: editor, admin
--   destroy                 article:delete, and IsSubOwner by author_sub
CREATE POLICY list_and_retrieve ON article FOR SELECT
	USING (authz.has_any_scope('article:read', 'article:admin'));
CREATE POLICY "create" ON article FOR INSERT
	WITH CHECK (authz.has_all_scopes('openid', 'article:create') AND authz.is_owner(author_sub, 'sub'));
CREATE POLICY "update" ON article FOR UPDATE
	USING (authz.has_any_scope('article:update', 'article:admin') AND authz.has_any_role('editor', 'admin'));
CREATE POLICY destroy ON article FOR DELETE
	USING (authz.has_scope('article:delete') AND authz.is_owner(author_sub, 'sub'));

-- CommentViewSet: IsAccessTokenAuthenticated, IsSubOwnerOrSafeOnly
CREATE POLICY safe_methods ON comment FOR SELECT
	USING (authz.is_authenticated());
CREATE POLICY sub_owner_adds ON comment FOR INSERT
	WITH CHECK (authz.is_owner("user", 'sub'));
CREATE POLICY sub_owner_changes ON comment FOR UPDATE
	USING (authz.is_owner("user", 'sub'));
CREATE POLICY sub_owner_deletes ON comment FOR DELETE
	USING (authz.is_owner("user", 'sub'));

-- TagViewSet: IsAccessTokenAuthenticated, IsSafeOnly.  Writing has no policy,
-- so nobody writes.
CREATE POLICY safe_only ON tag FOR SELECT
	USING (authz.is_authenticated());

-- FeedbackView: IsAnyPostOrIsAccessTokenAuthenticated
CREATE POLICY any_post ON feedback FOR INSERT
	WITH CHECK (true);
CREATE POLICY authenticated_read ON feedback FOR SELECT
	USING (authz.is_authenticated());

-- An action that answers 403 as the view did.
CREATE FUNCTION publish(which integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.require_scope('article:publish');
	PERFORM authz.require_role('editor');
	UPDATE article SET title = title || ' (published)' WHERE id = which;
END $$;
