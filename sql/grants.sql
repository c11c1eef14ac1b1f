-- Who grants and revokes item permissions, and who sees them.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
INSERT INTO authz.item_permission (email, client, item, permission) VALUES
	('user@example.com', 'my-client', 'parent', 'ADmIN'),
	('user@example.com', 'my-client', 'hypatio.p1', 'MANAGE'),
	('user@example.com', 'my-client', 'profile', 'view'),
	('bob@example.com', 'other-client', 'hypatio.p1', 'VIEW');
CREATE ROLE grants_app;
CREATE FUNCTION grants_rows() RETURNS SETOF text LANGUAGE sql AS
'SELECT concat_ws(''|'', email, client, item, permission, granted_by) FROM authz.item_permission ORDER BY 1';
SET ROLE grants_app;

-- row 51: a manager grants
CALL mint.login('tD0');
-- accept
SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1');
-- it is there already, in any case of letters
SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1') AS again,
	   authz.grant_item_permission('BOB@example.com', 'Hypatio.P1', 'view') AS in_another_case;
-- below the item, another permission, named arguments
SELECT authz.grant_item_permission(email => 'bob@example.com', item => 'hypatio.p1.part', permission => 'EDIT');
-- refuse: not the manager of that one, nor of what is above it
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p2')$$);
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'hypatio')$$);
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'parent')$$);
-- refuse: what makes a manager
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1', 'MANAGE')$$);
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1', 'Manage')$$);
SELECT mint.outcome($$SELECT authz.grant_item_permission('user@example.com', 'my-client', 'MANAGE')$$);
-- refuse: what implies that
RESET ROLE;
INSERT INTO authz.permission_implies VALUES ('my-client', 'OWN', 'HOLD'), ('my-client', 'hold', 'manage'), ('my-client', 'MANAGE', 'VIEW');
SET ROLE grants_app;
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1', 'own')$$);
SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1', 'OWNER') AS another_name;
-- refuse: what makes an administrator under another name
RESET ROLE;
SELECT authz.alter_issuer('people dbmi', '{"admin_permissions": ["Root"]}');
SET ROLE grants_app;
CALL mint.login('tD0');
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1', 'ROOT')$$);
SELECT mint.outcome($$SELECT authz.revoke_item_permission('user@example.com', 'hypatio.p1', 'MANAGE')$$);
RESET ROLE;
SELECT authz.alter_issuer('people dbmi', '{"admin_permissions": null}');
SET ROLE grants_app;
-- accept: an administrator, of the own application
CALL mint.login('tD1g', '{"email": "chief@example.com"}');
SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p2', 'MANAGE');
CALL mint.login('tD0', '{"email": "bob@example.com"}');
SELECT authz.grant_item_permission('carl@example.com', 'hypatio.p2');
-- refuse: nobody, an issuer without application, no address
CALL mint.login('tX0', '{"email": "user@example.com"}');
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1')$$);
CALL mint.logout();
SELECT mint.outcome($$SELECT authz.grant_item_permission('bob@example.com', 'hypatio.p1')$$);
-- refuse: arguments, also for nobody
SELECT mint.outcome($$SELECT authz.grant_item_permission(NULL, 'a')$$) AS email, mint.outcome($$SELECT authz.grant_item_permission('b', NULL)$$) AS item,
	   mint.outcome($$SELECT authz.grant_item_permission('b', 'a', NULL)$$) AS permission, mint.outcome($$SELECT authz.grant_item_permission('', 'a')$$) AS empty,
	   mint.outcome($$SELECT authz.grant_item_permission('b', 'a', '')$$) AS no_permission, mint.outcome($$SELECT authz.revoke_item_permission('b', 'a..b')$$) AS malformed \gx
RESET ROLE;
SELECT * FROM grants_rows();
SET ROLE grants_app;

-- row 52: and takes back
CALL mint.login('tD0');
-- accept
SELECT authz.revoke_item_permission('Bob@example.com', 'hypatio.P1', 'View');
SELECT authz.revoke_item_permission('bob@example.com', 'hypatio.p1.part', 'EDIT');
-- refuse: it is not there, any more or in the own application
SELECT mint.outcome($$SELECT authz.revoke_item_permission('bob@example.com', 'hypatio.p1')$$);
SELECT mint.outcome($$SELECT authz.revoke_item_permission('carl@example.com', 'hypatio.p1')$$);
-- refuse: not the manager, whether it is there or not
SELECT mint.outcome($$SELECT authz.revoke_item_permission('carl@example.com', 'hypatio.p2')$$);
SELECT mint.outcome($$SELECT authz.revoke_item_permission('dora@example.com', 'hypatio.p2')$$);
SELECT mint.outcome($$SELECT authz.revoke_item_permission('user@example.com', 'hypatio.p1', 'MANAGE')$$);
CALL mint.logout();
SELECT mint.outcome($$SELECT authz.revoke_item_permission('carl@example.com', 'hypatio.p2')$$);
-- what is denied becomes the last error
SELECT authz.last_error() - 'at';

-- row 53: everybody shows the own profile
CALL mint.login('tD0');
-- accept
SELECT authz.grant_profile_permission('bob', 'Test') AS granted, authz.grant_profile_permission('BOB', 'test') AS again,
	   authz.grant_profile_permission('bob', 'hypatio.n2c2-t2') AS of_a_path;
-- refuse: a path that would make it the profile of somebody else
SELECT mint.outcome($$SELECT authz.grant_profile_permission('bob', 'Test.profile.victim')$$);
SELECT mint.outcome($$SELECT authz.grant_profile_permission('bob', 'PROFILE')$$);
CALL mint.login('tD0', '{"email": "a..b@example.com"}');
SELECT mint.outcome($$SELECT authz.grant_profile_permission('bob', 'Test')$$);
-- refuse: no address, nobody
CALL mint.login('tX0', '{"email": "user@example.com"}');
SELECT mint.outcome($$SELECT authz.grant_profile_permission('bob', 'Test')$$);
CALL mint.logout();
SELECT mint.outcome($$SELECT authz.grant_profile_permission('bob', 'Test')$$);
RESET ROLE;
SELECT * FROM grants_rows();

-- row 54: who sees which rows
GRANT SELECT ON authz.item_permission TO grants_app;
SET ROLE grants_app;
CREATE TEMP VIEW mine AS SELECT email, item, permission FROM authz.item_permission;
-- accept: the own rows, in any case of the address; a manager's also those of the item and below
CALL mint.login('tD0', '{"email": "CARL@example.com"}');
SELECT * FROM mine ORDER BY 1, 2, 3;
CALL mint.login('tD0', '{"email": "bob@example.com"}');
SELECT * FROM mine ORDER BY 1, 2, 3;
CALL mint.login('tD0');
SELECT * FROM mine ORDER BY 1, 2, 3;
-- accept: an administrator, all of the application
CALL mint.login('tD1g', '{"email": "chief@example.com"}');
SELECT count(*) FROM mine;
SELECT email FROM mine WHERE item = 'hypatio.p1' ORDER BY email;
-- refuse: somebody else, another application, nobody
CALL mint.login('tD0', '{"email": "third@example.com"}');
SELECT count(*) FROM mine;
CALL mint.login('tX0', '{"email": "user@example.com"}');
SELECT count(*) FROM mine;
CALL mint.logout();
SELECT count(*) FROM mine;
-- refuse: to write, with no right on the table and with all
CALL mint.login('tD1g');
SELECT mint.outcome($$INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('a', 'my-client', 'i', 'p')$$);
RESET ROLE;
GRANT ALL ON authz.item_permission, authz.permission_implies, authz.inactive_subject TO grants_app;
SET ROLE grants_app;
SELECT mint.outcome($$INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('a', 'my-client', 'i', 'p')$$);
SELECT mint.outcome($$UPDATE authz.item_permission SET permission = 'MANAGE'$$);
SELECT mint.outcome($$DELETE FROM authz.item_permission$$);
SELECT mint.outcome($$TRUNCATE authz.item_permission$$);
SELECT mint.outcome($$INSERT INTO authz.permission_implies VALUES ('my-client', 'VIEW', 'MANAGE')$$);
SELECT mint.outcome($$DELETE FROM authz.inactive_subject$$);
RESET ROLE;
REVOKE ALL ON authz.item_permission, authz.permission_implies, authz.inactive_subject FROM grants_app;

-- who holds a permission on an item
SET ROLE grants_app;
CALL mint.login('tD0', '{"email": "bob@example.com"}');
-- accept: the manager, all of them
SELECT * FROM authz.item_grantees('hypatio.p2', 'view');
SELECT * FROM authz.item_grantees('HYPATIO.P2', 'MANAGE');
CALL mint.login('tD1g');
SELECT * FROM authz.item_grantees('hypatio.p2', 'View');
-- others, the own row
CALL mint.login('tD0', '{"email": "carl@example.com"}');
SELECT * FROM authz.item_grantees('hypatio.p2', 'view');
-- refuse
CALL mint.login('tD0', '{"email": "third@example.com"}');
SELECT count(*) FROM authz.item_grantees('hypatio.p2', 'view');
SELECT count(*) FROM authz.item_grantees(NULL, 'view');
SELECT count(*) FROM authz.item_grantees('hypatio.p2', NULL);
CALL mint.logout();
SELECT count(*) FROM authz.item_grantees('hypatio.p2', 'view');

-- the writer's rights and path stay its own
RESET ROLE;
CREATE SCHEMA grants_trap AUTHORIZATION grants_app;
SET ROLE grants_app;
CREATE FUNCTION grants_trap.lower(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION grants_trap.trapped(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE OPERATOR grants_trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = grants_trap.trapped);
CREATE TEMP TABLE item_permission (email text, client text, item text, permission text, granted_by text);
CALL mint.login('tD0');
SET search_path = grants_trap, pg_temp, pg_catalog;
SELECT authz.grant_item_permission('eve@example.com', 'hypatio.p1'), current_user;
SELECT authz.revoke_item_permission('eve@example.com', 'hypatio.p1'), current_user;
SELECT authz.revoke_item_permission('eve@example.com', 'hypatio.p1');
RESET search_path;
SELECT current_user;
SELECT count(*) FROM pg_temp.item_permission;
-- read-only
BEGIN READ ONLY;
SELECT authz.has_item_permission('hypatio.p1', 'MANAGE');
SELECT mint.outcome($$SELECT authz.grant_item_permission('eve@example.com', 'hypatio.p1')$$), current_user;
ROLLBACK;

RESET ROLE;
CALL mint.logout();
TRUNCATE authz.item_permission, authz.permission_implies;
DROP FUNCTION grants_rows();
DROP OWNED BY grants_app;
DROP ROLE grants_app;
CALL mint.go_home();
