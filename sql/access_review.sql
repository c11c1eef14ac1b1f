-- access_review() says what each of many would reach of a table, as a role that policies bind, and leaves nothing behind.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset null -
SET client_min_messages = warning;
CREATE ROLE access_review_app;
CREATE ROLE access_review_writes;
CREATE ROLE access_review_table;
CREATE ROLE access_review_heir IN ROLE access_review_table;
CREATE ROLE access_review_free BYPASSRLS;
CREATE ROLE access_review_owner;
CREATE ROLE access_review_super SUPERUSER;
SELECT current_database() AS database, datdba::regrole AS owner FROM pg_database WHERE datname = current_database() \gset
ALTER DATABASE :"database" OWNER TO access_review_owner;
CREATE SCHEMA access_review;
SET search_path = access_review;
SELECT mint.trust('people raises', '{api}', 'generic', '{"groups_overage": "raise"}'),
	   authz.alter_issuer('https://people.example', '{"application": "app"}'),
	   authz.set_actor_ceiling('https://people.example', 'bot', scopes => '{}') \g /dev/null
CREATE TABLE team (name text, member text);
INSERT INTO team VALUES ('red', 'ann'), ('blue', 'bob'), ('blue', 'ann');
CREATE VIEW my_team AS SELECT name FROM access_review.team WHERE authz.is_owner(member);
CREATE TABLE note (id integer PRIMARY KEY, owner text, team text, secret text);
INSERT INTO note SELECT g, (ARRAY['ann', 'bob', 'cay'])[1 + g % 3], (ARRAY['red', 'blue'])[1 + g % 2] FROM generate_series(1, 30) g;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING (authz.is_owner(owner) OR authz.has_scope('all'));
CREATE POLICY team ON note FOR SELECT USING (team IN (SELECT name FROM team WHERE authz.is_owner(member)));
CREATE POLICY real ON note AS RESTRICTIVE USING (authz.is_authenticated() AND NOT authz.has_role('barred'));
CREATE POLICY old ON note AS RESTRICTIVE FOR UPDATE USING (id < 20 OR authz.has_scope('all'));
CREATE POLICY fails ON note AS RESTRICTIVE FOR DELETE USING (CASE WHEN authz.has_scope('fail') THEN 1 / (id - id) > 0 ELSE true END);
CREATE FUNCTION owner_of(text) RETURNS text IMMUTABLE LANGUAGE sql RETURN $1;
GRANT USAGE ON SCHEMA access_review TO PUBLIC;
GRANT SELECT, UPDATE, DELETE ON note TO access_review_app, access_review_free;
GRANT INSERT (id, owner) ON note TO access_review_app;
GRANT SELECT ON team, my_team TO access_review_app;
GRANT UPDATE ON note TO access_review_writes;
CREATE FUNCTION review(rel regclass, claims text[], command text DEFAULT 'SELECT', as_role name DEFAULT 'access_review_app')
	RETURNS TABLE (subject text, row_count bigint, condition text) LANGUAGE sql VOLATILE AS
	$$SELECT * FROM authz.access_review(rel, claims::json[], as_role, 'https://people.example', command)$$;
\set ECHO all
RESET client_min_messages;

-- One line for each, in their order, with the rows that each would see and the whole condition
SELECT * FROM review('note', ARRAY['{"sub": "ann"}', '{"sub": "bob"}', '{"sub": "dan"}', '{"sub": "root", "scope": "read all"}', '{"sub": "ann", "roles": ["barred"]}', '{"sub": "ann"}']);
-- the same as who logs in
CALL mint.login('tG', '{"sub": "ann"}');
SET ROLE access_review_app;
SELECT count(*) FROM note;
RESET ROLE;
CALL mint.logout();

-- UPDATE and DELETE: the rows that they would touch; INSERT: what a new row must be.  Any case
SELECT * FROM review('note', ARRAY['{"sub": "ann"}', '{"sub": "root", "scope": "all"}'], 'Update');
SELECT * FROM review('note', ARRAY['{"sub": "ann"}', '{"sub": "ann", "scope": "fail"}', '{"sub": "root", "scope": "all"}'], 'DELETE');
SELECT * FROM review('note', ARRAY['{"sub": "ann"}', '{"sub": "root", "scope": "all"}', '{"sub": "ann", "roles": ["barred"]}'], 'INSERT');
CALL mint.login('tG', '{"sub": "ann"}');
BEGIN;
SET LOCAL ROLE access_review_app;
WITH w AS (UPDATE note SET secret = secret RETURNING 1) SELECT count(*) FROM w;
WITH w AS (DELETE FROM note RETURNING 1) SELECT count(*) FROM w;
ROLLBACK;
CALL mint.logout();
-- who may not read looks for nothing by a column
SELECT * FROM review('note', ARRAY['{"sub": "ann"}'], 'UPDATE', 'access_review_writes');

-- A malformed element is a line with the fault, and so is somebody for whom a policy raises
SELECT * FROM review('note', ARRAY['{"sub": "ann"}', '[]', NULL, '{"sub": 5}', '{"sub": "act", "act": {}}', '{}', '{"sub": "a", "sub": "b"}', 'null', '{"sub": "\u0000"}', '{"sub": "bob"}']);
SELECT * FROM authz.access_review('note', ARRAY['{"sub": "ann"}', '{"iss": "https://people.example", "sub": "ann"}', '{"iss": "https://other.example", "sub": "ann"}']::json[], 'access_review_app');
SELECT count(*) FROM (SELECT FROM review('note', '{}') UNION ALL SELECT FROM review('note', NULL)) none;
-- by its user id where no claim sub is
SELECT subject, row_count FROM authz.access_review('note', ARRAY['{"iss": "https://people.propel.example", "user_id": "u-1"}', '{"iss": "https://people.propel.example", "user_id": "u-1", "sub": "s"}']::json[], 'access_review_app');

-- What is stored counts, and so does what no token says
INSERT INTO authz.inactive_subject VALUES ('https://people.example', 'cay');
INSERT INTO authz.item_permission (client, email, item, permission) VALUES ('app', 'ann@example.com', 'ward', 'VIEW');
CREATE TABLE stored (id integer, owner text);
INSERT INTO stored SELECT g FROM generate_series(1, 10) g;
ALTER TABLE stored ENABLE ROW LEVEL SECURITY;
CREATE POLICY scope ON stored USING (id = 1 AND authz.has_scope('all'));
CREATE POLICY item ON stored USING (id <= 2 AND authz.has_item_permission('ward', 'VIEW'));
CREATE POLICY nobody ON stored USING (id <= 3 AND NOT authz.is_authenticated());
CREATE POLICY in_set ON stored USING (authz.in_set('access_review.my_team', CASE id WHEN 5 THEN 'red' ELSE '' END));
CREATE POLICY of_group ON stored USING (id = 6 AND authz.has_group('g'));
GRANT SELECT ON stored TO access_review_app;
SELECT subject, row_count FROM review('stored', ARRAY['{"sub": "eve", "scope": "all"}', '{"sub": "eve", "scope": "all", "act": {"sub": "bot"}}', '{"sub": "x", "email": "ann@example.com"}', '{"sub": "cay", "scope": "all"}', '{"sub": "ann"}', '{"sub": "eve", "groups": ["g"]}']);
SELECT * FROM authz.access_review('stored', ARRAY['{"sub": "a", "_claim_names": {"groups": "src"}}']::json[], 'access_review_app', 'people raises');

-- Partitions and children; a table without row security; one without policies
CREATE TABLE parts (id integer, owner text) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE TABLE part2 PARTITION OF parts FOR VALUES FROM (10) TO (20);
INSERT INTO parts SELECT g, (ARRAY['ann', 'bob'])[1 + g % 2] FROM generate_series(0, 19) g;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON parts USING (authz.is_owner(owner));
CREATE TABLE open (id integer);
INSERT INTO open VALUES (1), (2);
CREATE TABLE shut (id integer);
INSERT INTO shut VALUES (1);
ALTER TABLE shut ENABLE ROW LEVEL SECURITY;
GRANT SELECT, UPDATE, INSERT ON parts, open, shut TO access_review_app;
SELECT * FROM review('parts', ARRAY['{"sub": "ann"}']), review('parts', ARRAY['{"sub": "ann"}'], 'UPDATE') u, review('parts', ARRAY['{"sub": "ann"}'], 'INSERT') i;
SELECT * FROM review('open', ARRAY['{"sub": "ann"}']), review('shut', ARRAY['{"sub": "ann"}']) s, review('shut', ARRAY['{"sub": "ann"}'], 'INSERT') i;

-- As whom: a role that the caller may become, whom policies bind, and who may read the table
SELECT review('note', ARRAY['{"sub": "ann"}'], as_role => 'access_review_free');
SELECT review('note', ARRAY['{"sub": "ann"}'], as_role => 'access_review_super');
ALTER TABLE note OWNER TO access_review_table;
SELECT review('note', ARRAY['{"sub": "ann"}'], as_role => 'access_review_table');
SELECT review('note', ARRAY['{"sub": "ann"}'], as_role => 'access_review_heir');
ALTER TABLE note FORCE ROW LEVEL SECURITY;
GRANT SELECT ON team TO access_review_table;
SELECT subject, row_count FROM review('note', ARRAY['{"sub": "ann"}'], as_role => 'access_review_heir');
ALTER TABLE note NO FORCE ROW LEVEL SECURITY;
SELECT review('note', ARRAY['{"sub": "ann"}'], as_role => 'access_review_nobody');
SELECT review('note', ARRAY['{"sub": "ann"}'], as_role => 'access_review_writes');
SELECT review('open', ARRAY['{"sub": "ann"}'], 'DELETE');
SET ROLE access_review_owner;
\set VERBOSITY default
SELECT count(*) FROM authz.access_review('access_review.note', ARRAY['{"sub": "ann"}']::json[], 'access_review_app', 'https://people.example');
\set VERBOSITY terse
RESET ROLE;
GRANT access_review_app TO access_review_owner;
SET ROLE access_review_owner;
SELECT subject, row_count FROM authz.access_review('access_review.note', ARRAY['{"sub": "ann"}']::json[], 'access_review_app', 'https://people.example');
SET ROLE access_review_app;
SELECT count(*) FROM authz.access_review('access_review.note', ARRAY['{"sub": "ann"}']::json[], 'access_review_app', 'https://people.example');
RESET ROLE;

-- What cannot be asked
SELECT review('note', ARRAY['{"sub": "ann"}'], 'MERGE');
SELECT review('my_team', ARRAY['{"sub": "ann"}']);
SELECT review(NULL, ARRAY['{"sub": "ann"}']), review('note', '{}', NULL);
SELECT authz.access_review('note', '{}', NULL);
SELECT authz.access_review('note', '{}', 'access_review_app', 'https://other.example');
SELECT authz.access_review(1, '{}', 'access_review_app');
CREATE TABLE ruled (id integer);
CREATE RULE instead AS ON UPDATE TO ruled DO INSTEAD NOTHING;
GRANT SELECT, UPDATE ON ruled TO access_review_app;
SELECT review('ruled', ARRAY['{"sub": "ann"}'], 'UPDATE');
SELECT review('ruled', ARRAY['{"sub": "ann"}']);
SELECT count(*) FROM note, review('note', ARRAY['{"sub": "ann"}']) WHERE authz.has_scope('x') OR id = 1;

-- What policies call has the role's rights, reads, and leaves nothing behind
CREATE TABLE told (n serial, what text);
GRANT ALL ON told, told_n_seq TO access_review_app;
CREATE FUNCTION try(statement text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE statement; RETURN 'done'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM; END $$;
CREATE FUNCTION tells(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF authz.has_scope('tell') THEN
		RAISE WARNING '%: %', statement, access_review.try(statement);
	END IF;
	RETURN true;
END $$;
ALTER FUNCTION try OWNER TO access_review_app;
ALTER FUNCTION tells OWNER TO access_review_app;
CREATE TABLE spied (id integer);
INSERT INTO spied VALUES (1);
ALTER TABLE spied ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON spied TO access_review_app;
CREATE POLICY tells ON spied USING (
	access_review.tells('RESET ROLE') AND access_review.tells('SET ROLE access_review_owner') AND access_review.tells('SET SESSION AUTHORIZATION DEFAULT') AND
	access_review.tells('SELECT set_config(''role'', ''access_review_owner'', false)') AND access_review.tells('INSERT INTO access_review.told (what) VALUES (1)') AND
	access_review.tells('SELECT nextval(''access_review.told_n_seq'')') AND access_review.tells('CREATE TEMP TABLE t ()') AND access_review.tells('SET TRANSACTION READ WRITE') AND
	access_review.tells('SELECT set_config(''transaction_read_only'', ''off'', false)') AND access_review.tells('SELECT set_config(''work_mem'', ''1MB'', false)') AND
	access_review.tells('SELECT authz.clear_token()') AND access_review.tells('RESET dbmi_authz.token') AND access_review.tells('SELECT authz.simulate(''{"sub": "x"}'', ''https://people.example'')') AND
	access_review.tells('SELECT authz.access_review(''access_review.spied'', ''{}'', ''access_review_app'')') AND access_review.tells('DO $d$ BEGIN IF current_user <> ''access_review_app'' OR authz.subject() <> ''spy'' THEN RAISE ''%'', current_user; END IF; END $d$'));
CALL mint.login('tG', '{"sub": "dan"}');
BEGIN;
INSERT INTO told (what) VALUES ('before');
SELECT * FROM review('spied', ARRAY['{"sub": "spy", "scope": "tell"}']);
SELECT current_user = session_user, authz.subject(), authz.token_state(), authz.is_simulated(), current_setting('transaction_read_only'), current_setting('work_mem') = '1MB', current_setting('row_security');
INSERT INTO told (what) SELECT condition FROM review('note', ARRAY['{"sub": "bob", "act": {"sub": "bot"}}']);
COMMIT;
SELECT what FROM told;
SET row_security = off;
SELECT subject, row_count FROM review('note', ARRAY['{"sub": "ann"}']);
SHOW row_security;
RESET row_security;
-- an actor who only reads, and one for whom a policy raises, are no different
BEGIN;
SELECT * FROM review('spied', ARRAY['{"sub": "a", "act": {"sub": "bot"}}']);
SELECT subject, condition FROM review('note', ARRAY['{"sub": "ann", "scope": "fail"}'], 'DELETE');
INSERT INTO told (what) VALUES ('after');
SELECT authz.subject(), authz.is_simulated();
ROLLBACK;
CALL mint.logout();
-- in a transaction that simulates, and one of somebody who reads only
BEGIN;
SELECT authz.simulate('{"sub": "bob"}', 'https://people.example');
SELECT subject, row_count FROM review('note', ARRAY['{"sub": "ann"}']);
SELECT authz.subject(), authz.is_simulated(), current_setting('transaction_read_only');
ROLLBACK;

-- Cancelling ends it; a policy that asks its own table is no line
CREATE TABLE slow (id integer);
INSERT INTO slow VALUES (1);
ALTER TABLE slow ENABLE ROW LEVEL SECURITY;
CREATE POLICY slow ON slow USING (pg_sleep(60) IS NULL);
CREATE TABLE loops (id integer);
ALTER TABLE loops ENABLE ROW LEVEL SECURITY;
CREATE POLICY loops ON loops USING (EXISTS (SELECT FROM loops));
GRANT SELECT ON slow, loops TO access_review_app;
SET statement_timeout = '100ms';
SELECT review('slow', ARRAY['{"sub": "ann"}']);
RESET statement_timeout;
SELECT review('loops', ARRAY['{"sub": "ann"}']);
SELECT authz.token_state(), current_user = session_user, current_setting('transaction_read_only');

\set ECHO none
RESET search_path;
SET client_min_messages = warning;
DELETE FROM authz.inactive_subject;
DELETE FROM authz.item_permission;
DELETE FROM authz.actor_ceiling;
ALTER DATABASE :"database" OWNER TO :owner;
DROP SCHEMA access_review CASCADE;
DROP ROLE access_review_app, access_review_writes, access_review_table, access_review_heir, access_review_free, access_review_owner, access_review_super;
CALL mint.go_home();
