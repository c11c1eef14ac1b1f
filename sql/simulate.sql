-- simulate() makes a session somebody whom nobody has verified: as a login would, read-only, and never beyond its transaction.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\set VERBOSITY terse
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE simulate_app;
CREATE ROLE simulate_owner;
SELECT current_database() AS database, datdba::regrole AS owner FROM pg_database WHERE datname = current_database() \gset
ALTER DATABASE :"database" OWNER TO simulate_owner;
GRANT simulate_app TO simulate_owner;
CREATE SCHEMA simulate;
GRANT USAGE ON SCHEMA simulate TO simulate_owner;
SET search_path = simulate;
SELECT mint.trust('people simulate', '{api}', 'generic', '{"groups_overage": "refuse", "actors": ["bot", "reader", "capped"], "claim_values": [{"claim": "kind", "values": ["access"]}], "max_age_seconds": 60, "application": "app", "required_claims": ["sub", "iat", "aud", "email"]}'),
	   mint.trust('people raises', '{api}', 'generic', '{"groups_overage": "raise"}'),
	   mint.trust('people capped', '{api}', 'generic', '{"ceiling_required": true}'),
	   authz.set_actor_ceiling('https://people.example', 'bot', scopes => '{read}', read_only => false),
	   authz.set_actor_ceiling('https://people.example', 'reader') \g /dev/null
CREATE TABLE note (id integer PRIMARY KEY, owner text);
INSERT INTO note SELECT g, (ARRAY['ann', 'bob', 'cay'])[1 + g % 3] FROM generate_series(1, 30) g;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note USING (authz.is_owner(owner) OR authz.has_scope('all'));
CREATE SEQUENCE counter;
CREATE FUNCTION who() RETURNS text LANGUAGE sql VOLATILE AS
	$$SELECT concat_ws(' ', authz.token_state(), CASE WHEN authz.is_simulated() THEN 'simulated' END, authz.subject(), current_setting('transaction_read_only'))$$;
CREATE FUNCTION be(who text, more jsonb DEFAULT '{}') RETURNS void LANGUAGE sql VOLATILE AS
	$$SELECT authz.simulate((jsonb_build_object('sub', who) || more)::json, 'https://people.example')$$;
CREATE FUNCTION be_with_clause(who text) RETURNS text LANGUAGE plpgsql SET work_mem = '1MB' AS
	$$BEGIN PERFORM simulate.be(who); RETURN simulate.who(); END$$;
CREATE PROCEDURE be_and_commit(who text) LANGUAGE plpgsql AS
	$$BEGIN PERFORM simulate.be(who); RAISE WARNING '%', simulate.who(); COMMIT; RAISE WARNING '%', simulate.who(); END$$;
GRANT USAGE ON SCHEMA simulate TO simulate_app;
GRANT SELECT, UPDATE ON note TO simulate_app;
\set ECHO all
RESET client_min_messages;

-- Somebody with these claims, as the issuer's options read them; beside it, who logs in with them
BEGIN;
SELECT authz.simulate('{"sub": "ann", "scope": "read write", "roles": ["r"], "email": "a@example.com", "jti": "t", "iat": 1000000000, "auth_time": 1000000000, "own": {"x": [1, null]}}', 'https://people.example');
SELECT authz.token_state(), authz.is_simulated(), authz.is_authenticated(), authz.subject(), authz.issuer(), authz.scopes(), authz.email(), authz.token_id(), authz.authenticated_at() = to_timestamp(1000000000), authz.expires_at(), authz.claim('own');
SET LOCAL ROLE simulate_app;
SELECT count(*), min(owner), max(owner) FROM note;
COMMIT;
CALL mint.login('tG', '{"sub": "ann", "scope": "read write"}');
SELECT who(), authz.issuer(), authz.scopes();
SET ROLE simulate_app;
SELECT count(*), min(owner), max(owner) FROM note;
RESET ROLE;
CALL mint.logout();

-- Nothing is asked of signature, audience, times, proof of possession and revocation
SELECT authz.revoke_subject('https://people.example', 'gone');
CALL mint.logout();
SELECT mint.outcome(format('SELECT authz.simulate(%L, %L); SELECT simulate.who()', claims, 'https://people.example')) FROM (VALUES
	('{"sub": "gone", "exp": 1, "nbf": 4000000000, "iat": 4000000000, "aud": "other", "cnf": {"jkt": "x"}}'),
	('{"sub": "late", "exp": "never", "nbf": [], "iat": true, "aud": 7}')) c (claims);
BEGIN;
SELECT be('gone', '{"exp": 1000000000}'), be('gone', '{"exp": 1000000000, "nbf": 4000000000, "iat": 4000000000, "aud": "other", "cnf": {"jkt": "x"}}');
SELECT who(), authz.expires_at() = to_timestamp(1000000000);
ROLLBACK;

-- All else is: what the options cannot read is 22023, and changes nothing
CREATE FUNCTION try(claims text, issuer text DEFAULT 'people simulate') RETURNS text LANGUAGE sql VOLATILE AS
	$$SELECT mint.outcome(format('SELECT authz.simulate(%L, %L)', claims, issuer))$$;
BEGIN;
SELECT be('ann');
SELECT label, try(claims) FROM (VALUES
	('accepted', '{"sub": "bob", "kind": "access", "email": "b@example.com"}'), ('acts', '{"sub": "cay", "kind": "access", "email": "b@example.com", "act": {"sub": "bot"}}')) c (label, claims);
SELECT who(), authz.actor();
SELECT label, try(claims) FROM (VALUES
	('no object', '[]'), ('text', '"sub"'), ('null', 'null'), ('twice', '{"sub": "a", "sub": "b"}'), ('U+0000', '{"sub": "a\u0000"}'),
	('sub', '{"sub": 5, "kind": "access", "email": "e"}'), ('required', '{"sub": "a", "kind": "access"}'), ('value', '{"sub": "a", "kind": "id", "email": "e"}'), ('no value', '{"sub": "a", "email": "e"}'),
	('groups elsewhere', '{"sub": "a", "kind": "access", "email": "e", "_claim_names": {"groups": "src1"}}'), ('act', '{"sub": "a", "kind": "access", "email": "e", "act": "bot"}'),
	('actor', '{"sub": "a", "kind": "access", "email": "e", "act": {"sub": "stranger"}}')) c (label, claims);
SELECT try(NULL), mint.outcome('SELECT authz.simulate(NULL)');
SELECT try('{"sub": "a", "act": {"sub": "bot"}}', 'people capped'), try('{"sub": "a", "n": "' || repeat('n', 70000) || '"}', 'https://people.example');
SELECT who(), authz.actor();
ROLLBACK;
BEGIN;
SELECT authz.simulate('{"sub": "a", "_claim_names": {"groups": "src1"}}', 'people raises');
SELECT who();
SELECT authz.has_group('g');
ROLLBACK;

-- The issuer: the one that is named, else the one that the claims choose, else 42704
BEGIN;
SELECT authz.simulate('{"iss": "https://people.example", "sub": "ann"}');
SELECT authz.issuer(), authz.subject();
SELECT authz.simulate('{"aud": "clientA", "sub": "bob", "email": "b@example.com"}');
SELECT authz.issuer(), authz.subject();
SELECT authz.simulate('{"iss": "https://people.example", "sub": "ann"}', 'people raises');
SELECT authz.issuer(), authz.claim_text('iss');
SELECT mint.outcome(format('SELECT authz.simulate(%L)', claims)) FROM (VALUES ('{"iss": "https://other.example", "sub": "a"}'), ('{"iss": null, "sub": "a"}'), ('{"iss": "", "sub": "a"}')) c (claims);
SELECT try('{"sub": "a"}', 'https://other.example');
SELECT who();
ROLLBACK;

-- Who may: the rights of the database's owner, at that moment
SET ROLE simulate_app;
SELECT authz.simulate('{"sub": "ann"}', 'https://people.example');
SELECT authz.is_simulated();
SET ROLE simulate_owner;
BEGIN;
SELECT authz.simulate('{"sub": "ann"}', 'https://people.example');
SET LOCAL ROLE simulate_app;
SELECT authz.simulate('{"sub": "bob"}', 'https://people.example');
ROLLBACK;
RESET ROLE;

-- What is stored counts as for a login: ceilings, inactive subjects, grants
INSERT INTO authz.inactive_subject VALUES ('https://people.example', 'idle');
INSERT INTO authz.item_permission (client, email, item, permission) VALUES ('app', 'ann@example.com', 'ward', 'VIEW');
BEGIN;
SELECT be('ann', '{"scope": "read write", "act": {"sub": "bot"}}');
SELECT who(), authz.actor(), authz.scopes(), authz.has_scope('write');
SELECT be('idle');
SELECT who(), authz.is_authenticated(), authz.subject();
SELECT authz.simulate('{"sub": "ann", "kind": "access", "email": "ann@example.com"}', 'people simulate');
SELECT authz.has_item_permission('ward', 'VIEW'), authz.has_item_permission('ward', 'EDIT');
ROLLBACK;

-- The transaction only reads from then on, to its end, whatever clears the identity
BEGIN;
SAVEPOINT before;
SELECT be('ann');
UPDATE note SET owner = 'ann';
ROLLBACK TO before;
SELECT who();
SELECT nextval('counter');
ROLLBACK TO before;
SET TRANSACTION READ WRITE;
ROLLBACK TO before;
SELECT authz.clear_token(), mint.outcome('SELECT set_config(''transaction_read_only'', NULL, false)') IS NULL;
SELECT who();
ROLLBACK TO before;
DELETE FROM note;
ROLLBACK;
SELECT who();
-- accept: another transaction
BEGIN; UPDATE note SET owner = 'ann' WHERE id = 1; ROLLBACK;

-- refuse: in one that has written
BEGIN; UPDATE note SET owner = 'ann' WHERE id = 1; SELECT be('ann'); ROLLBACK;
BEGIN; SAVEPOINT s; UPDATE note SET owner = 'ann' WHERE id = 1; ROLLBACK TO s; SELECT be('ann'); ROLLBACK;
BEGIN; SAVEPOINT s; INSERT INTO note VALUES (100); RELEASE s; SELECT be('ann'); ROLLBACK;
INSERT INTO note SELECT 101 FROM authz.simulate('{"sub": "ann"}', 'https://people.example');
WITH w AS (INSERT INTO note VALUES (102) RETURNING id) SELECT be('ann') FROM w;
SELECT count(*) FROM note WHERE id > 100;
-- accept: in one that has read, and one that read-only was asked of
BEGIN; SELECT count(*) FROM note; SELECT be('ann'); SELECT who(); COMMIT;
BEGIN READ ONLY; SELECT be('ann'); SELECT who(); COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM note; SELECT be('ann'); SELECT who(); COMMIT;

-- Never beyond the transaction, and never for another one
SELECT be('ann');
SELECT who();
BEGIN; SELECT be('ann'); SELECT be('bob'); SAVEPOINT s; SELECT be('cay'); SELECT who(); ROLLBACK TO s; SELECT who(); SAVEPOINT t; SELECT be('cay'); RELEASE t; SELECT who(); ROLLBACK TO s; SELECT who(); COMMIT;
SELECT who();
SELECT be_with_clause('ann');
SELECT who();
BEGIN; SELECT be('bob'); SELECT be_with_clause('ann'); SELECT who(); COMMIT;
CALL be_and_commit('ann');
SELECT who();
DO $$ BEGIN PERFORM simulate.be('ann'); BEGIN PERFORM simulate.be('bob'); RAISE WARNING '%', simulate.who(); RAISE division_by_zero; EXCEPTION WHEN OTHERS THEN NULL; END; RAISE WARNING '%', simulate.who(); END $$;
SELECT who();
-- who was logged in is again; a login in between counts instead
CALL mint.login('tG', '{"sub": "dan"}');
BEGIN; SELECT who(); SELECT be('ann'); SELECT who(); COMMIT;
SELECT who();
BEGIN; SELECT be('ann'); CALL mint.login('tG', '{"sub": "eve"}'); SELECT who(); COMMIT;
SELECT who();
BEGIN; SELECT be('ann'); SELECT authz.set_token(mint.person('tG', '{"sub": "fay"}'), true); SELECT who(); COMMIT;
SELECT who();
BEGIN; SELECT be('ann'); RESET dbmi_authz.token; SELECT who(); COMMIT;
SELECT who();
-- R8: after a login that failed nobody is there, and simulating does not make up for it
CALL mint.login('tG', '{"sub": "dan"}');
BEGIN; SELECT be('ann'); SELECT authz.try_set_token('x'); SELECT who(); SELECT be('bob'); SELECT who(); COMMIT;
SELECT who(), authz.last_error() ->> 'error_description';
CALL mint.logout();
-- the label is no token, and no function and role keeps it
BEGIN; SELECT be('ann'); SELECT set_config('dbmi_authz.token', current_setting('dbmi_authz.token'), false); ROLLBACK;
BEGIN; SELECT be('ann'); SELECT set_config('dbmi_authz.token', 'simulated', false); ROLLBACK;
BEGIN; SELECT be('ann'); ALTER FUNCTION who() SET dbmi_authz.token FROM CURRENT; ROLLBACK;
SELECT who();
SELECT authz.clear_token();
SET dbmi_authz.token_scope = 'transaction';
BEGIN; SELECT be('ann'); SELECT who(); COMMIT;
SELECT who();
RESET dbmi_authz.token_scope;

-- One query, one identity
SELECT be('ann') FROM note WHERE authz.has_scope('x') OR id = 1;
BEGIN; DECLARE c CURSOR FOR SELECT id, authz.is_owner(owner) FROM note ORDER BY id; FETCH c; SELECT be('ann'); FETCH c; ROLLBACK;
BEGIN; SELECT be('ann'); DECLARE c CURSOR WITH HOLD FOR SELECT id, authz.is_owner(owner) FROM note ORDER BY id; SELECT be('bob'); COMMIT;
BEGIN; SELECT be('ann'); DECLARE c CURSOR WITH HOLD FOR SELECT count(*) FILTER (WHERE authz.is_owner(owner)), count(*) FROM note; COMMIT;
FETCH c;
CLOSE c;
-- kept plans, made for one and for all
SET ROLE simulate_app;
PREPARE counts AS SELECT count(*), min(owner) FROM note;
RESET ROLE;
BEGIN; SELECT be('ann'); SET LOCAL ROLE simulate_app; EXECUTE counts; RESET ROLE; SELECT be('bob'); SET LOCAL ROLE simulate_app; EXECUTE counts; COMMIT;
SET plan_cache_mode = force_generic_plan;
BEGIN; SELECT be('ann'); SET LOCAL ROLE simulate_app; EXECUTE counts; RESET ROLE; SELECT be('bob'); SET LOCAL ROLE simulate_app; EXECUTE counts; COMMIT;
SET ROLE simulate_app;
EXECUTE counts;
RESET ROLE;
RESET plan_cache_mode;

-- explain_access() says that nobody has signed who is there; beside it, somebody who logs in
BEGIN; SELECT be('ann'); SET LOCAL ROLE simulate_app; SELECT line FROM authz.explain_access('note') line WHERE line ~ 'Identity'; ROLLBACK;
CALL mint.login('tG', '{"sub": "ann"}');
BEGIN; SET LOCAL ROLE simulate_app; SELECT line FROM authz.explain_access('note') line WHERE line ~ 'Identity'; ROLLBACK;
CALL mint.logout();

-- Not where code runs with its owner's rights
CREATE FUNCTION be_ann() RETURNS integer IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM simulate.be('ann'); RETURN 1; END $$;
CREATE INDEX ON note (be_ann());

-- accept: writes in tests, where a superuser says so; the setting is no user's
SET dbmi_authz.simulate_writes = on;
BEGIN; INSERT INTO note VALUES (200, 'x'); SELECT be('ann'); SELECT who(); SET LOCAL ROLE simulate_app; UPDATE note SET owner = 'ann'; ROLLBACK;
BEGIN; SELECT be('ann', '{"act": {"sub": "reader"}}'); UPDATE note SET owner = 'ann'; ROLLBACK;
-- and the record of changes says that nobody has signed who did it; beside it, somebody who logs in
SELECT authz.audit('note');
BEGIN; SELECT be('ann'); UPDATE note SET owner = 'ann' WHERE id = 1; SELECT subject, login FROM authz.audit_event; ROLLBACK;
CALL mint.login('tG', '{"sub": "ann"}');
BEGIN; UPDATE note SET owner = 'ann' WHERE id = 1; SELECT subject, login FROM authz.audit_event; ROLLBACK;
CALL mint.logout();
RESET dbmi_authz.simulate_writes;
SET ROLE simulate_owner;
SET dbmi_authz.simulate_writes = on;
RESET ROLE;

\set ECHO none
RESET search_path;
SET client_min_messages = warning;
DELETE FROM authz.inactive_subject;
DELETE FROM authz.item_permission;
DELETE FROM authz.revocation;
DELETE FROM authz.actor_ceiling;
ALTER DATABASE :"database" OWNER TO :owner;
DROP SCHEMA simulate CASCADE;
DROP ROLE simulate_owner, simulate_app;
CALL mint.go_home();
