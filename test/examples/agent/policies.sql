ALTER TABLE letter ENABLE ROW LEVEL SECURITY;
ALTER TABLE salary ENABLE ROW LEVEL SECURITY;
ALTER TABLE notice ENABLE ROW LEVEL SECURITY;

-- They say nothing of assistants: what one may see is what the person may, and
-- what the ceiling leaves of it.
CREATE POLICY reads ON letter FOR SELECT
	USING (authz.is_owner(owner) AND authz.has_scope('letters:read'));
CREATE POLICY writes ON letter
	USING (authz.is_owner(owner) AND authz.has_scope('letters:write'))
	WITH CHECK ((authz.is_owner(owner) OR authz.is_owner(sender)) AND authz.has_scope('letters:write'));
CREATE POLICY reads ON salary FOR SELECT
	USING (authz.is_owner(owner) AND authz.has_scope('salary:read'));
CREATE POLICY reads ON notice FOR SELECT
	USING (authz.is_authenticated() AND NOT authz.has_group('suspended'));

-- What an application offers beside tables.  The second runs with the rights of
-- its owner, to whom no policy applies.
CREATE FUNCTION reply(letter integer, text text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM authz.require_scope('letters:write');
	INSERT INTO mail.letter (owner, sender, body) SELECT sender, authz.subject(), text FROM mail.letter l WHERE l.id = reply.letter;
END $$;
CREATE FUNCTION burn(letter integer) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = mail
	AS 'DELETE FROM letter WHERE id = $1 AND authz.is_owner(owner)';
