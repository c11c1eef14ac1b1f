-- What is counted is what happened: logins, refusals by reason, denials, checks and plans; and who may see that.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
SET client_min_messages = warning;
CREATE ROLE stat_owner;
CREATE ROLE stat_app;
CREATE ROLE stat_monitor;
GRANT pg_monitor TO stat_monitor;
CREATE ROLE stat_reader;
GRANT pg_read_all_data TO stat_reader;
-- What was counted since it was asked the last time.  What is verified is asked apart: a known token is judged again when vacuum has been at the trust.
CREATE TABLE stat_before (name text PRIMARY KEY, count bigint);
CREATE FUNCTION stat_now() RETURNS TABLE (name text, count bigint) LANGUAGE sql AS $$
	SELECT key, value::bigint FROM authz.stat s, json_each_text(to_json(s)) WHERE key NOT IN ('datname', 'scope', 'stats_reset', 'tokens_verified', 'verify_us')
	UNION ALL SELECT 'refused: ' || reason, count FROM authz.stat_refusals
$$;
CREATE FUNCTION stat_since() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	told text;
BEGIN
	CREATE TEMPORARY TABLE stat_after ON COMMIT DROP AS SELECT * FROM stat_now();
	SELECT string_agg(format('%s %s', a.name, a.count - b.count), ', ' ORDER BY a.name COLLATE "C")
	  INTO told FROM stat_after a JOIN stat_before b USING (name) WHERE a.count <> b.count;
	TRUNCATE stat_before;
	INSERT INTO stat_before SELECT * FROM stat_after;
	RETURN coalesce(told, 'nothing');
END $$;
-- One statement of some kind, whose plan is made anew.
CREATE FUNCTION stat_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	TRUNCATE stat_before;
	INSERT INTO stat_before SELECT * FROM stat_now();
	said := mint.outcome(statement);
	RETURN concat(said, ' | ', stat_since());
END $$;
CREATE TABLE stat_doc (id integer PRIMARY KEY, owner text);
INSERT INTO stat_doc SELECT g, (ARRAY['ann', 'bob'])[1 + g % 2] FROM generate_series(1, 10) g;
SELECT mint.person('tG1') AS ann, mint.person('tG1', '{"sub": "bob"}') AS bob, mint.person('tG1', '{"sub": "carl"}') AS carl,
	   mint.person('tG1', '{"exp": "-3600"}') AS old, mint.person('tG1', '{"iss": "https://people.nowhere.example"}') AS strange \gset
-- The trust has been read, and all has been heard of that was changed above.
SELECT authz.set_token(mint.person('tG1', '{"sub": "first"}')), authz.clear_token() \g /dev/null
SELECT authz.set_token(mint.person('tG1', '{"sub": "second"}')), authz.clear_token() \g /dev/null
\set ECHO all
RESET client_min_messages;

-- accept: a token that is new, and the same again; by every road
SELECT stat_of(format('SELECT authz.set_token(%L)', :'ann'));
SELECT stat_of(format('SELECT authz.set_token(%L)', :'ann'));
SELECT stat_since() \g /dev/null
SET dbmi_authz.token = :'ann';
SELECT stat_since();
SELECT stat_of(format('SELECT authz.try_set_token(%L)', :'bob'));
SELECT stat_of(format('SELECT authz.try_set_token(%L)', :'bob'));
-- a token that is only verified is no login, but it takes time, and is known from then on
SELECT tokens_verified, verify_us FROM authz.stat \gset
SELECT stat_of(format('SELECT authz.verify_token(%L) ->> ''sub''', :'carl'));
SELECT stat_of(format('SELECT authz.verify_token(%L) ->> ''sub''', :'carl'));
SELECT stat_of(format('SELECT authz.verify_token(%L)', :'old'));
SELECT tokens_verified - :tokens_verified >= 2 AS verified, verify_us > :verify_us AS time FROM authz.stat;
SELECT stat_of(format('SELECT authz.set_token(%L)', :'carl'));
SELECT stat_of('SELECT authz.clear_token()');
-- refuse: each by its reason, by every road
SELECT stat_of(format('SELECT authz.set_token(%L)', :'old'));
SELECT stat_of(format('SELECT authz.try_set_token(%L)', :'strange'));
SELECT stat_of($$SET dbmi_authz.token = 'a.b'$$);
SELECT stat_of('SELECT authz.try_set_token(NULL)');
SELECT stat_of(format('SELECT authz.set_token(%L)', repeat('x', 70000)));
SET dbmi_authz.token_scope = 'transaction';
SELECT stat_of(format('SELECT authz.set_token(%L)', :'ann'));
RESET dbmi_authz.token_scope;
-- what is rolled back was counted
BEGIN;
SELECT stat_since() \g /dev/null
SELECT authz.set_token(:'ann') \g /dev/null
ROLLBACK;
SELECT stat_since();
-- also where nothing can be written
BEGIN READ ONLY;
SELECT count AS before FROM authz.stat_refusals WHERE reason = 'segment-count' \gset
SELECT authz.try_set_token('a.b') \g /dev/null
SELECT count - :before FROM authz.stat_refusals WHERE reason = 'segment-count';
COMMIT;
SELECT stat_since();

-- the trust is read once, and after a change
SELECT mint.trust('people stat', '{people}', 'generic') \g /dev/null
SELECT stat_since() \g /dev/null
SELECT authz.set_token(mint.hs256('{"iss": "people stat", "aud": "people", "sub": "a", "exp": "+600"}')) \g /dev/null
SELECT authz.set_token(mint.hs256('{"iss": "people stat", "aud": "people", "sub": "b", "exp": "+600"}')) \g /dev/null
SELECT stat_since();
SELECT authz.alter_issuer('people stat', '{"leeway_seconds": 1}') \g /dev/null
SELECT authz.set_token(mint.hs256('{"iss": "people stat", "aud": "people", "sub": "c", "exp": "+600"}')) \g /dev/null
SELECT stat_since();

-- denials
CALL mint.login('tG1');
SELECT stat_of($$SELECT authz.require_scope('x')$$);
SELECT stat_of($$SELECT authz.require_admin()$$);
SELECT stat_of($$SELECT authz.require_step_up('{gold}')$$);
-- none of these is one
SELECT stat_of($$SELECT authz.require_authenticated()$$);
SELECT stat_of($$SELECT authz.has_scope('x')$$);

-- checks: folded where there is a table, called where there is none or it cannot be folded
SELECT stat_of($$SELECT count(*) FROM stat_doc WHERE authz.is_owner(owner)$$);
SELECT stat_of($$SELECT count(*) FROM stat_doc WHERE authz.is_owner(owner || '')$$);
SELECT stat_of($$SELECT count(*) FROM stat_doc WHERE authz.is_owner(owner) OR authz.has_scope('x') OR authz.has_scope('x')$$);
SELECT stat_of($$SELECT count(authz.has_scope(owner)) FROM stat_doc$$);
SELECT stat_of($$SELECT count(*) FROM stat_doc WHERE authz.is_authenticated()$$);
SELECT stat_of($$SELECT count(*) FROM stat_doc$$);
SET dbmi_authz.plan_folding = off;
SELECT stat_of($$SELECT count(*) FROM stat_doc WHERE authz.is_owner(owner)$$);
RESET dbmi_authz.plan_folding;

-- plans: one for each identity at first, then one for all, which is started and not made
SET plan_cache_mode = force_custom_plan;
PREPARE own AS SELECT count(*) FROM stat_doc WHERE authz.is_owner(owner);
SELECT stat_of('EXECUTE own');
SELECT stat_of('EXECUTE own');
DEALLOCATE own;
SET plan_cache_mode = force_generic_plan;
PREPARE own AS SELECT count(*) FROM stat_doc WHERE authz.is_owner(owner);
EXECUTE own;
SELECT stat_since() \g /dev/null
EXECUTE own;
SELECT authz.set_token(:'bob') \g /dev/null
EXECUTE own;
SELECT authz.clear_token() \g /dev/null
EXECUTE own;
SELECT stat_since();
DEALLOCATE own;
RESET plan_cache_mode;

-- 28000 of the guard: a cursor of somebody else's
SELECT authz.set_token(:'ann') \g /dev/null
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM stat_doc WHERE authz.is_owner(owner);
SELECT authz.set_token(:'bob') \g /dev/null
SELECT stat_since() \g /dev/null
FETCH c;
ROLLBACK;
SELECT stat_since();
-- and an identity that has ended
SELECT authz.set_token(:'ann') \g /dev/null
SELECT authz.revoke_subject('https://people.example', 'ann') \g /dev/null
SELECT stat_of('SELECT authz.subject()');
DELETE FROM authz.revocation WHERE issuer = 'https://people.example';

-- a reset begins at zero, at that moment
SELECT stats_reset AS before FROM authz.stat \gset
SELECT authz.stat_reset();
SELECT datname = current_database() AS here, scope IN ('server', 'session') AS scope, tokens_accepted + tokens_known + tokens_refused + tokens_verified + denials AS nothing,
	   stats_reset > :'before' AS later, stats_reset <= clock_timestamp() AS past FROM authz.stat;
SELECT sum(count) FROM authz.stat_refusals;
SELECT authz.try_set_token('a.b') \g /dev/null
SELECT tokens_refused FROM authz.stat;
SELECT reason, count FROM authz.stat_refusals WHERE count > 0;
-- every reason has a row, the last one is for what is no reason of a token's
SELECT count(*) = count(DISTINCT reason) AS different, count(*) > 40 AS all FROM authz.stat_refusals;
SELECT reason FROM authz.stat_refusals OFFSET (SELECT count(*) - 1 FROM authz.stat_refusals);
-- stat_all has the same columns, and of this database the same counts
SELECT count(*), min(a.tokens_refused) = min(s.tokens_refused) AS same FROM authz.stat_all a JOIN authz.stat s USING (datname, scope, stats_reset);
SELECT array_agg(attname ORDER BY attnum) FILTER (WHERE attrelid = 'authz.stat'::regclass) = array_agg(attname ORDER BY attnum) FILTER (WHERE attrelid = 'authz.stat_all'::regclass) AS same
  FROM pg_attribute WHERE attrelid IN ('authz.stat'::regclass, 'authz.stat_all'::regclass) AND attnum > 0;

-- who may see it: the owner of the database sees its own counts, pg_monitor those of all databases, nobody else anything
SELECT current_database() AS db, datdba::regrole AS owner FROM pg_database WHERE datname = current_database() \gset
ALTER DATABASE :"db" OWNER TO stat_owner;
CREATE TABLE stat_ask (n serial, statement text);
INSERT INTO stat_ask (statement) VALUES ('SELECT count(*) > 0 FROM authz.stat'), ('SELECT count(*) > 0 FROM authz.stat_refusals'), ('SELECT count(*) > 0 FROM authz.stat_all'),
	('SELECT count(*) > 0 FROM authz.stat_get()'), ('SELECT count(*) > 0 FROM authz.stat_get_refusals()'), ('SELECT count(*) > 0 FROM authz.stat_get_all()'), ('SELECT authz.stat_reset()'), ('SELECT count(*) >= 0 FROM authz.sessions()');
CREATE FUNCTION stat_asked(role text) RETURNS TABLE (answer text) LANGUAGE plpgsql AS $$
DECLARE
	s text;
	said text;
BEGIN
	FOR s IN SELECT statement FROM stat_ask ORDER BY n LOOP
		PERFORM set_config('role', role, true);
		said := mint.outcome(s);
		PERFORM set_config('role', 'none', true);
		answer := concat(s, ': ', CASE said WHEN '' THEN 'done' WHEN '55000 sessions do not know of one another' THEN 'true' ELSE left(said, 80) END);
		RETURN NEXT;
	END LOOP;
END $$;
GRANT USAGE ON SCHEMA mint TO stat_owner, stat_app, stat_monitor, stat_reader;
SELECT stat_asked('stat_owner');
SELECT stat_asked('stat_monitor');
SELECT stat_asked('stat_reader');
SELECT stat_asked('stat_app');
-- whatever they were given by mistake
GRANT ALL ON authz.stat, authz.stat_refusals, authz.stat_all TO stat_app;
GRANT EXECUTE ON FUNCTION authz.stat_get, authz.stat_get_refusals, authz.stat_get_all, authz.stat_reset, authz.sessions TO stat_app;
SELECT stat_asked('stat_app');
REVOKE ALL ON authz.stat, authz.stat_refusals, authz.stat_all FROM stat_app;
REVOKE EXECUTE ON FUNCTION authz.stat_get, authz.stat_get_refusals, authz.stat_get_all, authz.stat_reset, authz.sessions FROM stat_app;
-- the owner of the database does not change what those who monitor read
SET ROLE stat_owner;
CREATE OR REPLACE VIEW authz.stat_all AS SELECT 1;
DROP VIEW authz.stat_all;
ALTER VIEW authz.stat_all RENAME TO stat_of_old;
GRANT SELECT ON authz.stat_all TO stat_owner;
SELECT count(*) FROM authz.stat_all;
RESET ROLE;
ALTER DATABASE :"db" OWNER TO :"owner";

DROP FUNCTION stat_asked, stat_of, stat_since, stat_now;
DROP TABLE stat_ask, stat_before, stat_doc;
SET client_min_messages = warning;
CALL mint.go_home();
REVOKE ALL ON SCHEMA mint FROM stat_owner, stat_app, stat_monitor, stat_reader;
DROP ROLE stat_owner, stat_app, stat_monitor, stat_reader;
