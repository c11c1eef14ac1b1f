-- What tests of the planner's work share.  To be read at the head of a test,
-- its echo switched off, as people.sql, which it reads:
--
--   mint.become(who)          log in with a token that is kept, so that the same
--                             name twice is the same identity: boss, ann, bob,
--                             carl, kim (scope k1), lea (scope k1, reader), max
--                             (scope reader), num, key, orgs; 'nobody' logs out
--   mint.output(expr, from)   what the planner makes of an expression
--   mint.folds_to(who, expr, from)  the same, for somebody
--   mint.plan(query)          its plan
--   mint.explain_analyze(query)     the same, run
--   mint.prepared(statement)  what executes it: with FORCED=1 (check-forced) a
--                             prepared statement, so that one plan serves all
--   mint.both(query)          its rows with folding and without
--   mint.as_somebody(who, query)    the same, for somebody
SET client_min_messages = warning;
\ir people.sql
SET client_min_messages = warning;
DROP TABLE IF EXISTS mint.kept;
CREATE TABLE mint.kept AS
SELECT who, mint.person(kind, claims) AS token FROM (VALUES
	('boss', 'tG', jsonb '{"sub": "root", "scope": "admin reader"}'),
	('ann', 'tG', '{"sub": "ann", "email": "ann@example.com", "roles": ["editor"], "groups": ["g"], "permissions": ["p"]}'),
	('bob', 'tG', '{"sub": "bob"}'),
	('carl', 'tG', '{"sub": "carl"}'),
	('kim', 'tG', '{"sub": "kim", "scope": "k1"}'),
	('lea', 'tG', '{"sub": "lea", "scope": "k1 reader"}'),
	('max', 'tG', '{"sub": "max", "scope": "reader"}'),
	('num', 'tG', '{"sub": "42"}'),
	('key', 'tG', '{"sub": "1189C4448A2D4C418B4BAE43CE79A492"}'),
	('orgs', 'tPM', '{}'),
	('active', 'tPA', '{}'),
	('dbmi', 'tD0', '{}'),
	('dbmi admin', 'tD1g', '{}')) AS p (who, kind, claims);
GRANT SELECT ON mint.kept TO PUBLIC;

-- The same from different places.
CREATE OR REPLACE FUNCTION mint.token_of(who text) RETURNS text STABLE LANGUAGE sql
AS 'SELECT token FROM mint.kept k WHERE k.who = $1';

CREATE OR REPLACE PROCEDURE mint.become(name text) LANGUAGE plpgsql AS $$
BEGIN
	IF name = 'nobody' THEN
		PERFORM authz.clear_token();
	ELSE
		PERFORM authz.set_token(mint.token_of(name));
	END IF;
END $$;

CREATE OR REPLACE FUNCTION mint.output(expr text, source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (VERBOSE, COSTS OFF) SELECT %s FROM %s', expr, source) LOOP
		IF line ~ '^\s*Output: ' THEN
			RETURN regexp_replace(line, '^\s*Output: ', '');
		END IF;
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION mint.folds_to(who text, expr text, source text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.become(who);
	RETURN mint.output(expr, source);
END $$;

CREATE OR REPLACE FUNCTION mint.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('EXPLAIN (COSTS OFF%s) %s', CASE WHEN query ~ '^VERBOSE ' THEN ', VERBOSE' END, regexp_replace(query, '^VERBOSE ', ''));
END $$;

CREATE OR REPLACE FUNCTION mint.explain_analyze(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query;
END $$;

-- Which are prepared stands in settings of the session: some tests have thousands, and
-- pg_prepared_statements makes a row of each, with its text, whatever is asked of it.
CREATE OR REPLACE FUNCTION mint.prepared(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	kept text := 'kept_' || md5(statement);
	setting text := 'mint.' || left(kept, 7);
	known text;
BEGIN
	IF current_setting('plan_cache_mode') <> 'force_generic_plan' THEN
		RETURN statement;
	END IF;
	known := coalesce(current_setting(setting, true), '');
	IF position(kept IN known) = 0 THEN
		BEGIN
			EXECUTE format('PREPARE %I AS %s', kept, statement);
		EXCEPTION WHEN duplicate_prepared_statement THEN
			-- since a transaction that has been rolled back
		END;
		PERFORM set_config(setting, known || kept, false);
	END IF;
	RETURN format('EXECUTE %I', kept);
END $$;

CREATE OR REPLACE FUNCTION mint.rows_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE mint.prepared(format('SELECT string_agg(q::text, '' '' ORDER BY q::text) FROM (%s) q', query)) INTO result;
	RETURN coalesce(result, 'no rows');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE OR REPLACE FUNCTION mint.both(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	folded text;
	unfolded text;
BEGIN
	PERFORM set_config('dbmi_authz.plan_folding', 'on', true);
	folded := mint.rows_of(query);
	PERFORM set_config('dbmi_authz.plan_folding', 'off', true);
	unfolded := mint.rows_of(query);
	PERFORM set_config('dbmi_authz.plan_folding', 'on', true);
	IF folded <> unfolded THEN
		RETURN 'FOLDED ' || folded || ', UNFOLDED ' || unfolded;
	END IF;
	RETURN folded;
END $$;

CREATE OR REPLACE FUNCTION mint.as_somebody(who text, query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.become(who);
	RETURN mint.both(query);
END $$;
RESET client_min_messages;
