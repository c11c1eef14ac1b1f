-- class Question: the access methods.  They get the row's key and ask the
-- identity; NULL counts as false.

-- def _user_can_change_question(self, user): return user == self.user_created
CREATE FUNCTION user_can_change_question(question integer) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT authz.is_owner(q.user_created) FROM polls.polls_question q WHERE q.id = question);

-- def _user_can_vote_on_question(self, user): if not self.is_open: raise PermissionDenied
--     return self.allowed_voters.filter(pk=user.pk).exists()
CREATE FUNCTION user_can_vote_on_question(question integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	PERFORM authz.require((SELECT q.is_open FROM polls.polls_question q WHERE q.id = question), 'The poll is closed');
	RETURN EXISTS (SELECT FROM polls.polls_question_allowed_voters v WHERE v.question_id = question AND authz.is_owner(v.user_id));
END $$;
-- def _group_can_vote_on_question(self, groups): return self.is_open and groups.filter(name=self.electorate).exists()
CREATE FUNCTION group_can_vote_on_question(question integer) RETURNS boolean LANGUAGE sql STABLE
RETURN (SELECT q.is_open AND authz.has_group(q.electorate) FROM polls.polls_question q WHERE q.id = question);

-- def _group_can_delete_question(self, groups): return groups.filter(name='board').exists()
CREATE FUNCTION group_can_delete_question(question integer) RETURNS boolean LANGUAGE sql STABLE
RETURN authz.has_group('board');

SELECT authz.register_access('polls.change_question', 'polls_question', 'user', 'user_can_change_question(integer)');
SELECT authz.register_access('polls.vote_on_question', 'polls_question', 'user', 'user_can_vote_on_question(integer)');
SELECT authz.register_access('polls.vote_on_question', 'polls_question', 'group', 'group_can_vote_on_question(integer)');
SELECT authz.register_access('polls.delete_question', 'polls_question', 'group', 'group_can_delete_question(integer)');
-- polls.view_question has no method: open to whoever holds the permission

ALTER TABLE polls_question ENABLE ROW LEVEL SECURITY;
ALTER TABLE polls_vote ENABLE ROW LEVEL SECURITY;

-- has_perm('polls.view_question'), has_perm('polls.add_question')
CREATE POLICY may_view ON polls_question FOR SELECT
	USING (authz.has_perm('polls.view_question'));
CREATE POLICY may_add ON polls_question FOR INSERT
	WITH CHECK (authz.has_perm('polls.add_question') AND authz.is_owner(user_created));
-- has_perm('polls.change_question', question), has_perm('polls.delete_question', question)
CREATE POLICY may_change ON polls_question FOR UPDATE
	USING (authz.has_object_perm('polls.change_question', 'polls_question', id::text));
CREATE POLICY may_delete ON polls_question FOR DELETE
	USING (authz.has_object_perm('polls.delete_question', 'polls_question', id::text));
-- has_perm('polls.vote_on_question', question)
CREATE POLICY may_vote ON polls_vote FOR INSERT
	WITH CHECK (authz.is_owner(voter) AND authz.has_object_perm('polls.vote_on_question', 'polls_question', question_id::text));
CREATE POLICY own_votes ON polls_vote FOR SELECT
	USING (authz.is_owner(voter));

-- @permission_required(('polls.vote_on_question', 'question')): 404 without such
-- a question, 403 when it is denied, 401 when nobody is logged in
CREATE FUNCTION vote(question integer, choice text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.require_object_perm('polls.vote_on_question', 'polls.polls_question', question::text);
	INSERT INTO polls.polls_vote (question_id, choice) VALUES (question, choice);
END $$;
