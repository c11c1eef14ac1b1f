-- lint() on checks that are held against somebody and that a ceiling takes away: an
-- actor would pass where the person does not.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA lint_ceilings;
SET search_path = lint_ceilings;
SELECT authz.add_issuer('https://limited.example', '{api}', options =>
	'{"admin_groups": ["staff", "root"], "admin_permissions": ["MANAGE"]}') \g /dev/null
CREATE TABLE t (owner text);
CREATE INDEX ON t (owner);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- is it found, under a policy of that condition, and a ceiling with these?
CREATE FUNCTION found(condition text, ceiling text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('CREATE POLICY p ON t USING (%s)', condition);
	EXECUTE format('SELECT authz.set_actor_ceiling(%L, %L, read_only => false, %s)', 'https://limited.example', 'bot', ceiling);
	SELECT COALESCE(max(object), 'nothing') INTO found
		FROM authz.lint('{lint_ceilings}') WHERE code = 'negated_against_ceiling';
	DROP POLICY p ON t;
	PERFORM authz.drop_actor_ceiling('https://limited.example', 'bot');
	RETURN found;
END $$;
\set ECHO queries
-- a value of the token
SELECT found('NOT authz.has_scope(''suspended'')', 'scopes => ''{read}''');
SELECT found('NOT authz.has_scope(''suspended'')', 'scopes => ''{read}'', keep => ''{suspended}''');
SELECT found('authz.has_scope(''suspended'')', 'scopes => ''{read}''');
SELECT found('NOT NOT NOT authz.has_scope(''suspended'')', 'scopes => ''{read}''');
-- administrators: by "admin", and by what makes somebody one
SELECT found('NOT authz.is_owner_or_admin(owner)', 'admin => false');
SELECT found('NOT authz.is_owner_or_admin(owner)', 'admin => true');
SELECT found('NOT authz.is_owner_or_admin(owner)', 'admin => true, groups => ''{staff}''');
SELECT found('NOT authz.is_owner_or_admin(owner)', 'admin => true, groups => ''{staff,root}''');
SELECT found('NOT authz.is_admin()', 'admin => true, groups => ''{staff}'', keep => ''{root}''');
SELECT found('NOT authz.is_admin()', 'admin => true, permissions => ''{read}''');
SELECT found('NOT authz.is_admin()', 'admin => true, permissions => ''{MANAGE}''');
SELECT found('NOT authz.is_admin()', 'admin => true, item_permissions => ''{view}''');
SELECT found('NOT authz.is_admin()', 'admin => true, item_permissions => ''{manage}''');
SELECT found('NOT authz.is_admin()', 'admin => true, roles => ''{}'', scopes => ''{}''');
-- an actor that does not pass at all
SELECT found('NOT authz.is_delegated() AND NOT authz.is_admin()', 'admin => false');
\set ECHO none
SELECT authz.drop_issuer('https://limited.example') \g /dev/null
DROP SCHEMA lint_ceilings CASCADE;
CALL mint.go_home();
