-- What ends in an error and is safe, stays so: rows E of test/attacks.md.
-- E15 and E16 need the protocol: test/tap/080_folding.pl.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
\set VERBOSITY terse
CREATE ROLE fold_app;
CREATE TABLE fold_doc (id integer PRIMARY KEY, owner text);
INSERT INTO fold_doc SELECT i, CASE WHEN i <= 3 THEN 'ann' WHEN i <= 5 THEN 'bob' ELSE 'carl' END FROM generate_series(1, 10) i;
ALTER TABLE fold_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON fold_doc USING (authz.has_scope('admin') OR authz.is_owner(owner));
GRANT ALL ON fold_doc TO fold_app;
GRANT CREATE ON SCHEMA public TO fold_app;
SET ROLE fold_app;
-- to log in from within a query, as anybody may write it
CREATE FUNCTION fold_login(who text) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$ BEGIN PERFORM authz.set_token(mint.token_of(who)); RETURN 1; END $$;
CREATE FUNCTION fold_login_stable(who text) RETURNS integer LANGUAGE plpgsql STABLE AS $$ BEGIN PERFORM fold_login(who); RETURN 1; END $$;
CREATE FUNCTION fold_login_immutable(who text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM fold_login(who); RETURN 1; END $$;
CREATE FUNCTION fold_seen() RETURNS bigint LANGUAGE sql STABLE SET search_path = public AS 'SELECT count(*) FROM fold_doc';

-- Before 18 a SQL function plans all its statements before it runs the first, and keeps the plans for the transaction, out of reach of a change of
-- identity: an error.  Since 18 it takes its plans from the plan cache, one by one, as it comes to them: the rows of who asks.
CREATE FUNCTION fold_since_18(query text, answer text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	outcome text := mint.outcome(query);
BEGIN
	IF current_setting('server_version_num')::integer < 180000 THEN
		answer := '28000 identity has changed since the query was planned {"error":"invalid_token","error_description":"Identity has changed since the query was planned"}';
	END IF;
	RETURN CASE outcome WHEN answer THEN 'as it must' ELSE outcome END;
END $$;

-- E1: a SQL function that is not inlined, boss first; in another transaction it is planned anew
CREATE FUNCTION fold_in_turn(VARIADIC people text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	who text;
	seen text[] := '{}';
BEGIN
	FOREACH who IN ARRAY people LOOP
		CALL mint.become(who);
		seen := seen || (who || ' ' || fold_seen());
	END LOOP;
	RETURN array_to_string(seen, ', ');
END $$;
SELECT fold_since_18($$SELECT fold_in_turn('boss', 'ann')$$, 'boss 10, ann 3');
SELECT fold_since_18($$SELECT fold_in_turn('boss', 'nobody')$$, 'boss 10, nobody 0');
SELECT fold_since_18($$SELECT fold_in_turn('nobody', 'boss')$$, 'nobody 0, boss 10');
SELECT fold_since_18($$SELECT fold_in_turn('ann', 'boss', 'ann', 'bob', 'nobody', 'ann')$$, 'ann 3, boss 10, ann 3, bob 2, nobody 0, ann 3');
SELECT fold_in_turn('boss', 'boss');
SELECT fold_in_turn('ann');

-- E2, E3: a SQL function that logs in and then reads; PL/pgSQL does it in all versions
CALL mint.become('nobody');
CREATE FUNCTION fold_login_read(who text) RETURNS SETOF fold_doc LANGUAGE sql AS 'SELECT authz.set_token(mint.token_of(who)); SELECT * FROM fold_doc';
CREATE FUNCTION fold_login_read_atomic(who text) RETURNS SETOF fold_doc LANGUAGE sql
BEGIN ATOMIC SELECT authz.set_token(mint.token_of(who)); SELECT * FROM fold_doc; END;
CREATE FUNCTION fold_login_read_plpgsql(who text) RETURNS SETOF fold_doc LANGUAGE plpgsql AS $$
BEGIN PERFORM authz.set_token(mint.token_of(who)); RETURN QUERY SELECT * FROM fold_doc; END $$;
SELECT fold_since_18($$SELECT count(*) FROM fold_login_read('bob')$$, '2');
-- an error takes the login along
SELECT authz.subject() IS NOT DISTINCT FROM CASE WHEN current_setting('server_version_num')::integer >= 180000 THEN 'bob' END AS right;
CALL mint.become('nobody');
SELECT fold_since_18($$SELECT count(*) FROM fold_login_read_atomic('ann')$$, '3');
SELECT authz.subject() IS NOT DISTINCT FROM CASE WHEN current_setting('server_version_num')::integer >= 180000 THEN 'ann' END AS right;
CALL mint.become('nobody');
SELECT count(*) FROM fold_login_read_plpgsql('bob');

-- E4: a loop over a query whose body changes who asks
CREATE FUNCTION fold_loop(who text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE r record; n integer := 0;
BEGIN
	FOR r IN SELECT * FROM fold_doc LOOP n := n + 1; PERFORM fold_login(who); END LOOP;
	RETURN n;
END $$;
CALL mint.become('boss');
SELECT fold_loop('ann');
SELECT fold_loop('boss');

-- E5, E11: a cursor that another one fetches from; but A again is A
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM fold_doc ORDER BY id;
FETCH 2 c;
CALL mint.become('ann');
SAVEPOINT s;
\set VERBOSITY default
FETCH c;
\set VERBOSITY terse
ROLLBACK TO s;
FETCH c;
ROLLBACK;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM fold_doc ORDER BY id;
FETCH 3 c;
SAVEPOINT s;
CALL mint.become('ann');
FETCH BACKWARD 1 c;
ROLLBACK TO s;
FETCH BACKWARD 1 c;
MOVE FIRST c;
ROLLBACK;
CALL mint.become('ann');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM fold_doc ORDER BY id;
FETCH c;
CALL mint.become('carl');
CALL mint.become('ann');
FETCH c;
CALL mint.become('boss');
MOVE c;
ROLLBACK;
-- a cursor that another one closes, or leaves behind at the end
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM fold_doc ORDER BY id;
DECLARE d CURSOR FOR SELECT id FROM fold_doc ORDER BY id;
FETCH c;
CALL mint.become('carl');
CLOSE c;
COMMIT;
SELECT authz.subject();

-- and one that asked for nothing but whether there is anybody
CALL mint.become('nobody');
BEGIN;
DECLARE c CURSOR FOR SELECT relname FROM pg_class WHERE relname ~ '^fold_doc' AND NOT authz.is_authenticated() ORDER BY 1;
FETCH c;
CALL mint.become('ann');
FETCH c;
ROLLBACK;

-- E6: a WITH HOLD cursor that is filled at COMMIT, by somebody else
CALL mint.become('ann');
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM fold_doc ORDER BY id;
CALL mint.become('carl');
COMMIT;
FETCH c;
SELECT authz.subject();

-- E7: a cursor that a function opens as somebody for the transaction
CREATE FUNCTION fold_open(who text) RETURNS refcursor LANGUAGE plpgsql AS $$
DECLARE c refcursor := 'fold_c';
BEGIN
	PERFORM authz.set_token(mint.token_of(who), true);
	OPEN c FOR SELECT id FROM fold_doc ORDER BY id;
	PERFORM authz.set_token(mint.token_of('carl'), true);
	RETURN c;
END $$;
BEGIN;
SELECT fold_open('boss');
FETCH fold_c;
ROLLBACK;

-- E8, E9: the identity changes while a query is planned
CALL mint.become('boss');
SELECT count(*) FROM fold_doc WHERE authz.is_owner(owner) AND fold_login_immutable('ann') = 1 AND authz.has_scope('admin');
SELECT authz.subject();
CREATE FUNCTION fold_login_once(who text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_setting('fold.once', true) = 'on' THEN
		PERFORM set_config('fold.once', 'off', false);
		PERFORM fold_login(who);
	END IF;
	RETURN 1;
END $$;
SET plan_cache_mode = force_generic_plan;
PREPARE fold_planned AS SELECT count(*) FROM fold_doc WHERE NOT authz.has_scope('x') AND fold_login_once('ann') = 1 AND NOT authz.has_scope('y');
BEGIN;
SET fold.once = on;
SAVEPOINT s;
EXECUTE fold_planned;
ROLLBACK TO s;
SET fold.once = off;
EXECUTE fold_planned;
COMMIT;
-- there and back again: the kept plan is nobody's, and nothing else would say so
CREATE FUNCTION fold_there_and_back() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF current_setting('fold.once') = 'on' AND authz.subject() = 'ann' THEN
		PERFORM fold_login('boss');
	ELSIF current_setting('fold.once') = 'on' THEN
		PERFORM fold_login('ann');
	END IF;
	RETURN 1;
END $$;
PREPARE fold_back AS SELECT count(*) FROM fold_doc WHERE NOT authz.has_scope('x') AND fold_there_and_back() = 1 AND NOT authz.has_scope('y') AND fold_there_and_back() = 1;
BEGIN;
SET fold.once = on;
SAVEPOINT s;
EXECUTE fold_back;
ROLLBACK TO s;
SET fold.once = off;
EXECUTE fold_back;
COMMIT;
RESET plan_cache_mode;
DEALLOCATE fold_planned;
DEALLOCATE fold_back;

-- E10: while it is estimated, or about to start
CALL mint.become('boss');
SELECT count(*) FROM fold_doc WHERE id = fold_login_stable('ann') AND authz.is_owner(owner);
SELECT count(*) FROM fold_doc WHERE id > fold_login_stable('ann');
EXPLAIN (COSTS OFF) SELECT count(*) FROM fold_doc WHERE id > fold_login_stable('ann');
SELECT authz.subject();

-- E12: who has no right on the schema reads his rows all the same
RESET ROLE;
REVOKE USAGE ON SCHEMA authz FROM PUBLIC;
CALL mint.become('ann');
SET ROLE fold_app;
SELECT authz.subject();
SELECT count(*), count(*) FILTER (WHERE owner = 'ann') FROM fold_doc;
INSERT INTO fold_doc VALUES (100, 'bob');
RESET ROLE;
GRANT USAGE ON SCHEMA authz TO PUBLIC;

-- E13: a SECURITY DEFINER function may log in
CREATE FUNCTION fold_definer(who text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM authz.set_token(mint.token_of(who)); RETURN (SELECT count(*) FROM fold_doc); END $$;
SET ROLE fold_app;
SELECT fold_definer('bob');
SELECT fold_definer('boss'), authz.subject();
SELECT authz.subject(), count(*) FROM fold_doc;

-- E14: what the setting shows is not a token
SET dbmi_authz.token = 'token accepted';
SELECT authz.token_state(), (SELECT count(*) FROM fold_doc);
CALL mint.become('boss');
SELECT current_setting('dbmi_authz.token');
CREATE FUNCTION fold_from_current() RETURNS integer LANGUAGE sql SET dbmi_authz.token FROM CURRENT AS 'SELECT 1';

-- E17: a function within a running query that would be somebody else for a while
CREATE FUNCTION fold_else(who text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE x boolean;
BEGIN
	PERFORM set_config('dbmi_authz.token', mint.token_of(who), true);
	x := authz.has_scope('admin');
	RETURN x;
END $$;
SELECT id FROM fold_doc WHERE fold_else('ann');
SELECT authz.subject();

-- nor does an attempt that is refused while a query runs leave anything behind
SELECT authz.try_set_token('bad') FROM fold_doc;
SELECT authz.clear_token() FROM fold_doc;
SELECT authz.subject(), authz.token_state();

-- other settings are free
CREATE FUNCTION fold_other_setting() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN SET LOCAL work_mem = '5MB'; RETURN true; END $$;
SELECT count(*) FROM fold_doc WHERE fold_other_setting();

-- E18: rows of a lazy function, and a login for each of them
CREATE FUNCTION fold_lazy() RETURNS SETOF integer LANGUAGE sql VOLATILE AS 'SELECT id FROM fold_doc';
SELECT fold_lazy(), fold_login(CASE g WHEN 1 THEN 'ann' ELSE 'bob' END) FROM generate_series(1, 2) g;
SELECT fold_lazy(), fold_login('boss') FROM generate_series(1, 1) LIMIT 3;
SELECT authz.subject();

-- E19: a domain with a check
CREATE DOMAIN fold_admins AS text CHECK (authz.has_scope('admin') OR VALUE = 'open');
SELECT 'secret'::fold_admins FROM fold_doc LIMIT 1;
CALL mint.become('ann');
SELECT 'secret'::fold_admins FROM fold_doc LIMIT 1;
SELECT 'open'::fold_admins FROM fold_doc LIMIT 1;

RESET ROLE;
CALL mint.become('nobody');
CALL mint.go_home();
SET client_min_messages = warning;
DROP OWNED BY fold_app CASCADE;
DROP TABLE fold_doc;
DROP FUNCTION fold_definer;
DROP ROLE fold_app;
