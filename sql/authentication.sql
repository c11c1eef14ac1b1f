-- When the user last proved who they are, and answers that end by the clock.
\getenv abs_srcdir PG_ABS_SRCDIR
\set folding :abs_srcdir '/test/sql/folding.sql'
\set ECHO none
\i :folding
\set ECHO all

-- accept: the claim, whole and with a fraction
CALL mint.login('tG', '{"auth_time": 1000000000}');
SELECT authz.authenticated_at() AT TIME ZONE 'UTC' AS at;
CALL mint.login('tG', '{"auth_time": 1000000000.25}');
SELECT authz.authenticated_at() AT TIME ZONE 'UTC' AS at;
-- refuse: absent, of another type, beyond what a time can be; and nobody
CREATE FUNCTION auth_try(changes jsonb) RETURNS TABLE (auth_time jsonb, at timestamptz, "for ever" boolean) LANGUAGE plpgsql AS $$
BEGIN
	CALL mint.login('tG', changes);
	RETURN QUERY SELECT changes -> 'auth_time', authz.authenticated_at(), authz.authenticated_within('100000 years');
END $$;
SELECT r.* FROM unnest(ARRAY['{}', '{"auth_time": null}', '{"auth_time": "1000000000"}', '{"auth_time": true}', '{"auth_time": [1]}', '{"auth_time": 1e18}', '{"auth_time": -1e15}']::jsonb[]) c, auth_try(c) r;
CALL mint.logout();
SELECT authz.authenticated_at(), authz.authenticated_within('1 day');

-- accept: within; a day has 24 hours and a month 30 days in every time zone
CALL mint.login('tG', '{"auth_time": "-100"}');
SELECT i, authz.authenticated_within(i) FROM unnest(ARRAY['1 hour', '102 seconds', '98 seconds', '1 day -86298 seconds', '1 month -30 days 98 seconds', '0', '-1 second', '-1 day', '178000000 years', '-178000000 years', NULL]::interval[]) i;
-- refuse: ahead of our clock by more than the leeway
CALL mint.login('tG', '{"auth_time": "+3000"}');
SELECT authz.authenticated_within('1 hour'), authz.authenticated_at() > now() AS ahead;

-- the planner: folded where the plan is used once, a question of a shared plan, a call where it is kept for one
CREATE TABLE auth_doc (id integer, owner text);
INSERT INTO auth_doc SELECT n, (ARRAY['ann', 'bob'])[1 + n % 2] FROM generate_series(1, 10) n;
CREATE INDEX ON auth_doc (owner);
CREATE ROLE auth_app;
GRANT SELECT ON auth_doc TO auth_app;
ALTER TABLE auth_doc ENABLE ROW LEVEL SECURITY;
CREATE POLICY recent ON auth_doc USING (authz.is_owner(owner) AND authz.authenticated_within('2 hours'));
SET ROLE auth_app;
CALL mint.login('tG', '{"sub": "ann", "auth_time": "-100"}');
EXPLAIN (COSTS OFF) SELECT * FROM auth_doc;
CALL mint.login('tG', '{"sub": "ann", "auth_time": "-7300"}');
EXPLAIN (COSTS OFF) SELECT * FROM auth_doc;
CALL mint.login('tG', '{"sub": "ann", "auth_time": "-100"}');
SET plan_cache_mode = force_custom_plan;
PREPARE auth_one AS SELECT count(*) FROM auth_doc;
EXPLAIN (COSTS OFF) EXECUTE auth_one;
EXECUTE auth_one;
SET plan_cache_mode = force_generic_plan;
PREPARE auth_all AS SELECT count(*) FROM auth_doc;
EXPLAIN (COSTS OFF) EXECUTE auth_all;
EXECUTE auth_all;
RESET plan_cache_mode;

-- and it turns false with time: kept plans of every kind, sub-selects, a cursor, for the same identity
RESET ROLE;
CREATE FUNCTION auth_kept() RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT count(*) FROM auth_doc); END';
CREATE FUNCTION auth_sql() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM auth_doc';
CREATE VIEW auth_call AS SELECT authz.authenticated_within('2 hours') AS called;
GRANT SELECT ON auth_call TO auth_app;
SET ROLE auth_app;
PREPARE auth_five AS SELECT count(*) FROM auth_doc;
CALL mint.login('tG', '{"sub": "ann", "auth_time": "-7195"}');
BEGIN;
DECLARE auth_cursor CURSOR FOR SELECT id FROM auth_doc ORDER BY id;
FETCH 1 FROM auth_cursor;
SET LOCAL dbmi_authz.plan_folding = off;
DECLARE auth_calls CURSOR FOR SELECT id FROM auth_doc, generate_series(1, 3);
FETCH 1 FROM auth_calls;
DECLARE auth_column CURSOR FOR SELECT authz.authenticated_within('2 hours') FROM generate_series(1, 3);
FETCH 1 FROM auth_column;
DECLARE auth_false CURSOR FOR SELECT authz.authenticated_within('1 hour') FROM generate_series(1, 3);
FETCH 1 FROM auth_false;
RESET dbmi_authz.plan_folding;
EXECUTE auth_all;
EXECUTE auth_one;
EXECUTE auth_five;
SELECT (SELECT count(*) FROM auth_doc), auth_kept(), auth_sql(), called FROM auth_call;
SELECT pg_sleep(6) \g /dev/null
EXECUTE auth_all;
EXECUTE auth_one;
EXECUTE auth_five;
SELECT (SELECT count(*) FROM auth_doc), auth_kept(), auth_sql(), called FROM auth_call;
-- accept: what was false then
FETCH 1 FROM auth_false;
-- refuse: a cursor does not go on with an answer of then, nor does it end as if that were all
SAVEPOINT auth;
FETCH 1 FROM auth_cursor;
ROLLBACK TO auth;
FETCH 1 FROM auth_calls;
ROLLBACK TO auth;
FETCH 1 FROM auth_column;
ROLLBACK;
-- accept: somebody who has just logged in
CALL mint.login('tG', '{"sub": "ann", "auth_time": "-1"}');
EXECUTE auth_all;
EXECUTE auth_one;
EXECUTE auth_five;

RESET ROLE;
CALL mint.become('nobody');
CALL mint.go_home();
DROP OWNED BY auth_app;
DROP VIEW auth_call;
DROP ROLE auth_app;
DROP TABLE auth_doc;
DROP FUNCTION auth_try, auth_kept, auth_sql;
