-- An inactive subject counts as nobody, at the next query and until it is active again.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set ECHO all
INSERT INTO authz.item_permission (email, client, item, permission) VALUES ('user@example.com', 'my-client', 'parent', 'admin');
CREATE TABLE inactive_note (id integer, owner text);
INSERT INTO inactive_note VALUES (1, 'user@example.com'), (2, 'other@example.com');
ALTER TABLE inactive_note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON inactive_note USING (authz.is_owner_or_admin(owner));
CREATE ROLE inactive_app;
GRANT SELECT ON inactive_note TO inactive_app;
-- Everything that answers about the identity.
CREATE VIEW inactive_checks AS SELECT authz.is_authenticated(), authz.is_admin(), authz.has_group('my-client-admin'), authz.has_role('curator'),
	authz.has_permission('VIEW'), authz.has_scope('a'), authz.is_owner('user@example.com'::text), authz.is_owner_or_admin('x'::text),
	authz.has_item_permission('parent', 'admin'), authz.has_app_permission('VIEW'), authz.has_claim('{email}', 'user@example.com'),
	authz.claim_is('{email}', 'user@example.com'), authz.in_org('O1'::text), authz.token_state(), authz.subject(), authz.email(), authz.claims() IS NULL AS no_claims, authz.groups(), authz.expires_at() IS NULL AS no_end;

-- row 84: every check is false
CALL mint.login('tD1g');
-- accept: active
SELECT * FROM inactive_checks \gx
-- refuse: another issuer's, another subject's row means somebody else
INSERT INTO authz.inactive_subject VALUES ('https://people.axioms.example', 'auth0|u1'), ('people dbmi', 'auth0|u2'), ('people dbmi', 'AUTH0|U1');
SELECT is_admin FROM inactive_checks;
-- refuse: inactive
INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'auth0|u1');
SELECT * FROM inactive_checks \gx
SELECT mint.outcome('SELECT authz.require_authenticated()'), mint.outcome($$SELECT authz.require_group('my-client-admin')$$),
	   mint.outcome('SELECT authz.require_admin()'), mint.outcome('SELECT authz.require(true)'), authz.last_error() - 'at' AS last_error, authz.www_authenticate() \gx
SET ROLE inactive_app;
SELECT count(*) FROM inactive_note;
RESET ROLE;
-- the same after logging in anew, and for a token of the same subject
CALL mint.login('tD0');
SELECT is_authenticated, is_owner, subject FROM inactive_checks;
-- accept: somebody else; and the same again, once active
CALL mint.login('tD1g', '{"sub": "auth0|u3"}');
SELECT is_authenticated, is_admin FROM inactive_checks;
CALL mint.login('tD1g');
SELECT is_authenticated, is_admin FROM inactive_checks;
DELETE FROM authz.inactive_subject WHERE subject = 'auth0|u1';
SELECT is_authenticated, is_admin, token_state FROM inactive_checks;
-- PropelAuth has no sub: the user id
INSERT INTO authz.inactive_subject VALUES ('https://people.propel.example', 'u-1');
CALL mint.login('tPM');
SELECT authz.is_authenticated(), authz.in_org('1189c444-8a2d-4c41-8b4b-ae43ce79a492'::text), authz.org_ids();
-- accept: a token that names nobody cannot be listed
SELECT authz.add_issuer('https://nosub.example', '{clinic}', options => '{"algorithms": ["HS256"], "required_claims": ["aud"]}'), authz.add_secret('https://nosub.example', mint.secret()) \g /dev/null
SELECT authz.try_set_token(mint.hs256('{"iss": "https://nosub.example", "aud": "clinic", "exp": "+60"}'));
SELECT authz.is_authenticated(), authz.subject() IS NULL AS no_subject;
SELECT authz.drop_issuer('https://nosub.example') \g /dev/null

-- prepared statements, and one transaction
CALL mint.login('tD0');
SET ROLE inactive_app;
SET plan_cache_mode = force_generic_plan;
PREPARE inactive_read AS SELECT count(*) FROM inactive_note;
EXECUTE inactive_read;
BEGIN;
EXECUTE inactive_read;
RESET ROLE;
INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'auth0|u1');
SET ROLE inactive_app;
EXECUTE inactive_read;
SAVEPOINT s;
RESET ROLE;
DELETE FROM authz.inactive_subject;
SET ROLE inactive_app;
EXECUTE inactive_read;
ROLLBACK TO s;
EXECUTE inactive_read;
ROLLBACK;
EXECUTE inactive_read;
RESET ROLE;
-- somebody else, who is inactive, for a while
INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'auth0|u3');
BEGIN;
SAVEPOINT s;
CALL mint.login('tD1g', '{"sub": "auth0|u3"}');
SHOW dbmi_authz.token;
SET LOCAL ROLE inactive_app;
EXECUTE inactive_read;
ROLLBACK TO s;
SHOW dbmi_authz.token;
SET LOCAL ROLE inactive_app;
EXECUTE inactive_read;
COMMIT;
-- a cursor of somebody who has become inactive stays with its snapshot; the next one gives nothing
BEGIN;
SET LOCAL ROLE inactive_app;
DECLARE inactive_cursor CURSOR FOR SELECT id, authz.is_authenticated() FROM inactive_note, generate_series(1, 3);
FETCH inactive_cursor;
RESET ROLE;
INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'auth0|u1');
FETCH inactive_cursor;
SET LOCAL ROLE inactive_app;
DECLARE inactive_next CURSOR FOR SELECT id, authz.is_authenticated() FROM inactive_note, generate_series(1, 3);
FETCH inactive_next;
FETCH inactive_cursor;
ROLLBACK;
-- what a function evaluates between its statements is of that moment, and changes nothing for the query around it
CREATE FUNCTION inactive_within() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'auth0|u1');
	RETURN authz.is_authenticated() || ' ' || coalesce(authz.subject(), 'nobody') || ' ' || authz.is_owner('user@example.com'::text);
END $$;
BEGIN;
SELECT authz.subject() AS before, inactive_within(), authz.is_authenticated(), authz.subject() FROM inactive_note WHERE id = 1;
SELECT authz.is_authenticated();
ROLLBACK;
-- also where that is the last that happens in it
BEGIN;
SELECT authz.subject() AS before, inactive_within() FROM inactive_note WHERE id = 1;
ROLLBACK;
SELECT authz.is_authenticated();
DROP FUNCTION inactive_within;
-- nor does he come back because somebody else was there for a while
INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'auth0|u1');
CALL mint.login('tD0');
BEGIN;
CALL mint.login('tX0');
SELECT authz.is_authenticated();
ROLLBACK;
SELECT authz.is_authenticated(), authz.subject();
-- an expired token of an inactive subject has expired
INSERT INTO authz.inactive_subject VALUES ('people dbmi', 'auth0|u1') ON CONFLICT DO NOTHING;
CALL mint.login('tD0', '{"exp": "-117"}');
SELECT authz.token_state(), authz.is_authenticated();
SELECT pg_sleep(3.2);
SELECT authz.token_state(), authz.is_authenticated();
SELECT mint.outcome('SELECT authz.is_admin()');

DEALLOCATE inactive_read;
RESET plan_cache_mode;
TRUNCATE authz.inactive_subject, authz.item_permission;
DROP VIEW inactive_checks;
DROP TABLE inactive_note;
DROP ROLE inactive_app;
CALL mint.go_home();
