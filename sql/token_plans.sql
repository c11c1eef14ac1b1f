-- Z5: a token that is bound to a parameter is no constant of a plan, whatever is made of it; everything else is.
\getenv abs_srcdir PG_ABS_SRCDIR
\set people :abs_srcdir '/test/sql/people.sql'
\set ECHO none
\i :people
SET plan_cache_mode = force_custom_plan;
SELECT mint.person('tG') AS token \gset
CREATE FUNCTION token_inlined(token text) RETURNS boolean LANGUAGE sql AS 'SELECT authz.try_set_token(token)';
CREATE FUNCTION token_wrapped(token text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN authz.try_set_token(token); END';
CREATE DOMAIN token_domain AS varchar;
CREATE TABLE token_list (id int, token text);
-- The plan of a statement with one parameter.
CREATE FUNCTION token_plan(query text, type text DEFAULT 'text', value text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('PREPARE p(%s) AS %s', type, query);
	RETURN QUERY EXECUTE format('EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p(%L)', value);
	DEALLOCATE p;
END $$;
\pset format unaligned
\pset tuples_only on
\set ECHO all
-- accept: it stays a parameter
SELECT token_plan('SELECT authz.set_token($1)', value => :'token');
SELECT token_plan('SELECT authz.set_token($1, is_local => true)', value => :'token');
SELECT token_plan('SELECT authz.verify_token($1)', value => :'token');
SELECT token_plan('SELECT 1 WHERE authz.try_set_token($1)', value => :'token');
SELECT token_plan('SELECT * FROM authz.try_set_token($1)', value => :'token');
SELECT token_plan('SELECT authz.try_set_token($1)', 'varchar', :'token');
SELECT token_plan('SELECT authz.try_set_token($1)', 'token_domain', :'token');
SELECT token_plan('SELECT authz.try_set_token($1::varchar(10000))', value => :'token');
SELECT token_plan('SELECT authz.try_set_token(''Bearer '' || $1)', value => :'token');
SELECT token_plan('SELECT authz.try_set_token($1)', value => 'Bearer ' || :'token');
SELECT token_plan('SELECT authz.try_set_token(convert_from($1, ''UTF8''))', 'bytea', convert_to(:'token', 'UTF8')::text);
SELECT token_plan('SELECT authz.try_set_token($1 ->> ''token'')', 'jsonb', jsonb_build_object('token', :'token')::text);
SELECT token_plan('SELECT authz.try_set_token($1[1])', 'text[]', ARRAY[:'token']::text);
SELECT token_plan('SELECT token_inlined($1)', value => :'token');
SELECT token_plan('SELECT token_wrapped($1)', value => :'token');
SELECT token_plan('SELECT set_config(''dbmi_authz.token'', $1, false)', value => :'token');
SELECT token_plan('SELECT id FROM token_list WHERE token = $1', value => :'token');
-- also one that will be refused, or that somebody has cut off
SELECT token_plan('SELECT authz.set_token($1)', value => 'x' || :'token' || 'x');
SELECT token_plan('SELECT authz.set_token($1)', value => left(:'token', position('.' in :'token') + 12));
SELECT token_plan('SELECT authz.set_token($1)', value => right(:'token', 60));
-- and it is the token that is taken
PREPARE p(text) AS SELECT authz.set_token($1);
EXECUTE p(:'token');
SELECT authz.subject();
DEALLOCATE p;
-- refuse: what is no token is a constant, as it always was
SELECT token_plan('SELECT id FROM token_list WHERE token = $1', value => 'information_schema.constraint_column_usage');
SELECT token_plan('SELECT id FROM token_list WHERE token = $1', value => '550e8400-e29b-41d4-a716-446655440000');
SELECT token_plan('SELECT id FROM token_list WHERE token = $1', value => 'Some.Text.With.Dots and Numbers 3.14159265358979');
SELECT token_plan('SELECT id FROM token_list WHERE id = ANY ($1)', 'int[]', '{1,2}');
SELECT token_plan('SELECT id FROM token_list WHERE token = $1', value => NULL);
-- nor does what is beside a token become a parameter
PREPARE p(text, text) AS SELECT id FROM token_list WHERE token = $2 AND authz.try_set_token($1);
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE p(:'token', 'other');
DEALLOCATE p;
-- a value that PL/pgSQL hands over when it is asked for
DO $$
DECLARE
	token text := mint.person('tG');
	line text;
BEGIN
	FOR line IN EXPLAIN (VERBOSE, COSTS OFF) SELECT authz.try_set_token(token), length(token) > 0, 'x' || current_user IS NULL LOOP
		RAISE NOTICE '%', line;
	END LOOP;
END $$;
\set ECHO none
DROP TABLE token_list;
CALL mint.go_home();
