-- A check that the planner does not meet: its query asks for one identity all the same, and does not go on for another.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all
\set VERBOSITY terse
CREATE ROLE unmet_app;
CREATE TABLE unmet_doc (id integer PRIMARY KEY, owner text, key uuid, who text);
INSERT INTO unmet_doc SELECT i, o, md5(o)::uuid, o FROM unnest(ARRAY['ann', 'ann', 'bob', 'bob']) WITH ORDINALITY v (o, i);
GRANT ALL ON unmet_doc TO unmet_app;
GRANT CREATE ON SCHEMA public TO unmet_app;
-- all of this anybody may make
SET ROLE unmet_app;
-- log in for a row, unless it is the row of who is logged in
CREATE FUNCTION unmet_become(who text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF authz.subject() IS DISTINCT FROM who THEN CALL mint.become(who); END IF;
	RETURN true;
END $$;
-- the rows of a query that becomes somebody else on its way, and who is logged in then; then those of one that does not
CREATE FUNCTION unmet_try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text[];
	becomes text;
BEGIN
	FOREACH becomes IN ARRAY ARRAY['unmet_become(who)', 'who IS NOT NULL'] LOOP
		CALL mint.become('ann');
		result := result || (mint.rows_of(replace(query, 'BECOMES', becomes)) || ' as ' || authz.subject());
	END LOOP;
	RETURN result[1] || ', else ' || result[2];
END $$;
CREATE OPERATOR === (LEFTARG = anycompatible, RIGHTARG = text, FUNCTION = authz.is_owner);
CREATE OPERATOR public.= (LEFTARG = anycompatible, RIGHTARG = text, FUNCTION = authz.is_owner);
CREATE DOMAIN unmet_mine AS text CHECK (authz.is_owner(VALUE));
CREATE DOMAIN unmet_known AS text CHECK (authz.is_authenticated());
CREATE TYPE unmet_row AS (owner unmet_mine);
CREATE AGGREGATE unmet_final(text) (SFUNC = textcat, STYPE = text, FINALFUNC = authz.is_owner);
CREATE AGGREGATE unmet_step(*) (SFUNC = authz.org_role, STYPE = text, INITCOND = 'x');
CREATE TABLE unmet_checked (owner text CHECK (authz.is_owner(owner)));
CREATE TABLE unmet_watched (owner text);
CREATE FUNCTION unmet_pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER pass BEFORE INSERT ON unmet_watched FOR EACH ROW WHEN (authz.is_owner(NEW.owner)) EXECUTE FUNCTION unmet_pass();
CREATE TABLE unmet_default (owner text, sub text DEFAULT authz.subject());

-- Z12: refuse to become somebody else once such a check has answered; accept the same query that does not
-- (a worker answers nobody, and PostgreSQL may start one for 9 and 10, whose domain it does not see)
SET max_parallel_workers_per_gather = 0;
SELECT query, unmet_try(query) AS outcome FROM (VALUES
	(1, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN owner === ANY (ARRAY['sub', 'x']) END$$),
	(2, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN owner === ALL (ARRAY['sub', 'sub']) END$$),
	(3, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN owner === ANY (ARRAY['sub', who]) END$$),
	(4, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN key IS DISTINCT FROM 'sub'::text END$$),
	(5, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN NULLIF(key, 'sub'::text) IS NOT NULL END$$),
	(6, $$SELECT id, BECOMES AS b, owner::unmet_mine FROM unmet_doc$$),
	(7, $$SELECT id, BECOMES AS b, owner::unmet_known FROM unmet_doc$$),
	(8, $$SELECT id, BECOMES AS b, (ARRAY[owner]::unmet_mine[])[1] FROM unmet_doc$$),
	(9, $$SELECT id, BECOMES AS b, jsonb_populate_record(NULL::unmet_row, jsonb_build_object('owner', owner)) FROM unmet_doc$$),
	(10, $$SELECT id, BECOMES AS b, format('(%s)', owner)::unmet_row FROM unmet_doc$$),
	(11, $$SELECT owner, bool_and(BECOMES) AS b, unmet_final(owner) FROM unmet_doc GROUP BY owner$$),
	(12, $$SELECT owner, bool_and(BECOMES) AS b, unmet_step(*) FROM unmet_doc GROUP BY owner$$),
	(13, $$SELECT id, BECOMES AS b, unmet_final(owner) OVER (PARTITION BY owner) FROM unmet_doc$$),
	(14, $$SELECT id, BECOMES AS b, (SELECT count(*) FROM authz.managed_items() OFFSET id * 0) FROM unmet_doc$$),
	(15, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN authz.require_authenticated() IS NOT NULL END$$),
	-- the planner meets these
	(16, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN owner === 'sub' END$$),
	(17, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN owner === ANY (SELECT 'sub' OFFSET id * 0) END$$),
	(18, $$SELECT id FROM unmet_doc WHERE CASE WHEN BECOMES THEN CASE key WHEN 'sub'::text THEN false ELSE true END END$$)) v (n, query) ORDER BY n;
RESET max_parallel_workers_per_gather;

-- Z12: the same of what writes
CREATE FUNCTION unmet_write(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	becomes text;
BEGIN
	FOREACH becomes IN ARRAY ARRAY['unmet_become(who)', 'who = ''ann'''] LOOP
		CALL mint.become('ann');
		BEGIN
			EXECUTE replace(statement, 'BECOMES', becomes);
			result := concat_ws(', else ', result, 'done as ' || authz.subject());
		EXCEPTION WHEN OTHERS THEN
			result := concat_ws(', else ', result, SQLSTATE || ' ' || SQLERRM || ' as ' || authz.subject());
		END;
	END LOOP;
	RETURN result;
END $$;
SELECT statement, unmet_write(statement) FROM (VALUES
	(1, $$INSERT INTO unmet_checked SELECT owner FROM unmet_doc WHERE BECOMES$$),
	(2, $$WITH late AS (INSERT INTO unmet_checked SELECT owner FROM unmet_doc WHERE BECOMES) SELECT 1$$),
	(4, $$INSERT INTO unmet_watched SELECT owner FROM unmet_doc WHERE BECOMES$$),
	(5, $$INSERT INTO unmet_default (owner) SELECT owner FROM unmet_doc WHERE BECOMES$$)) v (n, statement) ORDER BY n;
SELECT owner, count(*) FROM unmet_checked GROUP BY owner;

-- Z12: nor does it go on for another, where it stopped or was only opened
CALL mint.become('ann');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM unmet_doc WHERE owner === ANY (ARRAY['sub', 'x']) ORDER BY id;
FETCH c;
SAVEPOINT s;
CALL mint.become('bob');
FETCH ALL c;
ROLLBACK TO s;
FETCH ALL c;
ROLLBACK;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM unmet_doc WHERE owner === ANY (ARRAY['sub', 'x']) ORDER BY id;
CALL mint.become('bob');
FETCH ALL c;
ROLLBACK;
-- but for the same one again
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM unmet_doc WHERE owner === ANY (ARRAY['sub', 'x']) ORDER BY id;
FETCH c;
CALL mint.become('carl');
CALL mint.become('ann');
FETCH c;
COMMIT;
-- nor for the one who opened it, when it has become another one before it asked
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM unmet_doc WHERE CASE WHEN unmet_become('bob') THEN owner === ANY (ARRAY['sub']) END ORDER BY id;
FETCH c;
FETCH c;
SELECT authz.subject();
CALL mint.become('ann');
FETCH c;
ROLLBACK;
-- a cursor that asks nothing is nobody's
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM unmet_doc ORDER BY id;
FETCH c;
CALL mint.become('bob');
FETCH c;
COMMIT;
-- a kept plan is everybody's, and each time it runs for one of them
SET plan_cache_mode = force_generic_plan;
PREPARE unmet_kept AS SELECT id FROM unmet_doc WHERE owner === ANY (ARRAY['sub', 'x']) ORDER BY id;
EXECUTE unmet_kept;
CALL mint.become('ann');
EXECUTE unmet_kept;
DEALLOCATE unmet_kept;
RESET plan_cache_mode;
-- the road back to nobody that asks no hook
SELECT id, set_config('dbmi_authz.token', NULL, false) FROM unmet_doc WHERE owner === ANY (ARRAY['sub', 'x']);
SELECT authz.subject();
-- a refusal that somebody catches changes nothing either
CREATE FUNCTION unmet_insist(who text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM unmet_become(who);
	RETURN authz.subject();
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ', still ' || authz.subject();
END $$;
SELECT id, owner === ANY (ARRAY['sub']) AS mine, unmet_insist(who) FROM unmet_doc ORDER BY id;

-- accept: what a function asks on its own is not what the query asks that called it
CREATE FUNCTION unmet_in_turn(who text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := authz.subject();
	known unmet_known := 'x';
BEGIN
	IF authz.has_scope('admin') OR before === ANY (ARRAY['sub']) THEN
		PERFORM authz.set_token(mint.token_of(who));
	END IF;
	RETURN before || ' ' || authz.subject();
END $$;
SELECT unmet_in_turn('bob');
SELECT unmet_in_turn(who) FROM unmet_doc ORDER BY id;
SELECT id FROM unmet_doc WHERE unmet_in_turn(who) IS NOT NULL ORDER BY id;
CREATE FUNCTION unmet_by_sql(who text) RETURNS void LANGUAGE sql VOLATILE AS $$ SELECT authz.require_authenticated(); SELECT authz.set_token(mint.token_of(who)); SELECT authz.require_authenticated() $$;
SELECT unmet_by_sql(who), unmet_in_turn(who) FROM unmet_doc ORDER BY id;
-- and a query may log in first and ask then
CALL mint.become('nobody');
SELECT id FROM unmet_doc WHERE CASE WHEN unmet_become('ann') THEN owner === ANY (ARRAY['sub']) END;
SELECT authz.set_token(mint.token_of('bob')), authz.require_authenticated();
WITH late AS (INSERT INTO unmet_checked VALUES ('ann')) SELECT unmet_become('ann');
SELECT authz.subject(), owner, count(*) FROM unmet_checked GROUP BY owner;

RESET ROLE;
CALL mint.become('nobody');
CALL mint.go_home();
SET client_min_messages = warning;
DROP OWNED BY unmet_app CASCADE;
DROP TABLE unmet_doc;
DROP ROLE unmet_app;
